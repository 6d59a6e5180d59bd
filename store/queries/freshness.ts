import { normalizeLabels } from '../../core/labels.ts';
import type { NodeKind } from '../../core/node.ts';
import type { Series } from '../../core/series.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { floatCell, millisCell, numberOf, secondsCell } from './cells.ts';
import { carriedColumn, carriedSteps, type Grid, gridParams } from './grid.ts';
import { ROUND_STEP, type RoundsQuery, roundsParams } from './rounds.ts';

/** How fresh a part of a pipeline was at a time. NaN where nothing is known. */
export interface FreshnessStatus {
  readonly time: Millis;
  readonly pipeline: string;
  readonly kind: NodeKind;
  readonly node: string;
  /** Every event before this has been handled, by it and by everything before it. */
  readonly completeTo: Millis;
  /** Seconds from there to `time`, and what they would be if everything upstream were complete. */
  readonly age: number;
  readonly ownAge: number;
  /** See `FRESHNESS_STATES` (pipelines/freshness-stage.ts). */
  readonly state: string;
  /** `kind:name` of the part that holds it back; itself where nothing upstream does. */
  readonly limitedBy: string;
  readonly reason: string;
}

export async function writeFreshness(store: Store, statuses: readonly FreshnessStatus[]): Promise<void> {
  const rows = statuses.map((status) => ({
    Time: secondsCell(status.time),
    Pipeline: status.pipeline,
    Kind: status.kind,
    Node: status.node,
    CompleteTo: Number.isNaN(status.completeTo) ? 0 : millisCell(status.completeTo),
    Age: floatCell(status.age),
    OwnAge: floatCell(status.ownAge),
    State: status.state,
    LimitedBy: status.limitedBy,
    Reason: status.reason,
  }));
  await store.insert('freshness', rows);
}

/** The newest freshness of each part in the range. */
export async function readLatestFreshness(store: Store, query: RoundsQuery): Promise<FreshnessStatus[]> {
  const rows = await store.rows<FreshnessStatus & { readonly to: number }>(
    `
SELECT toUnixTimestamp(f.Time) * 1000 AS time, Pipeline AS pipeline, Kind AS kind, Node AS node,
    toUnixTimestamp64Milli(CompleteTo) AS to, Age AS age, OwnAge AS ownAge, State AS state, LimitedBy AS limitedBy, Reason AS reason
FROM freshness AS f
WHERE Time > toDateTime({from:UInt32}) AND Time <= toDateTime({to:UInt32}) AND ({any:Bool} OR Pipeline = {pipeline:String})
ORDER BY Pipeline, Kind, Node, Time DESC
LIMIT 1 BY Pipeline, Kind, Node`,
    roundsParams(query),
  );
  return rows.map(({ to, ...row }) => ({
    ...row,
    time: numberOf(row.time),
    completeTo: numberOf(to) || Number.NaN,
    age: numberOf(row.age),
    ownAge: numberOf(row.ownAge),
  }));
}

/** What every part had reached at the end of each round of the range, oldest first. */
export async function readReached(
  store: Store,
  query: RoundsQuery,
): Promise<Pick<FreshnessStatus, 'time' | 'pipeline' | 'kind' | 'node' | 'completeTo'>[]> {
  const rows = await store.rows<FreshnessStatus & { readonly to: number }>(
    `
SELECT toUnixTimestamp(f.Time) * 1000 AS time, Pipeline AS pipeline, Kind AS kind, Node AS node, toUnixTimestamp64Milli(CompleteTo) AS to
FROM freshness AS f
WHERE Time > toDateTime({from:UInt32}) AND Time <= toDateTime({to:UInt32}) AND to > 0
ORDER BY time`,
    { from: secondsCell(query.from), to: secondsCell(query.to) },
  );
  return rows.map(({ to, ...row }) => ({ ...row, time: numberOf(row.time), completeTo: numberOf(to) }));
}

/**
 * The signal `freshness`: of each stage (label `stage`), dataset and database (label `dataset`) the largest age that ended in a
 * step, in seconds.
 */
export async function readFreshnessSignal(store: Store, grid: Grid): Promise<Series[]> {
  interface Row {
    readonly pipeline: string;
    readonly kind: NodeKind;
    readonly node: string;
    readonly steps: readonly number[];
    readonly ages: readonly (number | null)[];
  }
  const rows = await store.rows<Row>(
    `
SELECT pipeline, kind, node, groupArray(step) AS steps, groupArray(age) AS ages
FROM (
    SELECT Pipeline AS pipeline, Kind AS kind, Node AS node, max(Age) AS age,
        ${ROUND_STEP} AS step
    FROM freshness
    WHERE Time > toDateTime({since:UInt32}) AND Time <= toDateTime({end:UInt32}) AND Kind != 'topic' AND NOT isNaN(Age)
    GROUP BY pipeline, kind, node, step
)
GROUP BY pipeline, kind, node
ORDER BY pipeline, kind, node`,
    gridParams(grid, carriedSteps(grid)),
  );
  return rows.map(({ pipeline, kind, node, steps, ages }) => {
    const name = kind === 'dataset' || kind === 'database' ? { dataset: node } : { stage: node };
    const labels = normalizeLabels({ signal: 'freshness', pipeline, ...name });
    return { labels, start: grid.start, step: grid.step, values: carriedColumn(grid, steps, ages) };
  });
}
