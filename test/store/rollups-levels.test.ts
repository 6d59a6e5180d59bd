import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestStore, type TestStore } from './harness.ts';
import { expectLevelsAgree } from './levels.ts';
import { consume, lag, NOON, point, produce, query, span } from './queries/telemetry-rows.ts';
import type { StockTable } from './stock-rows.ts';
import { insertWire } from './wire-rows.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const COUNT = 600;
const BATCHES = 3;

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
  const rows = Array.from({ length: COUNT }, (_, i) => rowsOf(i));
  const batches = Array.from({ length: BATCHES }, (_, batch) => rows.filter((_row, i) => i % BATCHES === batch));
  // Each batch spreads over all of the time, so that every step is written by several inserts.
  for (const batch of batches) {
    for (const table of TABLES) {
      await insertWire(
        stand.store,
        table,
        batch.flatMap((one) => one[table]),
      );
    }
  }
});
afterAll(() => stand?.stop());

const TABLES = [
  'otel_traces',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
] as const satisfies readonly StockTable[];

/** Telemetry of 26 hours around noon, a part of it at the very edges of minutes and hours and days. */
function rowsOf(i: number): Record<StockTable, readonly object[]> {
  const edge = NOON - 13 * HOUR + Math.floor((i * 26 * 60) / COUNT) * MINUTE;
  const at = i % 3 === 0 ? edge : edge + ((i * 7919) % 60_000);
  const pipeline = `p${i % 2}`;
  const ms = 1 + ((i * 104_729) % 90_000);
  const spec = { pipeline, service: `s${i % 5}`, at: at - ms, ms, error: i % 11 === 0 };
  const delta = { AggregationTemporality: 1, IsMonotonic: true };
  const attributes = {
    ...{ 'messaging.destination.name': 't', 'messaging.system': 'kafka', 'messaging.consumer.group.name': 'g' },
    ...(i % 4 === 0 ? { 'error.type': 'timeout' } : {}),
  };
  const calls = { pipeline, service: 'm', metric: 'messaging.process.duration', at, attributes };
  const signal = { pipeline, service: 'm', at, attributes: { 'weir.signal': 'orders' } };
  return {
    otel_traces: [
      span({ ...spec, name: `op ${i % 7}` }),
      consume('t', 'g', { ...spec, attributes: { 'weir.event.time': String(at - 500) } }),
      produce('t', { ...spec, attributes: { 'messaging.batch.message_count': String(i % 9) } }),
      query('warehouse', spec),
    ],
    otel_metrics_gauge: [
      lag('t', 'g', i % 2, (i * 31) % 97, { pipeline, at }),
      point({ ...signal, metric: 'heat', value: (i % 17) - 8 }),
      point({ pipeline, at, metric: 'temperature', value: i / 4 }),
      point({ pipeline, service: 's0', at, metric: 'weir.event.time', value: at - 250 }),
    ],
    otel_metrics_sum: [
      point({ ...signal, metric: 'orders.delta', value: i % 5 }, delta),
      point({ ...signal, metric: 'orders.total', value: i }, { AggregationTemporality: 2, IsMonotonic: true }),
      point({ pipeline, at, metric: 'bytes', value: i }, delta),
    ],
    otel_metrics_histogram: [
      point(calls, {
        Count: 3,
        Sum: 0.75,
        BucketCounts: [1, 2],
        ExplicitBounds: [0.125],
        Min: 0.0625,
        Max: 0.5,
        ...delta,
      }),
    ],
    otel_metrics_exponential_histogram: [
      point(calls, { Count: 2, Sum: 0.5, Scale: 3, PositiveOffset: -20, PositiveBucketCounts: [1, 0, 1], ...delta }),
    ],
  };
}

describe('the levels of the rollups', () => {
  const wanted = {
    ...Object.fromEntries(
      ['red_10s', 'red_1m', 'red_1h', 'edges_1m', 'edges_5m', 'edges_1h'].map((table) => [table, COUNT * (4 + 3 + 2)]),
    ),
    gauge_10s: COUNT * 5,
    gauge_1m: COUNT * 7,
    gauge_1h: COUNT * 7,
  };

  test('add up to the same, and count everything once, as parts come in', async () => {
    expect(await expectLevelsAgree(stand.store)).toEqual(wanted);
  });

  test('and when parts have merged', async () => {
    for (const table of Object.keys(wanted)) {
      await stand.store.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
    }
    expect(await expectLevelsAgree(stand.store)).toEqual(wanted);
    // One row a series and step of each day's or month's part: what is not merged costs every read.
    for (const table of ['red_1m', 'edges_1h', 'gauge_1h']) {
      const key = await keyOf(table);
      const [row] = await stand.store.rows(`SELECT count() = uniqExact(tuple(${key})) AS merged FROM ${table}`);
      expect(row, table).toEqual({ merged: 1 });
    }
  });

  test('hold the times that the raw rows say', async () => {
    const [row] = await stand.store.rows(`
      SELECT
        (SELECT sum(Count) FROM red_1h WHERE Source = 'spans' AND Time >= toDateTime(${NOON / 1000}) AND Time < toDateTime(${(NOON + HOUR) / 1000}))
          = (SELECT count() FROM spans
             WHERE addNanoseconds(Timestamp, Duration) >= fromUnixTimestamp64Milli(${NOON}) AND addNanoseconds(Timestamp, Duration) < fromUnixTimestamp64Milli(${NOON + HOUR})) AS spans,
        (SELECT sum(Count) FROM gauge_1h WHERE MetricKind = 'delta' AND Time = toDateTime(${NOON / 1000}))
          = (SELECT count() FROM metric_points WHERE Temporality = 1 AND Time > fromUnixTimestamp64Milli(${NOON}) AND Time <= fromUnixTimestamp64Milli(${NOON + HOUR})) AS deltas,
        (SELECT sum(Count) FROM gauge_1m WHERE MetricName = 'temperature' AND Time >= toDateTime(${NOON / 1000}) AND Time < toDateTime(${(NOON + HOUR) / 1000}))
          = (SELECT count() FROM metric_points WHERE MetricName = 'temperature' AND Time >= fromUnixTimestamp64Milli(${NOON}) AND Time < fromUnixTimestamp64Milli(${NOON + HOUR})) AS gauges`);
    expect(row).toEqual({ spans: 1, deltas: 1, gauges: 1 });
  });
});

async function keyOf(table: string): Promise<string> {
  const [row] = await stand.store.rows<{ key: string }>(
    `SELECT sorting_key AS key FROM system.tables WHERE database = currentDatabase() AND name = '${table}'`,
  );
  return row?.key ?? '';
}
