import { stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { LEVELS, type Level } from './level.ts';

/** A service seen reading a topic as a member of a group (`group` is '' where its spans do not name one). */
export interface Consumer {
  readonly pipeline: string;
  readonly service: string;
  readonly topic: string;
  readonly group: string;
}
export type Consumers = readonly Consumer[];

/**
 * Who reads what: consumers seen in [since, until) first, in a stable order, then those of the remembered topology, the
 * last seen first. `level` says which rollup is read; both ends are moved outward to whole rows of it.
 */
export async function readConsumers(
  store: Store,
  since: number,
  until: number,
  level: Level = LEVELS[0],
): Promise<Consumers> {
  return store.rows<Consumer>(
    `
SELECT pipeline, service, topic, group FROM (
    SELECT Pipeline AS pipeline, Service AS service, Destination AS topic, ConsumerGroup AS group, 0 AS silentSince
    FROM ${level.edges}
    WHERE Time >= toDateTime({since:UInt32}) AND Time < toDateTime({until:UInt32}) AND Kind = 'Consumer' AND Destination != ''
    GROUP BY pipeline, service, topic, group
    UNION ALL
    SELECT Pipeline, \`To\`, \`From\`, \`Group\`, -toInt64(toUnixTimestamp(LastSeen)) FROM topology_edges FINAL WHERE Kind = 'consumes'
)
GROUP BY pipeline, service, topic, group
ORDER BY max(silentSince) = 0 DESC, min(silentSince), pipeline, service, topic, group`,
    { since: Math.max(0, stepStart(since, level.step) / 1000), until: Math.ceil(until / 1000) },
  );
}

/**
 * The stage whose work a lag measures: the service that reads the topic in that group, in the pipeline of the
 * measurement if there is one there. Failing that, a service that reads another topic in that group, or one that
 * names no group and is called like it. While no consumer was seen, the group's name stands for the stage.
 */
export function consumerOf(
  consumers: Consumers,
  lag: { readonly pipeline: string; readonly topic: string; readonly group: string },
): { readonly pipeline: string; readonly stage: string } {
  const rank = (consumer: Consumer): number => {
    const home = consumer.pipeline === lag.pipeline ? 1 : 0;
    const topic = consumer.topic === lag.topic;
    if (topic && consumer.group === lag.group) return 8 + home;
    // Less than topic and group counts within a pipeline, or where the measurement belongs to none.
    if (home === 0 && lag.pipeline !== 'default') return 0;
    if (consumer.group === lag.group && consumer.group !== '') return 4 + home;
    return topic && consumer.group === '' && consumer.service === lag.group ? 2 + home : 0;
  };
  let best: Consumer | undefined;
  let bestRank = 0;
  for (const consumer of consumers) {
    const candidate = rank(consumer);
    if (candidate > bestRank) [best, bestRank] = [consumer, candidate];
  }
  return best ? { pipeline: best.pipeline, stage: best.service } : { pipeline: lag.pipeline, stage: lag.group };
}
