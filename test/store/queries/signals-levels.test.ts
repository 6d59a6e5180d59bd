import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Series } from '../../../core/series.ts';
import { bucketIndex, bucketSeconds } from '../../../store/queries/buckets.ts';
import { type Flow, readFlows } from '../../../store/queries/flows.ts';
import { readSignals, type SignalQuery } from '../../../store/queries/signals.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { consume, lag, NOON, point, produce, query, span } from './telemetry-rows.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const pipeline = 'levels';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
  const spans: object[] = [];
  const points: object[] = [];
  // Three hours of a call every ten seconds by two operations, a tenth of them failing, latency rising through each hour.
  for (let i = 0; i < 1080; i++) {
    const at = NOON + i * 10_000;
    const ms = 10 + (i % 360);
    spans.push(span({ pipeline, service: 'a', at, ms, name: `op ${i % 2}`, error: i % 10 === 0 }));
    if (i % 6 === 0) {
      spans.push(
        produce('t', { pipeline, service: 'a', at }),
        consume('t', 'g', { pipeline, service: 'b', at, ms: 3 }),
      );
      spans.push(query('warehouse', { pipeline, service: 'b', at, ms: 40 }));
      points.push(lag('t', 'g', 0, i, { pipeline, at }));
      points.push(point({ pipeline, service: 'b', at, value: i, attributes: { 'weir.signal': 'heat' } }));
    }
  }
  await insertStock(stand.store, 'otel_traces', spans);
  await insertStock(stand.store, 'otel_metrics_gauge', points);
});
afterAll(() => stand?.stop());

const read = (query: Partial<SignalQuery>): Promise<Series[]> =>
  readSignals(stand.store, { from: NOON, to: NOON + 3 * HOUR, step: MINUTE, match: { pipeline }, ...query });

/** The series of one signal by step, as text with three digits, since sums over levels differ in their last bits. */
function columns(series: readonly Series[], signal: string): string[] {
  const found = series.filter((one) => one.labels['signal'] === signal);
  expect(found, signal).toHaveLength(1);
  return Array.from((found[0] as Series).values, (value) => value.toPrecision(3));
}

describe('a step of whole minutes or hours', () => {
  test('gives what ten-second steps give for the same time', async () => {
    const steps = [30_000, MINUTE, 5 * MINUTE, HOUR];
    const [fine, ...coarse] = await Promise.all(steps.map((step) => read({ step })));
    expect(fine).toHaveLength(14);
    for (const [i, series] of coarse.entries()) {
      const step = steps[i + 1] as number;
      expect(series.map((one) => one.labels)).toEqual(fine?.map((one) => one.labels));
      for (const one of series) {
        expect(one).toMatchObject({ start: NOON, step });
        expect(one.values).toHaveLength((3 * HOUR) / step);
      }
    }
    const [minutes, fives, hours] = coarse as [Series[], Series[], Series[]];
    for (const series of [minutes, fives, hours]) {
      const stages = series.filter(({ labels }) => labels['signal'] === 'throughput').map(({ values }) => values[0]);
      expect(stages.map((value) => value?.toFixed(4))).toEqual(['0.1000', '0.0167']);
    }
    // 10 to 369 ms through each hour: the percentiles are those of the calls, whichever level they were added up in.
    for (const p95 of hours.filter(({ labels }) => labels['signal'] === 'latency_p95' && labels['stage'] === 'a')) {
      for (const value of p95.values) expect(Math.abs(value / 0.351 - 1)).toBeLessThan(0.011);
    }
    expect(columns(hours, 'output')).toEqual(['0.0167', '0.0167', '0.0167']);
    expect(columns(hours, 'custom')).toEqual(['354', '714', '1.07e+3']);
    expect(columns(fives, 'lag').slice(0, 3)).toEqual(['24.0', '54.0', '84.0']);
    expect(columns(hours, 'lag')).toEqual(['354', '714', '1.07e+3']);
    const read40ms = bucketSeconds(bucketIndex(0.04)).toPrecision(3);
    expect(columns(minutes, 'dependency_p95').slice(0, 2)).toEqual([read40ms, read40ms]);
  });

  test('adds up, or ends with, the ten-second steps within it', async () => {
    const fine = await read({ step: 10_000 });
    const ADDED = ['throughput', 'output'];
    const LAST = ['lag', 'custom'];
    const compared = new Set<string>();
    for (const step of [MINUTE, 5 * MINUTE, HOUR]) {
      const coarse = await read({ step });
      expect(coarse.map(({ labels }) => labels)).toEqual(fine.map(({ labels }) => labels));
      for (const [i, { labels, values }] of coarse.entries()) {
        const signal = labels['signal'] as string;
        if (!ADDED.includes(signal) && !LAST.includes(signal)) continue;
        compared.add(signal);
        for (const [k, value] of values.entries()) {
          const within = (fine[i] as Series).values.slice((k * step) / 10_000, ((k + 1) * step) / 10_000);
          const mean = within.reduce((sum, one) => sum + one, 0) / within.length;
          const wanted = ADDED.includes(signal) ? mean : (within.at(-1) as number);
          expect(value, `${signal} of ${step} ms at ${k}`).toBeCloseTo(wanted, 9);
        }
      }
    }
    expect([...compared].sort()).toEqual([...ADDED, ...LAST].sort());
  });

  test('is read from the level of that length', async () => {
    const alone = 'alone';
    const row = {
      Pipeline: alone,
      Service: 's',
      Kind: 'Server',
      Source: 'spans',
      Count: 6,
      Messages: 6,
      Time: NOON / 1000,
    };
    await stand.store.insert('edges_1m', [row]);
    const seen = async (step: number) =>
      (await read({ step, match: { pipeline: alone }, signals: ['throughput'] })).map(({ values }) => values[0]);
    expect(await seen(10_000)).toEqual([]);
    expect(await seen(MINUTE)).toEqual([0.1]);
    expect(await seen(30 * MINUTE)).toEqual([6 / 1800]);
  });

  test('knows series since whole rows of its level', async () => {
    const old = 'old';
    await insertStock(stand.store, 'otel_traces', [span({ pipeline: old, at: NOON + 30_000 })]);
    const later = { from: NOON + 2 * HOUR, to: NOON + 2 * HOUR + 2 * MINUTE, match: { pipeline: old } };
    const [series] = await read({ ...later, knownSince: NOON + 20_000, signals: ['throughput'] });
    expect([...(series as Series).values]).toEqual([0, 0]);
  });
});

describe('with a retention', () => {
  const retention = { '10s': 7 * DAY, '1m': 30 * DAY, '1h': 400 * DAY };
  const stepOf = async (age: number, step: number) =>
    (await read({ step, retention, now: NOON + age, signals: ['throughput'] })).map((one) => [
      one.step,
      one.values.length,
    ])[0];

  test('a range that the finer level has lost comes in longer steps', async () => {
    expect(await stepOf(DAY, 10_000)).toEqual([10_000, 1080]);
    expect(await stepOf(8 * DAY, 10_000)).toEqual([MINUTE, 180]);
    expect(await stepOf(8 * DAY, 90_000)).toEqual([2 * MINUTE, 90]);
    expect(await stepOf(31 * DAY, 5 * MINUTE)).toEqual([HOUR, 3]);
  });

  test('a step that no row divides is refused all the same', async () => {
    await expect(stepOf(31 * DAY, 15_000)).rejects.toMatchObject({ code: 'store_signals_range_invalid' });
  });
});

test('flows of a long range are those of its parts', async () => {
  const long = await readFlows(stand.store, NOON, NOON + 3 * HOUR);
  expect(long.map((flow) => [flow.kind, flow.service, flow.other, flow.messages])).toEqual([
    ['produces', 'a', 't', 180],
    ['calls', 'b', 'warehouse', 180],
    ['consumes', 'b', 't', 180],
  ]);
  const parts = await Promise.all(
    Array.from({ length: 18 }, (_, i) => readFlows(stand.store, NOON + i * 10 * MINUTE, NOON + (i + 1) * 10 * MINUTE)),
  );
  const sum = (flows: readonly Flow[]) => flows.reduce((total, flow) => total + flow.messages, 0);
  expect(sum(parts.flat())).toBe(sum(long));
  expect(long[1]?.p95).toBeCloseTo(0.04, 3);
});
