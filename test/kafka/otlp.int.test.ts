import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Admission } from '../../collector/admission.ts';
import type { Ingest } from '../../collector/ingest.ts';
import { kafkaOtlpConfig } from '../../collector/receivers/kafka-otlp/config.ts';
import { createKafkaOtlpReceiver } from '../../collector/receivers/kafka-otlp/receiver.ts';
import { WeirError } from '../../core/errors.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import type { KafkaBroker } from '../../examples/order-pipeline/broker/kafka.ts';
import { freshTopic, startTestBroker } from './broker.ts';

const PARTITIONS = 3;
let broker: KafkaBroker;
let kafka: Kafka;

beforeAll(async () => {
  broker = await startTestBroker();
  kafka = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
}, 300_000);
afterAll(() => broker?.stop());

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function produce(topic: string, values: readonly (string | null)[]): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic, messages: values.map((value, i) => ({ value, partition: i % PARTITIONS })) });
  await producer.disconnect();
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

/** Keeps what it is told to make durable; `broken` says which values cannot be, and why. */
function memory(broken: (value: string) => Error | undefined = () => undefined) {
  const kept: string[] = [];
  const ingest: Pick<Ingest, 'consume' | 'refused'> = {
    refused() {},
    async consume(_receiver, signal, encoding, bytes) {
      const value = `${signal} ${encoding} ${Buffer.from(bytes)}`;
      await new Promise((next) => setTimeout(next, 2));
      const error = broken(value);
      if (error !== undefined) throw error;
      kept.push(value);
      return { accepted: 1, rejected: 0, message: '' };
    },
  };
  return { kept, ingest };
}

function receiver(
  topics: { traces: string; logs?: string },
  ingest: Pick<Ingest, 'consume' | 'refused'>,
  group: string,
) {
  const telemetry = silentTelemetry();
  const started = createKafkaOtlpReceiver({
    config: kafkaOtlpConfig.parse({
      brokers: broker.brokers.split(','),
      group_id: group,
      traces: { topic: topics.traces },
      metrics: { topic: `${topics.traces}-never-made` },
      logs: { topic: topics.logs ?? `${topics.traces}-never-made-too`, encoding: 'otlp_json' },
      commit_interval: '200ms',
      max_in_flight: 8,
    }),
    ingest,
    admission: new Admission(1 << 20),
    telemetry,
    retry: { min: 100, max: 1000 },
  });
  return { ...started, telemetry };
}

async function committed(topic: string, group: string): Promise<number[]> {
  const admin = kafka.admin();
  await admin.connect();
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  await admin.disconnect();
  return (found?.partitions ?? []).map(({ offset }) => Number(offset)).sort((a, b) => a - b);
}

async function ends(topic: string): Promise<number[]> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.map(({ high }) => Number(high)).sort((a, b) => a - b);
}

it('makes each message durable once, across restarts and what cannot be read', { timeout: 150_000 }, async () => {
  const topic = await freshTopic(broker, PARTITIONS);
  const logs = await freshTopic(broker, PARTITIONS);
  const group = `${topic}-group`;
  const { kept, ingest } = memory((value) =>
    value.endsWith(' 31') ? new WeirError('collector_request_malformed', 'no request') : undefined,
  );
  await produce(topic, numbers(0, 60));
  await produce(logs, ['{}', null]);

  const first = receiver({ traces: topic, logs }, ingest, group);
  await first.start();
  await until('all is durable', () => kept.length === 60);
  await until('and committed', async () => (await committed(topic, group)).join() === '20,20,20');
  expect(kept).toContain('logs json {}');
  await first.stop();
  const metrics = await first.telemetry.registry.metrics();
  expect(metrics).toContain(`topic="${topic}",outcome="collector_request_malformed"} 1`);
  expect(metrics).toContain(`topic="${logs}",outcome="empty"} 1`);
  expect(metrics).toContain(`topic="${topic}",outcome="stored"} 59`);

  await produce(topic, numbers(60, 90));
  const second = receiver({ traces: topic, logs }, ingest, group);
  await second.start();
  await until('the rest is durable', () => kept.length === 90);
  await second.stop();
  expect(await committed(topic, group)).toEqual([30, 30, 30]);
  expect(new Set(kept).size).toBe(90);
});

it('waits while nothing can be made durable, and commits nothing meanwhile', { timeout: 150_000 }, async () => {
  const topic = await freshTopic(broker, PARTITIONS);
  const group = `${topic}-group`;
  let full = true;
  const { kept, ingest } = memory(() =>
    full ? new WeirError('collector_spool_refused', 'full', { retryable: true, retryAfterMs: 100 }) : undefined,
  );
  await produce(topic, numbers(0, 3000));
  const reading = receiver({ traces: topic }, ingest, group);
  await reading.start();
  const inFlight = async () =>
    Number(/kafka_otlp_in_flight (\d+)/.exec(await reading.telemetry.registry.metrics())?.[1]);
  await until('as much as may be is on its way', async () => (await inFlight()) === 8);
  await new Promise((next) => setTimeout(next, 1000));
  expect(await inFlight()).toBe(8);
  expect((await committed(topic, group)).filter((offset) => offset > 0)).toEqual([]);
  full = false;
  await until('all is durable', () => kept.length === 3000);
  await reading.stop();
  expect(await committed(topic, group)).toEqual([1000, 1000, 1000]);
});

it('shares partitions with another member without loss, when it comes and when it goes', {
  timeout: 150_000,
}, async () => {
  const topic = await freshTopic(broker, PARTITIONS);
  const group = `${topic}-group`;
  const [one, two] = [memory(), memory()];
  const first = receiver({ traces: topic }, one.ingest, group);
  const second = receiver({ traces: topic }, two.ingest, group);
  const all = () => new Set([...one.kept, ...two.kept]);
  await first.start();
  await produce(topic, numbers(0, 300));
  await until('the first reads', () => one.kept.length > 0);
  await second.start();
  let batches = 1;
  for (; two.kept.length === 0 && batches < 100; batches++) {
    await produce(topic, numbers(batches * 300, (batches + 1) * 300));
    await new Promise((next) => setTimeout(next, 200));
  }
  expect(two.kept.length).toBeGreaterThan(0);
  await first.stop();
  await produce(topic, numbers(100_000, 100_300));
  await until('the second reads on alone', () => all().has('traces protobuf 100299'));
  await until('nothing is missing', () => all().size === batches * 300 + 300);
  await second.stop();
  const offsets = await committed(topic, group);
  expect(offsets).toEqual(await ends(topic));
});

it('begins when the brokers do, and ends when it is told to', { timeout: 60_000 }, async () => {
  const telemetry = silentTelemetry();
  const away = createKafkaOtlpReceiver({
    config: kafkaOtlpConfig.parse({ brokers: ['127.0.0.1:1'] }),
    ingest: memory().ingest,
    admission: new Admission(1 << 20),
    telemetry,
    retry: { min: 50, max: 200 },
  });
  await away.start();
  await until('it says so', () => away.health().detail !== undefined);
  expect(away.health()).toMatchObject({ ready: true, detail: expect.stringContaining('Kafka') });
  await away.stop();
});
