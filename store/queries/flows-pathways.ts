import { ATTR, METRIC } from '../../core/semconv.ts';
import { type Millis, stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';
import type { Flow } from './flows.ts';
import { LEVELS, type Level } from './level.ts';

/**
 * Flows of [from, to) as pathways tell them: every record is counted, also where spans are sampled or switched off. `calls` is 0,
 * since nothing is said of errors; `p95` is the seconds since the checkpoint before.
 */
export async function readPathwayFlows(
  store: Store,
  from: Millis,
  to: Millis,
  level: Level = LEVELS[0],
): Promise<Flow[]> {
  const table = level.name === '5m' ? 'pathways_1m' : `pathways_${level.name}`;
  const rows = await store.rows<Omit<Flow, 'calls' | 'errors' | 'otherKind'>>(
    `
SELECT pipeline, service, if(s.direction = 'in', 'consumes', 'produces') AS kind, s.other AS other, any(s.system) AS system,
    if(kind = 'consumes', s.group, '') AS group, sum(g.records) AS messages,
    exp2((quantileExactWeightedArrayIf(0.95)(g.Buckets.1, g.Buckets.2, 1) - 0.5) / 64) AS p95,
    min(first) AS firstSeen, max(last) AS lastSeen
FROM (
    SELECT Pipeline AS pipeline, Service AS service, SeriesId AS id, toFloat64(sum(Count)) AS records, sumMap(Buckets) AS Buckets,
        toUnixTimestamp(min(Time)) * 1000 AS first, toUnixTimestamp(max(Time)) * 1000 AS last
    FROM ${table}
    WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32}) AND MetricName = {metric:String}
    GROUP BY pipeline, service, id
) AS g
INNER ANY JOIN (
    SELECT SeriesId, any(m.Attributes['${ATTR.pathwayDirection}']) AS direction, any(Topic) AS other,
        any(m.Attributes['${ATTR.messagingSystem}']) AS system, any(ConsumerGroup) AS group
    FROM metric_series AS m
    WHERE MetricName = {metric:String}
    GROUP BY SeriesId
) AS s ON g.id = s.SeriesId
WHERE s.other != '' AND s.direction IN ('in', 'out')
GROUP BY pipeline, service, kind, other, group
ORDER BY pipeline, service, kind, other, group`,
    { from: secondsCell(stepStart(from, level.step)), to: secondsCell(to), metric: METRIC.pathwayEdgeLatency },
  );
  return rows.map((row) => ({
    ...row,
    otherKind: 'topic',
    calls: 0,
    errors: 0,
    p95: numberOf(row.p95),
    firstSeen: numberOf(row.firstSeen),
    lastSeen: numberOf(row.lastSeen),
  }));
}
