import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Buckets, bucketIndex, quantileFromBuckets } from '../../store/queries/buckets.ts';
import { startTestStore, type TestStore } from './harness.ts';
import { readRed } from './queries/red-rows.ts';
import { consume, lag, NOON, point, query, span } from './queries/telemetry-rows.ts';
import type { StockTable } from './stock-rows.ts';
import { insertWire } from './wire-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const red = (pipeline: string) => readRed(stand.store, pipeline);
const insert = (table: StockTable, rows: readonly object[], token?: string) =>
  insertWire(stand.store, table, rows, token === undefined ? {} : { token });

describe('spans', () => {
  test('a span counts in the ten seconds in which it ended', async () => {
    await insert('otel_traces', [
      span({ pipeline: 'ends', at: NOON + 9990, ms: 9 }),
      span({ pipeline: 'ends', at: NOON + 9990, ms: 10 }),
      span({ pipeline: 'ends', at: NOON + 9990, ms: 30_000, error: true }),
    ]);
    const rows = await red('ends');
    expect(rows.map((row) => [row.time - NOON, row.count, row.errors])).toEqual([
      [0, 1, 0],
      [10_000, 1, 0],
      [30_000, 1, 1],
    ]);
    expect(rows[2]?.seconds).toBeCloseTo(30, 9);
  });

  test('old spellings of attributes are read', async () => {
    const modern = consume('orders', 'billing', {
      pipeline: 'modern',
      error: true,
      attributes: { 'messaging.batch.message_count': '25', 'weir.event.time': String(NOON - 4000) },
    });
    const old = span({
      pipeline: 'old',
      kind: 'Consumer',
      error: true,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.destination': 'orders',
        'messaging.kafka.consumer.group': 'billing',
        'messaging.batch.message_count': '25',
        'weir.event.time': String(NOON - 4000),
      },
    });
    await insert('otel_traces', [modern, old]);
    const [row] = await red('modern');
    expect(row).toMatchObject({
      kind: 'Consumer',
      destination: 'orders',
      destinationKind: 'topic',
      system: 'kafka',
      group: 'billing',
      count: 1,
      messages: 25,
      errors: 1,
      eventTime: NOON - 4000,
    });
    expect(await red('old')).toEqual([row]);
  });

  test('calls name what they call', async () => {
    const call = (attributes: Record<string, string>) => span({ pipeline: 'calls', kind: 'Client', attributes });
    await insert('otel_traces', [
      query('warehouse', { pipeline: 'calls' }),
      call({ 'db.system': 'mysql', 'db.name': 'shop' }),
      call({ 'db.system.name': 'redis', 'db.namespace': '0' }),
      call({ 'http.request.method': 'GET', 'server.address': 'rates.example' }),
      call({ 'http.method': 'GET', 'net.peer.name': 'legacy.example' }),
      call({ 'rpc.system': 'grpc', 'peer.service': 'pricing', 'server.address': '10.0.0.7' }),
      span({ pipeline: 'calls', kind: 'Server', attributes: { 'http.request.method': 'GET', 'server.address': 'me' } }),
    ]);
    const rows = await red('calls');
    expect(rows.map((row) => `${row.kind} ${row.destinationKind}:${row.system}:${row.destination}`).sort()).toEqual([
      'Client database:mysql:shop',
      'Client database:postgresql:warehouse',
      'Client database:redis:',
      'Client external:grpc:pricing',
      'Client external:http:legacy.example',
      'Client external:http:rates.example',
      'Server :http:',
    ]);
  });

  test('the pipeline is weir.pipeline, else service.namespace, else default', async () => {
    await insert('otel_traces', [
      span({ service: 'a', resource: { 'weir.pipeline': 'first', 'service.namespace': 'second' } }),
      span({ service: 'b', resource: { 'service.namespace': 'second' } }),
      span({ service: 'c' }),
    ]);
    expect((await red('first')).map((row) => row.service)).toEqual(['a']);
    expect((await red('second')).map((row) => row.service)).toEqual(['b']);
    expect((await red('default')).map((row) => row.service)).toContain('c');
  });
});

describe('percentiles', () => {
  /** A fixed sequence of numbers in (0, 1). */
  function* uniform(seed: number): Generator<number> {
    for (let state = seed; ; ) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      yield (state + 0.5) / 2 ** 32;
    }
  }

  test('are within 1.1 % of the exact ones, over a microsecond to an hour, however the spans came in', async () => {
    const random = uniform(7);
    const next = () => random.next().value as number;
    const durations = Array.from({ length: 6000 }, () => {
      const normal = Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
      return Math.min(3_600_000, Math.max(0.001, 20 * Math.exp(2 * normal)));
    });
    for (let i = 0; i < durations.length; i += 1500) {
      const batch = durations.slice(i, i + 1500);
      await insert(
        'otel_traces',
        batch.map((ms) => span({ pipeline: 'quantiles', at: NOON - ms, ms })),
      );
    }
    const rows = await red('quantiles');
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(6000);
    const [merged] = await stand.store.rows<{ buckets: Buckets }>(
      "SELECT sumMap(Buckets) AS buckets FROM red_10s WHERE Pipeline = 'quantiles'",
    );
    const sorted = durations.map((ms) => Math.round(ms * 1e6) / 1e9).sort((a, b) => a - b);
    for (const q of [0.001, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1]) {
      const exact = sorted[Math.ceil(q * sorted.length) - 1] as number;
      const error = Math.abs(quantileFromBuckets(merged?.buckets as Buckets, q) / exact - 1);
      expect(error, `p${q * 100}`).toBeLessThanOrEqual(0.011);
    }
  });

  test('the engine and the code agree on the bucket of a duration', async () => {
    const millis = [0, 0.000001, 0.001, 0.5, 1, 1.01, 125, 250, 999.999999, 1000, 2000, 86_400_000];
    await insert(
      'otel_traces',
      millis.map((ms, i) => span({ pipeline: 'indexes', name: `op-${i}`, at: NOON - 1000 * i, ms })),
    );
    const rows = await red('indexes');
    expect(rows).toHaveLength(millis.length);
    for (const row of rows) {
      const ms = millis[Number(row.operation.slice(3))] as number;
      const [index] = row.buckets[0];
      expect([index, index === undefined ? 0 : index - 1], `${ms} ms`).toContain(
        bucketIndex(Math.max(ms, 1e-6) / 1000),
      );
    }
  });
});

describe('deduplication', () => {
  /** What each table holds of a pipeline: raw rows, and what the rollups counted. */
  const counts = async (pipeline: string) => {
    const held = (table: string, value: string, where = '1') =>
      `(SELECT toUInt32(${value}) FROM ${table} WHERE Pipeline = {pipeline:String} AND ${where}) AS ${table}`;
    const [row] = await stand.store.rows<Record<string, number>>(
      `SELECT ${held('spans', 'count()')}, ${held('metric_points', 'count()')}, ${held('metric_histograms', 'count()')},
        ${['red_10s', 'red_1m', 'red_1h', 'edges_1m', 'edges_5m', 'edges_1h', 'gauge_10s', 'gauge_1m', 'gauge_1h'].map((table) => held(table, 'sum(Count)')).join(', ')}`,
      { pipeline },
    );
    return row;
  };
  const red = (count: number) => ({
    red_10s: count,
    red_1m: count,
    red_1h: count,
    edges_1m: count,
    edges_5m: count,
    edges_1h: count,
  });
  const gauges = (fine: number, all: number) => ({ gauge_10s: fine, gauge_1m: all, gauge_1h: all });

  test('a batch sent twice with one token is stored and rolled up once', async () => {
    const spans = [span({ pipeline: 'twice' }), span({ pipeline: 'twice', at: NOON + 1 })];
    const points = [
      lag('t', 'g', 0, 1, { pipeline: 'twice' }),
      point({ pipeline: 'twice', value: 2, metric: 'queue.depth' }),
    ];
    const histogram = point(
      { pipeline: 'twice', metric: 'http.server.request.duration' },
      { Count: 5, Sum: 1, BucketCounts: [5], AggregationTemporality: 1 },
    );
    for (let attempt = 0; attempt < 3; attempt++) {
      await insert('otel_traces', spans, 'segment-1');
      await insert('otel_metrics_gauge', points, 'segment-1');
      await insert('otel_metrics_histogram', [histogram], 'segment-1');
    }
    expect(await counts('twice')).toEqual({
      spans: 2,
      metric_points: 2,
      metric_histograms: 1,
      ...red(7),
      ...gauges(1, 2),
    });
  });

  test('equal batches with different tokens are both stored and both rolled up', async () => {
    for (const token of ['segment-2', 'segment-3']) {
      await insert('otel_traces', [span({ pipeline: 'same' })], token);
      await insert('otel_metrics_gauge', [lag('t', 'g', 0, 1, { pipeline: 'same' })], token);
    }
    const all = { spans: 2, metric_points: 2, metric_histograms: 0, ...red(2), ...gauges(2, 2) };
    expect(await counts('same')).toEqual(all);
  });

  test('different batches whose rollups are equal are both rolled up', async () => {
    await insert('otel_traces', [span({ pipeline: 'alike', at: NOON + 1 })], 'segment-4');
    await insert('otel_traces', [span({ pipeline: 'alike', at: NOON + 2 })], 'segment-5');
    expect(await counts('alike')).toMatchObject({ spans: 2, ...red(2) });
  });
});
