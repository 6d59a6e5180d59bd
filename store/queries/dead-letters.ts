import { METRIC } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { floatCell, numberOf, secondsCell } from './cells.ts';
import { type RoundsQuery, roundsParams } from './rounds.ts';

/** A dead-letter topic at a time. NaN where nothing is known. */
export interface DeadLetterTopic {
  readonly time: Millis;
  readonly pipeline: string;
  readonly topic: string;
  /** The topic whose records it holds, by its name; '' where the name says nothing. */
  readonly sourceTopic: string;
  /** The stage that writes it; '' where nobody knows. */
  readonly stage: string;
  /** Records that wait in it: not read by its consumer group, or all that are kept where none reads it. */
  readonly depth: number;
  /** Records per second that came in over the last minute that was seen. */
  readonly rate: number;
  /** Seconds since the oldest of its records was written (at least, where `oldestIsBound`), and the newest. */
  readonly oldestAge: number;
  readonly newestAge: number;
  readonly oldestIsBound: boolean;
}

export async function writeDeadLetterTopics(store: Store, topics: readonly DeadLetterTopic[]): Promise<void> {
  const rows = topics.map((one) => ({
    Time: secondsCell(one.time),
    Pipeline: one.pipeline,
    Topic: one.topic,
    SourceTopic: one.sourceTopic,
    Stage: one.stage,
    Depth: floatCell(one.depth),
    Rate: floatCell(one.rate),
    OldestAge: floatCell(one.oldestAge),
    NewestAge: floatCell(one.newestAge),
    OldestIsBound: one.oldestIsBound,
  }));
  await store.insert('dead_letter_topics', rows);
}

/** The newest state of each dead-letter topic in (from, to], unix milliseconds. */
export async function readLatestDeadLetters(store: Store, query: RoundsQuery): Promise<DeadLetterTopic[]> {
  const rows = await store.rows<DeadLetterTopic>(
    `
SELECT toUnixTimestamp(d.Time) * 1000 AS time, Pipeline AS pipeline, Topic AS topic, SourceTopic AS sourceTopic, Stage AS stage,
    Depth AS depth, Rate AS rate, OldestAge AS oldestAge, NewestAge AS newestAge, OldestIsBound AS oldestIsBound
FROM dead_letter_topics AS d
WHERE Time > toDateTime({from:UInt32}) AND Time <= toDateTime({to:UInt32}) AND ({any:Bool} OR Pipeline = {pipeline:String})
ORDER BY Pipeline, Topic, Time DESC
LIMIT 1 BY Pipeline, Topic`,
    roundsParams(query),
  );
  return rows.map((row) => ({
    ...row,
    ...{ time: numberOf(row.time), depth: numberOf(row.depth), rate: numberOf(row.rate) },
    ...{
      oldestAge: numberOf(row.oldestAge),
      newestAge: numberOf(row.newestAge),
      oldestIsBound: Boolean(row.oldestIsBound),
    },
  }));
}

/** What the broker's offsets say of a topic, over all its partitions. */
export interface TopicOffsets {
  readonly topic: string;
  /** Records between the oldest offset kept and the log end. */
  readonly kept: number;
  /** Records per second by which the log ends grew over the last `RATE_MS` seen of them in the range, or over less where less was seen; NaN without two samples. */
  readonly rate: number;
  /** When the oldest record kept was written (at the latest, where nothing is known from before), and the newest; NaN without records. */
  readonly oldestAt: Millis;
  readonly oldestIsBound: boolean;
  readonly newestAt: Millis;
}

/** How far back samples of log ends are asked when a record was written. */
const HISTORY_MS = 14 * 86_400_000;

/** A rate is over at least so much: longer, and what has ended would still be told as going on. */
const RATE_MS = 60_000;

/** The series of the metric named by the parameter `metric`, with the cluster that its resource names. */
const seriesOf = (metric: 'end' | 'old') => `
            SELECT DISTINCT SeriesId, Topic, Partition, Alias FROM metric_series AS m
            INNER JOIN (
                SELECT ScopeId, toString(any(ResourceAttributes['kafka.cluster.alias'])) AS Alias FROM resource_scopes GROUP BY ScopeId
            ) AS r ON m.ScopeId = r.ScopeId
            WHERE MetricName = {${metric}:String} AND Topic IN {topics:Array(String)}`;

/**
 * Offsets of `topics` as last reported in [from, to), from the rollup of a minute, and when their records were written: a record was
 * written before the first sample of a log end above its offset. Times are exact to the minute; rates are of the samples themselves.
 * Topics of one name in several clusters are read apart and told as one.
 */
export async function readTopicOffsets(
  store: Store,
  topics: readonly string[],
  from: Millis,
  to: Millis,
): Promise<TopicOffsets[]> {
  if (topics.length === 0) return [];
  const rows = await store.rows<TopicOffsets>(
    `
WITH
    ends AS (
        SELECT s.Alias AS cluster, s.Topic AS topic, s.Partition AS partition, Time AS minute, max(Last) AS last
        FROM gauge_1m AS g
        INNER JOIN (${seriesOf('end')}) AS s ON g.SeriesId = s.SeriesId
        WHERE g.MetricName = {end:String} AND g.Time >= toDateTime({history:UInt32}) AND g.Time < toDateTime({to:UInt32})
        GROUP BY cluster, topic, partition, minute
    ),
    samples AS (
        SELECT s.Alias AS cluster, s.Topic AS topic, s.Partition AS partition,
            arraySort(groupArray((toFloat64(toUnixTimestamp64Milli(p.Time)), p.Value))) AS seen, seen[-1] AS newest,
            arrayFilter(one -> one.1 <= newest.1 - {span:Float64}, seen) AS before, if(empty(before), seen[1], before[-1]) AS base
        FROM metric_points AS p
        INNER JOIN (${seriesOf('end')}) AS s ON p.SeriesId = s.SeriesId
        WHERE p.MetricName = {end:String} AND isFinite(p.Value)
            AND p.Time >= toDateTime64({from:UInt32}, 9) AND p.Time < toDateTime64({to:UInt32}, 9)
            AND toStartOfHour(p.Time) >= toStartOfHour(toDateTime({from:UInt32}))
        GROUP BY cluster, topic, partition
    ),
    rates AS (
        SELECT topic, sum(greatest(newest.2 - base.2, 0) * 1000 / (newest.1 - base.1)) AS rate
        FROM samples
        WHERE newest.1 > base.1
        GROUP BY topic
    ),
    olds AS (
        SELECT s.Alias AS cluster, s.Topic AS topic, s.Partition AS partition, max(Last).2 AS oldest
        FROM gauge_1m AS g
        INNER JOIN (${seriesOf('old')}) AS s ON g.SeriesId = s.SeriesId
        WHERE g.MetricName = {old:String} AND g.Time >= toDateTime({from:UInt32}) AND g.Time < toDateTime({to:UInt32})
        GROUP BY cluster, topic, partition
    ),
    partitions AS (
        SELECT e.cluster AS cluster, e.topic AS topic, e.partition AS partition, greatest(max(e.last).2 - any(o.oldest), 0) AS held,
            minIf(e.last.1, e.last.2 > o.oldest) / 1e6 AS first, countIf(e.last.2 <= o.oldest) = 0 AS isOpen,
            argMin(e.last.1, (-e.last.2, e.last.1)) / 1e6 AS final
        FROM ends AS e
        INNER JOIN olds AS o ON o.cluster = e.cluster AND o.topic = e.topic AND o.partition = e.partition
        GROUP BY cluster, topic, partition
    )
SELECT p.topic AS topic, sum(held) AS kept, if(any(r.topic) = '', nan, any(r.rate)) AS rate,
    if(sum(held) = 0, nan, minIf(first, held > 0)) AS oldestAt, argMinIf(isOpen, first, held > 0) AS oldestIsBound,
    if(sum(held) = 0, nan, maxIf(final, held > 0)) AS newestAt
FROM partitions AS p
LEFT JOIN rates AS r ON r.topic = p.topic
GROUP BY topic
ORDER BY topic`,
    {
      topics,
      end: METRIC.kafkaPartitionOffset,
      old: METRIC.kafkaPartitionOldest,
      history: secondsCell(to - HISTORY_MS),
      from: secondsCell(from),
      to: secondsCell(to),
      span: RATE_MS,
    },
  );
  return rows.map((row) => ({
    ...{
      topic: row.topic,
      kept: numberOf(row.kept),
      rate: numberOf(row.rate),
      oldestIsBound: Boolean(row.oldestIsBound),
    },
    ...{ oldestAt: numberOf(row.oldestAt), newestAt: numberOf(row.newestAt) },
  }));
}
