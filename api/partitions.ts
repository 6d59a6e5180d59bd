import type { StagePartition } from '../core/group-view.ts';
import { METRIC } from '../core/semconv.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readPartitionLags } from '../store/queries/group-lags.ts';
import { known } from './bands.ts';
import { partitionView } from './groups.ts';

const CURRENT_MS = 60_000;
const REPORTED_MS = 90_000;
const MOST_ROWS = 512;

export interface Read {
  readonly topic: string;
  readonly group: string;
}

/**
 * How a stage stands in each partition it reads, in the order of topics and partitions, at most 512: as judged within the last minute, and
 * of topics none of whose partitions was judged, the lag that outside tools tell of.
 */
export async function readStagePartitions(
  store: Store,
  reads: readonly Read[],
  now: Millis,
): Promise<StagePartition[]> {
  if (reads.length === 0) return [];
  const range = { from: now - CURRENT_MS, to: now + 1000 };
  const groups = [...new Set(reads.map(({ group }) => group))];
  const rows = await Promise.all(groups.map((group) => readPartitionLags(store, { ...range, group })));
  const isRead = (topic: string, group: string) => reads.some((read) => read.topic === topic && read.group === group);
  const judged = rows.flat().filter((row) => isRead(row.topic, row.group));
  // A partition's rows stop once it is caught up in a large installation: only those of the newest round say how it is now.
  const newest = judged.reduce((most, { time }) => Math.max(most, time), 0);
  const current = judged
    .filter(({ time }) => time === newest)
    .map(
      ({ cluster, group, ...row }): StagePartition => ({
        cluster,
        group,
        ...partitionView({ cluster, group, ...row }),
      }),
    );
  const rest = reads.filter((read) => !judged.some(({ topic, group }) => topic === read.topic && group === read.group));
  const told = rest.length === 0 ? [] : await readReported(store, rest, now);
  return [...current, ...told]
    .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition))
    .slice(0, MOST_ROWS);
}

/** Lag as last reported within 90 s by tools that tell of nothing it could be judged from. */
async function readReported(store: Store, reads: readonly Read[], now: Millis): Promise<StagePartition[]> {
  interface Row {
    readonly topic: string;
    readonly group: string;
    readonly partition: string;
    readonly lag: number | null;
    readonly lagSeconds: number | null;
  }
  const rows = await store.rows<Row>(
    `
SELECT topic, group, partition,
    argMaxIf(value, at, name = {lag:String}) AS lag,
    if(countIf(name = {lagTime:String}) = 0, nan, argMaxIf(value, at, name = {lagTime:String})) AS lagSeconds
FROM (
    SELECT SeriesId AS id, MetricName AS name, max(Last).1 AS at, max(Last).2 AS value
    FROM gauge_10s
    WHERE Time >= toDateTime({since:UInt32}) AND MetricName IN ({lag:String}, {lagTime:String})
    GROUP BY id, name
) AS g
INNER ANY JOIN (
    SELECT SeriesId, any(Topic) AS topic, any(ConsumerGroup) AS group, any(Partition) AS partition
    FROM metric_series
    WHERE MetricName IN ({lag:String}, {lagTime:String})
        AND Partition != '' AND has(arrayZip({topics:Array(String)}, {groups:Array(String)}), (Topic, ConsumerGroup))
    GROUP BY SeriesId
) AS s ON g.id = s.SeriesId
GROUP BY topic, group, partition
LIMIT ${MOST_ROWS}`,
    {
      lag: METRIC.kafkaLag,
      lagTime: METRIC.lagTime,
      since: Math.floor((now - REPORTED_MS) / 1000),
      topics: reads.map((read) => read.topic),
      groups: reads.map((read) => read.group),
    },
  );
  return rows.map(({ topic, group, partition, lag, lagSeconds }) => ({
    ...{ cluster: '', group, topic, partition: Number(partition) || 0, state: null, reason: '' },
    ...{ lag: known(lag), lagSeconds: known(lagSeconds), lagError: null, atLeast: false },
    ...{ committed: null, end: null, oldest: null, pause: null, endRate: null, commitRate: null, catchUp: null },
    ...{ headroom: null, loss: null, lossLower: null, lossUpper: null, lossExpected: false, lost: null },
  }));
}
