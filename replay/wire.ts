import { WeirError } from '../core/errors.ts';

/** One field of a protobuf message: its number, wire type, and the bytes of its value in the buffer. */
export interface WireField {
  readonly number: number;
  readonly type: number;
  /** First byte of the field's tag. */
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function broken(at: number): WeirError {
  return new WeirError('replay_otlp_invalid', `not an OTLP message: the protobuf encoding breaks off at byte ${at}`);
}

/** The value of a varint and where it ends. Throws `replay_otlp_invalid` when it does not end before `limit`. */
export function readVarint(bytes: Uint8Array, at: number, limit: number): [value: bigint, end: number] {
  let value = 0n;
  for (let i = at; i < limit && i < at + 10; i++) {
    const byte = bytes[i] as number;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (i - at));
    if (byte < 0x80) return [BigInt.asUintN(64, value), i + 1];
  }
  throw broken(at);
}

/** `value` as a varint of exactly `length` bytes: padding bytes are legal in protobuf and keep every offset. */
export function writeVarint(bytes: Uint8Array, at: number, length: number, value: bigint): void {
  let rest = value;
  for (let i = 0; i < length; i++) {
    bytes[at + i] = Number(rest & 0x7fn) | (i === length - 1 ? 0 : 0x80);
    rest >>= 7n;
  }
}

export function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...out, rest];
}

/** A field with a length-delimited value. */
export function lengthDelimited(number: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(value.length)]), value]);
}

/** The fields of the message in `bytes[start, end)`, in the order of the wire. Throws `replay_otlp_invalid`. */
export function* readFields(bytes: Uint8Array, start: number, end: number): Generator<WireField> {
  let at = start;
  while (at < end) {
    const tag = at;
    const [key, afterKey] = readVarint(bytes, at, end);
    const type = Number(key & 7n);
    const number = Number(key >> 3n);
    if (number === 0) throw broken(tag);
    let from = afterKey;
    let to: number;
    if (type === 0) to = readVarint(bytes, from, end)[1];
    else if (type === 1) to = from + 8;
    else if (type === 5) to = from + 4;
    else if (type === 2) {
      const [length, afterLength] = readVarint(bytes, from, end);
      from = afterLength;
      to = length > BigInt(end) ? end + 1 : from + Number(length);
    } else throw broken(tag);
    if (to > end) throw broken(tag);
    yield { number, type, tag, start: from, end: to };
    at = to;
  }
}
