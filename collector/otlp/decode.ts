import { WeirError } from '../../core/errors.ts';

/**
 * What one request may hold, whatever its bytes: `depth` of nested messages (a value within a value), and `items`,
 * messages and list elements in all. A few bytes on the wire become an object of a hundred, so a limit on bytes alone
 * would let one request exhaust the process's memory.
 */
export const DECODE_LIMITS = { depth: 100, items: 6_000_000 } as const;

/** Bytes that are not the request they claim to be: the sender must not try again. */
export function malformed(what: string, where: string): WeirError {
  return new WeirError('collector_request_malformed', where === '' ? what : `${what} at ${where}`);
}

/** A request over a limit of ours; HTTP answers 413, gRPC RESOURCE_EXHAUSTED. */
export function tooLarge(what: string): WeirError {
  return new WeirError('collector_request_too_large', what);
}

/** Where a reader is, as `resourceSpans[0].scopeSpans[2].spans[17]`; one entry for each open message or list. */
export class Position {
  readonly #names: string[] = [];
  readonly #indexes: number[] = [];
  #items = 0;

  /** Enters field `name` (element `index` of it, or -1). Throws past the limits. */
  enter(name: string, index: number): void {
    this.#names.push(name);
    this.#indexes.push(index);
    if (this.#names.length > DECODE_LIMITS.depth) {
      throw malformed(`values are nested deeper than ${DECODE_LIMITS.depth}`, `${this.text().slice(0, 120)}...`);
    }
    if (++this.#items > DECODE_LIMITS.items) {
      throw tooLarge(
        `the request holds more than ${DECODE_LIMITS.items} messages and list elements; send smaller batches`,
      );
    }
  }

  leave(): void {
    this.#names.pop();
    this.#indexes.pop();
  }

  text(field = ''): string {
    const parts = this.#names.map((name, i) => ((this.#indexes[i] ?? -1) < 0 ? name : `${name}[${this.#indexes[i]}]`));
    return [...parts, ...(field === '' ? [] : [field])].join('.');
  }
}
