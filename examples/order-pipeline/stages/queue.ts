import { consume, produce } from '@weir/sdk';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { LogClient } from '../broker/log-client.ts';
import { PARTITIONS } from '../load/work.ts';

export interface Message {
  readonly key: string;
  readonly value: string;
  /** When the order was placed, unix milliseconds; it travels with the order through every topic. */
  readonly timestamp: number;
}

export interface Reading {
  /** Stays in the group without taking records, or takes them again. */
  pause(on: boolean): void;
  /** Finishes the records in hand and leaves the group. */
  close(): Promise<void>;
}

export interface Queue {
  send(topic: string, message: Message): Promise<void>;
  /** Handles a topic's records as a member of `group`, partitions side by side. */
  read(topic: string, group: string, handle: (message: Message) => Promise<void>): Promise<Reading>;
  close(): Promise<void>;
}

/** Kafka through kafkajs: the SDK's preload instruments it, nothing is to do here. */
async function openKafka(clientId: string, brokers: string[]): Promise<Queue> {
  const kafka = new Kafka({ clientId, brokers, logLevel: logLevel.ERROR });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const consumers = new Set<{ disconnect(): Promise<void> }>();
  return {
    async send(topic, { key, value, timestamp }) {
      await producer.send({ topic, messages: [{ key, value, timestamp: String(timestamp) }] });
    },
    async read(topic, groupId, handle) {
      const consumer = kafka.consumer({ groupId, maxBytesPerPartition: 32_768, maxWaitTimeInMs: 500 });
      consumers.add(consumer);
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        partitionsConsumedConcurrently: PARTITIONS,
        autoCommitInterval: 1000,
        eachMessage: async ({ message }) => {
          await handle({
            key: message.key?.toString() ?? '',
            value: message.value?.toString() ?? '',
            timestamp: Number(message.timestamp),
          });
        },
      });
      return {
        pause(on) {
          if (on) consumer.pause([{ topic }]);
          else consumer.resume([{ topic }]);
        },
        async close() {
          consumers.delete(consumer);
          await consumer.disconnect();
        },
      };
    },
    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.disconnect()));
      await producer.disconnect();
    },
  };
}

/** The in-process log: no instrumentation knows its client, so the SDK's helpers are used. */
async function openLog(address: string): Promise<Queue> {
  const client = await LogClient.open(address);
  const readers = new Set<LogClient>();
  const system = 'memory_log';
  return {
    async send(topic, message) {
      const headers: Record<string, string> = {};
      await produce({ system, destination: topic, headers }, () => client.append(topic, { ...message, headers }));
    },
    async read(topic, group, handle) {
      const reader = await LogClient.open(address);
      readers.add(reader);
      let paused = Promise.withResolvers<void>();
      paused.resolve();
      let isPaused = false;
      const done = reader.consume(topic, group, async (record, partition) => {
        while (isPaused) await paused.promise;
        await consume(
          { system, destination: topic, group, partition, headers: record.headers, eventTime: record.timestamp },
          () => handle(record),
        );
      });
      done.catch((error: Error) => console.error(`${group} stopped reading ${topic}: ${error.message}`));
      const pause = (on: boolean) => {
        if (on === isPaused) return;
        isPaused = on;
        if (on) paused = Promise.withResolvers<void>();
        else paused.resolve();
      };
      return {
        pause,
        async close() {
          readers.delete(reader);
          pause(false);
          await reader.close();
        },
      };
    },
    async close() {
      await Promise.all([client, ...readers].map((one) => one.close()));
    },
  };
}

/** The broker the environment names: KAFKA_BROKERS, or the demo's log at ORDER_LOG_ADDRESS. */
export async function openQueue(clientId: string, env: NodeJS.ProcessEnv = process.env): Promise<Queue> {
  const brokers = env['KAFKA_BROKERS'];
  if (brokers) return await openKafka(clientId, brokers.split(','));
  const address = env['ORDER_LOG_ADDRESS'];
  if (address) return await openLog(address);
  throw new Error('set KAFKA_BROKERS or ORDER_LOG_ADDRESS');
}
