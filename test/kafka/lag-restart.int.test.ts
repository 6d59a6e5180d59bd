import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../collector/receivers/kafka-lag/observed.ts';
import { startReceiver } from '../collector/receivers/kafka-lag/started.ts';
import { type KafkaNode, startNode } from './node.ts';

let node: KafkaNode;
beforeAll(async () => {
  node = await startNode({ settings: { 'log.retention.check.interval.ms': 500, 'log.initial.task.delay.ms': 500 } });
}, 300_000);
afterAll(() => node?.stop());

const client = () => new Kafka({ brokers: [node.plain], logLevel: logLevel.NOTHING });

/** A topic with records, and a group that has read the first of each partition. */
async function prepare(topic: string, configEntries: { name: string; value: string }[] = []): Promise<void> {
  const kafka = client();
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true });
  const producer = kafka.producer();
  await producer.connect();
  for (let i = 0; i < 10; i++) await producer.send({ topic, messages: [{ value: 'x'.repeat(1000) }] });
  await producer.disconnect();
  await admin.setOffsets({ groupId: `${topic}-group`, topic, partitions: [{ partition: 0, offset: '1' }] });
  await admin.disconnect();
}

it('goes on when a broker was killed and is back, and says nothing meanwhile', { timeout: 150_000 }, async () => {
  await prepare('kept');
  const { receiver, observed, counted, logged, next } = await startReceiver([node.plain], { poll_interval: '200ms' });
  const lag = () => observed.latest('kafka.consumer_group.lag')['kept-group/kept/0'];
  await until('lag is read', () => lag() === 9, 30_000);
  await node.kill();
  let failed = 0;
  await until(
    'rounds fail',
    () => {
      void counted('rounds_total', 'failed').then((count) => {
        failed = count;
      });
      return failed >= 2;
    },
    30_000,
  );
  const rounds = observed.rounds.length;
  const points = observed.points.length;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(observed.rounds).toHaveLength(rounds);
  await node.start();
  await next();
  await until('lag is read again', () => lag() === 9, 60_000);
  // While the coordinator loads its topic nothing is said of groups: no lag of 0, no group gone.
  const since = observed.points.slice(points);
  expect(since.filter(({ metric, value }) => metric === 'kafka.consumer_group.lag' && value !== 9)).toEqual([]);
  expect(logged.map(({ event }) => event)).toContain('collector_kafka_lag_recovered');
  await receiver.stop();
});

it('shows what retention took from a group that stands still', { timeout: 120_000 }, async () => {
  const { receiver, observed } = await startReceiver([node.plain], { poll_interval: '200ms', details_interval: '1s' });
  await prepare('short', [
    { name: 'retention.ms', value: '6000' },
    { name: 'segment.bytes', value: '1048576' },
    { name: 'segment.ms', value: '1000' },
  ]);
  const oldest = () => observed.latest('kafka.partition.oldest_offset')['short/0'] as number;
  const lag = () => observed.latest('kafka.consumer_group.lag')['short-group/short/0'];
  await until('it is behind', () => lag() === 9, 30_000);
  await until('records are deleted', () => oldest() === 10, 60_000);
  expect(observed.latest('weir.topic.retention.time')['short']).toBe(6);
  // Nothing is left to be read, and nine records are lost: the commit tells.
  expect(lag()).toBe(0);
  expect(observed.latest('kafka.consumer_group.offset')['short-group/short/0']).toBe(1);
  await receiver.stop();
});

it('tells a topic that was made anew from the one before', { timeout: 120_000 }, async () => {
  await prepare('again');
  const { receiver, observed } = await startReceiver([node.plain], { poll_interval: '200ms' });
  const identity = () => observed.latest('weir.topic.identity')['again'];
  await until('the first poll', () => identity() !== undefined, 30_000);
  const before = identity();
  const admin = client().admin();
  await admin.connect();
  await admin.deleteTopics({ topics: ['again'] });
  await until('it is gone', () => identity() === undefined, 30_000);
  await admin.createTopics({ topics: [{ topic: 'again', numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  await until('it is back', () => identity() !== undefined, 30_000);
  expect(identity()).not.toBe(before);
  expect(observed.latest('kafka.partition.current_offset')['again/0']).toBe(0);
  await receiver.stop();
});
