import type { Ticket } from '../admission.ts';

/** A body this small is given its buffer at once; a larger one only when a part of it has really come. */
const EAGER_BYTES = 1 << 20;

/**
 * Puts the chunks of a body into one buffer. A body that comes as one chunk is not copied, any other once. `length` is
 * what the sender says the body has; undefined when it does not say. A sender that announces much and sends little
 * costs little. The buffer is borrowed on `ticket`.
 */
export class Assembly {
  readonly #length: number | undefined;
  readonly #ticket: Ticket;
  #chunks: Uint8Array[] = [];
  #whole: Buffer | undefined;
  #at = 0;

  constructor(length: number | undefined, ticket: Ticket) {
    this.#ticket = ticket;
    this.#length = length;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#at;
  }

  add(chunk: Uint8Array): void {
    const length = this.#length;
    const end = this.#at + chunk.length;
    if (this.#whole !== undefined) this.#whole.set(chunk, this.#at);
    else {
      this.#chunks.push(chunk);
      if (length !== undefined && end < length && (length <= EAGER_BYTES || end >= length / 8)) {
        this.#whole = this.#joined(length);
        this.#chunks = [];
      }
    }
    this.#at = end;
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
