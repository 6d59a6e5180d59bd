import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../store/client.ts';
import { readFactSeries, readFacts, readPoints } from '../../../store/queries/lag-facts.ts';
import {
  readBrackets,
  readResets,
  readSamples,
  SAMPLE_LEVELS,
  writeResets,
} from '../../../store/queries/offset-samples.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { NOON, point } from './telemetry-rows.ts';

let stand: TestStore;
let store: Store;
beforeAll(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterAll(() => stand?.stop());
beforeEach(async () => {
  for (const table of [
    ...['offset_samples_10s', 'offset_samples_5m', 'gauge_10s', 'metric_points', 'metric_series', 'offset_resets'],
  ])
    await store.client.command({ query: `TRUNCATE TABLE ${table}` });
});

const [FINE, COARSE] = SAMPLE_LEVELS;
const S = 1000;
const end = (partition: number, seconds: number, value: number, resource: Record<string, string> = {}) =>
  point(
    {
      metric: 'kafka.partition.current_offset',
      service: 'kafka',
      at: NOON + seconds * S,
      value,
      attributes: { topic: 'orders', partition: String(partition) },
    },
    { ResourceAttributes: { 'service.name': 'kafka', 'kafka.cluster.alias': 'east', ...resource } },
  );

const seriesOf = async (partition: number) =>
  (await readFactSeries(store, 0)).filter((one) => one.partition === String(partition)).map(({ series }) => series);

describe('samples', () => {
  test('a record lies between the last end before it and the first behind it; a quiet stretch counts to its end', async () => {
    await insertStock(store, 'otel_metrics_gauge', [
      ...[end(0, 0, 100), end(0, 10, 100), end(0, 20, 100), end(0, 30, 160), end(0, 40, 200)],
      ...[end(1, 5, 7), end(1, 15, 8)],
    ]);
    const partitions = [
      { series: await seriesOf(0), validSince: 0 },
      { series: await seriesOf(1), validSince: 0 },
    ];
    const ask = (partition: number, offset: number) => ({ partition, offset });
    const found = await readBrackets(store, FINE, NOON - 60 * S, partitions, [
      ...[ask(0, 130), ask(0, 100), ask(0, 160), ask(0, 199), ask(0, 200), ask(0, 50), ask(1, 7)],
    ]);
    const at = (seconds: number) => NOON + seconds * S;
    const bracket = (leftEnd: number, left: number, rightEnd: number, right: number) => ({
      ...{ leftEnd, leftAt: at(left), rightEnd, rightAt: at(right) },
    });
    const unknown = Number.NaN;
    expect(found).toEqual([
      bracket(100, 20, 160, 30),
      bracket(100, 20, 160, 30),
      bracket(160, 30, 200, 40),
      bracket(160, 30, 200, 40),
      { leftEnd: unknown, leftAt: unknown, rightEnd: unknown, rightAt: unknown },
      { leftEnd: unknown, leftAt: unknown, rightEnd: 100, rightAt: at(0) },
      bracket(7, 5, 8, 15),
    ]);
    expect(await readBrackets(store, FINE, NOON, partitions, [])).toEqual([]);
  });

  test('points dated into the past stand at their own time, in both levels', async () => {
    await insertStock(store, 'otel_metrics_gauge', [end(0, 0, 1000), end(0, 10, 1010)]);
    await insertStock(store, 'otel_metrics_gauge', [end(0, -20_000, 400), end(0, -7_200, 600)]);
    const partitions = [{ series: await seriesOf(0), validSince: 0 }];
    for (const level of SAMPLE_LEVELS) {
      const [between] = await readBrackets(store, level, NOON - 86_400 * S, partitions, [
        { partition: 0, offset: 500 },
      ]);
      expect(between).toEqual({ leftEnd: 400, leftAt: NOON - 20_000 * S, rightEnd: 600, rightAt: NOON - 7_200 * S });
    }
    const [samples] = await readSamples(store, COARSE, NOON - 86_400 * S, partitions);
    expect([...(samples?.end ?? [])]).toEqual([400, 600, 1010]);
  });

  test('a partition that several series report has the samples of all; what is void is left out', async () => {
    await insertStock(store, 'otel_metrics_gauge', [end(0, 0, 900), end(0, 10, 950)]);
    await insertStock(store, 'otel_metrics_gauge', [end(0, 60, 10, { host: 'b' }), end(0, 70, 40, { host: 'b' })]);
    const series = await seriesOf(0);
    expect(series).toHaveLength(2);
    const question = [{ partition: 0, offset: 20 }];
    const found = await readBrackets(store, FINE, 0, [{ series, validSince: NOON + 60 * S }], question);
    expect(found).toEqual([{ leftEnd: 10, leftAt: NOON + 60 * S, rightEnd: 40, rightAt: NOON + 70 * S }]);
    const samples = await readSamples(store, FINE, 0, [
      { series: [], validSince: 0 },
      { series, validSince: 0 },
    ]);
    expect(samples.map(({ end: ends }) => [...ends])).toEqual([[], [900, 950, 10, 40]]);
  });
});

describe('facts', () => {
  test('the newest of each series and step, oldest step first, and what each series is of', async () => {
    await insertStock(store, 'otel_metrics_gauge', [
      end(3, 0, 100),
      end(3, 4, 104),
      end(3, 12, 110),
      point({
        metric: 'weir.consumer_group.state',
        value: 1,
        at: NOON,
        pipeline: 'shop',
        attributes: { group: 'billing', state: 'stable', type: 'consumer' },
      }),
      point({ metric: 'temperature', value: 20, at: NOON }),
    ]);
    const facts = await readFacts(store, NOON, NOON + 20 * S);
    const series = await readFactSeries(store, 0);
    const ends = series.find(({ metric }) => metric === 'kafka.partition.current_offset');
    const states = series.find(({ metric }) => metric === 'weir.consumer_group.state');
    expect(series).toHaveLength(2);
    expect(ends).toMatchObject({ cluster: 'east', topic: 'orders', partition: '3', group: '', pipeline: 'default' });
    expect(states).toMatchObject({
      group: 'billing',
      state: 'stable',
      type: 'consumer',
      cluster: '',
      pipeline: 'shop',
    });
    const rows = Array.from({ length: facts.count }, (_row, i) => [
      facts.series[i] === ends?.series ? 'end' : 'state',
      ((facts.step[i] as number) - NOON) / S,
      ((facts.at[i] as number) - NOON) / S,
      facts.value[i],
    ]);
    expect(rows).toHaveLength(3);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['end', 0, 4, 104],
        ['state', 0, 0, 1],
      ]),
    );
    expect(rows[2]).toEqual(['end', 10, 12, 110]);
    expect(await readFactSeries(store, 0, [ends?.series as bigint])).toEqual([ends]);
  });
});

describe('points', () => {
  test('of ends and identities are read as they were polled, in the order of their times', async () => {
    const identity = (seconds: number, value: number) =>
      point({ metric: 'weir.topic.identity', value, at: NOON + seconds * S, attributes: { topic: 'orders' } });
    await insertStock(store, 'otel_metrics_gauge', [
      ...[end(0, 4, 104), end(0, 1, 101), end(1, 3, 7), end(0, 12, 112), end(0, 61, 161)],
      ...[identity(2, 77), point({ metric: 'kafka.partition.oldest_offset', value: 5, at: NOON + 2 * S })],
    ]);
    const { count, at, step, value } = await readPoints(store, NOON, NOON + 61 * S);
    expect(count).toBe(5);
    expect([...at].map((time) => (time - NOON) / S)).toEqual([1, 2, 3, 4, 12]);
    expect([...value]).toEqual([101, 77, 7, 104, 112]);
    expect(step).toEqual(at);
    const later = await readPoints(store, NOON + 4 * S, NOON + 12 * S);
    expect([...later.value]).toEqual([104]);
  });
});

test('the newest reset of a partition is remembered', async () => {
  const reset = { cluster: 'east', topic: 'orders', partition: 2, reason: 'end_fell' as const };
  await writeResets(store, [{ ...reset, time: NOON }]);
  await writeResets(store, [{ ...reset, time: NOON + 5 * S, reason: 'topic_recreated' }]);
  await writeResets(store, []);
  expect(await readResets(store)).toEqual([{ ...reset, time: NOON + 5 * S, reason: 'topic_recreated' }]);
});
