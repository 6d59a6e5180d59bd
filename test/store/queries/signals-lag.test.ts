import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { STAGE_STATES } from '../../../core/state.ts';
import type { Store } from '../../../store/client.ts';
import { type GroupLagRow, writeGroupLags } from '../../../store/queries/group-lags.ts';
import { readSignals } from '../../../store/queries/signals.ts';
import { mergeLags, NO_LOSS_SECONDS } from '../../../store/queries/signals-lag.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { consume, lag, lagTime, NOON } from './telemetry-rows.ts';

let stand: TestStore;
let store: Store;
beforeAll(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterAll(() => stand?.stop());
beforeEach(async () => {
  for (const table of ['group_lags', 'gauge_10s', 'gauge_1m', 'metric_series', 'red_10s', 'red_1m', 'edges_1m'])
    await store.client.command({ query: `TRUNCATE TABLE ${table}` });
});

const S = 1000;
const row = (seconds: number, more: Partial<GroupLagRow> = {}): GroupLagRow => ({
  ...{ time: NOON + seconds * S, cluster: '', group: 'billing', topic: 'orders', pipeline: 'shop', type: 'classic' },
  ...{ members: 2, partitions: 3, waiting: 1, state: 'healthy', since: NOON, reason: '' },
  ...{ lag: 10, lagSeconds: 1, lagError: 0.5, atLeast: false, endRate: 5, commitRate: 5, catchUpSeconds: 2 },
  ...{ headroom: Number.NaN, lossSeconds: Number.NaN, lossLower: Number.NaN, lossUpper: Number.NaN },
  ...{ lossExpected: false, lost: 0 },
  ...more,
});
const read = (seconds: number, step = 10) =>
  readSignals(store, {
    ...{ from: NOON, to: NOON + seconds * S, step: step * S },
    signals: ['lag', 'lag_seconds', 'loss_seconds'],
  });
const values = async (signal: string, seconds: number, step?: number) => [
  ...((await read(seconds, step)).find(({ labels }) => labels['signal'] === signal)?.values ?? []),
];

describe('lag signals', () => {
  test('a judgement belongs to the step it was made from, and stands for 90 s', async () => {
    await writeGroupLags(store, [
      row(10, { lagSeconds: 3 }),
      row(20, { lagSeconds: 4 }),
      row(20, { topic: '', lagSeconds: 99 }),
    ]);
    expect(await values('lag_seconds', 30)).toEqual([3, 4, 4]);
    const long = await values('lag_seconds', 200);
    expect(long.filter((value) => !Number.isNaN(value))).toHaveLength(11);
  });

  test('the consuming service is the stage, else the group', async () => {
    await writeGroupLags(store, [row(10)]);
    const place = async () => (await read(20)).map(({ labels }) => `${labels['pipeline']}/${labels['stage']}`);
    expect(await place()).toEqual(['shop/billing', 'shop/billing']);
    await insertStock(store, 'otel_traces', [
      consume('orders', 'billing', { service: 'biller', pipeline: 'cash', at: NOON }),
    ]);
    expect(await place()).toEqual(['cash/biller', 'cash/biller']);
  });

  test('lag in time is what was worked out, and what was reported where it was not', async () => {
    await insertStock(store, 'otel_metrics_gauge', [
      lagTime('orders', 'billing', 0, 50, { at: NOON, pipeline: 'shop' }),
      lagTime('orders', 'billing', 0, 51, { at: NOON + 10 * S, pipeline: 'shop' }),
      lag('orders', 'billing', 0, 7, { at: NOON, pipeline: 'shop' }),
    ]);
    await writeGroupLags(store, [row(20, { lagSeconds: 4 }), row(30, { lagSeconds: Number.NaN, lag: 12 })]);
    // The reported lag of 50 s was carried over the last step; the one worked out there is not known.
    expect(await values('lag_seconds', 30)).toEqual([50, 4, 4]);
    expect(await values('lag', 30)).toEqual([7, 7, 7]);
  });

  test('in longer steps the largest counts, of the loss the nearest', async () => {
    const expected = { headroom: 7200, lossSeconds: 1800, lossExpected: true };
    await writeGroupLags(store, [
      ...[
        row(10, { lagSeconds: 30, lag: 1 }),
        row(20, { lagSeconds: 5, lag: 2, ...expected }),
        row(60, { lagSeconds: 6, lag: 3, headroom: 9000 }),
      ],
      ...[row(70, { headroom: 9000, lossSeconds: 5000 })],
    ]);
    expect(await values('lag_seconds', 120, 60)).toEqual([30, 1]);
    expect(await values('lag', 120, 60)).toEqual([3, 10]);
    expect(await values('loss_seconds', 120, 60)).toEqual([1800, NO_LOSS_SECONDS]);
  });

  test('the state of a group is its place in the list of states, the newest of a step and the worst of two clusters', async () => {
    const states = async () =>
      readSignals(store, { from: NOON, to: NOON + 120 * S, step: 60 * S, signals: ['group_state'] });
    await writeGroupLags(store, [
      row(20, { state: 'dead' }),
      row(60, { state: 'rebalancing' }),
      row(70, { state: 'stuck' }),
    ]);
    const [own, ...others] = await states();
    expect(others).toEqual([]);
    expect(own?.labels).toMatchObject({ signal: 'group_state', stage: 'billing', group: 'billing', topic: 'orders' });
    expect(Array.from(own?.values ?? [], (place) => STAGE_STATES[place])).toEqual(['rebalancing', 'stuck']);
    await writeGroupLags(store, [row(70, { cluster: 'west', state: 'dead' })]);
    expect(STAGE_STATES[(await states())[0]?.values[1] as number]).toBe('dead');
  });

  test('without retention nothing is said of a loss', async () => {
    await writeGroupLags(store, [row(10, { lossSeconds: 100, lossExpected: false })]);
    expect(await values('loss_seconds', 20)).toEqual([]);
  });

  test('of two clusters the larger lag counts', async () => {
    await writeGroupLags(store, [
      row(10, { cluster: 'east', lag: 5 }),
      row(10, { cluster: 'west', lag: 8, lagSeconds: 9 }),
    ]);
    expect(await values('lag', 10)).toEqual([8]);
    expect(await values('lag_seconds', 10)).toEqual([9]);
  });
});

test('series of other labels are kept apart when they are merged', () => {
  const one = { labels: { signal: 'lag', topic: 'a' }, start: 0, step: 10_000, values: Float64Array.of(1) };
  const two = { ...one, labels: { signal: 'lag', topic: 'b' }, values: Float64Array.of(2) };
  expect(mergeLags([one], [two]).map(({ values: [value] }) => value)).toEqual([2, 1]);
});
