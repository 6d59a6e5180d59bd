import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Anomaly } from '../../../core/anomaly.ts';
import { readAnomalies, readAnomaly, writeAnomalies } from '../../../store/queries/anomalies.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { NOON } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const anomaly = (id: string, more: Partial<Anomaly> = {}): Anomaly => ({
  id,
  detector: 'lag_high',
  labels: { signal: 'lag', pipeline: 'orders', stage: 'billing', topic: 'orders', group: 'billing' },
  time: NOON,
  firedAt: 0,
  resolvedAt: 0,
  value: 0.1 + 0.2,
  expected: 40,
  lower: 10,
  upper: 90,
  score: 7.25,
  threshold: 3,
  direction: 'up',
  severity: 'warning',
  votes: [
    { scorer: 'seasonal', score: 5.5, p: 1e-9, weight: 1, expected: 40, lower: 10, upper: 90, inputs: { mad: 1 / 3 } },
  ],
  decision: { for: '30s', samples: 1234 },
  ...more,
});

const ids = async (from: number, to: number, match = {}) =>
  (await readAnomalies(stand.store, { from, to, match })).map(({ id }) => id);

test('an anomaly comes back exactly as it was decided, in its newest state', async () => {
  const pending = anomaly('life');
  await writeAnomalies(stand.store, [pending], NOON);
  expect(await readAnomaly(stand.store, 'life')).toEqual(pending);
  const resolved = { ...pending, firedAt: NOON + 30_000, resolvedAt: NOON + 90_000, severity: 'critical' } as const;
  await writeAnomalies(stand.store, [{ ...pending, firedAt: NOON + 30_000 }, resolved], NOON + 90_000);
  await writeAnomalies(stand.store, [resolved], NOON + 90_001);
  // A late write of an old state changes nothing.
  await writeAnomalies(stand.store, [pending], NOON - 5);
  expect(await readAnomaly(stand.store, 'life')).toEqual(resolved);
  expect(await readAnomalies(stand.store, { from: NOON, to: NOON + 1 })).toEqual([resolved]);
  expect(await readAnomaly(stand.store, 'nobody')).toBeUndefined();
});

test('numbers that JSON cannot write survive, in the row, in the votes and in the decision', async () => {
  const odd = anomaly('odd', {
    time: NOON + 1000,
    expected: Number.NaN,
    lower: -Infinity,
    upper: Infinity,
    votes: [
      {
        scorer: 'threshold',
        score: Number.NaN,
        p: 0,
        weight: 0,
        expected: Number.NaN,
        lower: -Infinity,
        upper: Infinity,
        inputs: { limit: Number.NaN },
      },
    ],
    decision: { history: Infinity, query: '{"$":"text"}', step: 10_000 },
  });
  await writeAnomalies(stand.store, [odd], NOON);
  expect(await readAnomaly(stand.store, 'odd')).toEqual(odd);
});

test('a range holds what was open in it', async () => {
  const at = NOON + 3_600_000;
  const labels = { signal: 'throughput', stage: 'ranged' };
  await writeAnomalies(
    stand.store,
    [
      anomaly('never-fired', { labels, time: at }),
      anomaly('still-open', { labels, time: at + 1, firedAt: at + 30_000 }),
      anomaly('closed', { labels, time: at + 2, firedAt: at + 30_000, resolvedAt: at + 60_000 }),
      anomaly('later', { labels, time: at + 600_000 }),
    ],
    at,
  );
  const match = { stage: 'ranged' };
  expect(await ids(at, at + 10, match)).toEqual(['closed', 'still-open', 'never-fired']);
  expect(await ids(at + 50_000, at + 100_000, match)).toEqual(['closed', 'still-open']);
  expect(await ids(at + 60_001, at + 100_000, match)).toEqual(['still-open']);
  expect(await ids(at + 600_000, at + 600_001, match)).toEqual(['later', 'still-open']);
  expect(await ids(at, at + 10, { ...match, signal: 'lag' })).toEqual([]);
  expect(await ids(at, at + 10, { stage: "ranged' OR 1=1 --" })).toEqual([]);
  const limited = await readAnomalies(stand.store, { from: at, to: at + 10, match, limit: 1 });
  expect(limited.map(({ id }) => id)).toEqual(['closed']);
});

test('writing nothing asks the store nothing', async () => {
  await expect(writeAnomalies(stand.store, [], NOON)).resolves.toBeUndefined();
});
