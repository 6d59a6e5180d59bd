import { deadLetterSource } from '../core/dead-letter.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import {
  type DeadLetterTopic,
  readTopicOffsets,
  type TopicOffsets,
  writeDeadLetterTopics,
} from '../store/queries/dead-letters.ts';
import type { Topology } from '../store/queries/topology.ts';
import type { PipelinesConfig } from './config.ts';
import { createPicture } from './topology-round.ts';

export interface ProblemsPart {
  /** Looks at every dead-letter topic at `at` and writes down what is in it. */
  round(at: Millis): Promise<readonly DeadLetterTopic[]>;
}

/** A round's values stand for a minute and a half. */
const EVERY_MS = 30_000;

/** Dead-letter topics, known by their names, over one store; rounds within half a minute of the last that worked do nothing. */
export function createProblems(
  store: Store,
  config: PipelinesConfig,
  readPicture = createPicture(store, config),
): ProblemsPart {
  let nextAt = 0;
  return {
    async round(at) {
      if (at < nextAt) return [];
      const topology = await readPicture(at);
      const names = topology.nodes.filter(({ kind, node }) => kind === 'topic' && deadLetterSource(node) !== undefined);
      const topics = [...new Set(names.map(({ node }) => node))];
      const offsets = await readTopicOffsets(store, topics, at - config.window, at);
      const found = deadLetterTopics(topology, offsets, at);
      await writeDeadLetterTopics(store, found);
      nextAt = at + EVERY_MS;
      return found;
    },
  };
}

/**
 * The dead-letter topics of a graph. Who writes one is read off the graph; failing that, the one stage that reads the topic whose
 * records it holds. What waits is the lag of the group that reads it (the smallest of several), else everything that is kept.
 */
function deadLetterTopics(topology: Topology, offsets: readonly TopicOffsets[], at: Millis): DeadLetterTopic[] {
  const byTopic = new Map(offsets.map((one) => [one.topic, one]));
  return topology.nodes.flatMap(({ pipeline, kind, node: topic }): DeadLetterTopic[] => {
    const sourceTopic = kind === 'topic' ? deadLetterSource(topic) : undefined;
    if (sourceTopic === undefined) return [];
    const edges = topology.edges.filter((edge) => edge.pipeline === pipeline);
    const writers = edges.filter((edge) => edge.kind === 'produces' && edge.to === topic);
    const readers = edges.filter((edge) => edge.kind === 'consumes' && edge.from === sourceTopic);
    const names = new Set(writers.length > 0 ? writers.map(({ from }) => from) : readers.map(({ to }) => to));
    const lags = edges
      .filter((edge) => edge.kind === 'consumes' && edge.from === topic && !Number.isNaN(edge.lag))
      .map(({ lag }) => lag);
    const known = byTopic.get(topic);
    const seconds = (time: Millis | undefined) => (time === undefined ? Number.NaN : Math.max(0, at - time) / 1000);
    const written = writers.filter(({ seen }) => seen).map(({ rate }) => rate);
    const produced = written.length > 0 ? written.reduce((sum, rate) => sum + rate, 0) : Number.NaN;
    const grown = known?.rate ?? Number.NaN;
    return [
      {
        time: at,
        pipeline,
        topic,
        sourceTopic,
        stage: names.size === 1 ? ([...names][0] as string) : '',
        depth: lags.length > 0 ? Math.min(...lags) : (known?.kept ?? Number.NaN),
        rate: Number.isNaN(grown) ? produced : grown,
        oldestAge: seconds(known?.oldestAt),
        newestAge: seconds(known?.newestAt),
        oldestIsBound: known?.oldestIsBound ?? false,
      },
    ];
  });
}
