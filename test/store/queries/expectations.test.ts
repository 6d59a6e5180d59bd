import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprint, type Labels } from '../../../core/labels.ts';
import {
  readExpectations,
  readForecast,
  writeExpectations,
  writeForecasts,
} from '../../../store/queries/expectations.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { columnsOf, type Expectation } from './expectation-rows.ts';
import { NOON } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const S = 10_000;
const labels = (stage: string) => ({ signal: 'lag', pipeline: 'orders', stage });
const judged = (stage: string, i: number, more: Partial<Expectation> = {}): Expectation => ({
  time: NOON + i * S,
  labels: labels(stage),
  value: i,
  expected: i + 0.5,
  lower: i - 1,
  upper: i + 2,
  score: i / 10,
  ...more,
});
const write = (rows: readonly Expectation[]) => writeExpectations(stand.store, columnsOf(rows));
const key = (stage: string) => fingerprint(labels(stage));

describe('expectations', () => {
  test('come back as columns of one series, by time, within the range', async () => {
    await write([judged('a', 2), judged('a', 0), judged('a', 1), judged('b', 0), judged('a', 3)]);
    const columns = await readExpectations(stand.store, key('a'), NOON, NOON + 3 * S);
    expect([...columns.time]).toEqual([NOON, NOON + S, NOON + 2 * S]);
    expect([...columns.value]).toEqual([0, 1, 2]);
    expect([...columns.expected]).toEqual([0.5, 1.5, 2.5]);
    expect([...columns.lower]).toEqual([-1, 0, 1]);
    expect([...columns.upper]).toEqual([2, 3, 4]);
    expect([...columns.score]).toEqual([0, 0.1, 0.2]);
    expect((await readExpectations(stand.store, key('nobody'), NOON, NOON + S)).time).toHaveLength(0);
  });

  test('a gap stays a gap, and so does a bound that is not there', async () => {
    await write([judged('gaps', 0, { value: Number.NaN, lower: Number.NaN })]);
    const columns = await readExpectations(stand.store, key('gaps'), NOON, NOON + S);
    expect([columns.value[0], columns.expected[0], columns.lower[0]]).toEqual([Number.NaN, 0.5, Number.NaN]);
  });

  test('labels are kept as they are, many or none, in any script', async () => {
    const sets: Labels[] = [
      { signal: 'custom', pipeline: 'p', stage: 'z', name: 'Größe 大小 \u{1f40b}', empty: '' },
      {},
      { ключ: 'x'.repeat(300), signal: 'lag' },
    ];
    await write(sets.map((one) => ({ ...judged('any', 0), time: NOON + 86_400_000, labels: one })));
    const rows = await stand.store.rows<{ key: string; labels: Labels }>(
      `SELECT SeriesKey AS key, Labels AS labels FROM expectations WHERE Time >= toDateTime(${NOON / 1000 + 86_400})`,
    );
    expect(new Map(rows.map((row) => [row.key, row.labels]))).toEqual(new Map(sets.map((of) => [fingerprint(of), of])));
  });

  test('a point judged twice counts once', async () => {
    await write([judged('twice', 0)]);
    await write([judged('twice', 0, { upper: 50 })]);
    const columns = await readExpectations(stand.store, key('twice'), NOON, NOON + S);
    expect([...columns.upper]).toEqual([50]);
  });

  test('longer steps show the last point of each', async () => {
    await write(Array.from({ length: 12 }, (_, i) => judged('thin', i)));
    const columns = await readExpectations(stand.store, key('thin'), NOON, NOON + 120_000, 60_000);
    expect([...columns.time]).toEqual([NOON, NOON + 60_000]);
    expect([...columns.value]).toEqual([5, 11]);
  });
});

describe('forecasts', () => {
  const forecast = (time: number, base: number) => ({
    seriesKey: key('a'),
    time,
    p10: Float64Array.of(base - 1, base - 2),
    p50: Float64Array.of(base, base + 0.25),
    p90: Float64Array.of(base + 1, Number.NaN),
  });

  test('the newest up to a time comes back', async () => {
    await writeForecasts(stand.store, [forecast(NOON, 10), forecast(NOON + 60_000, 20)]);
    expect(await readForecast(stand.store, key('a'), NOON + 59_999)).toEqual(forecast(NOON, 10));
    expect(await readForecast(stand.store, key('a'), NOON + 3_600_000)).toEqual(forecast(NOON + 60_000, 20));
    expect(await readForecast(stand.store, key('a'), NOON - 1000)).toBeUndefined();
  });

  test('one without steps is none', async () => {
    const none = new Float64Array(0);
    await writeForecasts(stand.store, [{ seriesKey: key('none'), time: NOON, p10: none, p50: none, p90: none }]);
    expect(await readForecast(stand.store, key('none'), NOON)).toBeUndefined();
  });
});
