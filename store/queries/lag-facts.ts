import { METRIC } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';
import { readColumns } from '../binary-rows.ts';
import type { Store } from '../client.ts';
import { secondsCell } from './cells.ts';

/** Gauges of brokers and groups that lag is computed from, as `gauge_10s` keeps them. */
export const LAG_FACTS = [
  METRIC.kafkaPartitionOffset,
  METRIC.kafkaPartitionOldest,
  METRIC.partitionStableOffset,
  METRIC.partitionSize,
  METRIC.topicRetentionTime,
  METRIC.topicRetentionSize,
  METRIC.topicIdentity,
  METRIC.kafkaGroupOffset,
  METRIC.kafkaGroupMembers,
  METRIC.groupState,
] as const;
export type LagFact = (typeof LAG_FACTS)[number];

/** What was last measured of each series in each step of ten seconds: columns of equal length, by step. */
export interface Facts {
  readonly count: number;
  readonly series: BigUint64Array;
  /** Unix milliseconds of the step's start and of the sample. */
  readonly step: Float64Array;
  readonly at: Float64Array;
  readonly value: Float64Array;
}

/** Facts of the steps in [from, to), which are whole seconds, the oldest step first. */
export function readFacts(store: Store, from: Millis, to: Millis): Promise<Facts> {
  return read(store, from, to, ['SeriesId, Time', 'toFloat64(toUnixTimestamp(Time)) * 1000', 'ORDER BY Time']);
}

/** Of each series only the newest fact of [from, to), all under the step that begins at `from`. */
export function readNewestFacts(store: Store, from: Millis, to: Millis): Promise<Facts> {
  return read(store, from, to, ['SeriesId', 'toFloat64({from:UInt32}) * 1000', '']);
}

async function read(
  store: Store,
  from: Millis,
  to: Millis,
  [by, step, order]: readonly [string, string, string],
): Promise<Facts> {
  const { count, columns } = await readColumns(
    store,
    `
SELECT SeriesId, ${step} AS Step, toFloat64(intDiv(max(Last).1, 1000000)) AS At, max(Last).2 AS Value
FROM gauge_10s
WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32}) AND Signal = '' AND MetricName IN {metrics:Array(String)}
    AND MetricKind = 'gauge'
GROUP BY ${by}
${order}`,
    { from: secondsCell(from), to: secondsCell(to), metrics: LAG_FACTS },
    ['UInt64', 'Float64', 'Float64', 'Float64'],
  );
  const [series, steps, at, value] = columns;
  return { count, series, step: steps, at, value };
}

/**
 * Every point of [from, to) of the ends of logs and of the identities of topics, the oldest first: what a record's age is told from must not be
 * thinned to one in ten seconds. `step` is the point's own time.
 */
export async function readPoints(store: Store, from: Millis, to: Millis): Promise<Facts> {
  const { count, columns } = await readColumns(
    store,
    `
SELECT SeriesId, toFloat64(toUnixTimestamp64Milli(p.Time)) AS At, p.Value
FROM metric_points AS p
WHERE p.MetricName IN {metrics:Array(String)} AND isFinite(p.Value)
    AND p.Time >= toDateTime64({from:UInt32}, 9) AND p.Time < toDateTime64({to:UInt32}, 9)
    AND toStartOfHour(p.Time) >= toStartOfHour(toDateTime({from:UInt32}))
ORDER BY At`,
    { from: secondsCell(from), to: secondsCell(to), metrics: [METRIC.topicIdentity, METRIC.kafkaPartitionOffset] },
    ['UInt64', 'Float64', 'Float64'],
  );
  const [series, at, value] = columns;
  return { count, series, step: at, at, value };
}

/** What a series of facts is of; texts are '' where the metric has no such attribute. */
export interface FactSeries {
  readonly series: bigint;
  readonly metric: LagFact;
  readonly pipeline: string;
  /** `kafka.cluster.alias` of the resource. */
  readonly cluster: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: string;
  readonly state: string;
  readonly type: string;
}

/** Series of facts told since `since`; with `only`, of those alone. */
export async function readFactSeries(store: Store, since: Millis, only?: readonly bigint[]): Promise<FactSeries[]> {
  const { count, columns } = await readColumns(
    store,
    `
SELECT m.SeriesId, toString(any(m.MetricName)), toString(any(m.Pipeline)), any(r.Alias),
    any(m.ConsumerGroup), any(m.Topic), any(m.Partition), toString(any(m.Attributes['state'])), toString(any(m.Attributes['type']))
FROM metric_series AS m
LEFT ANY JOIN (
    SELECT ScopeId, toString(any(ResourceAttributes['kafka.cluster.alias'])) AS Alias FROM resource_scopes GROUP BY ScopeId
) AS r ON m.ScopeId = r.ScopeId
WHERE m.MetricName IN {metrics:Array(String)} AND m.Seen >= toDateTime({since:UInt32}) AND m.Signal = ''
    AND ({all:Bool} OR m.SeriesId IN {only:Array(UInt64)})
GROUP BY m.SeriesId`,
    {
      metrics: LAG_FACTS,
      since: secondsCell(since),
      all: only === undefined,
      only: only ?? [],
    },
    ['UInt64', 'String', 'String', 'String', 'String', 'String', 'String', 'String', 'String'],
  );
  const [series, metric, pipeline, cluster, group, topic, partition, state, type] = columns;
  return Array.from({ length: count }, (_row, i) => ({
    series: series[i] as bigint,
    metric: metric[i] as LagFact,
    pipeline: pipeline[i] as string,
    cluster: cluster[i] as string,
    group: group[i] as string,
    topic: topic[i] as string,
    partition: partition[i] as string,
    state: state[i] as string,
    type: type[i] as string,
  }));
}
