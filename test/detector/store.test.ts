import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PostableAlert } from '../../core/alert.ts';
import { fingerprint } from '../../core/labels.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createDetector } from '../../detector/main.ts';
import { readAnomalies } from '../../store/queries/anomalies.ts';
import { readExpectations } from '../../store/queries/expectations.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { insertStock } from '../store/stock-rows.ts';
import { poisson, STEP, seeded } from './world.ts';

/** Recent: the store's tables forget what is old. */
const EPOCH = Math.floor(Date.now() / STEP) * STEP - 3_600_000;

let db: TestStore;
const posts: PostableAlert[][] = [];
let authorization: string | undefined;
const alerting = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    authorization = request.headers.authorization;
    if (request.url === '/api/v2/alerts') posts.push(JSON.parse(body));
    response.end();
  });
});

beforeAll(async () => {
  db = await startTestStore();
  await new Promise<void>((done) => alerting.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  alerting.close();
  await db?.stop();
});

/** Spans of one step of one service, as the collector inserts them. */
function spans(service: string, time: number, count: number, seconds: number, failed: number, random: () => number) {
  return Array.from({ length: count }, (_, i) => ({
    Timestamp: `${((time + (i * STEP) / count) / 1000).toFixed(3)}`,
    TraceId: Math.floor(random() * 2 ** 52)
      .toString(16)
      .padStart(32, '0'),
    SpanId: Math.floor(random() * 2 ** 52)
      .toString(16)
      .padStart(16, '0'),
    ParentSpanId: '',
    TraceState: '',
    SpanName: 'orders process',
    SpanKind: 'Consumer',
    ServiceName: service,
    ResourceAttributes: { 'service.name': service, 'weir.pipeline': 'orders' },
    ScopeName: 'test',
    ScopeVersion: '',
    SpanAttributes: {
      'messaging.system': 'kafka',
      'messaging.destination.name': 'orders',
      'messaging.consumer.group.name': service,
      'messaging.operation.type': 'process',
    },
    Duration: Math.round(seconds * (0.8 + 0.4 * random()) * 1e9),
    StatusCode: i < failed ? 'Error' : 'Unset',
    StatusMessage: '',
    'Events.Timestamp': [],
    'Events.Name': [],
    'Events.Attributes': [],
    'Links.TraceId': [],
    'Links.SpanId': [],
    'Links.TraceState': [],
    'Links.Attributes': [],
  }));
}

test('stored spans to alert: bands, a fault found within a minute, a restart without a flap, the resolve', {
  // Over forty ticks, each of which stores spans and reads all signals.
  timeout: 240_000,
}, async () => {
  const random = seeded(5);
  const fault = { from: EPOCH + 120_000, to: EPOCH + 300_000 };
  const begin = EPOCH - 1_800_000;
  const rows: object[] = [];
  const step = (time: number) => {
    const bad = time >= fault.from && time < fault.to;
    return [
      ...spans('enrichment', time, poisson(random, 40), bad ? 0.5 : 0.05, bad ? 12 : 0, random),
      ...spans('payments', time, poisson(random, 40), 0.05, 0, random),
    ];
  };
  for (let time = begin; time < EPOCH; time += STEP) rows.push(...step(time));
  await insertStock(db.store, 'otel_traces', rows);

  let now = EPOCH + 1_000;
  const { port } = alerting.address() as AddressInfo;
  const open = () =>
    createDetector({
      config: detectorConfig.parse({ history: '1h', lateness: '0s', lstm: { enabled: false } }),
      store: db.store,
      alertingUrl: () => `http://127.0.0.1:${port}/`,
      alertingToken: 'a-token-of-sixteen',
      dataDir: db.dataDir,
      telemetry: silentTelemetry(),
      now: () => now,
    });
  let detector = open();
  await detector.start();
  await detector.settled();
  const firing = () =>
    new Set(
      (posts.at(-1) ?? []).filter(({ endsAt }) => Date.parse(endsAt ?? '') > now).map((a) => a.labels['alertname']),
    );
  const advance = async (steps: number) => {
    for (let i = 0; i < steps; i++) {
      await insertStock(db.store, 'otel_traces', step(now - 1_000));
      now += STEP;
      await detector.tick();
    }
    await detector.settled();
  };

  await advance(12);
  expect(posts).toEqual([]);
  expect(detector.health().ready).toBe(true);
  await advance(7);
  expect(firing()).toContain('ErrorRatioHigh');
  expect(firing()).toContain('LatencyHigh');
  expect(posts.at(-1)?.every(({ labels }) => labels['stage'] === 'enrichment')).toBe(true);
  expect(authorization).toBe('Bearer a-token-of-sixteen');

  const labels = { signal: 'latency_p95', pipeline: 'orders', stage: 'enrichment' };
  const bands = await readExpectations(db.store, fingerprint(labels), EPOCH, now);
  expect(bands.time.length).toBeGreaterThanOrEqual(17);
  expect(bands.upper[3]).toBeGreaterThan(bands.lower[3] as number);
  const anomalies = await readAnomalies(db.store, { from: EPOCH, to: now });
  expect(anomalies.map(({ detector: name }) => name)).toContain('LatencyHigh');
  expect(anomalies.every(({ resolvedAt }) => resolvedAt === 0)).toBe(true);

  const startsAt = posts.at(-1)?.[0]?.startsAt;
  await detector.stop();
  detector = open();
  await detector.start();
  await detector.settled();
  expect(firing()).toContain('LatencyHigh');
  expect(posts.at(-1)?.[0]?.startsAt).toBe(startsAt);

  await advance(25);
  expect(firing()).toEqual(new Set());
  expect(posts.at(-1)?.length).toBeGreaterThanOrEqual(2);
  const ended = await readAnomalies(db.store, { from: EPOCH, to: now });
  expect(ended.length).toBeGreaterThanOrEqual(anomalies.length);
  expect(ended.every(({ resolvedAt }) => resolvedAt >= fault.to)).toBe(true);
  await detector.stop();
});
