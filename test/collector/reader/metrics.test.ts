import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../collector/otlp/encode.ts';
import type { KeyValue, Metric, NumberDataPoint } from '../../../collector/otlp/model.ts';
import type { DivertedPoint, NewSeries, ReaderHooks } from '../../../collector/reader/hooks.ts';
import { DEFAULT_READER_LIMITS, type ReaderLimits } from '../../../collector/reader/limits.ts';
import { type ReadOutcome, WireReader } from '../../../collector/reader/reader.ts';
import { decodeRequest } from '../../oracle/decode.ts';
import { LeanTables, type TableRows } from '../../oracle/lean-tables.ts';
import { startTestStore, type TestStore } from '../../store/harness.ts';

const NOW = 1_760_000_000_000_000_000n;
const SECOND = 1_000_000_000n;
const HOUR = 3600n * SECOND;
const CONTEXT = { now: NOW, oldest: NOW - 100n * HOUR, newest: NOW + 100n * HOUR };

let store: TestStore;
let tables: LeanTables;
beforeAll(async () => {
  store = await startTestStore();
  tables = await LeanTables.open(store.store);
}, 60_000);
afterAll(async () => {
  await tables?.close();
  await store?.stop();
});

const open = (hooks: ReaderHooks = {}, limits: Partial<ReaderLimits> = {}) =>
  WireReader.open({ hooks, limits: { ...DEFAULT_READER_LIMITS, ...limits } });
const texts = (attributes: Record<string, string>): KeyValue[] =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));
const gauge = (name: string, ...dataPoints: NumberDataPoint[]): Metric => ({ name, gauge: { dataPoints } });
const point = (attributes: Record<string, string>, time = NOW, asDouble = 1): NumberDataPoint => ({
  attributes: texts(attributes),
  timeUnixNano: time,
  asDouble,
});
const bytesOf = (...metrics: Metric[]) =>
  encodeRequest('metrics', {
    resourceMetrics: [
      {
        resource: { attributes: texts({ 'service.name': 'gateway' }) },
        scopeMetrics: [{ scope: { name: 'meter' }, metrics }],
      },
    ],
  });
const read = (reader: WireReader, ...metrics: Metric[]): ReadOutcome =>
  reader.read('metrics', bytesOf(...metrics), CONTEXT);
const taken = (reader: WireReader): Promise<TableRows> => tables.load(reader.take());
const ids = (rows: TableRows) => (rows.get('metric_points') ?? []).map((row) => row.SeriesId);
const seen = (rows: TableRows) => (rows.get('metric_series') ?? []).map((row) => BigInt(row.Seen as number) * SECOND);

describe('a series', () => {
  it('has one id for any order of its attributes, and another for another value, unit or kind', async () => {
    const reader = await open();
    read(
      reader,
      gauge(
        'g',
        point({ a: '1', b: '2' }),
        point({ b: '2', a: '1' }),
        point({ a: '1', b: '3' }),
        point({ a: '12', b: '' }),
      ),
      { ...gauge('g', point({ a: '1', b: '2' })), unit: 's' },
      { name: 'g', sum: { dataPoints: [point({ a: '1', b: '2' })] } },
      { name: 'g', sum: { dataPoints: [point({ a: '1', b: '2' })], aggregationTemporality: 1 } },
      { name: 'g', sum: { dataPoints: [point({ a: '1', b: '2' })], isMonotonic: true } },
      gauge('h', point({ a: '1', b: '2' })),
    );
    const [first, second, ...others] = ids(await taken(reader));
    expect(second).toBe(first);
    expect(new Set([first, ...others]).size).toBe(others.length + 1);
    expect(others).toHaveLength(7);
  });

  it('has the same id in another process, whatever the seed of its tables', async () => {
    const found = [];
    for (const reader of [await open(), await open()]) {
      read(reader, gauge('g', point({ a: '1' })));
      found.push(...ids(await taken(reader)));
    }
    expect(found[0]).toBe(found[1]);
  });

  it('is told once, and again an hour outside the times it was told for', async () => {
    const reader = await open();
    const times = [0n, 10n, 3600n, 3601n, -3599n, -3600n, -3601n, 7201n, 7202n].map((offset) => NOW + offset * SECOND);
    for (const time of times) {
      read(reader, gauge('g', point({ a: '1' }, time)));
    }
    const rows = await taken(reader);
    expect(seen(rows)).toEqual([NOW, NOW + 3601n * SECOND, NOW - 3601n * SECOND, NOW + 7202n * SECOND]);
    expect(rows.get('metric_points')).toHaveLength(times.length);
  });

  it('is told again after a request that failed, and after forget', async () => {
    const reader = await open();
    const good = bytesOf(gauge('g', point({ a: '1' })));
    const bad = Buffer.concat([good, Buffer.from([0x0a, 0x7f])]);
    expect(() => reader.read('metrics', bad, CONTEXT)).toThrow(/length of 127 bytes where 0 are left/);
    expect(reader.take()).toEqual([]);
    reader.read('metrics', good, CONTEXT);
    expect(seen(await taken(reader))).toHaveLength(1);
    reader.read('metrics', good, CONTEXT);
    expect(seen(await taken(reader))).toHaveLength(0);
    reader.forget();
    reader.read('metrics', good, CONTEXT);
    expect(seen(await taken(reader))).toHaveLength(1);
  });

  it('a request that fails in a later point of a known series takes nothing back that was told before', async () => {
    const reader = await open();
    read(reader, gauge('g', point({ a: '1' })));
    const later = bytesOf(gauge('g', point({ a: '1' }, NOW + 2n * HOUR)));
    expect(() => reader.read('metrics', Buffer.concat([later, Buffer.from([0x0a, 0x7f])]), CONTEXT)).toThrow();
    reader.read('metrics', bytesOf(gauge('g', point({ a: '1' }, NOW + 3n * HOUR))), CONTEXT);
    expect(seen(await taken(reader))).toEqual([NOW, NOW + 3n * HOUR]);
  });

  it('no rows of metric_series are told of a request that has them already', async () => {
    const reader = await open();
    const bytes = bytesOf(gauge('g', point({ a: '1' })));
    const outcome = reader.read('metrics', bytes, { ...CONTEXT, skip: new Set(['metric_series', 'resource_scopes']) });
    expect(outcome.tables).toEqual(['metric_points']);
    expect([...(await taken(reader)).keys()]).toEqual(['metric_points']);
  });

  it('is forgotten with all others when there are more than the limit, and keeps its id', async () => {
    const reader = await open({}, { series: 100 });
    const points = Array.from({ length: 150 }, (_, i) => point({ a: String(i) }));
    const { limited } = read(reader, gauge('g', ...points));
    expect(limited).toEqual(new Map([['series', 1]]));
    const first = ids(await taken(reader));
    expect(new Set(first).size).toBe(150);
    read(reader, gauge('g', ...points));
    const rows = await taken(reader);
    expect(ids(rows)).toEqual(first);
    expect(seen(rows).length).toBeGreaterThanOrEqual(100);
  });

  it('keeps its columns when texts are forgotten in between', async () => {
    const reader = await open();
    const known = gauge('g', point({ 'weir.signal': 'lag', topic: 'orders' }));
    read(reader, known);
    await taken(reader);
    // More distinct texts than are remembered.
    for (let round = 0; round < 5; round++) {
      const points = Array.from({ length: 60_000 }, (_, i) => point({ [`key ${round} ${i}`]: 'v' }));
      read(reader, gauge('other', ...points));
      reader.take();
    }
    read(reader, known);
    const rows = await taken(reader);
    expect(rows.get('metric_points')).toMatchObject([{ MetricName: 'g', Signal: 'lag', ServiceName: 'gateway' }]);
  });
});

describe('points', () => {
  it('are refused with their place and the fault in words', async () => {
    const reader = await open();
    const histogram = (bucketCounts: bigint[], explicitBounds: number[]): Metric => ({
      name: 'h',
      histogram: { dataPoints: [{ timeUnixNano: NOW, bucketCounts, explicitBounds }] },
    });
    const faults: [Metric, string, string][] = [
      [
        gauge('', point({}), point({})),
        'missing_name',
        '2 data points refused: a metric has no name at resourceMetrics[0].scopeMetrics[0].metrics[0]',
      ],
      [
        gauge('g', point({}), { timeUnixNano: NOW }),
        'missing_value',
        '1 data points refused: the point has no value at resourceMetrics[0].scopeMetrics[0].metrics[0].dataPoints[1]',
      ],
      [gauge('g', { asInt: 1n }), 'invalid_time', 'the time is not set'],
      [
        gauge('g', { ...point({}), startTimeUnixNano: 2n ** 63n }),
        'invalid_time',
        'the start time lies after the year 2105',
      ],
      [
        gauge('g', { ...point({}), exemplars: [{ timeUnixNano: 2n ** 63n }] }),
        'invalid_time',
        'an exemplar lies after the year 2105',
      ],
      [gauge('g', point({}, NOW - 101n * HOUR)), 'too_old', 'is older than what is taken'],
      [histogram([1n, 2n], [1, 2]), 'invalid_buckets', '2 bucket counts do not fit 2 bounds'],
      [histogram([1n, 2n, 3n], [2, 1]), 'invalid_buckets', 'the bounds do not ascend'],
      [
        { name: 'e', exponentialHistogram: { dataPoints: [{ timeUnixNano: NOW, scale: -11 }] } },
        'invalid_buckets',
        'the scale -11 is outside -10 to 20',
      ],
      [
        {
          name: 'e',
          exponentialHistogram: {
            dataPoints: [{ timeUnixNano: NOW, negative: { offset: 1024, bucketCounts: [1n, 1n] } }],
          },
        },
        'invalid_buckets',
        'the buckets reach beyond the range of doubles',
      ],
    ];
    for (const [metric, reason, words] of faults) {
      const { rejections } = read(reader, metric);
      expect([...rejections.counts.keys()]).toEqual([reason]);
      expect(rejections.message('data points')).toContain(words);
    }
    const rows = await taken(reader);
    expect(rows.get('metric_points')).toHaveLength(1);
    expect(rows.get('metric_histograms')).toBeUndefined();
  });

  it('with too many buckets or exemplars are cut or refused, and it is counted', async () => {
    const reader = await open({}, { buckets: 4, exemplars: 2 });
    const exponential = (count: number): Metric => ({
      name: 'e',
      exponentialHistogram: {
        dataPoints: [{ timeUnixNano: NOW, positive: { bucketCounts: Array.from({ length: count }, () => 7n) } }],
      },
    });
    const histogram = (count: number): Metric => ({
      name: 'h',
      histogram: {
        dataPoints: [
          {
            timeUnixNano: NOW,
            bucketCounts: Array.from({ length: count }, () => 7n),
            explicitBounds: Array.from({ length: count - 1 }, (_, i) => i),
          },
        ],
      },
    });
    expect(read(reader, exponential(5)).limited.get('buckets')).toBe(1);
    expect(read(reader, exponential(5000)).rejections.counts.get('invalid_buckets')).toBe(1);
    expect(read(reader, histogram(5)).limited.get('buckets')).toBe(1);
    expect(read(reader, exponential(4), histogram(4)).accepted).toBe(2);
    const exemplars = [1, 2, 3].map((asDouble) => ({ asDouble, timeUnixNano: NOW }));
    expect(read(reader, gauge('g', { ...point({}), exemplars })).limited.get('exemplars')).toBe(1);
    const rows = await taken(reader);
    expect(rows.get('metric_points')?.map((row) => (row.Exemplars as unknown[]).length)).toEqual([2]);
    expect(rows.get('metric_exponential_histograms')?.map((row) => row.PositiveBucketCounts)).toEqual([
      ['7', '7', '7', '7'],
    ]);
    expect(rows.get('metric_histograms')?.map((row) => row.BucketCounts)).toEqual([['7', '7', '7', '7']]);
  });
});

describe('hooks', () => {
  it('are asked once for a series, for a diverted one with each point, and its points are taken, refused or handed over', async () => {
    const asked: NewSeries[] = [];
    const diverted: DivertedPoint[] = [];
    const verdicts: Record<string, 'admit' | 'reject' | 'divert'> = { '1': 'admit', '2': 'reject', '3': 'divert' };
    const reader = await open({
      admitSeries(series) {
        asked.push(series);
        return verdicts[series.attributes.get('partition') ?? ''] ?? 'admit';
      },
      divertPoint: (of) => diverted.push(of),
    });
    const partitions = ['1', '2', '3'].map((partition) => point({ topic: 'orders', partition }));
    const metric: Metric = {
      ...gauge('lag', ...partitions, ...partitions),
      unit: '{message}',
      description: 'what waits',
    };
    const outcome = read(reader, metric);
    expect(asked.map(({ service, metric, attributes }) => [service, metric, Object.fromEntries(attributes)])).toEqual(
      ['1', '2', '3', '3'].map((partition) => ['gateway', 'lag', { partition, topic: 'orders' }]),
    );
    expect(outcome.accepted).toBe(4);
    expect(Object.fromEntries(outcome.rejections.counts)).toEqual({ cardinality: 2 });
    expect(diverted).toHaveLength(2);
    expect(diverted[1]).toMatchObject({
      ...{ service: 'gateway', metric: 'lag', description: 'what waits', unit: '{message}', type: 'gauge' },
      ...{ temporality: 0, isMonotonic: false, time: NOW, startTime: 0n, value: 1, flags: 0 },
    });
    expect([...(diverted[1]?.attributes ?? [])]).toEqual([
      ['partition', '3'],
      ['topic', 'orders'],
    ]);
    // The messages make the same point again.
    const { resource, scope, point: message } = diverted[0] as DivertedPoint;
    const field = (number: number, bytes: Uint8Array) =>
      Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
    const scopes = field(2, Buffer.concat([field(1, scope), field(2, field(5, field(1, message)))]));
    const again = decodeRequest('metrics', field(1, Buffer.concat([field(1, resource), scopes])));
    const [{ resource: owner, scopeMetrics } = {}] = again.resourceMetrics ?? [];
    expect(owner).toEqual({ attributes: texts({ 'service.name': 'gateway' }) });
    expect(scopeMetrics?.[0]?.scope).toEqual({ name: 'meter' });
    expect(scopeMetrics?.[0]?.metrics?.[0]?.gauge?.dataPoints).toEqual([partitions[2]]);
    const rows = await taken(reader);
    expect(rows.get('metric_points')).toHaveLength(2);
    expect(rows.get('metric_series')).toHaveLength(1);
    expect(rows.get('metric_series')?.[0]?.SeriesId).toBe(String(asked[0]?.id));
  });

  it('get no points of a request that fails', async () => {
    const diverted: DivertedPoint[] = [];
    const reader = await open({ admitSeries: () => 'divert', divertPoint: (of) => diverted.push(of) });
    const good = bytesOf(gauge('g', point({})));
    expect(() => reader.read('metrics', Buffer.concat([good, Buffer.from([0x0a, 0x7f])]), CONTEXT)).toThrow();
    expect(diverted).toEqual([]);
    reader.read('metrics', good, CONTEXT);
    expect(diverted).toHaveLength(1);
  });
});
