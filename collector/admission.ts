import { WeirError } from '../core/errors.ts';

/** Bounds the bytes of all requests that are being read and decoded, whatever receiver they come through. */
export class Admission {
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts `bytes` more of a request. Throws `collector_overloaded` (retryable) above the bound, counting nothing. */
  take(bytes: number): void {
    // One request alone always fits: its own limit is the receiver's.
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limit) {
      const message = `${this.#bytes} bytes of requests are being read; send again later`;
      throw new WeirError('collector_overloaded', message, { retryable: true, retryAfterMs: 1000 });
    }
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
