import { NONE, reasonOf } from './errors.ts';
import { describeLogDirs, describeTopicConfigs } from './protocol/topic-details.ts';
import type { Reading } from './reading.ts';
import type { Topics } from './topics.ts';

const TOPICS_PER_REQUEST = 500;
const SETTINGS = ['cleanup.policy', 'retention.ms', 'retention.bytes'] as const;

export interface TopicSettings {
  readonly isCompacted: boolean;
  /** Undefined where nothing is deleted for its age, or for the size of its partition. */
  readonly retentionMs: number | undefined;
  readonly retentionBytes: number | undefined;
}

/** What changes seldom and costs a broker more: settings of topics, sizes of partitions. */
export interface Details {
  readonly settings: ReadonlyMap<string, TopicSettings>;
  /** Bytes of each row's log on its leader; NaN where it is not known. */
  readonly sizes: Float64Array;
  /** Why there are no settings, or no sizes, at all: rights are missing or the brokers are too old. */
  readonly refusals: ReadonlyMap<'settings' | 'sizes', string>;
}

export async function readDetails(reading: Reading, topics: Topics): Promise<Details> {
  const refusals = new Map<'settings' | 'sizes', string>();
  const [settings, sizes] = await Promise.all([
    readSettings(reading, topics, (reason) => refusals.set('settings', reason)),
    readSizes(reading, topics, (reason) => refusals.set('sizes', reason)),
  ]);
  return { settings, sizes, refusals };
}

async function readSettings(
  reading: Reading,
  topics: Topics,
  refused: (reason: string) => void,
): Promise<Map<string, TopicSettings>> {
  const settings = new Map<string, TopicSettings>();
  const broker = [...topics.brokers.values()].find((address) => !reading.isAway(address));
  if (broker === undefined) return settings;
  let refusal: string | undefined;
  for (let from = 0; from < topics.list.length; from += TOPICS_PER_REQUEST) {
    const names = topics.list.slice(from, from + TOPICS_PER_REQUEST).map(({ name }) => name);
    for (const { topic, error, values } of (await reading.ask(broker, describeTopicConfigs(names, SETTINGS))) ?? []) {
      if (error === NONE) settings.set(topic, parseSettings(values));
      else {
        refusal = reasonOf(error);
        reading.failed(refusal);
      }
    }
  }
  if (settings.size === 0 && refusal !== undefined) refused(refusal);
  return settings;
}

/** A topic that only compacts deletes nothing for its age or size; -1 stands for no limit. */
export function parseSettings(values: ReadonlyMap<string, string>): TopicSettings {
  const policies = (values.get('cleanup.policy') ?? 'delete').split(',').map((policy) => policy.trim());
  const limit = (name: string) => {
    const value = Number(values.get(name) ?? Number.NaN);
    return policies.includes('delete') && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  };
  return {
    isCompacted: policies.includes('compact'),
    retentionMs: limit('retention.ms'),
    retentionBytes: limit('retention.bytes'),
  };
}

async function readSizes(reading: Reading, topics: Topics, refused: (reason: string) => void): Promise<Float64Array> {
  const sizes = new Float64Array(topics.size).fill(Number.NaN);
  let refusal: string | undefined;
  let known = 0;
  await Promise.all(
    [...topics.brokers].map(async ([id, address]) => {
      const call = describeLogDirs((topic, partition, bytes) => {
        const row = topics.row(topic, partition);
        if (row < 0 || topics.leaders[row] !== id || !Number.isSafeInteger(bytes)) return;
        sizes[row] = bytes;
        known++;
      });
      const error = await reading.ask(address, call);
      if (error === undefined || error === NONE) return;
      refusal = reasonOf(error);
      reading.failed(refusal);
    }),
  );
  if (known === 0 && refusal !== undefined) refused(refusal);
  return sizes;
}
