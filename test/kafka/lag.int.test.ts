import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { until } from '../collector/receivers/kafka-lag/observed.ts';
import { startReceiver } from '../collector/receivers/kafka-lag/started.ts';
import { freshTopic, startTestBroker } from './broker.ts';

const PARTITIONS = 3;
let broker: KafkaBroker;

beforeAll(async () => {
  broker = await startTestBroker();
}, 300_000);
afterAll(() => broker?.stop());

it('reports what was produced and not committed, and goes on when all consumers have left', {
  timeout: 150_000,
}, async () => {
  const topic = await freshTopic(broker, PARTITIONS);
  const group = `${topic}-group`;
  const kafka = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const produce = async (count: number) => {
    const messages = Array.from({ length: count }, (_, i) => ({ value: `${i}`, partition: i % PARTITIONS }));
    await producer.send({ topic, messages });
  };

  const consumer = kafka.consumer({ groupId: group });
  let consumed = 0;
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async () => {
      consumed++;
    },
  });

  const { receiver, observed, counted } = await startReceiver(broker.brokers.split(','), { poll_interval: '200ms' });
  const ofGroup = (metric: string) => observed.latest(metric, ({ attributes }) => attributes['group'] === group);
  const lag = () => Object.values(ofGroup('kafka.consumer_group.lag'));
  const total = () => lag().reduce((sum, value) => sum + value, 0);

  await produce(30);
  await until(
    'all is read and committed',
    () => consumed === 30 && lag().length === PARTITIONS && total() === 0,
    60_000,
  );
  expect(ofGroup('kafka.consumer_group.members')).toEqual({ [group]: 1 });
  expect(ofGroup('weir.consumer_group.state')).toEqual({ [`${group}/stable/classic`]: 1 });

  await consumer.disconnect();
  await produce(60);
  await until('60 records wait', () => total() === 60, 60_000);
  expect(lag()).toEqual([20, 20, 20]);
  expect(ofGroup('kafka.consumer_group.lag_sum')).toEqual({ [`${group}/${topic}`]: 60 });
  expect(ofGroup('kafka.consumer_group.members')).toEqual({ [group]: 0 });
  expect(ofGroup('weir.consumer_group.state')).toEqual({ [`${group}/empty/classic`]: 1 });

  const ofTopic = (metric: string) => observed.latest(metric, ({ attributes }) => attributes['topic'] === topic);
  expect(Object.values(ofTopic('kafka.partition.current_offset'))).toEqual([30, 30, 30]);
  expect(Object.values(ofTopic('kafka.partition.oldest_offset'))).toEqual([0, 0, 0]);
  expect(Object.values(ofTopic('weir.partition.stable_offset'))).toEqual([30, 30, 30]);
  expect(Object.values(ofTopic('kafka.partition.replicas_in_sync'))).toEqual([1, 1, 1]);
  expect(ofTopic('weir.topic.retention.time')).toEqual({ [topic]: 3600 });
  expect(ofTopic('weir.topic.compacted')).toEqual({ [topic]: 0 });
  expect(ofTopic('weir.topic.identity')[topic]).toBeGreaterThan(0);
  expect(Object.keys(ofTopic('weir.partition.size'))).toHaveLength(PARTITIONS);
  expect(await counted('rounds_total', 'failed')).toBe(0);

  const admin = kafka.admin();
  await admin.connect();
  const committed = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  expect(committed[0]?.partitions.map(({ offset }) => Number(offset))).toEqual([10, 10, 10]);
  await admin.disconnect();

  await receiver.stop();
  await producer.disconnect();
});

it('survives a broker that is not there', async () => {
  const { receiver, counted } = await startReceiver(['127.0.0.1:9']);
  const deadline = Date.now() + 25_000;
  while (!((await counted('rounds_total', 'failed')) >= 2) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await counted('rounds_total', 'failed')).toBeGreaterThanOrEqual(2);
  await receiver.stop();
});
