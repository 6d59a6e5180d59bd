export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
const FIXED32 = 5;

/**
 * A walk over the fields of one protobuf message, without objects. `next` goes to the next field and is false at the
 * end; it is false, and `torn` true, too where the bytes are no message.
 */
export class MessageWalk {
  readonly bytes: Buffer;
  readonly #end: number;
  #at: number;
  field = 0;
  wireType = 0;
  /** Of a varint: its low 53 bits. */
  value = 0;
  /** Where the field's bytes are. */
  start = 0;
  end = 0;
  torn = false;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  next(): boolean {
    if (this.#at >= this.#end || this.torn) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag & 7;
    this.start = this.#at;
    if (this.wireType === VARINT) this.value = this.#varint();
    else if (this.wireType === LENGTH) {
      const length = this.#varint();
      this.start = this.#at;
      this.#at += length;
    } else if (this.wireType === FIXED64) this.#at += 8;
    else if (this.wireType === FIXED32) this.#at += 4;
    else this.torn = true;
    this.end = this.#at;
    if (this.field === 0 || this.#at > this.#end) this.torn = true;
    return !this.torn;
  }

  /** The field's bytes as a message of its own. */
  enter(): MessageWalk {
    return new MessageWalk(this.bytes, this.start, this.end);
  }

  text(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  double(): number {
    return this.bytes.readDoubleLE(this.start);
  }

  /** All 64 bits of a varint, signed. */
  integer(): bigint {
    let value = 0n;
    for (let at = this.start; at < this.end; at++) {
      value |= BigInt((this.bytes[at] as number) & 0x7f) << BigInt(7 * (at - this.start));
    }
    return BigInt.asIntN(64, value);
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) break;
      const byte = this.bytes[this.#at++] as number;
      if (i < 7) value += (byte & 0x7f) * factor;
      else if (i === 7) value += (byte & 0x0f) * factor;
      factor *= 128;
      if (byte < 0x80) return value;
    }
    this.torn = true;
    return 0;
  }
}

/** The bytes of a field that holds a text or a message. */
export function lengthField(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint(field * 8 + LENGTH), varint(length), ...parts]);
}

export function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8 + VARINT), varint(value)]);
}

export function fixed64Field(field: number, value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(field * 8 + FIXED64), bytes]);
}

export function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + FIXED64), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
