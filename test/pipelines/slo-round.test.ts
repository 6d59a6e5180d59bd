import { afterAll, beforeAll, expect, test } from 'vitest';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { createSlos } from '../../pipelines/slo-round.ts';
import type { Store } from '../../store/client.ts';
import { writeFreshness } from '../../store/queries/freshness.ts';
import { gridOf } from '../../store/queries/grid.ts';
import { readSignals } from '../../store/queries/signals.ts';
import { readLatestSlos, readSloHistory } from '../../store/queries/slos.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { consume, NOON } from '../store/queries/telemetry-rows.ts';
import { insertStock } from '../store/stock-rows.ts';

let stand: TestStore;
let store: Store;
beforeAll(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterAll(() => stand?.stop());

const S = 10_000;
const HOUR = 3_600_000;
const END = NOON + HOUR;

const config = pipelinesConfig.parse({
  definitions: [
    {
      name: 'orders',
      slos: [
        { name: 'errors', indicator: 'errors', of: 'stage:billing', objective: 0.99 },
        { name: 'quick', indicator: 'latency', of: 'stage:billing', objective: 0.9, target: '100ms', period: '7d' },
        { name: 'fresh', indicator: 'freshness', of: 'dataset:invoices', objective: 0.9, target: '30s' },
        { name: 'adopted', indicator: 'errors', of: 'stage:nameless', objective: 0.99 },
        { name: 'silent', indicator: 'errors', of: 'stage:nobody', objective: 0.99 },
      ],
    },
  ],
});

test('SLOs are counted from the rollups, judged, written and read as signals', async () => {
  const spans = Array.from({ length: 720 }, (_item, i) => {
    const at = NOON + i * 5000;
    const lately = at >= END - 10 * 60_000;
    return consume('orders', 'billing', {
      pipeline: 'orders',
      service: 'billing',
      at,
      ms: i % 4 === 0 ? 400 : 20,
      error: lately && i % 2 === 0,
    });
  });
  const nameless = Array.from({ length: 40 }, (_item, i) =>
    consume('orders', 'n', { service: 'nameless', at: NOON + i * 5000, error: i === 0 }),
  );
  await insertStock(store, 'otel_traces', [...spans, ...nameless]);
  await writeFreshness(
    store,
    Array.from({ length: 360 }, (_item, i) => ({
      ...{ time: NOON + (i + 1) * S, pipeline: 'orders', kind: 'dataset' as const, node: 'invoices', completeTo: NOON },
      ...{ age: i < 350 ? 5 : Number.NaN, ownAge: 0, state: 'current', limitedBy: '', reason: '' },
    })),
  );
  const statuses = await createSlos(store, config).round(END);
  const of = (name: string) => statuses.find(({ slo }) => slo === name);
  expect(of('errors')).toMatchObject({ good: 660, total: 720, state: 'fast_burn', kind: 'service', node: 'billing' });
  // 60 of 720 in the hour, 30 of 60 in five minutes; the budget is 1 %.
  expect(
    of('errors')
      ?.burns.slice(0, 2)
      .map((burn) => Number(burn.toFixed(2))),
  ).toEqual([8.33, 50]);
  expect(
    of('errors')
      ?.burns.slice(2, 4)
      .map((burn) => Number(burn.toFixed(2))),
  ).toEqual([8.33, 16.67]);
  expect(of('errors')?.fast).toBeCloseTo(8.333 / 6, 2);
  expect(of('quick')).toMatchObject({ good: 540, total: 720 });
  expect(of('quick')?.budgetLeft).toBeCloseTo(1 - 2.5);
  // What was not known is neither good nor bad.
  expect(of('fresh')).toMatchObject({ good: 350, total: 350, budgetLeft: 1, state: 'met' });
  expect(of('adopted')).toMatchObject({ good: 39, total: 40 });
  expect(of('silent')).toMatchObject({ total: 0, state: 'no_data', budgetLeft: Number.NaN });

  const latest = await readLatestSlos(store, { from: NOON, to: END, pipeline: 'orders' });
  expect(latest.map(({ slo }) => slo)).toEqual(['adopted', 'errors', 'fresh', 'quick', 'silent']);
  expect(latest.find(({ slo }) => slo === 'errors')).toEqual(of('errors'));
  const series = await readSignals(store, { from: END - 20_000, to: END + 20_000, step: S, signals: ['slo_burn'] });
  expect(
    series.map(({ labels }) => `${labels['slo']} ${labels['window']} ${labels['stage'] ?? labels['dataset']}`),
  ).toEqual([
    'fresh fast invoices',
    'fresh slow invoices',
    'errors fast billing',
    'errors slow billing',
    'quick fast billing',
    'quick slow billing',
    'adopted fast nameless',
    'adopted slow nameless',
  ]);
  const fast = series.find(({ labels }) => labels['slo'] === 'errors' && labels['window'] === 'fast');
  expect([...(fast?.values ?? [])].map((value) => Number(value.toFixed(1)))).toEqual([Number.NaN, 1.4, 1.4, 1.4]);
  const history = await readSloHistory(store, { pipeline: 'orders', slo: 'errors' }, gridOf(END - 60_000, END, 60_000));
  expect([history.budgetLeft[0], history.burn[0]].map((value) => Number(value?.toFixed(2)))).toEqual([-7.33, 8.33]);
});

test('long windows are counted again once in a while, short ones each round', async () => {
  let asked: string[] = [];
  const watched: Store = {
    ...store,
    rows: (sql, params, settings) => {
      if (sql.includes('FROM edges_') || sql.includes('FROM red_10s'))
        asked.push(/FROM ((?:edges|red)_\w+)/.exec(sql)?.[1] ?? '');
      return store.rows(sql, params, settings);
    },
  };
  const slos = createSlos(watched, config);
  await slos.round(END);
  expect(asked).toContain('edges_1h');
  asked = [];
  const [errors] = await slos.round(END + S);
  expect(asked).not.toContain('edges_1h');
  expect(errors).toMatchObject({ good: 660, total: 720 });
  await slos.round(END + 300_000);
  expect(asked).toContain('edges_1h');
});

test('without SLOs nothing is asked', async () => {
  const none: Store = { ...store, rows: () => Promise.reject(new Error('asked')) };
  expect(await createSlos(none, pipelinesConfig.parse({})).round(END)).toEqual([]);
});
