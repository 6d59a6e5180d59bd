import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricsRequest } from '../../collector/otlp/model.ts';
import { kafkaLagConfig } from '../../collector/receivers/kafka-lag/config.ts';
import { createKafkaLagReceiver } from '../../collector/receivers/kafka-lag/receiver.ts';
import type { Service } from '../../core/service.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { type DemoBroker, prepareBroker, type RunningStages, startStages } from '../../examples/order-pipeline/demo.ts';
import { decodeRequest } from '../oracle/decode.ts';
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
    consume: async (request) => requests.push(decodeRequest('metrics', request)),
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

/** Newest lag of a group: records in all partitions. */
function lagOf(group: string): number {
  const metrics = requests.at(-1)?.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics ?? [];
  return (metrics.find((metric) => metric.name === 'kafka.consumer_group.lag')?.gauge?.dataPoints ?? [])
    .filter(({ attributes }) => attributes?.some(({ key, value }) => key === 'group' && value?.stringValue === group))
    .map((point) => Number(point.asInt ?? point.asDouble))
    .reduce((a, b) => a + b, 0);
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

  it('shows a slow consumer as lag, and its recovery', { timeout: 240_000 }, async () => {
    await until('all groups have committed', () => lagOf('warehouse-sink') < 50 && requests.length > 3);
    stages.setFault('slow-consumer', true);
    await until('lag grows', () => lagOf('enrichment') > 150);
    expect(lagOf('payments')).toBeLessThan(60);
    stages.setFault('slow-consumer', false);
    await until('lag is gone', () => lagOf('enrichment') < 40);
  });

  it('lets a consumer leave its group, another pause, and both go on', { timeout: 240_000 }, async () => {
    stages.setFault('stopped-consumer', true);
    stages.setFault('paused-consumer', true);
    await until('records wait for both', () => lagOf('warehouse-sink') > 0 && lagOf('payments') > 100);
    stages.setFault('paused-consumer', false);
    await until('payments works', () => lagOf('payments') < 40);
    await until('the sink does not', () => lagOf('warehouse-sink') > 100);
    stages.setFault('stopped-consumer', false);
    await until('the sink works', () => lagOf('warehouse-sink') < 40);
  });
});
