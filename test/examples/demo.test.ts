import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type DemoBroker,
  prepareBroker,
  type RunningStages,
  sendHistory,
  startStages,
} from '../../examples/order-pipeline/demo.ts';
import { switchFault } from '../../examples/order-pipeline/fault.ts';
import { FAULT_NAMES } from '../../examples/order-pipeline/faults.ts';
import { type ReceivedSpan, startOtlpServer } from '../sdk/otlp-server.ts';

const KIND = { server: 2, client: 3, producer: 4, consumer: 5 };
let server: Awaited<ReturnType<typeof startOtlpServer>>;
let broker: DemoBroker;
let stages: RunningStages;
const lines: string[] = [];

beforeAll(async () => {
  server = await startOtlpServer();
  broker = await prepareBroker({ broker: 'memory' });
  stages = await startStages({
    otlpUrl: server.url,
    broker,
    controlPort: 0,
    env: { ...process.env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', NODE_OPTIONS: '' },
    log: (line) => lines.push(line),
  });
}, 120_000);
afterAll(async () => {
  await stages?.stop();
  await broker?.stop();
  await server?.[Symbol.asyncDispose]();
}, 60_000);

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}\n${lines.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Spans that arrive from now on. */
function fromNow(): () => readonly ReceivedSpan[] {
  const start = server.spans.length;
  return () => server.spans.slice(start);
}

const of = (spans: readonly ReceivedSpan[], service: string, kind: number) =>
  spans.filter((span) => span.service === service && span.kind === kind);

/** The newest value of a metric of a group, all partitions together. */
function latest(metric: string, group: string): number {
  const newest = new Map<unknown, number>();
  for (const point of server.points) {
    if (point.metric !== metric || point.attributes['group'] !== group) continue;
    newest.set(point.attributes['partition'], Number(point.point['asInt'] ?? point.point['asDouble']));
  }
  return [...newest.values()].reduce((a, b) => a + b, 0);
}

const lagOf = (group: string) => latest('kafka.consumer_group.lag', group);

function membersOf(group: string): number {
  const point = server.points.findLast(
    ({ metric, attributes }) => metric === 'kafka.consumer_group.members' && attributes['group'] === group,
  );
  return Number(point?.point['asInt'] ?? point?.point['asDouble']);
}

describe('order pipeline on the in-process log', () => {
  afterEach(() => {
    for (const name of FAULT_NAMES) stages.setFault(name, false);
  });

  it('carries one trace from the gateway to the warehouse', { timeout: 90_000 }, async () => {
    await until('orders reach the warehouse', () => of(server.spans, 'warehouse-sink', KIND.client).length >= 20);
    const inserted = of(server.spans, 'warehouse-sink', KIND.client).at(-20) as ReceivedSpan;
    await until('its trace is complete', () => server.spans.filter((s) => s.traceId === inserted.traceId).length >= 10);
    const trace = server.spans.filter((span) => span.traceId === inserted.traceId);
    const shape = trace.map(({ service, kind, name }) => `${service} ${kind} ${name}`).sort();
    expect(shape).toEqual(
      [
        'gateway 2 POST /orders',
        'gateway 4 send orders',
        'enrichment 5 process orders',
        'enrichment 1 look up country',
        'enrichment 4 send orders.enriched',
        'payments 5 process orders.enriched',
        'payments 1 charge',
        'payments 4 send payments',
        'warehouse-sink 5 process payments',
        'warehouse-sink 3 INSERT orders',
      ].sort(),
    );
    for (const span of trace) {
      expect(span.resource).toMatchObject({ 'service.namespace': 'orders', 'weir.console.url': stages.controlUrl });
      expect(span.resource).not.toHaveProperty('weir.origin');
    }
    const processed = trace.filter((span) => span.kind === KIND.consumer);
    const times = new Set(processed.map((span) => span.attributes['weir.event.time']));
    expect(times.size).toBe(1);
    for (const span of processed) expect(span.attributes['messaging.consumer.group.name']).toBe(span.service);
    expect(inserted.attributes).toMatchObject({ 'db.system.name': 'sqlite', 'db.namespace': 'warehouse' });
  });

  it('slow consumer: enrichment falls behind, and catches up afterwards', { timeout: 150_000 }, async () => {
    await switchFault('slow-consumer', true, Number(new URL(stages.controlUrl).port));
    await until('lag grows', () => lagOf('enrichment') > 80);
    expect(lagOf('payments')).toBeLessThan(40);
    stages.setFault('slow-consumer', false);
    await until('lag is gone', () => lagOf('enrichment') < 40);
  });

  it('error burst: payments fail, and the warehouse gets less', { timeout: 90_000 }, async () => {
    stages.setFault('error-burst', true);
    const spans = fromNow();
    await until('charges were made', () => of(spans(), 'payments', KIND.consumer).length > 180);
    const charged = of(spans(), 'payments', KIND.consumer).slice(-120);
    const failed = charged.filter((span) => span.status === 2);
    expect(failed.length / charged.length).toBeGreaterThan(0.2);
    expect(failed.length / charged.length).toBeLessThan(0.5);
    expect(failed[0]?.attributes['error.type']).toBe('ProviderError');
    stages.setFault('error-burst', false);
  });

  it('silent producer: requests are answered, nothing is published', { timeout: 90_000 }, async () => {
    stages.setFault('silent-producer', true);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const spans = fromNow();
    await until('orders were taken', () => of(spans(), 'gateway', KIND.server).length > 60);
    expect(of(spans(), 'gateway', KIND.producer)).toHaveLength(0);
    expect(of(spans(), 'gateway', KIND.server).every((span) => span.status !== 2)).toBe(true);
    stages.setFault('silent-producer', false);
    await until('orders flow again', () => of(spans(), 'gateway', KIND.producer).length > 0);
  });

  it('poison messages: enrichment fails on them and moves them aside', { timeout: 90_000 }, async () => {
    stages.setFault('poison-messages', true);
    const spans = fromNow();
    const dead = () => of(spans(), 'enrichment', KIND.producer).filter((span) => span.name === 'send orders.dlq');
    await until('some are in the dead letter topic', () => dead().length > 20);
    const failed = of(spans(), 'enrichment', KIND.consumer).filter((span) => span.status === 2);
    expect(failed.length).toBeGreaterThan(10);
    expect(new Set(failed.map((span) => span.attributes['error.type']))).toContain('SyntaxError');
    stages.setFault('poison-messages', false);
  });

  it('slow database: the calls take long, and so does the sink', { timeout: 90_000 }, async () => {
    stages.setFault('slow-database', true);
    await until('the sink falls behind', () => lagOf('warehouse-sink') > 60);
    expect(lagOf('enrichment')).toBeLessThan(60);
    stages.setFault('slow-database', false);
    await until('it catches up', () => lagOf('warehouse-sink') < 40);
  });

  it('paused consumer: payments takes nothing, stays in its group, and goes on where it was', {
    timeout: 90_000,
  }, async () => {
    stages.setFault('paused-consumer', true);
    await until('records wait', () => lagOf('payments') > 60);
    expect(membersOf('payments')).toBe(1);
    stages.setFault('paused-consumer', false);
    await until('they were taken', () => lagOf('payments') < 40);
  });

  it('stopped consumer: the group of the sink is empty, and its process is the same', { timeout: 90_000 }, async () => {
    const pid = stages.pid('warehouse-sink');
    stages.setFault('stopped-consumer', true);
    await until('records wait', () => membersOf('warehouse-sink') === 0 && lagOf('warehouse-sink') > 60);
    stages.setFault('stopped-consumer', false);
    await until('it is back', () => membersOf('warehouse-sink') === 1 && lagOf('warehouse-sink') < 40);
    expect(stages.pid('warehouse-sink')).toBe(pid);
  });

  it('silent drop: enrichment handles orders and sends them nowhere, without an error', {
    timeout: 90_000,
  }, async () => {
    stages.setFault('silent-drop', true);
    const spans = fromNow();
    // What a stage sent for an order ends, and is exported, before the order's own span.
    const dropped = () => {
      const sent = new Set(of(spans(), 'enrichment', KIND.producer).map((span) => span.traceId));
      return of(spans(), 'enrichment', KIND.consumer).filter((span) => !sent.has(span.traceId));
    };
    await until('orders were dropped', () => dropped().length >= 8);
    stages.setFault('silent-drop', false);
    expect(dropped().length).toBeLessThan(of(spans(), 'enrichment', KIND.consumer).length / 4);
    for (const span of dropped()) expect(span.status).not.toBe(2);
  });

  it('starts a stage again that was killed, and the fault it had is still on', { timeout: 90_000 }, async () => {
    stages.setFault('silent-producer', true);
    const pid = stages.pid('gateway') as number;
    process.kill(pid, 'SIGKILL');
    await until('another process', () => stages.pid('gateway') !== pid);
    const spans = fromNow();
    await until('it takes orders', () => of(spans(), 'gateway', KIND.server).length > 40);
    expect(of(spans(), 'gateway', KIND.server).length).toBeGreaterThan(of(spans(), 'gateway', KIND.producer).length);
    stages.setFault('silent-producer', false);
    await until('and publishes again', () => of(spans(), 'gateway', KIND.producer).length > 10);
  });
});

describe('history', () => {
  it('is sent with past timestamps, and waits when the platform is overloaded', async () => {
    await using busy = await startOtlpServer({ refusals: 3 });
    const done: number[] = [];
    const until = Date.UTC(2026, 0, 1);
    const { sendHistory: send } = await import('../../examples/order-pipeline/history/send.ts');
    const result = await send({
      otlpUrl: busy.url,
      hours: 0.5,
      until,
      system: 'kafka',
      resource: {},
      onProgress: (part) => done.push(part),
    });
    expect(busy.points).toHaveLength(result.points);
    const times = busy.points.map((point) => Number(BigInt(String(point.point['timeUnixNano'])) / 1_000_000n));
    expect(Math.max(...times)).toBe(until);
    expect(Math.min(...times)).toBe(until - 1_800_000 + 10_000);
    expect(done.at(-1)).toBe(1);
    expect(new Set(busy.points.map((point) => point.resource['weir.origin']))).toEqual(new Set(['generated']));
  });

  it('fails with a sentence when nobody listens', async () => {
    await expect(
      sendHistory({ otlpUrl: server.url.replace(/:\d+$/, ':9/else'), hours: 0, broker: { system: 'kafka' } }),
    ).resolves.toMatchObject({ points: 0 });
  });
});

describe('choice of a broker', () => {
  it('takes the in-process log where there is no Java, and says so', async () => {
    const chosen = await prepareBroker({ env: { PATH: '/nonexistent' } });
    expect(chosen).toMatchObject({ kind: 'memory', system: 'memory_log' });
    expect(chosen.reason).toBe('an in-process partitioned log: Java is not installed, and KAFKA_BROKERS is not set');
    await chosen.stop();
  });

  it('refuses when Kafka is insisted on and cannot be had', async () => {
    await expect(prepareBroker({ broker: 'kafka', env: { PATH: '/nonexistent' } })).rejects.toThrow(
      'Java is not installed',
    );
  });
});
