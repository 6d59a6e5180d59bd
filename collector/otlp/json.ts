import { DECODE_LIMITS, malformed, Position, tooLarge } from './decode.ts';
import type { OtlpRequests, OtlpSignal } from './model.ts';
import { type FieldSchema, type MessageSchema, requestSchema } from './schema.ts';

type Plain = Record<string, unknown>;

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
/** An integer in the text that a double may not hold exactly. */
const LONG_INTEGER = /[:[,]\s*-?\d{16}/;

/**
 * Reads an OTLP export request from OTLP/JSON: ids in hex of either case, 64-bit integers as strings or numbers
 * (numbers without loss), enums as numbers or names, `bytesValue` in base64, `null` for unset, unknown keys skipped.
 * Throws `collector_request_malformed` with the place in the document, or `collector_request_too_large`.
 */
export function parseJson<S extends OtlpSignal>(signal: S, bytes: Uint8Array): OtlpRequests[S] {
  let opened = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === OPEN_BRACE || bytes[i] === OPEN_BRACKET) opened++;
  if (opened > DECODE_LIMITS.items) throw tooLarge(`the request holds more than ${DECODE_LIMITS.items} objects`);
  const document = parseText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  return readMessage(requestSchema(signal), document, new Position()) as OtlpRequests[S];
}

function parseText(text: string): unknown {
  try {
    // JSON.parse rounds integers above 2^53; the source text of the number is still exact.
    return LONG_INTEGER.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text);
  } catch (error) {
    throw malformed(`the body is not JSON: ${(error as Error).message.slice(0, 200)}`, '');
  }
}

function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

function readMessage(schema: MessageSchema, value: unknown, position: Position): Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`${describe(value)} where an object is expected`, position.text());
  }
  const message: Plain = {};
  for (const key of Object.keys(value)) {
    const field = schema.byName.get(key);
    const given = (value as Plain)[key];
    if (field === undefined || given === null || given === undefined) continue;
    for (const rival of field.rivals) if (message[rival] !== undefined) delete message[rival];
    message[field.name] = field.repeated ? readList(field, given, position) : readValue(field, given, -1, position);
  }
  return message;
}

function readList(field: FieldSchema, value: unknown, position: Position): unknown[] {
  if (!Array.isArray(value)) throw malformed(`${describe(value)} where a list is expected`, position.text(field.name));
  return value.map((element, index) => readValue(field, element, index, position));
}

function readValue(field: FieldSchema, value: unknown, index: number, position: Position): unknown {
  position.enter(field.name, index);
  const read =
    field.message === undefined ? readScalar(field, value, position) : readMessage(field.message, value, position);
  position.leave();
  return read;
}

function readScalar(field: FieldSchema, value: unknown, position: Position): unknown {
  const wrong = (expected: string) => malformed(`${describe(value)} where ${expected} is expected`, position.text());
  switch (field.kind) {
    case 'string':
      if (typeof value !== 'string') throw wrong('a string');
      // Half of a surrogate pair has no UTF-8 form, and the store refuses its escape.
      return value.toWellFormed();
    case 'id':
      if (typeof value !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(value)) throw wrong('an id in hex digits');
      return value.toLowerCase();
    case 'bytes':
      if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw wrong('base64 text');
      return Uint8Array.from(Buffer.from(value, 'base64'));
    case 'bool':
      if (typeof value !== 'boolean') throw wrong('true or false');
      return value;
    case 'double':
      return readDouble(value) ?? fail(wrong('a number'));
    case 'enum':
      if (typeof value === 'string' && Object.hasOwn(field.names, value)) return field.names[value];
      return Number(readInteger(value, -(2n ** 31n), 2n ** 31n - 1n) ?? fail(wrong('the number of an enum')));
    case 'int64':
    case 'sfixed64':
      return readInteger(value, -(2n ** 63n), 2n ** 63n - 1n) ?? fail(wrong('a 64-bit integer'));
    case 'uint64':
    case 'fixed64':
      return readInteger(value, 0n, 2n ** 64n - 1n) ?? fail(wrong('an unsigned 64-bit integer'));
    case 'uint32':
    case 'fixed32':
      return Number(readInteger(value, 0n, 2n ** 32n - 1n) ?? fail(wrong('an unsigned 32-bit integer')));
    default:
      return Number(readInteger(value, -(2n ** 31n), 2n ** 31n - 1n) ?? fail(wrong('a 32-bit integer')));
  }
}

function fail(error: Error): never {
  throw error;
}

function readInteger(value: unknown, least: bigint, most: bigint): bigint | undefined {
  let integer: bigint;
  if (typeof value === 'bigint') integer = value;
  else if (typeof value === 'number' && Number.isInteger(value)) integer = BigInt(value);
  else if (typeof value === 'string' && /^[+-]?\d{1,20}$/.test(value)) integer = BigInt(value.replace(/^\+/, ''));
  else return undefined;
  return integer >= least && integer <= most ? integer : undefined;
}

function readDouble(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') return undefined;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  return /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : undefined;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`;
  return `the ${typeof value} ${String(value).slice(0, 40)}`;
}
