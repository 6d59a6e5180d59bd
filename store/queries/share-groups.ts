import { METRIC } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';

/** A share group (KIP-932) as its broker reports it; NaN where it does not. */
export interface ShareGroup {
  readonly cluster: string;
  readonly group: string;
  readonly state: string;
  readonly members: number;
  readonly topics: readonly string[];
  readonly partitions: number;
  /** Records after the first that not every member is done with. */
  readonly lag: number;
}

/** How long a report stands. */
const CURRENT_MS = 90_000;

/** The share groups that were reported within 90 s before `at`, by cluster and name. */
export async function readShareGroups(store: Store, at: Millis): Promise<ShareGroup[]> {
  const rows = await store.rows<ShareGroup & { readonly place: string }>(
    `
SELECT cluster, group, argMaxIf(state, seen, metric = {state:String} AND value > 0) AS state,
    if(countIf(metric = {members:String}) = 0, nan, argMaxIf(value, seen, metric = {members:String})) AS members,
    arraySort(groupUniqArrayIf(topic, metric = {lag:String})) AS topics, uniqExactIf((topic, partition), metric = {lag:String}) AS partitions,
    if(partitions = 0, nan, sumIf(value, metric = {lag:String})) AS lag
FROM (
    SELECT cluster, group, metric, topic, partition, state, type, max(p.at) AS seen, argMax(p.value, p.at) AS value
    FROM (
        SELECT SeriesId AS id, max(Time) AS at, argMax(Value, Time) AS value
        FROM metric_points AS m
        WHERE m.MetricName IN ({lag:String}, {state:String}, {members:String})
            AND m.Time > toDateTime64({from:UInt32}, 3) AND m.Time <= toDateTime64({to:UInt32}, 3)
        GROUP BY id
    ) AS p
    INNER ANY JOIN (
        SELECT SeriesId, any(m.MetricName) AS metric, any(m.ConsumerGroup) AS group, any(m.Topic) AS topic, any(m.Partition) AS partition,
            any(m.Attributes['state']) AS state, any(m.Attributes['type']) AS type, any(r.Alias) AS cluster
        FROM metric_series AS m
        LEFT ANY JOIN (
            SELECT ScopeId, toString(any(ResourceAttributes['kafka.cluster.alias'])) AS Alias FROM resource_scopes GROUP BY ScopeId
        ) AS r ON m.ScopeId = r.ScopeId
        WHERE m.MetricName IN ({lag:String}, {state:String}, {members:String})
        GROUP BY SeriesId
    ) AS s ON p.id = s.SeriesId
    GROUP BY cluster, group, metric, topic, partition, state, type
)
GROUP BY cluster, group
HAVING countIf(metric = {lag:String}) > 0 OR countIf(metric = {state:String} AND type = 'share') > 0
ORDER BY cluster, group`,
    {
      lag: METRIC.shareGroupLag,
      state: METRIC.groupState,
      members: METRIC.kafkaGroupMembers,
      from: secondsCell(at - CURRENT_MS),
      to: Math.ceil(at / 1000),
    },
  );
  return rows.map((row) => ({
    cluster: row.cluster,
    group: row.group,
    state: row.state,
    members: numberOf(row.members),
    topics: row.topics,
    partitions: numberOf(row.partitions),
    lag: numberOf(row.lag),
  }));
}
