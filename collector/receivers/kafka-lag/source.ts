import { Admin } from '@platformatic/kafka';

export interface GroupState {
  readonly id: string;
  /** Undefined where the protocol of the group does not tell. */
  readonly members: number | undefined;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

export interface CommittedOffset extends PartitionOffset {
  readonly group: string;
}

/** What the receiver needs of a Kafka client; the other implementation is the scripted one of the tests. */
export interface KafkaSource {
  groups(match: RegExp): Promise<readonly GroupState[]>;
  topics(): Promise<ReadonlySet<string>>;
  /** Committed offsets of the groups: the next offset each will read. Partitions without a commit are left out. */
  committed(groups: readonly string[]): Promise<readonly CommittedOffset[]>;
  offsets(partitions: readonly TopicPartition[], which: 'earliest' | 'latest'): Promise<readonly PartitionOffset[]>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5000;
const LIST_OFFSETS_LATEST = -1n;
const LIST_OFFSETS_EARLIEST = -2n;

/** Kafka 3.5 and later through @platformatic/kafka. Connections are made on demand. */
export function openKafkaSource(brokers: readonly string[]): KafkaSource {
  const admin = new Admin({
    clientId: 'weir',
    bootstrapBrokers: [...brokers],
    connectTimeout: TIMEOUT_MS,
    timeout: TIMEOUT_MS,
    retries: 1,
  });
  return {
    async groups(match) {
      // Without the types, groups of the classic protocol would be left out.
      const listed = await admin.listGroups({ types: ['classic', 'consumer'] });
      const consumers = [...listed.values()].filter(
        (group) => group.protocolType === 'consumer' && match.test(group.id),
      );
      const classic = consumers.filter((group) => group.groupType !== 'consumer').map((group) => group.id);
      // Describing a group of the newer protocol this way would call it dead: its members stay unknown.
      const described = classic.length === 0 ? undefined : await admin.describeGroups({ groups: classic });
      return consumers.map(({ id }) => ({ id, members: described?.get(id)?.members.size }));
    },
    async topics() {
      return new Set(await admin.listTopics());
    },
    async committed(groups) {
      if (groups.length === 0) return [];
      const listed = await admin.listConsumerGroupOffsets({ groups: [...groups] });
      return listed.flatMap(({ groupId, topics }) =>
        topics.flatMap(({ name, partitions }) =>
          partitions
            .filter(({ committedOffset }) => committedOffset >= 0n)
            .map(({ partitionIndex, committedOffset }) => ({
              group: groupId,
              topic: name,
              partition: partitionIndex,
              offset: Number(committedOffset),
            })),
        ),
      );
    },
    async offsets(partitions, which) {
      if (partitions.length === 0) return [];
      const timestamp = which === 'latest' ? LIST_OFFSETS_LATEST : LIST_OFFSETS_EARLIEST;
      const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, wanted]) => ({
        name,
        partitions: wanted.map(({ partition }) => ({ partitionIndex: partition, timestamp })),
      }));
      const listed = await admin.listOffsets({ topics });
      return listed.flatMap(({ name, partitions: answered }) =>
        answered.map(({ partitionIndex, offset }) => ({
          topic: name,
          partition: partitionIndex,
          offset: Number(offset),
        })),
      );
    },
    close: () => admin.close(),
  };
}
