import { once } from 'node:events';
import { Admin, Consumer, MessagesStreamFallbackModes, MessagesStreamModes } from '@platformatic/kafka';
import { WeirError } from '../../../core/errors.ts';
import type { KafkaOtlpConfig } from './config.ts';

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly leaderEpoch: number;
  /** Undefined where the message has none. */
  readonly value: Uint8Array | undefined;
}

/** `offset` is the next one to be read. */
export type Position = Pick<KafkaRecord, 'topic' | 'partition' | 'offset' | 'leaderEpoch'>;

/** A member of a consumer group; the other implementation is the scripted one of the tests. */
export interface RecordSource {
  /** Records of the partitions that are ours, in the order of each; reading stops while nobody asks for the next one. */
  records(): AsyncIterable<KafkaRecord>;
  /** Topics that did not exist when the source was opened; they are not read. */
  readonly missing: readonly string[];
  /** Whether one of the missing topics exists now. */
  appeared(): Promise<boolean>;
  owns(topic: string, partition: number): boolean;
  commit(positions: readonly Position[]): Promise<void>;
  /** Called when partitions are about to be given to other members: what is not committed now comes there again. */
  onRebalance(listener: () => void): void;
  close(): Promise<void>;
}

export type OpenRecordSource = (config: KafkaOtlpConfig) => Promise<RecordSource>;

const TIMEOUT_MS = 5000;
const SESSION_MS = 30_000;
/** Of one answer of one broker, all of which is held in memory. */
const FETCH_BYTES = 16 << 20;
const PARTITION_BYTES = 4 << 20;

/** Joins the group and subscribes to the topics that exist. Throws `collector_kafka_topics_missing` when none does. */
export async function openRecordSource(config: KafkaOtlpConfig): Promise<RecordSource> {
  const wanted = [config.traces.topic, config.metrics.topic, config.logs.topic];
  const shared = {
    clientId: config.client_id,
    bootstrapBrokers: [...config.brokers],
    connectTimeout: TIMEOUT_MS,
    timeout: TIMEOUT_MS,
    retries: 2,
    retryDelay: 500,
  };
  const listTopics = async (): Promise<ReadonlySet<string>> => {
    const admin = new Admin(shared);
    return new Set(await admin.listTopics().finally(() => admin.close().catch(() => {})));
  };
  const existing = await listTopics();
  const topics = wanted.filter((topic) => existing.has(topic));
  const missing = wanted.filter((topic) => !existing.has(topic));
  if (topics.length === 0) {
    throw new WeirError('collector_kafka_topics_missing', `none of the topics exists: ${wanted.join(', ')}`, {
      retryable: true,
    });
  }
  const consumer = new Consumer({
    ...shared,
    groupId: config.group_id,
    autocommit: false,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: SESSION_MS,
    heartbeatInterval: 3000,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    maxBytesPerPartition: PARTITION_BYTES,
    maxWaitTime: 1000,
    highWaterMark: 16,
  });
  const lost = new AbortController();
  consumer.on('error', (error: Error) => lost.abort(error));
  consumer.on('consumer:heartbeat:stalled', ({ lastError }: { lastError?: Error }) =>
    lost.abort(lastError ?? new WeirError('collector_kafka_stalled', 'the group coordinator does not answer')),
  );
  const stream = await consumer
    .consume({
      topics,
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode:
        config.initial_offset === 'earliest'
          ? MessagesStreamFallbackModes.EARLIEST
          : MessagesStreamFallbackModes.LATEST,
    })
    .catch(async (error: unknown) => {
      await consumer.close(true).catch(() => {});
      throw error;
    });
  lost.signal.addEventListener('abort', () => stream.destroy(lost.signal.reason as Error));
  // Whoever reads the stream is told too; without a listener an error in between would end the process.
  stream.on('error', () => {});
  return {
    missing,
    async appeared() {
      if (missing.length === 0) return false;
      const now = await listTopics();
      return missing.some((topic) => now.has(topic));
    },
    records: () => stream,
    owns: (topic, partition) =>
      consumer.assignments?.some((one) => one.topic === topic && one.partitions.includes(partition)) ?? false,
    async commit(positions) {
      await consumer.commit({
        offsets: positions.map(({ topic, partition, offset, leaderEpoch }) => ({
          topic,
          partition,
          offset,
          leaderEpoch,
        })),
      });
    },
    onRebalance(listener) {
      consumer.on('consumer:group:rebalance', listener);
    },
    async close() {
      if (!stream.closed) {
        const closed = once(stream, 'close');
        stream.destroy();
        await closed;
      }
      await consumer.close(true);
    },
  };
}
