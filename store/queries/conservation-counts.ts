import { METRIC } from '../../core/semconv.ts';
import { type Millis, STEP_MS } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, numberOf, secondsCell } from './cells.ts';
import { CHECKPOINTS_SQL, type Checkpoint } from './pathways.ts';

/** What is known of a checkpoint's counts, by the ten seconds in which the records' pathways began. */
export interface CheckpointCounts extends Checkpoint {
  /** Records by window of ten seconds, oldest first. */
  readonly windows: Float64Array;
  /** End of the newest window that anything was told of; 0 when none was. */
  readonly newest: Millis;
  /** How old, at their windows' ends, the slowest hundredth of the records was that were told of in the last minute; NaN of none. */
  readonly arrivalAge: Millis;
}

export interface CountsQuery {
  /** End of the newest window, a multiple of ten seconds. */
  readonly at: Millis;
  readonly windows: number;
  /** At most so many checkpoints, the busiest. */
  readonly limit: number;
}

/** Flushes of the last minute, and the step that a flush is late. */
const ARRIVING_MS = 70_000;

/** The counts of all checkpoints that told of any in the last `windows` windows. */
export async function readCheckpointCounts(store: Store, query: CountsQuery): Promise<CheckpointCounts[]> {
  const { at, windows } = query;
  const start = at - windows * STEP_MS;
  const rows = await store.rows<Checkpoint & { readonly steps: number[]; readonly counts: number[] }>(
    `
SELECT pipeline, service, hash, parent, direction, system, destination, group, groupArray(step) AS steps, groupArray(records) AS counts
FROM (
    SELECT s.Pipeline AS pipeline, s.Service AS service, c.Hash AS hash, c.Parent AS parent, c.Direction AS direction,
        c.System AS system, c.Destination AS destination, c.ConsumerGroup AS group,
        intDiv(toUnixTimestamp(s.Time) - {start:UInt32}, 10) AS step, sum(s.Records) AS records
    FROM (
        SELECT Pipeline, Service, SeriesId, Time, sum(Records) AS Records FROM pathway_records_10s
        WHERE Time >= toDateTime({start:UInt32}) AND Time < toDateTime({end:UInt32})
        GROUP BY Pipeline, Service, SeriesId, Time
    ) AS s
    INNER JOIN (${CHECKPOINTS_SQL(`('${METRIC.pathwayRecords}')`)}) AS c ON s.SeriesId = c.SeriesId
    GROUP BY pipeline, service, hash, parent, direction, system, destination, group, step
)
GROUP BY pipeline, service, hash, parent, direction, system, destination, group
ORDER BY sum(records) DESC, pipeline, service, hash
LIMIT {limit:UInt32}`,
    { start: secondsCell(start), end: secondsCell(at), limit: query.limit },
    EXACT_FLOATS,
  );
  const ages = await readArrivalAges(store, at);
  return rows.map(({ steps, counts, ...checkpoint }) => {
    const columns = columnOf(steps, counts, windows);
    const last = columns.findLastIndex((records) => records > 0);
    return {
      ...checkpoint,
      windows: columns,
      newest: last < 0 ? 0 : start + (last + 1) * STEP_MS,
      arrivalAge: ages.get(checkpoint.hash) ?? Number.NaN,
    };
  });
}

/** Series of a history that was made up: when its counts came says nothing of how long records take. */
const GENERATED_SQL = `
SELECT SeriesId FROM metric_series
WHERE MetricName = '${METRIC.pathwayRecords}' AND ScopeId IN (SELECT ScopeId FROM resource_scopes WHERE Origin = 'generated')`;

/** By hash, of what was stored in the last minute; records older than a day are passed over. */
async function readArrivalAges(store: Store, at: Millis): Promise<Map<string, Millis>> {
  const rows = await store.rows<{ hash: string; age: number }>(
    `
SELECT c.Hash AS hash,
    quantileExactWeighted(0.99)(toInt64(toUnixTimestamp(s.Seen)) - toInt64(toUnixTimestamp(s.Time)) - 10, toUInt64(ceil(s.Records))) AS age
FROM pathway_records_10s AS s
INNER JOIN (${CHECKPOINTS_SQL(`('${METRIC.pathwayRecords}')`)}) AS c ON s.SeriesId = c.SeriesId
WHERE s.Seen >= toDateTime({since:UInt32}) AND s.Time >= toDateTime({oldest:UInt32}) AND s.Time < toDateTime({end:UInt32})
    AND s.SeriesId NOT IN (${GENERATED_SQL})
GROUP BY hash`,
    { since: secondsCell(at - ARRIVING_MS), oldest: secondsCell(at - 86_400_000), end: secondsCell(at) },
  );
  return new Map(rows.map(({ hash, age }) => [hash, Math.max(0, numberOf(age)) * 1000]));
}

/** What a ratio and its spread are learnt from. */
export interface CheckpointPast {
  /** Records by minute, oldest first, up to the minute that holds `at`. */
  readonly minutes: Float64Array;
  /** Ages at which live records were told of in the last six hours: in steps of ten seconds after their window's end, and how many. */
  readonly ages: { readonly steps: readonly number[]; readonly records: readonly number[] };
}

const LEARN_MS = 6 * 3_600_000;
/** Records that come later than this after their windows are not counted among the ages. */
const LATEST_MS = 6 * 3_600_000;

/** The past of some checkpoints, by hash. */
export async function readCheckpointPast(
  store: Store,
  query: { readonly at: Millis; readonly minutes: number; readonly hashes: readonly string[] },
): Promise<Map<string, CheckpointPast>> {
  const { at, minutes, hashes } = query;
  if (hashes.length === 0) return new Map();
  const end = Math.ceil(at / 60_000) * 60_000;
  const start = end - minutes * 60_000;
  const checkpoints = `${CHECKPOINTS_SQL(`('${METRIC.pathwayRecords}')`)} AND Hash IN {hashes:Array(String)}`;
  const named = `SELECT SeriesId FROM (${checkpoints})`;
  const params = { hashes, start: secondsCell(start), end: secondsCell(at), since: secondsCell(at - LEARN_MS) };
  const oldest = secondsCell(Math.max(start, at - LEARN_MS - LATEST_MS));
  const [counts, ages] = await Promise.all([
    store.rows<{ hash: string; steps: number[]; counts: number[] }>(
      `
SELECT hash, groupArray(step) AS steps, groupArray(records) AS counts
FROM (
    SELECT c.Hash AS hash, intDiv(toUnixTimestamp(s.Time) - {start:UInt32}, 60) AS step, sum(s.Records) AS records
    FROM pathway_records_1m AS s
    INNER JOIN (${checkpoints}) AS c ON s.SeriesId = c.SeriesId
    WHERE s.Time >= toDateTime({start:UInt32}) AND s.Time < toDateTime({end:UInt32}) AND s.SeriesId IN (${named})
    GROUP BY hash, step
    ORDER BY hash, step
)
GROUP BY hash`,
      params,
    ),
    store.rows<{ hash: string; steps: number[]; records: number[] }>(
      `
SELECT hash, groupArray(step) AS steps, groupArray(records) AS records
FROM (
    SELECT c.Hash AS hash, sum(s.Records) AS records,
        least(greatest(intDiv(toInt64(toUnixTimestamp(s.Seen)) - toInt64(toUnixTimestamp(s.Time)) - 10, 10), 0), 8640) AS step
    FROM pathway_records_10s AS s
    INNER JOIN (${checkpoints}) AS c ON s.SeriesId = c.SeriesId
    WHERE s.Seen >= toDateTime({since:UInt32}) AND s.Time >= toDateTime({oldest:UInt32}) AND s.Time < toDateTime({end:UInt32})
        AND s.SeriesId IN (${named}) AND s.SeriesId NOT IN (${GENERATED_SQL})
    GROUP BY hash, step
    ORDER BY hash, step
)
GROUP BY hash`,
      { ...params, oldest },
    ),
  ]);
  const byHash = new Map(ages.map((row) => [row.hash, row]));
  return new Map(
    counts.map(({ hash, steps, counts: records }) => {
      const known = byHash.get(hash);
      return [
        hash,
        {
          minutes: columnOf(steps, records, minutes),
          ages: { steps: (known?.steps ?? []).map(numberOf), records: known?.records ?? [] },
        },
      ];
    }),
  );
}

function columnOf(steps: readonly number[], values: readonly number[], length: number): Float64Array {
  const column = new Float64Array(length);
  for (const [i, step] of steps.entries()) if (step >= 0 && step < length) column[step] = values[i] as number;
  return column;
}
