import { ATTR, METRIC } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, numberOf, secondsCell } from './cells.ts';
import { chooseLevel, type Level, type LevelRetention } from './level.ts';
import { pathwayQuantilesSql } from './pathways-buckets.ts';

export const DIRECTIONS = ['in', 'out'] as const;
export type PathwayDirection = (typeof DIRECTIONS)[number];

/** A place on a pathway that records pass: a service that sends to (`out`) or receives from (`in`) a destination. */
export interface Checkpoint {
  readonly pipeline: string;
  readonly service: string;
  /** 16 hexadecimal digits that name the path so far, and those of the checkpoint before; the parent is '' at an origin. */
  readonly hash: string;
  readonly parent: string;
  readonly direction: PathwayDirection;
  readonly system: string;
  readonly destination: string;
  /** Of `in`: the consumer group. */
  readonly group: string;
}

/** Seconds; NaN where nothing was measured. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** What passed a checkpoint in a range. */
export interface CheckpointTraffic extends Checkpoint {
  readonly records: number;
  /** Records per second. */
  readonly rate: number;
  /** From the origin of the pathway, and from the checkpoint before. */
  readonly latency: Percentiles;
  readonly edge: Percentiles;
  /** The share of records that came in buckets wider than scale 6, whose percentiles are further off; 0..1. */
  readonly coarse: number;
  /** Made of a share of the traces; `records` and `rate` are estimates then. */
  readonly sampled: boolean;
  /** The share of records it is made of, 0..1: 1 where nothing was sampled. */
  readonly share: number;
  /** The share of the sampled spans that began before what they follow, by clocks that disagree; 0 of reported ones. */
  readonly skewed: number;
}

export interface CheckpointQuery {
  /** Unix milliseconds; ends are moved outward to whole rows. */
  readonly from: Millis;
  readonly to: Millis;
  readonly pipeline?: string;
  /** At most so many checkpoints of each kind, the busiest. Default 2 000. */
  readonly limit?: number;
  /** How long the rollups are kept, so that what is gone at ten seconds is read from a coarser one. */
  readonly retention?: LevelRetention;
  readonly now?: Millis;
}

export const MOST_CHECKPOINTS = 2000;
const PERCENTILES = [0.5, 0.95, 0.99];
/** A range is read from the coarsest rollup it has so many rows of. */
const LEAST_ROWS = 120;
const STEPS = [3_600_000, 60_000, 10_000];

const TABLES: Readonly<Record<Level['name'], string>> = {
  '10s': 'pathways_10s',
  '1m': 'pathways_1m',
  '5m': 'pathways_1m',
  '1h': 'pathways_1h',
};

export function pathwayTable(level: Level): string {
  return TABLES[level.name];
}

/** What a pathway's series are called, by SeriesId: a sub-query over `metric_series` of the metrics named by a list. */
export const CHECKPOINTS_SQL = (metrics: string): string => `
SELECT SeriesId, any(Attributes['${ATTR.pathwayHash}']) AS Hash, any(Attributes['${ATTR.pathwayParent}']) AS Parent,
    any(Attributes['${ATTR.pathwayDirection}']) AS Direction, any(Attributes['messaging.system']) AS System,
    any(Attributes['${ATTR.messagingDestination}']) AS Destination, any(Attributes['${ATTR.messagingGroup}']) AS ConsumerGroup
FROM metric_series
WHERE MetricName IN ${metrics}
GROUP BY SeriesId
HAVING Hash != ''`;

interface Row extends Checkpoint {
  readonly records: number;
  readonly coarse: number;
  readonly sampled: boolean | number;
  readonly share: number;
  readonly skewed: number;
  readonly latencies: readonly (number | string | null)[];
  readonly edges: readonly (number | string | null)[];
}

/**
 * The checkpoints that records passed in [from, to), the busiest first: those that the SDK reported, and those read off sampled traces
 * where their service reported none. The two are told apart by `sampled` and never added up.
 */
export async function readCheckpoints(store: Store, query: CheckpointQuery): Promise<CheckpointTraffic[]> {
  const span = query.to - query.from;
  const step = STEPS.find((size) => span / size >= LEAST_ROWS) ?? 10_000;
  const { level } = chooseLevel({ ...query, step });
  const range = { from: Math.floor(query.from / level.step) * level.step, to: query.to };
  const params = {
    from: secondsCell(range.from),
    to: Math.ceil(range.to / 1000),
    pipeline: query.pipeline ?? '',
    any: query.pipeline === undefined,
    limit: query.limit ?? MOST_CHECKPOINTS,
  };
  const [exact, sampled] = await Promise.all([
    store.rows<Row>(exactSql(pathwayTable(level)), params, EXACT_FLOATS),
    store.rows<Row>(SAMPLED_SQL, params, EXACT_FLOATS),
  ]);
  const reporting = new Set(exact.map((row) => JSON.stringify([row.pipeline, row.service])));
  const seconds = Math.max(1, (range.to - range.from) / 1000);
  return [...exact, ...sampled.filter((row) => !reporting.has(JSON.stringify([row.pipeline, row.service])))].map(
    (row) => trafficOf(row, seconds),
  );
}

function exactSql(table: string): string {
  return `
SELECT pipeline, service, Hash AS hash, Parent AS parent, Direction AS direction, System AS system, Destination AS destination,
    ConsumerGroup AS group, toFloat64(sumIf(Count, NOT isEdge)) AS records,
    if(sum(Count) = 0, 0, sum(Coarse) / sum(Count)) AS coarse, 0 AS sampled, 1 AS share, 0 AS skewed,
    ${pathwayQuantilesSql('Buckets', PERCENTILES, 'NOT isEdge')} AS latencies,
    ${pathwayQuantilesSql('Buckets', PERCENTILES, 'isEdge')} AS edges
FROM (
    SELECT Pipeline AS pipeline, Service AS service, MetricName = '${METRIC.pathwayEdgeLatency}' AS isEdge, SeriesId,
        sum(s.Count) AS Count, sum(s.Coarse) AS Coarse, sumMap(s.Buckets) AS Buckets
    FROM ${table} AS s
    WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32}) AND ({any:Bool} OR Pipeline = {pipeline:String})
    GROUP BY pipeline, service, isEdge, SeriesId
) AS t
INNER JOIN (${CHECKPOINTS_SQL(`('${METRIC.pathwayLatency}', '${METRIC.pathwayEdgeLatency}')`)}) AS c ON t.SeriesId = c.SeriesId
GROUP BY pipeline, service, hash, parent, direction, system, destination, group
ORDER BY records DESC, pipeline, service, hash
LIMIT {limit:UInt32}`;
}

const SAMPLED_SQL = `
SELECT Pipeline AS pipeline, Service AS service, Hash AS hash, Parent AS parent, Direction AS direction, System AS system,
    Destination AS destination, ConsumerGroup AS group, sum(Estimated) AS records, 0 AS coarse, 1 AS sampled,
    if(records = 0, 1, sum(Count) / records) AS share, if(sum(Count) = 0, 0, sum(Skewed) / sum(Count)) AS skewed,
    ${pathwayQuantilesSql('Buckets', PERCENTILES)} AS latencies, ${pathwayQuantilesSql('EdgeBuckets', PERCENTILES)} AS edges
FROM pathways_sampled_10s
WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32}) AND ({any:Bool} OR Pipeline = {pipeline:String})
GROUP BY pipeline, service, hash, parent, direction, system, destination, group
ORDER BY records DESC, pipeline, service, hash
LIMIT {limit:UInt32}`;

function trafficOf({ latencies, edges, ...row }: Row, seconds: number): CheckpointTraffic {
  const records = numberOf(row.records);
  return {
    ...row,
    records,
    rate: records / seconds,
    coarse: numberOf(row.coarse),
    sampled: Boolean(row.sampled),
    share: numberOf(row.share),
    skewed: numberOf(row.skewed),
    latency: percentilesOf(latencies),
    edge: percentilesOf(edges),
  };
}

function percentilesOf([p50, p95, p99]: readonly (number | string | null)[]): Percentiles {
  return { p50: numberOf(p50), p95: numberOf(p95), p99: numberOf(p99) };
}
