import type { Millis } from '../../../core/time.ts';
import { OffsetTimes } from './lag-time.ts';
import type { CommittedOffset, GroupState, KafkaSource, TopicPartition } from './source.ts';

export interface GroupLag extends CommittedOffset {
  /** Records between the commit, or the oldest record kept where retention has overtaken it, and the log end. */
  readonly lag: number;
  readonly lagSeconds: number;
}

export interface PartitionEnds extends TopicPartition {
  readonly earliest: number;
  readonly end: number;
}

export interface LagReport {
  readonly groups: readonly GroupState[];
  readonly lags: readonly GroupLag[];
  readonly partitions: readonly PartitionEnds[];
}

/** Times of end offsets by partition, kept from poll to poll. */
export type OffsetTable = Map<string, OffsetTimes>;

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/**
 * One round: committed offsets first and log ends after, since the two are not read at one moment and the other order
 * shows negative lags. A partition without a commit has no lag; a deleted topic is left out.
 */
export async function pollLag(options: {
  readonly source: KafkaSource;
  readonly table: OffsetTable;
  readonly groupMatch: RegExp;
  readonly topicMatch: RegExp;
  readonly now: () => Millis;
}): Promise<LagReport> {
  const { source, table, topicMatch, now } = options;
  const [groups, topics] = await Promise.all([source.groups(options.groupMatch), source.topics()]);
  const listed = await source.committed(groups.map(({ id }) => id));
  const committed = listed.filter(({ topic }) => topics.has(topic) && topicMatch.test(topic));
  const wanted = new Map(committed.map(({ topic, partition }) => [`${topic}/${partition}`, { topic, partition }]));
  const partitions = [...wanted.values()];
  const earliest = await source.offsets(partitions, 'earliest');
  const latest = await source.offsets(partitions, 'latest');
  const time = now();

  const first = new Map(earliest.map((entry) => [partitionKey(entry), entry.offset]));
  const ends = new Map<string, PartitionEnds>();
  for (const { topic, partition, offset: end } of latest) {
    const key = partitionKey({ topic, partition });
    let times = table.get(key);
    if (times === undefined) {
      times = new OffsetTimes();
      table.set(key, times);
    }
    times.add(end, time);
    ends.set(key, { topic, partition, end, earliest: first.get(key) ?? 0 });
  }
  for (const key of table.keys()) if (!ends.has(key)) table.delete(key);

  const lags = committed.flatMap((entry): GroupLag[] => {
    const key = partitionKey(entry);
    const partition = ends.get(key);
    if (partition === undefined) return [];
    const next = Math.max(entry.offset, partition.earliest);
    const lag = Math.max(0, partition.end - next);
    return [{ ...entry, lag, lagSeconds: lag === 0 ? 0 : (table.get(key)?.ageOf(next, time) ?? 0) }];
  });
  return { groups, lags, partitions: [...ends.values()] };
}
