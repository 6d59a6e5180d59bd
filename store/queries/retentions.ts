import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, millisCell, numberOf } from './cells.ts';

/** Seconds that a topic keeps records, as a group that reads it meets them. */
export interface TopicRetention {
  readonly group: string;
  readonly topic: string;
  readonly seconds: number;
}

/** How far back a round counts; retention hardly ever changes. */
const RECENT_MS = 3_600_000;

/**
 * What the pipeline model knew of retention in the hour before `now`: the lag in time at which the topic begins to delete what the group
 * has not read. Of a group that two clusters know on topics of one name, the shorter.
 */
export async function readTopicRetentions(store: Store, now: Millis): Promise<TopicRetention[]> {
  const rows = await store.rows<{ group: string; topic: string; seconds: number | string | null }>(
    `
SELECT group, topic, min(kept) AS seconds
FROM (
    SELECT l.\`Group\` AS group, l.Topic AS topic, argMax(l.Headroom + l.LagSeconds, l.Time) AS kept
    FROM group_lags AS l
    WHERE l.Time > fromUnixTimestamp64Milli({from:Int64}) AND l.Time <= fromUnixTimestamp64Milli({to:Int64})
        AND l.Topic != '' AND isFinite(l.Headroom) AND isFinite(l.LagSeconds) AND l.LagSeconds > 0
    GROUP BY l.Cluster, group, topic)
WHERE kept > 0
GROUP BY group, topic
ORDER BY group, topic`,
    { from: millisCell(now - RECENT_MS), to: millisCell(now) },
    EXACT_FLOATS,
  );
  return rows.map(({ group, topic, seconds }) => ({ group, topic, seconds: numberOf(seconds) }));
}
