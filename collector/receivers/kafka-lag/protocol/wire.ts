import { malformedAnswer } from '../errors.ts';

/**
 * Cursor over one answer of Kafka's wire protocol, big-endian. From an API's first flexible version on, lengths are
 * varints of length + 1 and every structure ends in tagged fields (KIP-482); before it lengths are fixed integers.
 * Reading beyond the end, or a length that cannot be, throws `collector_kafka_lag_malformed`.
 */
export class Answer {
  readonly #bytes: Buffer;
  readonly #flexible: boolean;
  #at = 0;

  constructor(bytes: Buffer, flexible: boolean) {
    this.#bytes = bytes;
    this.#flexible = flexible;
  }

  int8(): number {
    const at = this.#advance(1);
    return this.#bytes.readInt8(at);
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  int16(): number {
    const at = this.#advance(2);
    return this.#bytes.readInt16BE(at);
  }

  int32(): number {
    const at = this.#advance(4);
    return this.#bytes.readInt32BE(at);
  }

  /** Exact below 2^53; beyond it the nearest double, which `Number.isSafeInteger` tells. */
  int64(): number {
    const at = this.#advance(8);
    return this.#bytes.readInt32BE(at) * 0x1_0000_0000 + this.#bytes.readUInt32BE(at + 4);
  }

  /** The first 48 bits of a UUID as a number; undefined for the one that is all zeros. */
  uuid48(): number | undefined {
    const at = this.#advance(16);
    const first = this.#bytes.readUIntBE(at, 6);
    if (first !== 0 || this.#bytes.readUIntBE(at + 6, 6) !== 0 || this.#bytes.readUInt32BE(at + 12) !== 0) return first;
    return undefined;
  }

  /** Null is given as the empty string: no field that is read here tells the two apart. */
  text(): string {
    const length = this.#length(2);
    if (length <= 0) return '';
    const at = this.#advance(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  skipText(): void {
    this.skip(Math.max(0, this.#length(2)));
  }

  skipBytes(): void {
    this.skip(Math.max(0, this.#length(4)));
  }

  skip(bytes: number): void {
    this.#advance(bytes);
  }

  /** Entries of an array; a null array has none. Each entry is at least one byte long. */
  count(): number {
    const count = this.#length(4);
    if (count > this.#bytes.length - this.#at) throw malformedAnswer(`an array of ${count} at byte ${this.#at}`);
    return Math.max(0, count);
  }

  skipInt32s(): number {
    const count = this.count();
    this.skip(4 * count);
    return count;
  }

  /** Tagged fields at the end of a structure: none of them is read here. */
  tags(): void {
    if (!this.#flexible) return;
    for (let left = this.#varint(); left > 0; left--) {
      this.#varint();
      this.skip(this.#varint());
    }
  }

  #length(fixed: 2 | 4): number {
    if (this.#flexible) return this.#varint() - 1;
    return fixed === 2 ? this.int16() : this.int32();
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 0x1000_0000; factor *= 128) {
      const at = this.#advance(1);
      const byte = this.#bytes[at] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw malformedAnswer(`a length without an end at byte ${this.#at}`);
  }

  #advance(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.length)
      throw malformedAnswer(`${bytes} bytes wanted at ${at}, ${this.#bytes.length} in all`);
    this.#at = at + bytes;
    return at;
  }
}

/** The body of a request, in the same two spellings as `Answer`. */
export class Request {
  readonly #flexible: boolean;
  #bytes = Buffer.allocUnsafe(1024);
  #at = 0;

  constructor(flexible: boolean) {
    this.#flexible = flexible;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  int8(value: number): void {
    const at = this.#claim(1);
    this.#bytes.writeInt8(value, at);
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int16(value: number): void {
    const at = this.#claim(2);
    this.#bytes.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#claim(4);
    this.#bytes.writeInt32BE(value, at);
  }

  /** A safe integer. */
  int64(value: number): void {
    const at = this.#claim(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#bytes.writeInt32BE(high, at);
    this.#bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
  }

  text(value: string | null): void {
    const size = value === null ? -1 : Buffer.byteLength(value);
    if (this.#flexible) this.#varint(size + 1);
    else this.int16(size);
    if (value === null || size === 0) return;
    const at = this.#claim(size);
    this.#bytes.write(value, at, size, 'utf8');
  }

  /** Entries of the array that follows; null is an array of its own, mostly for `all`. */
  count(entries: number | null): void {
    if (this.#flexible) this.#varint((entries ?? -1) + 1);
    else this.int32(entries ?? -1);
  }

  texts(values: readonly string[]): void {
    this.count(values.length);
    for (const value of values) this.text(value);
  }

  tags(): void {
    if (this.#flexible) this.int8(0);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest >>>= 7) this.#byte((rest & 127) | 128);
    this.#byte(rest);
  }

  #byte(value: number): void {
    const at = this.#claim(1);
    this.#bytes[at] = value;
  }

  #claim(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, at + size));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#at = at + size;
    return at;
  }
}

/** One API as far as it is used: the versions that are written and read here, and how. */
export interface Call<T> {
  readonly name: string;
  readonly key: number;
  readonly oldest: number;
  readonly newest: number;
  /** The first version in the flexible spelling. */
  readonly flexible: number;
  write(request: Request, version: number): void;
  read(answer: Answer, version: number): T;
}
