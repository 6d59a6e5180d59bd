import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { METRIC } from '../../core/semconv.ts';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { createFreshness } from '../../pipelines/freshness-round.ts';
import { createTopology } from '../../pipelines/topology-round.ts';
import type { Store } from '../../store/client.ts';
import { readLatestFreshness } from '../../store/queries/freshness.ts';
import { readEventTimes, readJobs, WATERMARK_METRICS } from '../../store/queries/watermarks.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { consume, lag, lagTime, NOON, point, produce } from '../store/queries/telemetry-rows.ts';
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
  'gauge_10s',
  'services',
  'topology_nodes',
  'topology_edges',
  'freshness',
  'pipeline_definitions',
];
beforeEach(async () => {
  for (const table of TABLES) await store.client.command({ query: `TRUNCATE TABLE ${table}` });
});

const S = 10_000;
const pipeline = 'orders';
const config = pipelinesConfig.parse({
  definitions: [{ name: pipeline, owner: 'team', edges: [{ from: 'stage:billing', to: 'dataset:invoices' }] }],
});

interface Step {
  readonly arrive?: number;
  readonly handle?: number;
  readonly waiting?: number;
  readonly seconds?: number;
  /** How old events are when they are sent, milliseconds. */
  readonly late?: number;
}

/** gateway -> orders -> billing -> invoices, in steps of ten seconds from noon. */
async function story(steps: readonly Step[]): Promise<void> {
  const spans: object[] = [];
  const points: object[] = [];
  steps.forEach(({ arrive = 2, handle = arrive, waiting = 0, seconds = 0, late = 100 }, i) => {
    const at = NOON + i * S;
    const event = { 'weir.event.time': String(at + 4000 - late) };
    for (let n = 0; n < arrive; n++)
      spans.push(produce('orders', { pipeline, service: 'gateway', at: at + 4000, attributes: event }));
    for (let n = 0; n < handle; n++)
      spans.push(consume('orders', 'billing', { pipeline, service: 'billing', at: at + 4000 }));
    points.push(
      lag('orders', 'billing', 0, waiting, { at: at + 5000 }),
      lagTime('orders', 'billing', 0, seconds, { at: at + 5000 }),
    );
  });
  await insertStock(store, 'otel_traces', spans);
  await insertStock(store, 'otel_metrics_gauge', points);
}

/** Rounds at the ends of all steps; answers what each part was told to be, `age state`. */
async function watch(
  count: number,
  parts = { topology: createTopology(store, config), freshness: createFreshness(store, config) },
  first = 1,
) {
  const told: Record<string, string>[] = [];
  for (let i = first; i <= count; i++) {
    const at = NOON + i * S;
    await parts.topology.round(at);
    const statuses = await parts.freshness.round(at);
    told.push(
      Object.fromEntries(
        statuses.map(({ kind, node, age, state }) => [`${kind}:${node}`, `${Math.round(age)} ${state}`]),
      ),
    );
  }
  return told;
}

const many = (count: number, step: (i: number) => Step) => Array.from({ length: count }, (_item, i) => step(i));

describe('a round', () => {
  test('tells how fresh each part is, and what holds it back', async () => {
    await story(many(6, () => ({ waiting: 40, seconds: 25 })));
    const told = await watch(6);
    expect(told.at(-1)).toEqual({
      'service:gateway': '6 current',
      'topic:orders': '6 current',
      'service:billing': '36 behind',
      'dataset:invoices': '36 behind',
    });
    const rows = await readLatestFreshness(store, { from: NOON, to: NOON + 6 * S, pipeline });
    expect(rows.find(({ kind }) => kind === 'dataset')).toMatchObject({
      ...{ node: 'invoices', limitedBy: 'service:billing', reason: 'waits for billing: 40 records waiting' },
      ...{ time: NOON + 6 * S, completeTo: NOON + 3 * S - 6100 },
    });
  });

  test('an idle source stays fresh, a stalled stage does not, and a restart remembers', async () => {
    await story(
      many(40, (i) => {
        if (i < 8) return {};
        if (i < 24) return { arrive: 0 };
        return { arrive: 2, handle: 0, waiting: 2 * (i - 23), seconds: (i - 23) * 10 };
      }),
    );
    const before = await watch(32);
    for (const at of [8, 12, 23]) expect(before[at]?.['dataset:invoices']).toMatch(/^6 (current|idle)$/);
    expect(before[23]?.['service:billing']).toBe('6 idle');
    expect(before[31]).toMatchObject({
      'service:gateway': '6 current',
      'service:billing': '86 stalled',
      'dataset:invoices': '86 stalled',
    });
    const after = await watch(
      40,
      { topology: createTopology(store, config), freshness: createFreshness(store, config) },
      33,
    );
    expect(after.at(-1)).toMatchObject({ 'service:billing': '166 stalled', 'dataset:invoices': '166 stalled' });
  });

  test('events that come later and later make everything behind them late', async () => {
    await story(many(12, (i) => ({ late: 100 + Math.max(0, i - 3) * 9_000 })));
    const told = await watch(12);
    expect(told[3]?.['dataset:invoices']).toBe('6 current');
    expect(told[11]).toMatchObject({ 'service:gateway': '78 current', 'dataset:invoices': '78 current' });
  });
});

describe('what engines say', () => {
  const flink = 'flink_taskmanager_job_task_operator_currentOutputWatermark';
  const watermark = (at: number, value: number, more: Record<string, string> = {}) =>
    point({ pipeline, service: 'flink-tm', metric: flink, at, value, attributes: { job_name: 'sessions', ...more } });

  test('a job is a node, as fresh as the slowest of its operators', async () => {
    await insertStock(store, 'otel_metrics_gauge', [
      ...[0, 1, 2].flatMap((i) => [
        watermark(NOON + i * S, NOON + i * S - 3000, { operator_name: 'source' }),
        watermark(NOON + i * S, NOON + i * S - 12_000, { operator_name: 'sink' }),
        watermark(NOON + i * S, -(2 ** 63), { operator_name: 'not started' }),
        watermark(NOON + i * S, 2 ** 63, { operator_name: 'read to its end' }),
      ]),
    ]);
    const told = await watch(3);
    expect(told.at(-1)).toEqual({ 'job:sessions': '22 current' });
    expect(await readJobs(store, NOON, NOON + 60_000)).toMatchObject([
      { job: 'sessions', system: 'flink', firstSeen: NOON },
    ]);
  });

  test('each of the known metrics is kept for ten seconds, delays and the query in a name are understood', async () => {
    const spark = 'app-1.driver.spark.streaming.clicks.eventTime-watermark';
    const names = [...Object.keys(WATERMARK_METRICS), spark, 'spark_streaming_views_eventTime_watermark'];
    await insertStock(
      store,
      'otel_metrics_gauge',
      names.map((metric) => {
        const isDelay = WATERMARK_METRICS[metric] === 'delay';
        return point({ pipeline, service: 'engine', metric, at: NOON + 2000, value: isDelay ? 42 : NOON - 40_000 });
      }),
    );
    const facts = await readEventTimes(store, NOON, NOON + S);
    expect(facts).toHaveLength(names.length);
    for (const fact of facts) expect(fact).toMatchObject({ furthest: NOON - 40_000, sampledAt: NOON + 2000 });
    expect(facts.map(({ job }) => job).filter((job) => job !== '')).toEqual(['clicks', 'views']);
    expect(facts.filter(({ says }) => says === 'event_time')).toHaveLength(1);
  });

  test('an event time ahead of the clock is not believed', async () => {
    const gauge = (seconds: number, value: number) =>
      point({ pipeline, service: 'sink', metric: METRIC.eventTime, at: NOON + seconds * 1000, value });
    await insertStock(store, 'otel_metrics_gauge', [
      gauge(1, NOON - 500),
      gauge(12, NOON + 86_400_000),
      gauge(22, NOON + 15_000),
    ]);
    expect(await readEventTimes(store, NOON, NOON + 60_000)).toMatchObject([
      { furthest: NOON + 15_000, reachedAt: NOON + 22_000, firstSampledAt: NOON + 1000 },
    ]);
  });
});
