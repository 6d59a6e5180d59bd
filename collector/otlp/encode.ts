import type { OtlpRequests, OtlpSignal } from './model.ts';
import { type FieldSchema, type MessageSchema, requestSchema } from './schema.ts';

type Plain = Readonly<Record<string, unknown>>;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/**
 * The protobuf bytes of an export request. Properties the schema does not know are left out, absent ones too; whatever
 * is present is written, zeros included, so that a value inside a `oneof` stays set. Lists of numbers are packed.
 */
export function encodeRequest<S extends OtlpSignal>(signal: S, request: OtlpRequests[S]): Uint8Array {
  const writer = new BackwardWriter();
  writeMessage(requestSchema(signal), request as Plain, writer);
  return writer.finish();
}

/** Fields are written last to first: the length of a message is then known when it is written in front of it. */
function writeMessage(schema: MessageSchema, message: Plain, writer: BackwardWriter): void {
  for (let number = schema.byNumber.length - 1; number > 0; number--) {
    const field = schema.byNumber[number];
    const value = field === undefined ? undefined : message[field.name];
    if (field === undefined || value === undefined) continue;
    if (!field.repeated) writeField(field, value, writer);
    else if (wireType(field) === LENGTH) {
      const list = value as readonly unknown[];
      for (let i = list.length - 1; i >= 0; i--) writeField(field, list[i], writer);
    } else writePacked(field, value as readonly unknown[], writer);
  }
}

function writePacked(field: FieldSchema, list: readonly unknown[], writer: BackwardWriter): void {
  if (list.length === 0) return;
  const before = writer.written;
  for (let i = list.length - 1; i >= 0; i--) writeScalar(field, list[i], writer);
  writer.varint(writer.written - before);
  writer.varint(field.number * 8 + LENGTH);
}

function writeField(field: FieldSchema, value: unknown, writer: BackwardWriter): void {
  const before = writer.written;
  if (field.message === undefined) writeScalar(field, value, writer);
  else writeMessage(field.message, value as Plain, writer);
  const type = wireType(field);
  if (type === LENGTH) writer.varint(writer.written - before);
  writer.varint(field.number * 8 + type);
}

function wireType({ kind }: FieldSchema): number {
  switch (kind) {
    case 'message':
    case 'string':
    case 'bytes':
    case 'id':
      return LENGTH;
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return FIXED64;
    case 'fixed32':
      return FIXED32;
    default:
      return VARINT;
  }
}

function writeScalar(field: FieldSchema, value: unknown, writer: BackwardWriter): void {
  switch (field.kind) {
    case 'string':
      writer.text(value as string, 'utf8');
      break;
    case 'id':
      writer.text(value as string, 'hex');
      break;
    case 'bytes':
      writer.bytes(value as Uint8Array);
      break;
    case 'bool':
      writer.varint(value === true ? 1 : 0);
      break;
    case 'double':
      writer.double(value as number);
      break;
    case 'fixed64':
    case 'sfixed64':
      writer.fixed64(value as bigint);
      break;
    case 'fixed32':
      writer.fixed32(value as number);
      break;
    case 'int64':
    case 'uint64':
      writer.varint64(value as bigint);
      break;
    case 'sint32':
      writer.varint((((value as number) << 1) ^ ((value as number) >> 31)) >>> 0);
      break;
    case 'uint32':
      writer.varint((value as number) >>> 0);
      break;
    default:
      // A negative int32 or enum is written as the 64-bit integer of the same value.
      if ((value as number) < 0) writer.varint64(BigInt(value as number));
      else writer.varint(value as number);
  }
}

/** Bytes that grow from the end of a buffer towards its start. */
class BackwardWriter {
  #buffer = Buffer.allocUnsafe(16_384);
  #at = this.#buffer.length;

  get written(): number {
    return this.#buffer.length - this.#at;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(this.#at);
  }

  /** An integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    let at = this.#claim(size);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#buffer[at++] = (rest % 128) | 128;
    this.#buffer[at] = rest;
  }

  varint64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    const digits: number[] = [];
    for (; rest >= 128n; rest >>= 7n) digits.push(Number(rest & 127n) | 128);
    this.bytes(Uint8Array.of(...digits, Number(rest)));
  }

  text(value: string, encoding: 'utf8' | 'hex'): void {
    const length = Buffer.byteLength(value, encoding);
    const at = this.#claim(length);
    this.#buffer.write(value, at, length, encoding);
  }

  bytes(value: Uint8Array): void {
    const at = this.#claim(value.length);
    this.#buffer.set(value, at);
  }

  double(value: number): void {
    const at = this.#claim(8);
    this.#buffer.writeDoubleLE(value, at);
  }

  fixed64(value: bigint): void {
    const at = this.#claim(8);
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }

  fixed32(value: number): void {
    const at = this.#claim(4);
    this.#buffer.writeUInt32LE(value >>> 0, at);
  }

  /** The offset of `size` fresh bytes. It may replace the buffer, so it is called before the buffer is touched. */
  #claim(size: number): number {
    if (size > this.#at) {
      const kept = this.written;
      const next = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, kept + size));
      this.#buffer.copy(next, next.length - kept, this.#at);
      this.#at = next.length - kept;
      this.#buffer = next;
    }
    this.#at -= size;
    return this.#at;
  }
}
