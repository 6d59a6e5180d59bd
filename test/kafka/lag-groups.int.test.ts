import { Consumer, MessagesStreamModes, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { kafkaClusters, kafkaLagConfig } from '../../collector/receivers/kafka-lag/config.ts';
import { openConnections } from '../../collector/receivers/kafka-lag/connections.ts';
import type { Call } from '../../collector/receivers/kafka-lag/protocol/wire.ts';
import { parseBroker } from '../../collector/receivers/kafka-lag/reading.ts';
import type { KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { until } from '../collector/receivers/kafka-lag/observed.ts';
import { type Started, startReceiver } from '../collector/receivers/kafka-lag/started.ts';
import { freshTopic, startTestBroker } from './broker.ts';

let broker: KafkaBroker;
let brokers: string[];
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  broker = await startTestBroker();
  brokers = broker.brokers.split(',');
}, 300_000);
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => broker?.stop());

async function receiving(config: object = {}): Promise<Started> {
  const started = await startReceiver(brokers, { poll_interval: '200ms', ...config });
  closing.push(() => started.receiver.stop());
  return started;
}

/** Newest values of a metric, of one topic or group. */
function seen(
  { observed }: Started,
  metric: string,
  attribute: 'topic' | 'group',
  value: string,
): Record<string, number> {
  return observed.latest(metric, ({ attributes }) => attributes[attribute] === value);
}

function client(): Kafka {
  return new Kafka({ brokers, logLevel: logLevel.NOTHING });
}

it('shows an open transaction as a stable offset below the log end', { timeout: 120_000 }, async () => {
  const topic = await freshTopic(broker, 1);
  const started = await receiving();
  const ofTopic = (metric: string) => seen(started, metric, 'topic', topic)[`${topic}/0`];
  const producer = client().producer({ transactionalId: `${topic}-tx`, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  closing.push(() => producer.disconnect());
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] });
  await until('the records are there', () => ofTopic('kafka.partition.current_offset') === 3, 30_000);
  expect(ofTopic('weir.partition.stable_offset')).toBe(0);
  await transaction.commit();
  // The marker of the commit takes an offset.
  await until('they are stable', () => ofTopic('weir.partition.stable_offset') === 4, 30_000);
  expect(ofTopic('kafka.partition.current_offset')).toBe(4);
});

it('tells state, type and members of a group of the newer protocol', { timeout: 150_000 }, async () => {
  const topic = await freshTopic(broker, 2);
  const group = `${topic}-new`;
  const producer = new Producer({ clientId: 'test', bootstrapBrokers: brokers, serializers: stringSerializers });
  closing.push(() => producer.close());
  await producer.send({
    messages: Array.from({ length: 20 }, (_, i) => ({ topic, partition: i % 2, value: `${i}` })),
  });
  const consumer = new Consumer({
    ...{ clientId: 'test', groupId: group, bootstrapBrokers: brokers, deserializers: stringDeserializers },
    ...{ groupProtocol: 'consumer' as const, autocommit: 100 },
  });
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
  let read = 0;
  stream.on('data', () => {
    read++;
  });
  const started = await receiving();
  const state = () => Object.keys(seen(started, 'weir.consumer_group.state', 'group', group));
  await until('it is stable', () => state().includes(`${group}/stable/consumer`), 60_000);
  expect(seen(started, 'kafka.consumer_group.members', 'group', group)).toEqual({ [group]: 1 });
  const lag = () => Object.values(seen(started, 'kafka.consumer_group.lag', 'group', group));
  // A client commits with what it reads: a trickle lets it commit again where the coordinator was not ready yet.
  const send = () => producer.send({ messages: [0, 1].map((partition) => ({ topic, partition, value: 'more' })) });
  const trickle = setInterval(() => void send().catch(() => {}), 1000);
  await until(
    'it has read and committed',
    () => read >= 20 && lag().length === 2 && lag().every((n) => n === 0),
    60_000,
  );
  clearInterval(trickle);
  await stream.close();
  await consumer.close(true);
  await until('it is empty', () => state().includes(`${group}/empty/consumer`), 60_000);
  expect(seen(started, 'kafka.consumer_group.members', 'group', group)).toEqual({ [group]: 0 });
  const before = lag().reduce((sum, n) => sum + n, 0);
  await producer.send({ messages: [{ topic, partition: 0, value: 'late' }] });
  await until('its lag goes on', () => lag().reduce((sum, n) => sum + n, 0) === before + 1, 30_000);
});

/** ShareGroupHeartbeat (KIP-932), which no client at hand speaks: joins, stays in or leaves a share group. */
function shareHeartbeat(
  group: string,
  member: string,
  epoch: number,
  topic: string,
): Call<[error: number, epoch: number]> {
  return {
    ...{ name: 'ShareGroupHeartbeat', key: 76, oldest: 1, newest: 1, flexible: 0 },
    write(request) {
      request.text(group);
      request.text(member);
      request.int32(epoch);
      request.text(null);
      request.texts([topic]);
      request.tags();
    },
    read(answer) {
      answer.int32();
      const error = answer.int16();
      answer.skipText();
      answer.skipText();
      return [error, answer.int32()];
    },
  };
}

/** AlterShareGroupOffsets: sets where an empty share group stands in partition 0. Gives the error. */
function alterShareOffset(group: string, topic: string, offset: number): Call<number> {
  return {
    ...{ name: 'AlterShareGroupOffsets', key: 91, oldest: 0, newest: 0, flexible: 0 },
    write(request) {
      request.text(group);
      request.count(1);
      request.text(topic);
      request.count(1);
      request.int32(0);
      request.int64(offset);
      for (let i = 0; i < 3; i++) request.tags();
    },
    read(answer) {
      answer.int32();
      return answer.int16();
    },
  };
}

it('lists a share group as one, with where it stands and no consumer lag', { timeout: 120_000 }, async () => {
  const topic = await freshTopic(broker, 1);
  const group = `${topic}-shared`;
  const [config] = kafkaClusters(kafkaLagConfig.parse({ brokers }));
  const connections = openConnections(config as NonNullable<typeof config>, undefined);
  closing.push(() => connections.close());
  const member = 'AAAAAAAAAAAAAAAAAAAAAQ';
  const address = parseBroker(brokers[0] as string);
  let epoch = 0;
  const beat = async () => {
    const [error, next] = await connections.call(address, shareHeartbeat(group, member, epoch, topic));
    expect(error).toBe(0);
    epoch = next;
  };
  await beat();
  const started = await receiving();
  const state = () => Object.keys(seen(started, 'weir.consumer_group.state', 'group', group));
  await until('it is stable', () => state().includes(`${group}/stable/share`), 30_000);
  expect(seen(started, 'kafka.consumer_group.members', 'group', group)).toEqual({ [group]: 1 });

  const producer = client().producer();
  await producer.connect();
  closing.push(() => producer.disconnect());
  await beat();
  await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] });
  await started.next();
  expect(seen(started, 'kafka.consumer_group.lag', 'group', group)).toEqual({});
  expect(seen(started, 'kafka.consumer_group.offset', 'group', group)).toEqual({});
  expect(await started.counted('failures_total', 'malformed_answer')).toBeNaN();
  epoch = -1;
  await connections.call(address, shareHeartbeat(group, member, epoch, topic));
  await until('it is empty', () => state().includes(`${group}/empty/share`), 30_000);

  await producer.send({ topic, messages: Array.from({ length: 8 }, () => ({ value: 'x' })) });
  expect(await connections.call(address, alterShareOffset(group, topic, 3))).toBe(0);
  const place = `${group}/${topic}/0`;
  await until(
    'it stands at record 3',
    () => seen(started, 'weir.share_group.start_offset', 'group', group)[place] === 3,
    30_000,
  );
  await until('its lag follows', () => seen(started, 'weir.share_group.lag', 'group', group)[place] === 7, 30_000);
});

it('follows a rebalance, and offsets that nobody consumes', { timeout: 120_000 }, async () => {
  const topic = await freshTopic(broker, 2);
  const admin = client().admin();
  await admin.connect();
  closing.push(() => admin.disconnect());
  const group = `${topic}-manual`;
  await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '0' }] });
  const producer = client().producer();
  await producer.connect();
  closing.push(() => producer.disconnect());
  await producer.send({ topic, messages: [{ value: 'a', partition: 0 }] });
  const started = await receiving();
  await until(
    'its lag is seen',
    () => seen(started, 'kafka.consumer_group.lag', 'group', group)[`${group}/${topic}/0`] === 1,
  );
  expect(Object.keys(seen(started, 'weir.consumer_group.state', 'group', group))).toEqual([`${group}/empty/classic`]);

  const consumers = [client().consumer({ groupId: `${topic}-two` }), client().consumer({ groupId: `${topic}-two` })];
  for (const consumer of consumers) {
    await consumer.connect();
    closing.push(() => consumer.disconnect());
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => {} });
  }
  const members = () => seen(started, 'kafka.consumer_group.members', 'group', `${topic}-two`)[`${topic}-two`];
  await until('both are members', () => members() === 2, 60_000);
});

it('dates records that were there before it', { timeout: 120_000 }, async () => {
  const topic = await freshTopic(broker, 1);
  const group = `${topic}-behind`;
  const producer = client().producer();
  await producer.connect();
  closing.push(() => producer.disconnect());
  const now = Date.now();
  // CreateTime is what the producer says: an hour of records, written in a moment.
  const messages = Array.from({ length: 3600 }, (_, i) => ({
    value: 'x',
    timestamp: String(now - 3_600_000 + i * 1000),
  }));
  await producer.send({ topic, messages });
  const admin = client().admin();
  await admin.connect();
  closing.push(() => admin.disconnect());
  await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '1200' }] });
  const started = await receiving();
  const around = () => {
    const samples = started.observed.points
      .filter(({ metric, attributes }) => metric === 'kafka.partition.current_offset' && attributes['topic'] === topic)
      .sort((a, b) => a.time - b.time || a.value - b.value);
    const left = samples.findLast(({ value }) => value <= 1200)?.time ?? 0;
    const right = samples.find(({ value }) => value > 1200)?.time ?? 0;
    return { left, right };
  };
  await until(
    'it is dated',
    () => around().left > 0 && around().right > 0 && around().right - around().left <= 0.055 * 2_400_000,
    30_000,
  );
  const appended = now - 3_600_000 + 1_200_000;
  expect(around().left).toBeLessThanOrEqual(appended);
  expect(around().right).toBeGreaterThanOrEqual(appended);
});
