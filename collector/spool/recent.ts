import type { Millis } from '../../core/time.ts';
import type { LeanTable } from '../reader/tables.ts';

/** As long as the OpenTelemetry Collector repeats a request whose answer it did not get. */
export const REMEMBERED_MS = 300_000;
const REMEMBERED_REQUESTS = 200_000;
const NOTHING: readonly LeanTable[] = [];

/**
 * The requests of the last minutes by digest, and in which tables their rows are durable. A sender that did not get
 * our answer (a timeout, a crash between the disk and the socket) sends the same bytes again; what is known here is
 * not written a second time.
 */
export class RecentRequests {
  /** In order of arrival. */
  readonly #requests = new Map<string, { readonly at: Millis; tables: readonly LeanTable[] }>();

  /** Tables that have the request's rows. */
  tables(digest: string, now: Millis): readonly LeanTable[] {
    const request = this.#requests.get(digest);
    return request !== undefined && now - request.at < REMEMBERED_MS ? request.tables : NOTHING;
  }

  add(digest: string, tables: readonly LeanTable[], now: Millis): void {
    const request = this.#requests.get(digest);
    if (request !== undefined && now - request.at < REMEMBERED_MS) {
      request.tables = [...new Set([...request.tables, ...tables])];
      return;
    }
    this.#requests.delete(digest);
    this.#requests.set(digest, { at: now, tables });
    for (const [oldest, { at }] of this.#requests) {
      if (now - at < REMEMBERED_MS && this.#requests.size <= REMEMBERED_REQUESTS) break;
      this.#requests.delete(oldest);
    }
  }
}
