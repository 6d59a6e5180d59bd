import { malformed, Position } from './decode.ts';
import type { OtlpRequests, OtlpSignal } from './model.ts';
import { type FieldKind, type FieldSchema, type MessageSchema, requestSchema } from './schema.ts';

type Plain = Record<string, unknown>;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

const WIRE_TYPES: Readonly<Record<FieldKind, number>> = {
  message: LENGTH,
  string: LENGTH,
  bytes: LENGTH,
  id: LENGTH,
  enum: VARINT,
  bool: VARINT,
  int64: VARINT,
  uint64: VARINT,
  int32: VARINT,
  uint32: VARINT,
  sint32: VARINT,
  double: FIXED64,
  fixed64: FIXED64,
  sfixed64: FIXED64,
  fixed32: FIXED32,
};

/**
 * Reads an OTLP export request from protobuf. Unknown fields are skipped, packed and unpacked lists are both taken,
 * the last of a `oneof` wins. Throws `collector_request_malformed` with the place in the message, or
 * `collector_request_too_large`.
 */
export function parseProtobuf<S extends OtlpSignal>(signal: S, bytes: Uint8Array): OtlpRequests[S] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new WireReader(buffer).message(requestSchema(signal), buffer.length, {}) as OtlpRequests[S];
}

class WireReader {
  readonly #bytes: Buffer;
  readonly #position = new Position();
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads fields up to offset `end` into `into`. */
  message(schema: MessageSchema, end: number, into: Plain): Plain {
    while (this.#at < end) {
      const tag = this.#varint32(end, '');
      const number = tag >>> 3;
      const wireType = tag & 7;
      if (number === 0) throw malformed('a field has number 0', this.#where(''));
      const field = schema.byNumber[number];
      if (field === undefined) this.#skip(wireType, end, number);
      else this.#field(field, wireType, end, into);
    }
    return into;
  }

  #field(field: FieldSchema, wireType: number, end: number, into: Plain): void {
    const expected = WIRE_TYPES[field.kind];
    if (field.repeated && wireType === LENGTH && expected !== LENGTH) {
      this.#packed(field, end, into);
      return;
    }
    if (wireType !== expected) {
      throw malformed(`wire type ${wireType} where field ${field.number} has ${expected}`, this.#where(field.name));
    }
    const list = field.repeated ? listOf(into, field.name) : undefined;
    if (field.message !== undefined) {
      const length = this.#length(end, field.name);
      this.#position.enter(field.name, list === undefined ? -1 : list.length);
      // A singular message that comes twice is merged, as protobuf demands.
      const before = list === undefined ? into[field.name] : undefined;
      const value = this.message(field.message, this.#at + length, (before as Plain | undefined) ?? {});
      this.#position.leave();
      put(field, into, list, value);
    } else {
      if (list !== undefined) this.#position.count(1);
      put(field, into, list, this.#scalar(field, end));
    }
  }

  #packed(field: FieldSchema, end: number, into: Plain): void {
    const list = listOf(into, field.name);
    const stop = this.#length(end, field.name) + this.#at;
    while (this.#at < stop) {
      this.#position.count(1);
      list.push(this.#scalar(field, stop));
    }
  }

  #scalar(field: FieldSchema, end: number): unknown {
    const { name } = field;
    switch (field.kind) {
      case 'string':
        return this.#slice(end, name).toString('utf8');
      case 'id':
        return this.#slice(end, name).toString('hex');
      case 'bytes':
        return Uint8Array.from(this.#slice(end, name));
      case 'bool':
        return this.#varint64(end, name) !== 0n;
      case 'double':
        return this.#bytes.readDoubleLE(this.#take(8, end, name));
      case 'fixed64':
        return this.#bytes.readBigUInt64LE(this.#take(8, end, name));
      case 'sfixed64':
        return this.#bytes.readBigInt64LE(this.#take(8, end, name));
      case 'fixed32':
        return this.#bytes.readUInt32LE(this.#take(4, end, name));
      case 'int64':
        return BigInt.asIntN(64, this.#varint64(end, name));
      case 'uint64':
        return this.#varint64(end, name);
      case 'uint32':
        return this.#varint32(end, name);
      case 'sint32': {
        const zigzag = this.#varint32(end, name);
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      default:
        return this.#varint32(end, name) | 0;
    }
  }

  #slice(end: number, name: string): Buffer {
    const length = this.#length(end, name);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  #length(end: number, name: string): number {
    const length = this.#varint32(end, name);
    if (length > end - this.#at) {
      throw malformed(`a length of ${length} bytes where ${end - this.#at} are left`, this.#where(name));
    }
    return length;
  }

  #take(bytes: number, end: number, name: string): number {
    const start = this.#at;
    if (bytes > end - start) throw malformed('the message ends inside a number', this.#where(name));
    this.#at = start + bytes;
    return start;
  }

  /** A varint cut to its low 32 bits, as protobuf reads 32-bit fields; at most ten bytes. */
  #varint32(end: number, name: string): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= end) throw malformed('the message ends inside a number', this.#where(name));
      const byte = this.#bytes[this.#at++] as number;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('a number is longer than ten bytes', this.#where(name));
  }

  #varint64(end: number, name: string): bigint {
    let low = 0;
    let high = 0n;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= end) throw malformed('the message ends inside a number', this.#where(name));
      const byte = this.#bytes[this.#at++] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else high |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return BigInt.asUintN(64, high | BigInt(low));
    }
    throw malformed('a number is longer than ten bytes', this.#where(name));
  }

  #skip(wireType: number, end: number, number: number): void {
    if (wireType === VARINT) this.#varint32(end, `field ${number}`);
    else if (wireType === FIXED64) this.#take(8, end, `field ${number}`);
    else if (wireType === LENGTH) this.#slice(end, `field ${number}`);
    else if (wireType === FIXED32) this.#take(4, end, `field ${number}`);
    else throw malformed(`field ${number} has the wire type ${wireType}, which proto3 does not know`, this.#where(''));
  }

  #where(field: string): string {
    const place = this.#position.text(field);
    return `${place === '' ? '' : `${place}, `}byte ${this.#at}`;
  }
}

function listOf(into: Plain, name: string): unknown[] {
  const known = into[name] as unknown[] | undefined;
  if (known !== undefined) return known;
  const list: unknown[] = [];
  into[name] = list;
  return list;
}

function put(field: FieldSchema, into: Plain, list: unknown[] | undefined, value: unknown): void {
  if (list !== undefined) list.push(value);
  else {
    for (const rival of field.rivals) if (into[rival] !== undefined) delete into[rival];
    into[field.name] = value;
  }
}
