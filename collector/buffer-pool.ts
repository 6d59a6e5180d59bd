const SMALLEST = 16;
const LARGEST = 25;

/**
 * Buffers used again: making a large one costs as much as receiving what is put in it, and memory outside of the heap
 * that comes and goes makes the garbage collector go through the whole heap several times a second. Sizes are powers of
 * two from 64 KiB to 32 MiB; what is larger or smaller is made and left to the garbage collector.
 */
export class BufferPool {
  readonly #free: Buffer[][] = [];
  readonly #keep: number;
  #kept = 0;

  /** Keeps up to `keep` bytes of buffers that nobody uses. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  get kept(): number {
    return this.#kept;
  }

  /** A buffer of at least `bytes` bytes, which hold anything. */
  take(bytes: number): Buffer {
    const exponent = Math.max(SMALLEST, 32 - Math.clz32(bytes - 1));
    if (bytes <= 1 << (SMALLEST - 1) || exponent > LARGEST) return Buffer.allocUnsafeSlow(bytes);
    const buffer = this.#free[exponent]?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(1 << exponent);
    this.#kept -= buffer.length;
    return buffer;
  }

  /** Takes a buffer, or a part of it from its start, back that nobody reads any more. */
  give(part: Buffer): void {
    const buffer = part.byteOffset === 0 && part.length < part.buffer.byteLength ? Buffer.from(part.buffer) : part;
    const exponent = 31 - Math.clz32(buffer.length);
    if (exponent < SMALLEST || exponent > LARGEST || buffer.length !== 1 << exponent) return;
    if (this.#kept + buffer.length > this.#keep) return;
    this.#kept += buffer.length;
    this.#free[exponent] ??= [];
    this.#free[exponent].push(buffer);
  }
}
