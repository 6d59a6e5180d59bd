import type { Ticket } from '../admission.ts';

/** A body this small is given its buffer at once; a larger one only when a part of it has really come. */
const EAGER_BYTES = 4 << 20;

/**
 * Puts the chunks of a body into one buffer. A body that comes as one chunk is not copied, any other once. `length` is
 * what the sender says the body has; undefined when it does not say. A sender that announces much and sends little
 * costs little. The buffer is borrowed on `ticket`. With `isLent`, a chunk's memory is its giver's again after `add`.
 */
export class Assembly {
  readonly #length: number | undefined;
  readonly #ticket: Ticket;
  readonly #isLent: boolean;
  #chunks: Uint8Array[] = [];
  #whole: Buffer | undefined;
  #at = 0;

  constructor(length: number | undefined, ticket: Ticket, isLent = false) {
    this.#ticket = ticket;
    this.#isLent = isLent;
    this.#length = length;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#at;
  }

  add(chunk: Uint8Array): void {
    const end = this.#at + chunk.length;
    if (this.#whole === undefined && this.#isWorthABuffer(end)) {
      this.#whole = this.#joined(this.#length as number);
      this.#chunks = [];
    }
    if (this.#whole !== undefined) this.#whole.set(chunk, this.#at);
    else this.#chunks.push(this.#isLent ? Buffer.from(chunk) : chunk);
    this.#at = end;
  }

  #isWorthABuffer(end: number): boolean {
    const length = this.#length;
    // What comes in one piece that may be kept needs no buffer.
    if (length === undefined || (!this.#isLent && end >= length && this.#chunks.length === 0)) return false;
    return length <= EAGER_BYTES || end >= length / 8;
  }

  /** The body, when everything was added; to be read until the ticket is given back. */
  done(): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    return (this.#whole ?? this.#joined(this.#at)).subarray(0, this.#at);
  }

  #joined(bytes: number): Buffer {
    const whole = this.#ticket.borrow(bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}
