import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Buckets, bucketSeconds, quantileFromBuckets } from '../../store/queries/buckets.ts';
import { startTestStore, type TestStore } from './harness.ts';
import { readRed } from './queries/red-rows.ts';
import { NOON, point } from './queries/telemetry-rows.ts';
import type { StockTable } from './stock-rows.ts';
import { insertWire } from './wire-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const red = (pipeline: string) => readRed(stand.store, pipeline);
const insert = (table: StockTable, rows: readonly object[]) => insertWire(stand.store, table, rows);
const total = ([, counts]: Buckets) => counts.reduce((sum, count) => sum + count, 0);

describe('histograms of metrics', () => {
  const delta = { AggregationTemporality: 1 };
  const kafka = {
    'messaging.consumer.group.name': 'g',
    'messaging.destination.name': 'orders',
    'messaging.system': 'kafka',
  };

  test('explicit buckets count at their geometric middle, at the end of their interval', async () => {
    const rest = {
      Count: 10,
      Sum: 3,
      BucketCounts: [1, 4, 5],
      ExplicitBounds: [0.1, 0.4],
      Min: 0.025,
      Max: 0.9,
      ...delta,
    };
    const spec = { pipeline: 'explicit', metric: 'messaging.process.duration', service: 'billing', attributes: kafka };
    await insert('otel_metrics_histogram', [
      // A point at the edge of two steps tells of the step before it.
      point({ ...spec, at: NOON + 10_000 }, rest),
      point({ ...spec, at: NOON + 5000, attributes: { ...kafka, 'error.type': 'timeout' } }, rest),
      point({ ...spec, at: NOON + 5000 }, { ...rest, AggregationTemporality: 2 }),
      point({ ...spec, at: NOON + 5000, metric: 'unrelated.duration' }, rest),
    ]);
    const rows = await red('explicit');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      time: NOON,
      kind: 'Consumer',
      destination: 'orders',
      group: 'g',
      source: 'metrics',
      count: 20,
      errors: 10,
      messages: 20,
      seconds: 6,
    });
    const buckets = rows[0]?.buckets as Buckets;
    expect(buckets[1]).toEqual([2, 8, 10]);
    for (const [i, middle] of [Math.sqrt(0.025 * 0.1), 0.2, 0.6].entries()) {
      expect(Math.abs(bucketSeconds(buckets[0][i] as number) / middle - 1)).toBeLessThan(0.0111);
    }
  });

  test('a first bound of zero, a missing maximum and a point without bounds do no harm', async () => {
    const spec = { pipeline: 'odd', metric: 'http.server.request.duration', service: 'gateway' };
    await insert('otel_metrics_histogram', [
      point(spec, { Count: 6, Sum: 1, BucketCounts: [1, 2, 3], ExplicitBounds: [0, 5], Min: 0, Max: 0, ...delta }),
      point(spec, { Count: 4, Sum: 2, BucketCounts: [4], ExplicitBounds: [], ...delta }),
      point(spec, { Count: 3, Sum: 1.5, BucketCounts: [], ExplicitBounds: [], ...delta }),
    ]);
    const [row] = await red('odd');
    expect(row?.count).toBe(13);
    expect(total(row?.buckets as Buckets)).toBe(13);
    expect(quantileFromBuckets(row?.buckets as Buckets, 0.5)).toBeCloseTo(0.5, 1);
  });

  test('a sum that is no number is left out, and its calls count', async () => {
    const spec = { pipeline: 'sumless', metric: 'http.server.request.duration', service: 'gateway' };
    const counts = { Count: 2, BucketCounts: [2], ExplicitBounds: [], ...delta };
    const scaled = { Count: 2, Scale: 5, PositiveOffset: -32, PositiveBucketCounts: [2], ...delta };
    for (const Sum of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await insert('otel_metrics_histogram', [point(spec, { ...counts, Sum })]);
      await insert('otel_metrics_exponential_histogram', [point(spec, { ...scaled, Sum })]);
    }
    expect(await red('sumless')).toMatchObject([{ count: 12, seconds: 1 }]);
    const [row] = await stand.store.rows("SELECT sum(DurationSum) AS seconds FROM red_1h WHERE Pipeline = 'sumless'");
    expect(row).toEqual({ seconds: 1 });
  });

  test.each([
    ['finer', 8],
    ['equal', 5],
    ['coarser', 1],
  ])('an exponential histogram of %s scale is brought to ours', async (name, scale) => {
    const base = 2 ** (2 ** -scale);
    const values = [0.012, 0.05, 0.05, 0.31, 1.7];
    const offset = Math.floor(Math.log(0.012) / Math.log(base)) - 1;
    const counts = new Array<number>(Math.ceil(Math.log(1.7) / Math.log(base)) - offset).fill(0);
    for (const value of values) {
      const at = Math.ceil(Math.log(value) / Math.log(base)) - 1 - offset;
      counts[at] = (counts[at] as number) + 1;
    }
    const rest = {
      Count: 7,
      Sum: 2,
      Scale: scale,
      ZeroCount: 2,
      PositiveOffset: offset,
      PositiveBucketCounts: counts,
      ...delta,
    };
    await insert('otel_metrics_exponential_histogram', [
      point({ pipeline: name, metric: 'messaging.process.duration', attributes: kafka, at: NOON + 3000 }, rest),
    ]);
    const [row] = await red(name);
    const buckets = row?.buckets as Buckets;
    expect(total(buckets)).toBe(7);
    expect(quantileFromBuckets(buckets, 0.2)).toBeLessThan(1e-8);
    const allowed = Math.sqrt(base) * 2 ** (1 / 64) * 1.0001;
    for (const [i, value] of values.entries()) {
      const error = quantileFromBuckets(buckets, (i + 3) / 7) / value;
      expect(Math.max(error, 1 / error), `${value} s`).toBeLessThan(allowed);
    }
  });

  test('client operations that send are producers, other clients stay clients', async () => {
    const rest = { Count: 1, Sum: 1, BucketCounts: [1], ExplicitBounds: [], ...delta };
    const operation = (type: string) =>
      point(
        {
          pipeline: 'operations',
          metric: 'messaging.client.operation.duration',
          attributes: {
            'messaging.destination.name': 'orders',
            'messaging.operation.type': type,
            'messaging.system': 'kafka',
          },
        },
        rest,
      );
    const db = { 'db.namespace': 'warehouse', 'db.system.name': 'postgresql' };
    await insert('otel_metrics_histogram', [
      operation('send'),
      operation('receive'),
      point({ pipeline: 'operations', metric: 'db.client.operation.duration', attributes: db }, rest),
    ]);
    expect((await red('operations')).map((row) => [row.kind, row.destinationKind, row.destination])).toEqual([
      ['Client', 'topic', 'orders'],
      ['Client', 'database', 'warehouse'],
      ['Producer', 'topic', 'orders'],
    ]);
  });
});

describe('gauges', () => {
  interface GaugeRow {
    readonly time: number;
    readonly metric: string;
    readonly kind: string;
    readonly signal: string;
    readonly topic: string;
    readonly group: string;
    readonly partition: string;
    readonly last: number;
    readonly min: number;
    readonly max: number;
    readonly sum: number;
    readonly count: number;
    readonly attributes: Record<string, string>;
  }
  const LEVELS = ['gauge_10s', 'gauge_1m', 'gauge_1h'];
  /** The merged rows of one pipeline, with what their series are called. */
  const gauges = (table: string, pipeline: string) =>
    stand.store.rows<GaugeRow>(
      `SELECT toUnixTimestamp(g.Time) * 1000 AS time, g.MetricName AS metric, g.MetricKind AS kind, g.Signal AS signal,
          s.Topic AS topic, s.ConsumerGroup AS group, s.Partition AS partition, g.Last.2 AS last, g.Min AS min, g.Max AS max,
          g.Sum AS sum, g.Count AS count, s.Attributes AS attributes
      FROM (SELECT * FROM ${table} FINAL WHERE Pipeline = {pipeline:String}) AS g
      LEFT ANY JOIN metric_series AS s ON g.SeriesId = s.SeriesId
      ORDER BY g.MetricName, g.MetricKind, g.Time`,
      { pipeline },
    );

  const attributes = { group: 'g', partition: '3', topic: 'orders' };

  test('keep last by time, extremes, sum and count per series and step, across inserts, at every level', async () => {
    const sample = (at: number, value: number) =>
      point({ pipeline: 'gauges', metric: 'kafka.consumer_group.lag', at: NOON + at, value, attributes });
    await insert('otel_metrics_gauge', [sample(7000, 4), sample(9999, 2), sample(1000, 9)]);
    await insert('otel_metrics_gauge', [sample(8000, 1)]);
    for (const level of LEVELS) {
      expect(await gauges(level, 'gauges'), level).toEqual([
        {
          time: NOON,
          metric: 'kafka.consumer_group.lag',
          kind: 'gauge',
          signal: '',
          topic: 'orders',
          group: 'g',
          partition: '3',
          last: 2,
          min: 1,
          max: 9,
          sum: 16,
          count: 4,
          attributes,
        },
      ]);
    }
  });

  test('begin at ten seconds where a signal or the lag of a group is read from them, and at a minute otherwise', async () => {
    const of = (metric: string, signal?: string) =>
      point({
        pipeline: 'fine',
        metric,
        value: 1,
        attributes: { ...attributes, ...(signal === undefined ? {} : { 'weir.signal': signal }) },
      });
    const watched = ['kafka.consumer_group.lag', 'kafka.consumer_group.members', 'kafka.consumer_group.offset'];
    watched.push('kafka.partition.current_offset', 'weir.consumer_group.lag_time', 'weir.consumer_group.state');
    const others = ['kafka.topic.partitions', 'temperature'];
    await insert('otel_metrics_gauge', [...[...watched, ...others].map((metric) => of(metric)), of('heat', 'heat')]);
    const metrics = async (level: string) => (await gauges(level, 'fine')).map(({ metric }) => metric);
    expect(await metrics('gauge_10s')).toEqual(['heat', ...watched].sort());
    for (const level of ['gauge_1m', 'gauge_1h']) {
      expect(await metrics(level)).toEqual(['heat', ...watched, ...others].sort());
    }
  });

  test('sums say how they are to be read, and a NaN is left out', async () => {
    const sum = (metric: string, value: number, rest: object) =>
      point(
        { pipeline: 'sums', metric, at: NOON + 60_000, attributes: { 'weir.signal': 'orders' } },
        { Value: value, ...rest },
      );
    await insert('otel_metrics_sum', [
      sum('a', 3, { AggregationTemporality: 1, IsMonotonic: true }),
      sum('b', 3, { AggregationTemporality: 2, IsMonotonic: true }),
      sum('c', 3, { AggregationTemporality: 2, IsMonotonic: false }),
      sum('d', Number.NaN, { AggregationTemporality: 1, IsMonotonic: true }),
      sum('e', Number.POSITIVE_INFINITY, { AggregationTemporality: 2, IsMonotonic: true }),
    ]);
    expect(
      await stand.store.rows("SELECT MetricName AS m FROM metric_points WHERE Pipeline = 'sums' ORDER BY m"),
    ).toHaveLength(5);
    // A delta at the edge of two steps tells of the step before it, everything else of the step of its sample.
    for (const [level, before] of [['gauge_10s', NOON + 50_000] as const, ['gauge_1m', NOON] as const]) {
      expect((await gauges(level, 'sums')).map((row) => [row.kind, row.signal, row.time])).toEqual([
        ['delta', 'orders', before],
        ['cumulative', 'orders', NOON + 60_000],
        ['gauge', 'orders', NOON + 60_000],
      ]);
    }
    expect((await gauges('gauge_1h', 'sums')).map((row) => [row.kind, row.signal, row.time])).toEqual([
      ['delta', 'orders', NOON],
      ['cumulative', 'orders', NOON],
      ['gauge', 'orders', NOON],
    ]);
  });

  test('the gauge weir.event.time feeds freshness', async () => {
    await insert('otel_metrics_gauge', [
      point({ pipeline: 'events', service: 'sink', metric: 'weir.event.time', value: NOON - 1500 }),
    ]);
    expect(await red('events')).toMatchObject([{ service: 'sink', count: 0, eventTime: NOON - 1500 }]);
    for (const level of ['red_1m', 'red_1h', 'edges_1m', 'edges_5m', 'edges_1h']) {
      expect(
        await stand.store.rows(
          `SELECT Service AS service, max(EventTimeMax) AS time FROM ${level} WHERE Pipeline = 'events' GROUP BY service`,
        ),
        level,
      ).toEqual([{ service: 'sink', time: NOON - 1500 }]);
    }
  });
});
