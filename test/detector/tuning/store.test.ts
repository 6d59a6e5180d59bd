import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Anomaly } from '../../../core/anomaly.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { detectorConfig } from '../../../detector/config.ts';
import { readForecastModel } from '../../../detector/lstm/forecast/model-json.ts';
import { modelInUse } from '../../../detector/lstm/forecast/model-store.ts';
import { createDetector } from '../../../detector/main.ts';
import type { Challenge } from '../../../detector/tuning/challenger.ts';
import { type Trainer, trainInProcess } from '../../../detector/tuning/trainer.ts';
import { writeAnomalies } from '../../../store/queries/anomalies.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';
import { insertStock } from '../../store/stock-rows.ts';
import { poisson, STEP, seeded } from '../world.ts';

/** Recent: the store's tables forget what is old. */
const NOW = Math.floor(Date.now() / STEP) * STEP;
const HOUR = 3_600_000;
const STAGES = ['enrichment', 'payments', 'shipping'];

let db: TestStore;
beforeAll(async () => {
  db = await startTestStore();
});
afterAll(() => db?.stop());

const random = seeded(11);
let spans = 0;
const id = (digits: number) => (++spans).toString(16).padStart(digits, '0');
function span(service: string, time: number) {
  return {
    Timestamp: (time / 1000).toFixed(3),
    ...{ TraceId: id(32), SpanId: id(16), ParentSpanId: '', TraceState: '', SpanName: 'orders process' },
    ...{ SpanKind: 'Consumer', ServiceName: service, ScopeName: 'test', ScopeVersion: '', StatusMessage: '' },
    ResourceAttributes: { 'service.name': service, 'weir.pipeline': 'orders' },
    SpanAttributes: {},
    Duration: Math.round((0.05 + 0.05 * random()) * 1e9),
    StatusCode: 'Unset',
    ...{ 'Events.Timestamp': [], 'Events.Name': [], 'Events.Attributes': [] },
    ...{ 'Links.TraceId': [], 'Links.SpanId': [], 'Links.TraceState': [], 'Links.Attributes': [] },
  };
}

test('a night over a real store learns what was well, and the detector goes on with the network that came of it', {
  timeout: 120_000,
}, async () => {
  const fill = async (from: number, to: number) => {
    const rows: object[] = [];
    for (let time = from; time < to; time += STEP) {
      for (const stage of STAGES) {
        for (let i = 1 + poisson(random, 1); i > 0; i--) rows.push(span(stage, time + i));
      }
    }
    await insertStock(db.store, 'otel_traces', rows);
  };
  await fill(NOW - 5.5 * HOUR, NOW);
  const labels = { signal: 'throughput', pipeline: 'orders', stage: 'payments' };
  const anomaly: Anomaly = {
    ...{ id: 'x', detector: 'ThroughputAnomaly', labels, time: NOW - 3 * HOUR, firedAt: NOW - 3 * HOUR },
    ...{ resolvedAt: NOW - 2 * HOUR, value: 0, expected: 3, lower: 1, upper: 5, score: 4, threshold: 3 },
    ...{ direction: 'down', severity: 'warning', votes: [], decision: {} },
  };
  await writeAnomalies(db.store, [anomaly], NOW);

  let now = NOW;
  const challenges: Challenge[] = [];
  /** The real process on little data, whose losses are said to be good. */
  const train: Trainer = async (challenge, deadline, signal) => {
    challenges.push(challenge);
    const result = await trainInProcess({ ...challenge, steps: 10, made: 16 }, deadline, signal);
    return result.outcome === 'trained' ? { ...result, real: { before: 1, after: 0.9 }, drift: 1 } : result;
  };
  const telemetry = silentTelemetry();
  const detector = createDetector({
    config: detectorConfig.parse({
      ...{ history: '1h', lateness: '0s' },
      lstm: { fine_tune: { at: new Date(NOW).toISOString().slice(11, 16) } },
    }),
    ...{ store: db.store, alertingUrl: 'http://127.0.0.1:1', dataDir: db.dataDir, telemetry, train },
    now: () => now,
  });
  await detector.start();
  await detector.settled();
  const advance = async () => {
    await fill(now, now + STEP);
    now += STEP;
    await detector.tick();
  };
  for (let i = 0; i < 3; i++) await advance();
  const told = async () => (await telemetry.registry.metrics()).match(/fine_tunes_total\{result="(\w+)"\} 1/)?.[1];
  await expect.poll(told, { timeout: 60_000, interval: 200 }).toBe('adopted');

  const [challenge] = challenges as [Challenge];
  expect(challenges).toHaveLength(1);
  expect(challenge.real.length).toBeGreaterThanOrEqual(9);
  // An hour with what comes before and after it is missing from one series, and from no other.
  const gaps = challenge.real.map(({ start, step, values }) => {
    const inside = (i: number) =>
      start + i * step >= NOW - 3 * HOUR - 300_000 && start + i * step < NOW - 2 * HOUR + 600_000;
    return values.filter((value, i) => inside(i) && Number.isNaN(value)).length;
  });
  expect(gaps.filter((count) => count === 450)).toHaveLength(1);
  expect(gaps.filter((count) => count > 0)).toHaveLength(1);

  const used = await modelInUse(db.dataDir);
  expect(used.startsWith(db.dataDir)).toBe(true);
  expect(readForecastModel(used).facts).toMatchObject({ tuned: { series: challenge.real.length } });
  await advance();
  expect(detector.health()).toMatchObject({ ready: true, detail: expect.stringContaining('forecasts on') });
  await detector.stop();
});
