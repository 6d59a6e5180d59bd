import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricsRequest } from '../../collector/otlp/model.ts';
import { kafkaLagConfig } from '../../collector/receivers/kafka-lag/config.ts';
import { createKafkaLagReceiver } from '../../collector/receivers/kafka-lag/receiver.ts';
import type { Service } from '../../core/service.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { type DemoBroker, prepareBroker, type RunningStages, startStages } from '../../examples/order-pipeline/demo.ts';
import { startOtlpServer } from '../sdk/otlp-server.ts';

const CONSUMER = 5;
let server: Awaited<ReturnType<typeof startOtlpServer>>;
let broker: DemoBroker;
let stages: RunningStages;
let receiver: Service;
const requests: MetricsRequest[] = [];

beforeAll(async () => {
  server = await startOtlpServer();
  broker = await prepareBroker({ broker: 'kafka' });
  receiver = createKafkaLagReceiver({
    config: kafkaLagConfig.parse({ poll_interval: '1s' }),
    consume: async (request) => requests.push(request),
    telemetry: silentTelemetry(),
    env: { KAFKA_BROKERS: broker.brokers },
  });
  await receiver.start();
  stages = await startStages({
    otlpUrl: server.url,
    broker,
    controlPort: 0,
    env: { ...process.env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', NODE_OPTIONS: '' },
  });
}, 400_000);
afterAll(async () => {
  await stages?.stop();
  await receiver?.stop();
  await broker?.stop();
  await server?.[Symbol.asyncDispose]();
}, 60_000);

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Newest lag of a group: records in all partitions, seconds of the worst. */
function lagOf(group: string): { records: number; seconds: number } {
  const metrics = requests.at(-1)?.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics ?? [];
  const values = (name: string) =>
    (metrics.find((metric) => metric.name === name)?.gauge?.dataPoints ?? [])
      .filter(({ attributes }) => attributes?.some(({ key, value }) => key === 'group' && value?.stringValue === group))
      .map((point) => Number(point.asInt ?? point.asDouble));
  return {
    records: values('kafka.consumer_group.lag').reduce((a, b) => a + b, 0),
    seconds: Math.max(0, ...values('weir.consumer_group.lag_time')),
  };
}

describe('order pipeline on Kafka', () => {
  it('says which broker it is, and carries traces through every topic', { timeout: 120_000 }, async () => {
    expect(broker.reason).toContain(broker.brokers);
    const inserted = () => server.spans.filter((span) => span.name === 'INSERT orders');
    await until('orders reach the warehouse', () => inserted().length >= 50);
    const traceId = inserted()[20]?.traceId;
    await until('a trace is complete', () => server.spans.filter((span) => span.traceId === traceId).length >= 10);
    const consumers = server.spans.filter((span) => span.traceId === traceId && span.kind === CONSUMER);
    expect(consumers.map((span) => span.attributes['messaging.consumer.group.name']).sort()).toEqual([
      'enrichment',
      'payments',
      'warehouse-sink',
    ]);
    expect(new Set(consumers.map((span) => span.attributes['weir.event.time'])).size).toBe(1);
  });

  it('shows a slow consumer as lag, in records and in seconds, and its recovery', { timeout: 240_000 }, async () => {
    await until('all groups have committed', () => lagOf('warehouse-sink').records < 50 && requests.length > 3);
    stages.setFault('slow-consumer', true);
    await until('lag grows', () => lagOf('enrichment').records > 150 && lagOf('enrichment').seconds > 3);
    expect(lagOf('payments').records).toBeLessThan(60);
    stages.setFault('slow-consumer', false);
    await until('lag is gone', () => lagOf('enrichment').records < 40 && lagOf('enrichment').seconds < 3);
  });
});
