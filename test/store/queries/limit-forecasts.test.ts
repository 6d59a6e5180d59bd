import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LimitForecast, readLimitForecasts, writeLimitForecasts } from '../../../store/queries/limit-forecasts.ts';
import { startTestStore, type TestStore } from '../harness.ts';

/** Recent: the table forgets what is old. */
const NOW = Math.floor(Date.now() / 60_000) * 60_000;
let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const forecast = (kind: string, window: number, more: Partial<LimitForecast> = {}): LimitForecast => ({
  ...{ kind, window, time: NOW, series: 3, brier: 0.1234567890123 },
  ...{ counts: [90, 7, 3], stated: [0.02, 0.15, Number.NaN], happened: [0.01, 1 / 7, Number.NaN] },
  ...{ announced: 5, kept: 4, lead: 1020.5, crossings: 6, foreseen: 4 },
  ...more,
});

test('nothing is known before a detector has told of it', async () => {
  expect(await readLimitForecasts(stand.store)).toEqual([]);
});

test('what was told comes back as it was, by kind and window, with what is not known as NaN', async () => {
  const told = [
    forecast('threshold', 1800),
    forecast('threshold', 900, { brier: Number.NaN, lead: Number.NaN, kept: 0 }),
    forecast('slo', 900),
  ];
  await writeLimitForecasts(stand.store, told);
  expect(await readLimitForecasts(stand.store)).toEqual([told[2], told[1], told[0]]);
});

test('the newest word on a kind and window counts', async () => {
  await writeLimitForecasts(stand.store, [forecast('threshold', 1800, { time: NOW + 1000, announced: 6, kept: 5 })]);
  await writeLimitForecasts(stand.store, [forecast('threshold', 1800, { time: NOW - 1000, announced: 1, kept: 1 })]);
  const read = await readLimitForecasts(stand.store);
  expect(read.map(({ kind, window, announced }) => [kind, window, announced])).toEqual([
    ['slo', 900, 5],
    ['threshold', 900, 5],
    ['threshold', 1800, 6],
  ]);
});
