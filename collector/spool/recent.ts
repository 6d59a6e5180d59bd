import type { Millis } from '../../core/time.ts';
import { LEAN_TABLES, type LeanTable } from '../reader/tables.ts';

/** As long as the OpenTelemetry Collector repeats a request whose answer it did not get. */
export const REMEMBERED_MS = 300_000;
/** About 50 MB; at more than 1700 requests in a second the memory reaches back less than its time. */
const REMEMBERED_REQUESTS = 500_000;
const NOTHING: readonly LeanTable[] = [];
const MASKS = 2 ** LEAN_TABLES.length;

/**
 * The requests of the last minutes by digest, and in which tables their rows are durable. A sender that did not get
 * our answer (a timeout, a crash between the disk and the socket) sends the same bytes again; what is known here is
 * not written a second time.
 */
export class RecentRequests {
  /** In order of arrival; a number holds the second of arrival and a bit for each table, so that none is an object. */
  readonly #requests = new Map<string, number>();
  #origin: Millis | undefined;

  /** Tables that have the request's rows. */
  tables(digest: string, now: Millis): readonly LeanTable[] {
    const mask = this.#mask(digest, now);
    return mask === 0 ? NOTHING : LEAN_TABLES.filter((_, table) => (mask & (1 << table)) !== 0);
  }

  add(digest: string, tables: readonly LeanTable[], now: Millis): void {
    let mask = 0;
    for (const table of tables) mask |= 1 << LEAN_TABLES.indexOf(table);
    const known = this.#mask(digest, now);
    if (known === 0) this.#requests.delete(digest);
    this.#requests.set(digest, this.#second(now) * MASKS + (known | mask));
    for (const [oldest, value] of this.#requests) {
      if (this.#isFresh(value, now) && this.#requests.size <= REMEMBERED_REQUESTS) break;
      this.#requests.delete(oldest);
    }
  }

  #mask(digest: string, now: Millis): number {
    const value = this.#requests.get(digest);
    return value !== undefined && this.#isFresh(value, now) ? value % MASKS : 0;
  }

  #second(now: Millis): number {
    this.#origin ??= now;
    return Math.max(0, Math.floor((now - this.#origin) / 1000));
  }

  #isFresh(value: number, now: Millis): boolean {
    return this.#second(now) - Math.floor(value / MASKS) < REMEMBERED_MS / 1000;
  }
}
