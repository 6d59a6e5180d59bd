import { WeirError } from '../../core/errors.ts';
import { ATTR, METRIC } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { type Buckets, mergeBuckets } from './buckets.ts';
import { EXACT_FLOATS, numberOf, secondsCell } from './cells.ts';
import { type Grid, gaps, gridOf } from './grid.ts';
import { chooseLevel, type Level, type LevelRetention } from './level.ts';
import { CHECKPOINTS_SQL, type Percentiles, pathwayTable } from './pathways.ts';
import { convolve, pathwayQuantile } from './pathways-buckets.ts';
import { chainBetween } from './pathways-chains.ts';

/**
 * How a latency between two checkpoints was found: `exact` from histograms of every record, within the buckets' 0.54 %; `estimated`
 * as the sum of hops that are taken to know nothing of each other; `sampled` from a share of the traces.
 */
export const LATENCY_METHODS = ['exact', 'estimated', 'sampled'] as const;
export type LatencyMethod = (typeof LATENCY_METHODS)[number];

export interface PathwayLatencyQuery {
  /** Unix milliseconds; the columns cover the whole steps of [from, to). */
  readonly from: Millis;
  readonly to: Millis;
  /** Milliseconds, a multiple of 10 000. */
  readonly step: Millis;
  /** Hashes of two checkpoints of one pathway, `end` after `start`. */
  readonly start: string;
  readonly end: string;
  readonly retention?: LevelRetention;
  readonly now?: Millis;
}

/** Columns over steps of `step` milliseconds from `start`; seconds, NaN in steps without records. */
export interface PathwayLatency {
  readonly method: LatencyMethod;
  /** The hashes from `start` to `end`. */
  readonly hops: readonly string[];
  readonly start: Millis;
  readonly step: Millis;
  readonly p50: Float64Array;
  readonly p95: Float64Array;
  readonly p99: Float64Array;
  /** Records per second that reached the end. */
  readonly rate: Float64Array;
  /** Over the whole range. */
  readonly overall: Percentiles & { readonly records: number };
}

/** Steps of an estimate: each costs a convolution a hop. */
const MOST_ESTIMATED_STEPS = 120;

/**
 * The time from one checkpoint to a later one of the same pathway. From the origin, and between neighbours, the records themselves were
 * measured. Between two inner points they were not: the hops' histograms are convolved, which takes the hops for independent and
 * all records of a hop for ones that went on, and is said to be an estimate.
 *
 * Throws `store_pathway_unknown` when a hash was not seen, `store_pathway_order_invalid` when `end` does not come after `start`, and
 * `store_signals_range_invalid` of a step that is no multiple of 10 s.
 */
export async function readPathwayLatency(store: Store, query: PathwayLatencyQuery): Promise<PathwayLatency> {
  const { parents, sampled } = await readParents(store, query);
  for (const hash of [query.start, query.end]) {
    if (!parents.has(hash)) throw new WeirError('store_pathway_unknown', `no checkpoint ${hash} was seen`);
  }
  const hops = chainBetween(parents, query.start, query.end);
  if (hops === undefined || hops.length < 2) {
    throw new WeirError('store_pathway_order_invalid', `no way leads from ${query.start} to ${query.end}`);
  }
  const fromOrigin = parents.get(query.start) === '';
  const direct = fromOrigin || hops.length === 2;
  const isSampled = hops.some((hash) => sampled.has(hash));
  const least = Math.ceil((query.to - query.from) / MOST_ESTIMATED_STEPS / 10_000) * 10_000;
  const asked = direct ? query.step : Math.max(query.step, Math.ceil(least / query.step) * query.step);
  const { level, step } = chooseLevel({ ...query, step: asked });
  const grid = gridOf(query.from, query.to, step);
  const wanted = direct ? [query.end] : hops.slice(1);
  const isEdge = !fromOrigin;
  const histograms = await (isSampled
    ? readSampled(store, grid, wanted, isEdge)
    : readExact(store, grid, level, wanted, isEdge));
  const merged = direct
    ? (histograms.get(query.end) ?? new Map<number, Buckets>())
    : convolveSteps(wanted.map((hash) => histograms.get(hash) ?? new Map<number, Buckets>()));
  const ends = histograms.get(query.end) ?? new Map<number, Buckets>();
  const columns = {
    p50: gaps(grid.count),
    p95: gaps(grid.count),
    p99: gaps(grid.count),
    rate: new Float64Array(grid.count),
  };
  for (const [at, buckets] of merged) {
    columns.p50[at] = pathwayQuantile(buckets, 0.5);
    columns.p95[at] = pathwayQuantile(buckets, 0.95);
    columns.p99[at] = pathwayQuantile(buckets, 0.99);
  }
  for (const [at, [, counts]] of ends) columns.rate[at] = (total(counts) * 1000) / step;
  const whole = direct
    ? mergeBuckets(merged.values())
    : wanted.map((hash) => mergeBuckets(histograms.get(hash)?.values() ?? [])).reduce(convolve);
  return {
    method: isSampled ? 'sampled' : direct ? 'exact' : 'estimated',
    hops,
    start: grid.start,
    step,
    ...columns,
    overall: {
      p50: pathwayQuantile(whole, 0.5),
      p95: pathwayQuantile(whole, 0.95),
      p99: pathwayQuantile(whole, 0.99),
      records: total([...ends.values()].flatMap(([, counts]) => counts)),
    },
  };
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/** Steps in which every hop has records, with the histogram of their sum. */
function convolveSteps(hops: readonly ReadonlyMap<number, Buckets>[]): Map<number, Buckets> {
  const steps = new Map<number, Buckets>();
  for (const at of hops[0]?.keys() ?? []) {
    const parts = hops.map((hop) => hop.get(at));
    if (parts.every((part) => part !== undefined)) steps.set(at, parts.reduce(convolve));
  }
  return steps;
}

/** What was read off traces is looked for from so long before the range on. */
const SAMPLED_SINCE_MS = 86_400_000;

/** The parent of every checkpoint told of, and which were read off traces; what was reported goes before those. */
async function readParents(
  store: Store,
  { from, to }: PathwayLatencyQuery,
): Promise<{ parents: Map<string, string>; sampled: Set<string> }> {
  const rows = await store.rows<{ hash: string; parent: string; sampled: number }>(
    `
SELECT hash, parent, sampled FROM (
    SELECT Hash AS hash, Parent AS parent, 1 AS sampled FROM pathways_sampled_10s
    WHERE Time >= toDateTime({since:UInt32}) AND Time < toDateTime({until:UInt32})
    GROUP BY hash, parent
    UNION ALL
    SELECT DISTINCT Attributes['${ATTR.pathwayHash}'], Attributes['${ATTR.pathwayParent}'], 0
    FROM metric_series WHERE MetricName = '${METRIC.pathwayLatency}'
)
WHERE hash != ''
ORDER BY sampled DESC`,
    { since: secondsCell(from - SAMPLED_SINCE_MS), until: Math.ceil(to / 1000) },
  );
  const parents = new Map<string, string>();
  const sampled = new Set<string>();
  for (const row of rows) {
    parents.set(row.hash, row.parent);
    if (row.sampled === 1) sampled.add(row.hash);
    else sampled.delete(row.hash);
  }
  return { parents, sampled };
}

interface StepRow {
  readonly hash: string;
  readonly at: number;
  readonly indexes: readonly number[];
  readonly counts: readonly (number | string)[];
}

function readExact(store: Store, grid: Grid, level: Level, hashes: readonly string[], isEdge: boolean) {
  const metric = isEdge ? METRIC.pathwayEdgeLatency : METRIC.pathwayLatency;
  return readSteps(
    store,
    grid,
    `
SELECT hash, at, merged.1 AS indexes, arrayMap(n -> toFloat64(n), merged.2) AS counts
FROM (
    SELECT c.Hash AS hash, intDiv(toUnixTimestamp(s.Time) - {start:UInt32}, {step:UInt32}) AS at, sumMap(s.Buckets) AS merged
    FROM ${pathwayTable(level)} AS s
    INNER JOIN (${CHECKPOINTS_SQL(`('${metric}')`)} AND Hash IN {hashes:Array(String)}) AS c ON s.SeriesId = c.SeriesId
    WHERE s.MetricName = '${metric}' AND s.Time >= toDateTime({start:UInt32}) AND s.Time < toDateTime({end:UInt32})
    GROUP BY hash, at
)`,
    hashes,
  );
}

function readSampled(store: Store, grid: Grid, hashes: readonly string[], isEdge: boolean) {
  const column = isEdge ? 'EdgeBuckets' : 'Buckets';
  return readSteps(
    store,
    grid,
    `
SELECT hash, at, merged.1 AS indexes, arrayMap(n -> toFloat64(n), merged.2) AS counts
FROM (
    SELECT Hash AS hash, intDiv(toUnixTimestamp(s.Time) - {start:UInt32}, {step:UInt32}) AS at, sumMap(s.${column}) AS merged
    FROM pathways_sampled_10s AS s
    WHERE Hash IN {hashes:Array(String)} AND s.Time >= toDateTime({start:UInt32}) AND s.Time < toDateTime({end:UInt32})
    GROUP BY hash, at
)`,
    hashes,
  );
}

async function readSteps(store: Store, grid: Grid, sql: string, hashes: readonly string[]) {
  const rows = await store.rows<StepRow>(
    sql,
    { start: grid.start / 1000, step: grid.step / 1000, end: (grid.start + grid.count * grid.step) / 1000, hashes },
    EXACT_FLOATS,
  );
  const found = new Map<string, Map<number, Buckets>>();
  for (const row of rows) {
    const steps = found.get(row.hash) ?? new Map<number, Buckets>();
    found.set(row.hash, steps);
    if (row.counts.length > 0) steps.set(row.at, [row.indexes, row.counts.map(numberOf)]);
  }
  return found;
}
