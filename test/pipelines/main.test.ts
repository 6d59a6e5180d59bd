import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { createPipelines } from '../../pipelines/main.ts';
import type { Store } from '../../store/client.ts';
import { readLatestStageStates, readStageStates } from '../../store/queries/states.ts';
import { readTopology } from '../../store/queries/topology.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { consume, lag, lagTime, NOON, point, produce, query, span } from '../store/queries/telemetry-rows.ts';
import { insertStock } from '../store/stock-rows.ts';

let stand: TestStore;
let store: Store;
beforeAll(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterAll(() => stand?.stop());

const TABLES = [
  'red_10s',
  'pipeline_definitions',
  'gauge_10s',
  'services',
  'topology_nodes',
  'topology_edges',
  'stage_states',
];
beforeEach(async () => {
  for (const table of TABLES) await store.client.command({ query: `TRUNCATE TABLE ${table}` });
});

const S = 10_000;
const pipeline = 'orders';
const resource = { 'weir.console.url': 'http://127.0.0.1:7001/' };
interface Step {
  readonly at: number;
  readonly handled?: number;
  readonly lag?: number;
  readonly seconds?: number;
  readonly members?: number;
}

/** Steps of a small pipeline, gateway -> orders -> billing -> warehouse, stored at once. A round sees what lies before its time. */
async function story(steps: readonly Step[]): Promise<void> {
  await insertStock(
    store,
    'otel_traces',
    steps.flatMap(({ at, handled = 10 }) => [
      span({ pipeline, service: 'gateway', at, resource }),
      ...Array.from({ length: 10 }, () => produce('orders', { pipeline, service: 'gateway', at })),
      ...Array.from({ length: handled }, () =>
        consume('orders', 'billing', { pipeline, service: 'billing', at, ms: 20 }),
      ),
      ...(handled > 0 ? [query('warehouse', { pipeline, service: 'billing', at })] : []),
    ]),
  );
  await insertStock(
    store,
    'otel_metrics_gauge',
    steps.flatMap(({ at, lag: waiting = 0, seconds = 0, members = 2 }) => [
      lag('orders', 'billing', 0, waiting, { at }),
      lagTime('orders', 'billing', 0, seconds, { at }),
      point({ metric: 'kafka.consumer_group.members', value: members, at, attributes: { group: 'billing' } }),
    ]),
  );
}

const steps = (count: number, make: (i: number) => Omit<Step, 'at'>): Step[] =>
  Array.from({ length: count }, (_item, i) => ({ at: NOON + i * S, ...make(i) }));

const room = (clock: { now: number }, over: Partial<ReturnType<typeof pipelinesConfig.parse>> = {}) =>
  createPipelines({
    config: { ...pipelinesConfig.parse({}), delay: 0, ...over },
    store,
    telemetry: { ...silentTelemetry(), registry: new Registry() },
    now: () => clock.now,
  });

const states = async (at: number) =>
  Object.fromEntries(
    (await readLatestStageStates(store, { from: at - 60_000, to: at + 1000 })).map(({ stage, state, reason }) => [
      stage,
      `${state}: ${reason}`,
    ]),
  );

describe('a round', () => {
  test('draws the graph and tells how the stages do', async () => {
    await story(steps(6, () => ({ lag: 3, seconds: 0.3 })));
    const clock = { now: NOON + 6 * S };
    await room(clock).round();
    const topology = await readTopology(store, { at: clock.now });
    expect(topology.nodes.map(({ kind, node, system, consoleUrl }) => [kind, node, system, consoleUrl])).toEqual([
      ['database', 'warehouse', 'postgresql', ''],
      ['service', 'billing', '', ''],
      ['service', 'gateway', '', 'http://127.0.0.1:7001/'],
      ['topic', 'orders', 'kafka', ''],
    ]);
    expect(topology.edges).toMatchObject([
      { kind: 'calls', from: 'billing', to: 'warehouse', fromKind: 'service', toKind: 'database', rate: 0.1 },
      {
        kind: 'consumes',
        from: 'orders',
        to: 'billing',
        group: 'billing',
        rate: 1,
        errorRatio: 0,
        lag: 3,
        lagSeconds: 0.3,
      },
      { kind: 'produces', from: 'gateway', to: 'orders', rate: 1, lag: Number.NaN },
    ]);
    expect(topology.edges[1]?.p95).toBeCloseTo(0.02, 3);
    expect(await states(clock.now)).toEqual({
      billing: 'healthy: reads 1.0/s, 0.3 s behind',
      gateway: 'healthy: handles 0.10/s',
    });
  });

  test('sees a consumer fall behind and die, and the graph stays', async () => {
    const clock = { now: NOON };
    const pipelines = room(clock, { stuck_after: 30_000 });
    await story(
      steps(18, (i) => ({
        handled: i < 3 ? 10 : i < 10 ? 3 : 0,
        lag: Math.max(0, Math.min(i, 9) - 2) * 70 + Math.max(0, i - 9) * 100,
        seconds: Math.max(0, i - 2) * 7,
        members: i < 10 ? 2 : 0,
      })),
    );
    const told: string[] = [];
    for (let i = 1; i <= 18; i++) {
      clock.now = NOON + i * S;
      await pipelines.round();
      const state = (await states(clock.now))['billing']?.split(':')[0] as string;
      if (told.at(-1) !== state) told.push(state);
    }
    expect(told).toEqual(['healthy', 'falling_behind', 'dead']);
    expect((await states(clock.now))['billing']).toMatch(/^dead: the group has no members, [\d,]+ records waiting$/);
    const { edges } = await readTopology(store, { at: clock.now });
    expect(edges.find((edge) => edge.kind === 'consumes')).toMatchObject({ to: 'billing', rate: 0 });
    const history = await readStageStates(store, { from: NOON, to: clock.now + 1000, stage: 'billing' });
    expect(history).toHaveLength(18);
  });

  test('after a restart goes on with the graph and the states it had', async () => {
    const clock = { now: NOON + 6 * S };
    await story([...steps(6, (i) => ({ lag: 500 * i, seconds: 5 * i })), { at: clock.now, lag: 2400, seconds: 7 }]);
    await room(clock).round();
    expect((await states(clock.now))['billing']).toMatch(/^falling_behind/);
    clock.now += S;
    await room(clock).round();
    expect((await states(clock.now))['billing']).toMatch(/^(falling_behind|catching_up)/);
    const { nodes } = await readTopology(store, { at: clock.now });
    expect(new Set(nodes.map((node) => node.firstSeen))).toEqual(new Set([NOON]));
  });

  test('judges a window once, and is blind when nothing comes in', async () => {
    const clock = { now: NOON + 5000 };
    const pipelines = room(clock, { late_after: 60_000 });
    await insertStock(store, 'otel_traces', [span({ pipeline, service: 'gateway', at: NOON - 20_000 })]);
    expect(await pipelines.round()).toBe(true);
    expect(await pipelines.round()).toBe(false);
    for (const wait of [240_000, S]) {
      clock.now += wait;
      expect(await pipelines.round()).toBe(true);
    }
    expect((await states(clock.now))['gateway']).toBe('unknown: no telemetry arrives, so nothing is known of it');
  });
});

describe('the service', () => {
  test('starts, becomes ready, counts its rounds and stops, twice and without start', async () => {
    await room({ now: NOON }).stop();
    await insertStock(store, 'otel_traces', [span({ pipeline, service: 'gateway', at: NOON - 20_000 })]);
    const telemetry = { ...silentTelemetry(), registry: new Registry() };
    const clock = { now: NOON };
    const config = { ...pipelinesConfig.parse({ interval: '20ms' }), delay: 0 };
    const pipelines = createPipelines({ config, store, telemetry, now: () => clock.now });
    expect(pipelines.health()).toEqual({ ready: false, detail: 'the first round has not ended' });
    await pipelines.start();
    await expect.poll(() => pipelines.health(), { timeout: 20_000 }).toEqual({ ready: true });
    clock.now += 119;
    expect(pipelines.health().ready).toBe(true);
    await pipelines.stop();
    await pipelines.stop();
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain('weir_pipelines_rounds_total{result="done"} 1');
    expect(metrics).toContain('weir_pipelines_stages{state="healthy"} 1');
  });

  test('says why it is not ready while the store fails, and recovers', async () => {
    let broken = true;
    const flaky: Store = {
      ...store,
      rows: (sql, params, settings) =>
        broken ? Promise.reject(new Error('the store is away')) : store.rows(sql, params, settings),
    };
    const config = { ...pipelinesConfig.parse({ interval: '10ms' }), delay: 0 };
    const telemetry = { ...silentTelemetry(), registry: new Registry() };
    const pipelines = createPipelines({ config, store: flaky, telemetry, now: () => NOON });
    await pipelines.start();
    await expect.poll(() => pipelines.health().detail, { timeout: 20_000 }).toBe('the store is away');
    broken = false;
    await expect.poll(() => pipelines.health().ready, { timeout: 20_000 }).toBe(true);
    await pipelines.stop();
  });

  test('names the part that fails in every round, while the others go on, and forgets it when it works', async () => {
    const clock = { now: NOON };
    let broken = true;
    const flaky: Store = {
      ...store,
      rows: (sql, params, settings) =>
        broken && sql.includes('pathway_records_10s')
          ? Promise.reject(new Error('no such table'))
          : store.rows(sql, params, settings),
    };
    const telemetry = { ...silentTelemetry(), registry: new Registry() };
    const config = { ...pipelinesConfig.parse({}), delay: 0 };
    const pipelines = createPipelines({ config, store: flaky, telemetry, now: () => clock.now });
    const round = async () => {
      clock.now += S;
      expect(await pipelines.round()).toBe(true);
    };
    for (let i = 0; i < 5; i++) await round();
    expect(pipelines.health()).toEqual({ ready: true });
    await round();
    const detail = 'conservation has failed in 6 rounds in a row: no such table';
    expect(pipelines.health()).toEqual({ ready: false, detail });
    const failed = 'weir_pipelines_part_failed_rounds{part="conservation"}';
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain(`${failed} 6`);
    expect(metrics).toContain('weir_pipelines_part_failed_rounds{part="lag"} 0');
    expect(metrics).toContain('weir_pipelines_part_failures_total{part="conservation"} 6');
    broken = false;
    await round();
    expect(pipelines.health()).toEqual({ ready: true });
    expect(await telemetry.registry.metrics()).toContain(`${failed} 0`);
  });

  test('begins no further part once it is stopped', async () => {
    const asked: string[] = [];
    const gate = Promise.withResolvers<void>();
    const slow: Store = {
      ...store,
      async rows(sql, params, settings) {
        asked.push(sql);
        await gate.promise;
        return store.rows(sql, params, settings);
      },
    };
    const telemetry = { ...silentTelemetry(), registry: new Registry() };
    const pipelines = createPipelines({ config: pipelinesConfig.parse({}), store: slow, telemetry, now: () => NOON });
    await pipelines.start();
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    const stopping = pipelines.stop();
    gate.resolve();
    await stopping;
    const most = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(asked).toHaveLength(most);
    expect(asked.filter((sql) => /FROM (topology_nodes|freshness|pathway_records_10s)\b/.test(sql))).toEqual([]);
    expect(await telemetry.registry.metrics()).not.toContain('weir_pipelines_rounds_total{result="done"}');
  });

  test('reads the graph once a round for all parts', async () => {
    const asked: string[] = [];
    let now = NOON;
    const watched: Store = {
      ...store,
      rows(sql, params, settings) {
        asked.push(sql);
        return store.rows(sql, params, settings);
      },
    };
    const telemetry = { ...silentTelemetry(), registry: new Registry() };
    const pipelines = createPipelines({
      config: pipelinesConfig.parse({}),
      store: watched,
      telemetry,
      now: () => now,
    });
    await pipelines.round();
    now += 60_000;
    asked.length = 0;
    await pipelines.round();
    expect(asked.filter((sql) => /FROM pipeline_definitions\b/.test(sql))).toHaveLength(1);
    expect(asked.some((sql) => /FROM pathway_records_10s\b/.test(sql))).toBe(true);
  });

  test('an empty configuration has every default', () => {
    expect(pipelinesConfig.parse({})).toEqual({
      interval: 10_000,
      delay: 10_000,
      window: 300_000,
      behind_after: 10_000,
      stuck_after: 60_000,
      late_after: 90_000,
      allowed_lag: 1,
      confirm: 2,
      disappear_after: 3_600_000,
      idle_after: 60_000,
      definitions: [],
    });
    expect(() => pipelinesConfig.parse({ windw: '1m' })).toThrow();
    for (const interval of ['0', '0s', '9ms'])
      expect(() => pipelinesConfig.parse({ interval })).toThrow('must be at least 10ms');
    expect(pipelinesConfig.parse({ interval: '10ms' }).interval).toBe(10);
  });
});
