import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MetricsRequest, NumberDataPoint } from '../../collector/otlp/model.ts';
import { kafkaLagConfig } from '../../collector/receivers/kafka-lag/config.ts';
import { createKafkaLagReceiver } from '../../collector/receivers/kafka-lag/receiver.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import type { KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { freshTopic, startTestBroker } from './broker.ts';

const PARTITIONS = 3;
let broker: KafkaBroker;

beforeAll(async () => {
  broker = await startTestBroker();
}, 300_000);
afterAll(() => broker?.stop());

/** Newest request's points of a metric, for one group. */
function points(requests: readonly MetricsRequest[], name: string, group: string): readonly NumberDataPoint[] {
  const metrics = requests.at(-1)?.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics ?? [];
  const all = metrics.find((metric) => metric.name === name)?.gauge?.dataPoints ?? [];
  return all.filter((point) =>
    point.attributes?.some(({ key, value }) => key === 'group' && value?.stringValue === group),
  );
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('reports what was produced and not committed, its age, and the members', { timeout: 150_000 }, async () => {
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

  const requests: MetricsRequest[] = [];
  const receiver = createKafkaLagReceiver({
    config: kafkaLagConfig.parse({ brokers: broker.brokers.split(','), poll_interval: '200ms' }),
    consume: async (request) => requests.push(request),
    telemetry: silentTelemetry(),
  });
  await receiver.start();
  const lag = () => points(requests, 'kafka.consumer_group.lag', group).map((point) => Number(point.asInt));
  const total = () => lag().reduce((sum, value) => sum + value, 0);
  const age = () => Math.max(...points(requests, 'weir.consumer_group.lag_time', group).map((p) => p.asDouble ?? 0));
  const members = () => points(requests, 'kafka.consumer_group.members', group).map((point) => Number(point.asInt));

  await produce(30);
  await until('all is read and committed', () => consumed === 30 && lag().length === PARTITIONS && total() === 0);
  expect(age()).toBe(0);
  expect(members()).toEqual([1]);

  await consumer.disconnect();
  const stopped = Date.now();
  await produce(60);
  await until('60 records wait', () => total() === 60);
  expect(lag()).toEqual([20, 20, 20]);
  await until('they grow old', () => age() >= 3);
  expect(age()).toBeLessThanOrEqual((Date.now() - stopped) / 1000 + 0.5);
  expect(members()).toEqual([0]);

  const admin = kafka.admin();
  await admin.connect();
  const committed = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  expect(committed[0]?.partitions.map(({ offset }) => Number(offset))).toEqual([10, 10, 10]);
  await admin.disconnect();

  await receiver.stop();
  await producer.disconnect();
});

it('survives a broker that is not there', async () => {
  const telemetry = silentTelemetry();
  const receiver = createKafkaLagReceiver({
    config: kafkaLagConfig.parse({ brokers: ['127.0.0.1:9'], poll_interval: '100ms' }),
    consume: async () => {},
    telemetry,
  });
  await receiver.start();
  const failures = async () =>
    Number(/outcome="failed"\} (\d+)/.exec(await telemetry.registry.metrics())?.[1] ?? Number.NaN);
  const deadline = Date.now() + 25_000;
  while ((await failures()) < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await failures()).toBeGreaterThanOrEqual(2);
  await receiver.stop();
});
