import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Conservation, writeConservation } from '../../../store/queries/conservation.ts';
import { readSignals } from '../../../store/queries/signals.ts';
import { startTestStore, type TestStore } from '../harness.ts';

let stand: TestStore;
const BEGIN = Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000;
const row = (step: number, over: Partial<Conservation>): Conservation => ({
  ...{ time: BEGIN + step * 10_000, pipeline: 'shop', kind: 'edge', from: 'a1', to: 'a2', fromService: 'gateway' },
  ...{ service: 'billing', direction: 'in', destination: 'orders', group: 'billing', state: 'conserved' },
  ...{ sent: 100, reached: 100, ratio: 1, seconds: 60, missing: 0.0001, sigmas: 0, settle: 20, detectable: 0.01 },
  ...{ delay1: 60, delay01: Number.NaN, reason: '' },
  ...over,
});

beforeAll(async () => {
  stand = await startTestStore();
  await writeConservation(stand.store, [
    row(0, {}),
    row(3, { state: 'dropping', missing: 0.02 }),
    row(3, { state: 'dropping', missing: 0.05, to: 'b2' }),
    row(5, { state: 'stopped', missing: 1 }),
    row(6, { state: 'waiting', missing: Number.NaN }),
    row(16, { state: 'left', missing: Number.NaN }),
    row(0, { kind: 'pathway', service: 'sink', state: 'dropping', missing: 0.5 }),
    row(-3, { service: 'mailer', destination: 'invoices', group: 'mailer' }),
    row(2, { service: 'young', state: 'learning', missing: Number.NaN }),
  ]);
});
afterAll(() => stand?.stop());

test('drop_ratio is what is missing, the worst of the ways to one place, and 0 where nothing is, as where nobody reads', async () => {
  const series = await readSignals(stand.store, {
    ...{ from: BEGIN, to: BEGIN + 180_000, step: 10_000, signals: ['drop_ratio'] },
  });
  expect(series.map(({ labels }) => labels)).toEqual([
    { signal: 'drop_ratio', pipeline: 'shop', stage: 'billing', topic: 'orders', group: 'billing' },
    { signal: 'drop_ratio', pipeline: 'shop', stage: 'mailer', topic: 'invoices', group: 'mailer' },
  ]);
  const [billing, mailer] = series;
  const none = Number.NaN;
  // Of the step that ends with the round, and carried forward for 90 s.
  expect([...(billing?.values ?? [])]).toEqual([0, 0, 0.05, 0.05, ...new Array(10).fill(1), none, 0, 0, 0]);
  expect([...(mailer?.values ?? [])].slice(0, 7)).toEqual([0, 0, 0, 0, 0, 0, none]);
});

test('it can be matched as every signal', async () => {
  const query = { from: BEGIN, to: BEGIN + 60_000, step: 60_000, signals: ['drop_ratio'] as const };
  const found = await readSignals(stand.store, { ...query, match: { stage: 'billing' } });
  expect(found.map(({ values }) => [...values])).toEqual([[1]]);
});
