import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';

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

/** `services` is told of a scope once a minute; what the rollups hold beyond that is looked for this far before it. */
const TOLD_S = 600;

/** Whether a row of a rollup is newer than what `services` knows, by the name `told` (DateTime). */
const NEWER = `Time >= toDateTime(greatest(toInt64(toUnixTimestamp(told)) - ${TOLD_S}, 0))`;

/**
 * Time of the newest telemetry stored (of one pipeline, or of any); 0 when there is none. Of spans and of what is watched it is
 * exact to the ten seconds in which it falls, of other telemetry to the minute.
 */
export async function newestTelemetry(store: Store, pipeline?: string): Promise<Millis> {
  const here = '({all:Bool} OR Pipeline = {pipeline:String})';
  const [row] = await store.rows<{ newest: number | string }>(
    `
WITH (SELECT max(LastSeen) FROM services WHERE ${here}) AS told
SELECT toUnixTimestamp(max(newest)) * 1000 AS newest
FROM (
    SELECT told AS newest
    UNION ALL SELECT max(Time) FROM red_10s WHERE ${NEWER} AND ${here}
    UNION ALL SELECT max(Time) FROM gauge_10s WHERE ${NEWER} AND ${here})`,
    { all: pipeline === undefined, pipeline: pipeline ?? '' },
  );
  return numberOf(row?.newest ?? 0);
}

/**
 * The times of [from, to) at which telemetry was received, ascending and as exact as with `newestTelemetry`, as far as the rollups
 * reach back; of logs nothing is known.
 */
export async function readReceived(store: Store, from: Millis, to: Millis): Promise<Millis[]> {
  const range = 'WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32})';
  const rows = await store.rows<{ time: number | string }>(
    `
SELECT DISTINCT toUnixTimestamp(Time) * 1000 AS time
FROM (
    SELECT DISTINCT Time FROM red_10s ${range}
    UNION ALL SELECT DISTINCT Time FROM gauge_10s ${range}
    UNION ALL SELECT DISTINCT Time FROM gauge_1m ${range})
ORDER BY time`,
    { from: secondsCell(from), to: secondsCell(to) },
  );
  return rows.map(({ time }) => numberOf(time));
}

/** A service that has sent telemetry, with the address of its own console where its resource names one. */
export interface ServiceSeen {
  readonly pipeline: string;
  readonly service: string;
  readonly consoleUrl: string;
  readonly firstSeen: Millis;
  readonly lastSeen: Millis;
}

/** Services heard of at or after `since`; `lastSeen` is as exact as `newestTelemetry`. */
export async function readServices(store: Store, since: Millis): Promise<ServiceSeen[]> {
  const rows = await store.rows<ServiceSeen>(
    `
WITH (SELECT max(LastSeen) FROM services) AS told
SELECT pipeline, service, max(console) AS consoleUrl,
    toUnixTimestamp(if(max(exact), minIf(first, exact), min(first))) * 1000 AS firstSeen, toUnixTimestamp(max(last)) * 1000 AS lastSeen
FROM (
    SELECT Pipeline AS pipeline, Service AS service, ConsoleUrl AS console, FirstSeen AS first, LastSeen AS last, true AS exact FROM services
    UNION ALL
    SELECT Pipeline, Service, '', min(Time), max(Time), false FROM red_10s WHERE ${NEWER} GROUP BY Pipeline, Service
    UNION ALL
    SELECT Pipeline, Service, '', min(Time), max(Time), false FROM gauge_10s WHERE ${NEWER} GROUP BY Pipeline, Service)
GROUP BY pipeline, service
HAVING lastSeen >= {since:Int64}
ORDER BY pipeline, service`,
    { since: Math.max(0, Math.floor(since)) },
  );
  return rows.map((row) => ({ ...row, firstSeen: numberOf(row.firstSeen), lastSeen: numberOf(row.lastSeen) }));
}
