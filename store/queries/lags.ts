import { METRIC } from '../../core/semconv.ts';
import { lastIndex, type Series } from '../../core/series.ts';
import { type Millis, STEP_MS, stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';
import { CARRY_MS } from './grid.ts';
import { readSignals } from './signals.ts';

/** How far one consumer group is behind on one topic; NaN where not measured. */
export interface GroupLag {
  readonly pipeline: string;
  readonly stage: string;
  readonly topic: string;
  readonly group: string;
  readonly lag: number;
  readonly lagSeconds: number;
}

/** The last known lag of every group at `at`, not older than what a lag series carries forward. */
export async function latestLags(store: Store, at: Millis): Promise<GroupLag[]> {
  const to = stepStart(at, STEP_MS) + STEP_MS;
  const query = { from: to - 2 * STEP_MS, to, step: STEP_MS, signals: ['lag', 'lag_seconds'] } as const;
  return lagsOf(await readSignals(store, query));
}

/** The last known values of lag series, by group and topic; other series are passed over. */
export function lagsOf(series: readonly Series[]): GroupLag[] {
  const lags = new Map<string, GroupLag>();
  for (const one of series) {
    const { signal, pipeline = '', stage = '', topic = '', group = '' } = one.labels;
    if (signal !== 'lag' && signal !== 'lag_seconds') continue;
    const key = JSON.stringify([pipeline, stage, topic, group]);
    const known = lags.get(key) ?? { pipeline, stage, topic, group, lag: Number.NaN, lagSeconds: Number.NaN };
    const value = one.values[lastIndex(one)] ?? Number.NaN;
    lags.set(key, signal === 'lag' ? { ...known, lag: value } : { ...known, lagSeconds: value });
  }
  return [...lags.values()];
}

/** What the broker says of a group: its members, and how fast it commits. NaN where nobody reports it. */
export interface GroupProgress {
  readonly pipeline: string;
  readonly group: string;
  /** '' in the row that carries the members, which belong to the group as a whole. */
  readonly topic: string;
  readonly members: number;
  /** Records per second by which the committed offsets advanced. */
  readonly committed: number;
}

/**
 * Members as last reported and the pace of commits over the `window` (milliseconds) before `at`. Offsets that were set back count with the distance,
 * as movement.
 */
export async function readProgress(store: Store, at: Millis, window: Millis): Promise<GroupProgress[]> {
  const rows = await store.rows<GroupProgress>(
    `
SELECT pipeline, group, topic, max(member) AS members, if(sum(known) = 0, nan, sum(pace)) AS committed
FROM (
    SELECT pipeline, s.ConsumerGroup AS group, s.Topic AS topic, s.Partition AS partition,
        if(metric = {members:String}, max(last).2, nan) AS member,
        (max(last).1 - min(first).1) / 1e9 AS seconds,
        metric = {offset:String} AND seconds > 0 AS known,
        if(known, (max(most) - min(least)) / seconds, 0) AS pace
    FROM (
        SELECT Pipeline AS pipeline, SeriesId AS id, MetricName AS metric,
            max(Last) AS last, min(Last) AS first, max(Max) AS most, min(Min) AS least
        FROM gauge_10s
        WHERE Time < toDateTime({until:UInt32}) AND Time >= toDateTime(least({carried:UInt32}, {since:UInt32}))
            AND ((MetricName = {members:String} AND Time >= toDateTime({carried:UInt32}))
                OR (MetricName = {offset:String} AND Time >= toDateTime({since:UInt32})))
        GROUP BY pipeline, id, metric
    ) AS g
    INNER ANY JOIN (
        SELECT SeriesId, any(Topic) AS Topic, any(ConsumerGroup) AS ConsumerGroup, any(Partition) AS Partition
        FROM metric_series AS m
        WHERE MetricName IN ({members:String}, {offset:String}) AND m.ConsumerGroup != ''
        GROUP BY SeriesId
    ) AS s ON g.id = s.SeriesId
    GROUP BY pipeline, group, topic, partition, metric
)
GROUP BY pipeline, group, topic
ORDER BY pipeline, group, topic`,
    {
      members: METRIC.kafkaGroupMembers,
      offset: METRIC.kafkaGroupOffset,
      until: secondsCell(at),
      carried: secondsCell(at - CARRY_MS),
      since: secondsCell(at - window),
    },
  );
  return rows.map((row) => ({ ...row, members: numberOf(row.members), committed: numberOf(row.committed) }));
}
