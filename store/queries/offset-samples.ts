import type { Millis } from '../../core/time.ts';
import { readColumns } from '../binary-rows.ts';
import type { Store } from '../client.ts';
import { millisCell, secondsCell } from './cells.ts';

/** The levels samples are kept in, and how long. */
export const SAMPLE_LEVELS = [
  { table: 'offset_samples_10s', step: 10_000, keep: 2 * 86_400_000 },
  { table: 'offset_samples_5m', step: 300_000, keep: 100 * 86_400_000 },
] as const;
export type SampleLevel = (typeof SAMPLE_LEVELS)[number];

/** A partition whose samples are asked for: the series that report it, and since when its log is the one of today. */
export interface SampledPartition {
  readonly series: readonly bigint[];
  readonly validSince: Millis;
}

/** One question: between which samples of `partition` (an index) does the record at `offset` lie? */
export interface OffsetQuestion {
  readonly partition: number;
  readonly offset: number;
}

/**
 * The two samples a record lies between: at `leftAt` the log ended at `leftEnd` or before the record, at `rightAt` it ended at `rightEnd`,
 * behind it. Unix milliseconds. `left*` are NaN where no sample is old enough, `right*` where none is new enough.
 */
export interface Bracket {
  readonly leftEnd: number;
  readonly leftAt: Millis;
  readonly rightEnd: number;
  readonly rightAt: Millis;
}

const NO_BRACKET: Bracket = { leftEnd: Number.NaN, leftAt: Number.NaN, rightEnd: Number.NaN, rightAt: Number.NaN };

/**
 * Answers the questions in their order, from one level's samples since `since`. Equal ends of a quiet stretch are one sample with a
 * first and a last time; each knows the end before it, so that one ASOF JOIN on "the first end beyond the offset" finds both
 * sides. A partition that several series report has the samples of all.
 */
export async function readBrackets(
  store: Store,
  level: SampleLevel,
  since: Millis,
  partitions: readonly SampledPartition[],
  questions: readonly OffsetQuestion[],
): Promise<Bracket[]> {
  const answers = questions.map(() => NO_BRACKET);
  if (questions.length === 0) return answers;
  const { count, columns } = await readColumns(
    store,
    `
WITH
    arrayJoin(arrayZip({questions:Array(UInt64)}, {offsets:Array(Float64)}, arrayEnumerate({offsets:Array(Float64)}))) AS question
SELECT toFloat64(q.Number), s.LeftEnd, s.LeftAt, s.End, s.RightAt
FROM (SELECT question.1 AS Partition, question.2 AS Offset, question.3 AS Number) AS q
ASOF INNER JOIN (
    SELECT Partition, End, toFloat64(FirstAt) AS RightAt,
        any(toNullable(End)) OVER before AS PreviousEnd, any(toNullable(LastAt)) OVER before AS PreviousAt,
        ifNull(PreviousEnd, nan) AS LeftEnd, ifNull(toFloat64(PreviousAt), nan) AS LeftAt
    FROM (
        SELECT transform(SeriesId, {series:Array(UInt64)}, {owners:Array(UInt64)}, toUInt64(0)) AS Partition,
            Last.2 AS End, min(Last.1) AS FirstAt, max(Last.1) AS LastAt
        FROM (
            SELECT SeriesId, Time, max(Last) AS Last
            FROM ${level.table}
            WHERE SeriesId IN {series:Array(UInt64)} AND Time >= toDateTime({since:UInt32})
            GROUP BY SeriesId, Time
        )
        WHERE Last.1 >= transform(SeriesId, {series:Array(UInt64)}, {valid:Array(UInt64)}, toUInt64(0))
        GROUP BY Partition, End
    )
    WINDOW before AS (PARTITION BY Partition ORDER BY End ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING)
) AS s ON q.Partition = s.Partition AND q.Offset < s.End`,
    {
      questions: questions.map(({ partition }) => partition),
      offsets: questions.map(({ offset }) => offset),
      ...seriesParams(partitions),
      since: secondsCell(since),
    },
    ['Float64', 'Float64', 'Float64', 'Float64', 'Float64'],
  );
  const [number, leftEnd, leftAt, rightEnd, rightAt] = columns;
  for (let i = 0; i < count; i++) {
    answers[(number[i] as number) - 1] = {
      leftEnd: leftEnd[i] as number,
      leftAt: leftAt[i] as number,
      rightEnd: rightEnd[i] as number,
      rightAt: rightAt[i] as number,
    };
  }
  return answers;
}

/** Samples of one partition, by time: where the log ended at these unix milliseconds. */
export interface SampleColumns {
  readonly at: Float64Array;
  readonly end: Float64Array;
}

/** All samples of the partitions since `since`, in the order of the partitions. */
export async function readSamples(
  store: Store,
  level: SampleLevel,
  since: Millis,
  partitions: readonly SampledPartition[],
): Promise<SampleColumns[]> {
  if (partitions.length === 0) return [];
  const { count, columns } = await readColumns(
    store,
    `
SELECT toFloat64(transform(SeriesId, {series:Array(UInt64)}, {owners:Array(UInt64)}, toUInt64(0))) AS Partition, toFloat64(Last.1) AS At, Last.2 AS End
FROM (
    SELECT SeriesId, Time, max(Last) AS Last FROM ${level.table}
    WHERE SeriesId IN {series:Array(UInt64)} AND Time >= toDateTime({since:UInt32})
    GROUP BY SeriesId, Time
)
WHERE Last.1 >= transform(SeriesId, {series:Array(UInt64)}, {valid:Array(UInt64)}, toUInt64(0))
ORDER BY Partition, At, End`,
    { ...seriesParams(partitions), since: secondsCell(since) },
    ['Float64', 'Float64', 'Float64'],
  );
  const [partition, at, end] = columns;
  const samples: SampleColumns[] = [];
  let from = 0;
  for (let p = 0; p < partitions.length; p++) {
    let to = from;
    while (to < count && partition[to] === p) to++;
    samples.push({ at: at.subarray(from, to), end: end.subarray(from, to) });
    from = to;
  }
  return samples;
}

function seriesParams(partitions: readonly SampledPartition[]): Record<string, unknown> {
  const all = partitions.flatMap(({ series, validSince }, owner) =>
    series.map((id) => ({ id, owner, valid: millisCell(validSince || 0) })),
  );
  return {
    series: all.map(({ id }) => id),
    owners: all.map(({ owner }) => owner),
    valid: all.map(({ valid }) => valid),
  };
}

export interface OffsetReset {
  readonly cluster: string;
  readonly topic: string;
  readonly partition: number;
  readonly time: Millis;
  readonly reason: 'end_fell' | 'topic_recreated';
}

export async function writeResets(store: Store, resets: readonly OffsetReset[]): Promise<void> {
  const rows = resets.map(({ cluster, topic, partition, time, reason }) => ({
    Cluster: cluster,
    Topic: topic,
    Partition: partition,
    Time: millisCell(time),
    Reason: reason,
  }));
  await store.insert('offset_resets', rows);
}

/** The newest reset of each partition. */
export function readResets(store: Store): Promise<OffsetReset[]> {
  return store.rows<OffsetReset>(`
SELECT Cluster AS cluster, Topic AS topic, Partition AS partition, toFloat64(toUnixTimestamp64Milli(max(r.Time))) AS time,
    argMax(Reason, r.Time) AS reason
FROM offset_resets AS r GROUP BY cluster, topic, partition`);
}
