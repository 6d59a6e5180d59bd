import type { Millis } from '../../../core/time.ts';
import type { Backdating } from './backdating.ts';
import type { KafkaClusterConfig } from './config.ts';
import type { Connections } from './connections.ts';
import { type Details, readDetails } from './details.ts';
import { type CommitCounts, readCommits, readShareStarts } from './group-offsets.ts';
import { describeGroups, readGroups } from './groups.ts';
import { everyPosition, readLogOffsets } from './log-offsets.ts';
import type { BrokerAddress } from './protocol/metadata.ts';
import { EARLIEST, type IsolationLevel, LATEST } from './protocol/offsets.ts';
import { brokersToTry, type Failures, Reading } from './reading.ts';
import type { Round } from './report.ts';
import type { Topics } from './topics.ts';

/** Questions about the past of each partition in one round. */
const BACKDATING_STEPS = 4;

/** What is kept of a cluster from round to round. */
export interface ClusterMemory {
  /** Brokers of the last round: asked when those of the configuration are away. */
  brokers: readonly BrokerAddress[];
  readonly commitCounts: CommitCounts;
  backdating: Backdating;
  /** When details were last asked for. */
  detailsAt: Millis;
}

export interface PollOptions {
  readonly config: KafkaClusterConfig;
  readonly groupMatch: RegExp;
  readonly topicMatch: RegExp;
  readonly connections: Connections;
  readonly memory: ClusterMemory;
  readonly failed: Failures;
  readonly now: () => Millis;
}

/**
 * One round over a cluster: metadata, groups, committed offsets, and log ends after them, since they are not read at
 * one moment and the other order shows commits beyond the end. The round bears one time, that of the log ends.
 * Rejects when no broker tells the metadata; anything smaller is left out of the round and counted.
 */
export async function pollCluster(options: PollOptions): Promise<Round> {
  const { config, connections, memory, now } = options;
  const reading = new Reading(connections, options.failed);
  const topics = await reading.topics(brokersToTry(config, memory.brokers), options);
  memory.brokers = [...topics.brokers.values()];
  const refresh = refresher(options, reading, topics);

  const groups = await readGroups(reading, topics, options.groupMatch);
  const [commits, shares] = await Promise.all([
    readCommits(reading, topics, groups, memory.commitCounts),
    readShareStarts(reading, topics, groups),
    describeGroups(reading, topics, groups),
  ]);

  const rows = everyPosition(topics.size);
  const read = async (isolation: IsolationLevel, timestamp: number) => {
    const column = new Float64Array(topics.size).fill(Number.NaN);
    await readLogOffsets({ reading, topics, isolation, rows, timestamps: timestamp, refresh }, (row, _, offset) => {
      column[row] = offset;
    });
    return column;
  };
  const [earliest, stable] = await Promise.all([read(0, EARLIEST), read(1, LATEST)]);
  const time = now();
  const ends = await read(0, LATEST);

  memory.backdating.begin({ topics, commits, earliest, ends, time });
  await lookBack(memory.backdating, reading, topics, refresh);
  const details = await detailsWhenDue(options, reading, topics, time);
  const backdated = memory.backdating.take();
  return { alias: config.alias, time, topics, earliest, stable, ends, groups, commits, shares, backdated, details };
}

/** Reads who leads what again, once a round; whether that could be done. */
function refresher(options: PollOptions, reading: Reading, topics: Topics): () => Promise<boolean> {
  let refreshed: Promise<boolean> | undefined;
  return () => {
    refreshed ??= reading.topics(brokersToTry(options.config, topics.brokers.values()), options).then(
      (later) => {
        topics.adoptLeaders(later);
        return true;
      },
      () => false,
    );
    return refreshed;
  };
}

async function lookBack(
  backdating: Backdating,
  reading: Reading,
  topics: Topics,
  refresh: () => Promise<boolean>,
): Promise<void> {
  for (let step = 0; step < BACKDATING_STEPS; step++) {
    const { rows, timestamps } = backdating.questions();
    if (rows.length === 0) return;
    const asked = new Map(Array.from(rows, (row, index) => [row, timestamps[index] as number]));
    await readLogOffsets({ reading, topics, isolation: 0, rows, timestamps, refresh }, (row, timestamp, offset) => {
      backdating.answer(row, asked.get(row) as number, timestamp, offset);
    });
  }
}

async function detailsWhenDue(
  { config, memory }: PollOptions,
  reading: Reading,
  topics: Topics,
  time: Millis,
): Promise<Details | undefined> {
  if (time - memory.detailsAt < config.details_interval) return undefined;
  memory.detailsAt = time;
  return await readDetails(reading, topics);
}
