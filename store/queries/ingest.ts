import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf } from './cells.ts';

/** Telemetry that is not live: what its resource attribute `weir.origin` says, of whom, and over which time. */
export interface Origin {
  readonly origin: string;
  readonly pipeline: string;
  readonly service: string;
  readonly from: Millis;
  readonly to: Millis;
}

/** Services with replayed or generated telemetry, and the time it spans. */
export async function readOrigins(store: Store): Promise<Origin[]> {
  const rows = await store.rows<Origin>(`
SELECT Origin AS origin, Pipeline AS pipeline, Service AS service,
    toUnixTimestamp(min(FirstSeen)) * 1000 AS from, toUnixTimestamp(max(LastSeen)) * 1000 AS to
FROM services
WHERE Origin != ''
GROUP BY origin, pipeline, service
ORDER BY pipeline, service, origin`);
  return rows.map((row) => ({ ...row, from: numberOf(row.from), to: numberOf(row.to) }));
}

/** Time of the newest telemetry stored (of one pipeline, or of any), to the second; 0 when there is none. */
export async function newestTelemetry(store: Store, pipeline?: string): Promise<Millis> {
  const [row] = await store.rows<{ newest: number | string }>(
    `SELECT toUnixTimestamp(max(LastSeen)) * 1000 AS newest FROM services WHERE {all:Bool} OR Pipeline = {pipeline:String}`,
    { all: pipeline === undefined, pipeline: pipeline ?? '' },
  );
  return numberOf(row?.newest ?? 0);
}

/** A service that has sent telemetry, with the address of its own console where its resource names one. */
export interface ServiceSeen {
  readonly pipeline: string;
  readonly service: string;
  readonly consoleUrl: string;
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
}

/** Services heard of at or after `since`. */
export async function readServices(store: Store, since: Millis): Promise<ServiceSeen[]> {
  const rows = await store.rows<ServiceSeen>(
    `
SELECT Pipeline AS pipeline, Service AS service, max(ConsoleUrl) AS consoleUrl,
    toUnixTimestamp(min(FirstSeen)) * 1000 AS firstSeen, toUnixTimestamp(max(LastSeen)) * 1000 AS lastSeen
FROM services
GROUP BY pipeline, service
HAVING lastSeen >= {since:Int64}
ORDER BY pipeline, service`,
    { since: Math.max(0, Math.floor(since)) },
  );
  return rows.map((row) => ({ ...row, firstSeen: numberOf(row.firstSeen), lastSeen: numberOf(row.lastSeen) }));
}
