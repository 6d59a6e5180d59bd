import { type Millis, STEP_MS } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';

/** When a service last did something without an error, and the newest event time its spans told of. 0 when never. */
export interface Activity {
  readonly pipeline: string;
  readonly service: string;
  /** Server, Consumer or Producer; of other spans only event times count. */
  readonly kind: string;
  /** Topic of consumer and producer spans. */
  readonly topic: string;
  /** End of the last ten seconds in which a call or record went well. */
  readonly goodAt: Millis;
  /** The furthest event time, and the end of the ten seconds in which it was first told. */
  readonly furthest: Millis;
  readonly reachedAt: Millis;
  /** End of the last ten seconds with an event time. */
  readonly toldAt: Millis;
}

/** An event time more than this ahead of its span's end is a wrong clock's. */
const SKEW_MS = 60_000;

/** What services did in [from, to), by topic. Event times of metrics are read as `readEventTimes` reads them. */
export async function readActivity(store: Store, from: Millis, to: Millis): Promise<Activity[]> {
  const rows = await store.rows<Activity>(
    `
SELECT Pipeline AS pipeline, Service AS service, Kind AS kind, Destination AS topic,
    maxIf(step, Count > Errors AND Kind IN ('Server', 'Consumer', 'Producer')) AS goodAt, max(if(told, (EventTimeMax, -step), (0, 0))) AS far,
    far.1 AS furthest, -far.2 AS reachedAt, maxIf(step, told) AS toldAt
FROM (
    SELECT Pipeline, Service, Kind, if(DestinationKind = 'topic', Destination, '') AS Destination, Count, Errors, EventTimeMax,
        toInt64(toUnixTimestamp(Time)) * 1000 + ${STEP_MS} AS step,
        Source = 'spans' AND EventTimeMax > 0 AND EventTimeMax <= step + ${SKEW_MS} AS told
    FROM red_10s
    WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32}) 
        AND (Kind IN ('Server', 'Consumer', 'Producer') OR (EventTimeMax > 0 AND Source = 'spans'))
)
GROUP BY pipeline, service, kind, topic
ORDER BY pipeline, service, kind, topic`,
    { from: secondsCell(from), to: secondsCell(to) },
  );
  return rows.map((row) => ({
    ...row,
    goodAt: numberOf(row.goodAt),
    furthest: numberOf(row.furthest),
    reachedAt: numberOf(row.reachedAt),
    toldAt: numberOf(row.toldAt),
  }));
}
