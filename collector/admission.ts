import { WeirError } from '../core/errors.ts';
import { BufferPool } from './buffer-pool.ts';

/** What a request costs besides its bytes: its headers, its stream and what the runtime keeps of both. */
const REQUEST_BYTES = 4096;
/** What the pool of buffers may keep, of the bound. */
const POOL_SHARE = 1 / 8;

/** Bounds the bytes of all requests that are being read and decoded, whatever receiver they come through. */
export class Admission {
  readonly #limit: number;
  readonly #pool: BufferPool;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#pool = new BufferPool(limit * POOL_SHARE);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Lets one request in. Throws `collector_overloaded` (retryable) above the bound, counting nothing. */
  enter(): Ticket {
    const ticket = new Ticket((bytes, held) => this.#take(bytes, held), this.#pool);
    ticket.grow(REQUEST_BYTES);
    return ticket;
  }

  #take(bytes: number, held: number): void {
    // One request alone always fits: its own limit is the receiver's.
    if (bytes > 0 && this.#bytes > held && this.#bytes + bytes > this.#limit) {
      const message = `${this.#bytes} bytes of requests are being read; send again later`;
      throw new WeirError('collector_overloaded', message, { retryable: true, retryAfterMs: 1000 });
    }
    this.#bytes += bytes;
  }
}

/** What one request holds of the bound. */
export class Ticket {
  readonly #take: (bytes: number, held: number) => void;
  readonly #pool: BufferPool;
  readonly #borrowed: Buffer[] = [];
  #held = 0;

  constructor(take: (bytes: number, held: number) => void, pool: BufferPool) {
    this.#take = take;
    this.#pool = pool;
  }

  get bytes(): number {
    return this.#held;
  }

  /** Counts `bytes` more. Throws `collector_overloaded` (retryable) above the bound, counting nothing. */
  grow(bytes: number): void {
    this.#take(bytes, this.#held);
    this.#held += bytes;
  }

  /** A buffer of at least `bytes` bytes, to be used until `leave`. What is put in it is counted with `grow`. */
  borrow(bytes: number): Buffer {
    const buffer = this.#pool.take(bytes);
    this.#borrowed.push(buffer);
    return buffer;
  }

  /** Gives everything back; a second call does nothing. The request's bytes must not be read any more. */
  leave(): void {
    for (const buffer of this.#borrowed.splice(0)) this.#pool.give(buffer);
    this.#take(-this.#held, this.#held);
    this.#held = 0;
  }
}
