import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Labels } from '../../../core/labels.ts';
import type { NodeKind } from '../../../core/node.ts';
import { METRIC } from '../../../core/semconv.ts';
import type { Series } from '../../../core/series.ts';
import type { Signal } from '../../../core/signal.ts';
import { writeFreshness } from '../../../store/queries/freshness.ts';
import { readSignals, type SignalQuery } from '../../../store/queries/signals.ts';
import { writeEdges } from '../../../store/queries/topology-rows.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { consume, lag, lagTime, NOON, nanos, type PointSpec, point, produce, query, span } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const S = 10_000;
const _ = Number.NaN;

/** Six steps of 10 s from noon, of one pipeline (each test has its own). */
function read(pipeline: string, options: Partial<SignalQuery> = {}): Promise<Series[]> {
  return readSignals(stand.store, {
    from: NOON,
    to: NOON + 6 * S,
    step: S,
    ...options,
    match: { pipeline, ...options.match },
  });
}

async function values(pipeline: string, signal: Signal, options: Partial<SignalQuery> = {}): Promise<number[]> {
  const found = (await read(pipeline, options)).filter((series) => series.labels['signal'] === signal);
  expect(found.map((series) => series.labels)).toHaveLength(1);
  return [...(found[0] as Series).values];
}

const traces = (...rows: object[]) => insertStock(stand.store, 'otel_traces', rows);
const gauges = (...rows: object[]) => insertStock(stand.store, 'otel_metrics_gauge', rows);
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_item, i) => make(i));

describe('throughput and output', () => {
  test('are per second, zero where a known series is silent, and a gap before its first sight', async () => {
    const pipeline = 'rates';
    await traces(
      ...many(30, () => span({ pipeline, at: NOON + S })),
      ...many(10, () => consume('orders', 'g', { pipeline, service: 'gateway', at: NOON + 3 * S })),
      ...many(5, () => produce('orders', { pipeline, at: NOON + 2 * S })),
      ...many(99, () => span({ pipeline, kind: 'Internal', at: NOON + S })),
    );
    expect(await values(pipeline, 'throughput')).toEqual([_, 3, 0, 1, 0, 0]);
    expect(await values(pipeline, 'output')).toEqual([_, _, 0.5, 0, 0, 0]);
  });

  test('a series seen before the range and since `knownSince` is zero from the first step on', async () => {
    const pipeline = 'known';
    await traces(span({ pipeline, at: NOON - 1_800_000 }));
    expect(await values(pipeline, 'throughput')).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await read(pipeline, { knownSince: NOON - 60_000 })).toEqual([]);
    expect(await read(pipeline, { from: NOON + 7_200_000, to: NOON + 7_260_000 })).toEqual([]);
    expect(
      await values(pipeline, 'throughput', {
        from: NOON + 7_200_000,
        to: NOON + 7_220_000,
        knownSince: NOON - 1_800_000,
      }),
    ).toEqual([0, 0]);
  });

  test('a batch counts with its messages', async () => {
    const pipeline = 'batches';
    const attributes = { 'messaging.batch.message_count': '500' };
    await traces(
      consume('orders', 'g', { pipeline, service: 'sink', attributes }),
      produce('orders', { pipeline, service: 'sink', attributes }),
    );
    expect(await values(pipeline, 'throughput')).toEqual([50, 0, 0, 0, 0, 0]);
    expect(await values(pipeline, 'output')).toEqual([50, 0, 0, 0, 0, 0]);
  });

  test('longer steps divide by their length and leave out a step that is not whole', async () => {
    const pipeline = 'steps';
    await traces(...many(60, (i) => span({ pipeline, at: NOON + i * S })));
    expect(await values(pipeline, 'throughput', { step: 60_000, to: NOON + 180_000 })).toEqual([0.1, 0.1, 0.1]);
    expect(await values(pipeline, 'throughput', { step: 300_000, to: NOON + 899_999 })).toEqual([0.1, 0.1]);
    const [series] = await read(pipeline, { step: 60_000, from: NOON + 59_000, to: NOON + 125_000 });
    expect(series).toMatchObject({ start: NOON, step: 60_000 });
    expect(series?.values).toHaveLength(2);
  });
});

describe('error ratio and latency', () => {
  test('are gaps without calls and count entry spans only', async () => {
    const pipeline = 'errors';
    await traces(
      span({ pipeline, error: true, ms: 100 }),
      ...many(3, () => span({ pipeline, ms: 100 })),
      ...many(4, () => query('db', { pipeline, ms: 9000, error: true })),
      span({ pipeline, at: NOON + 4 * S, ms: 200 }),
    );
    expect(await values(pipeline, 'error_ratio')).toEqual([0.25, _, _, _, 0, _]);
    const p50 = await values(pipeline, 'latency_p50');
    expect(p50[0]).toBeCloseTo(0.1, 2);
    expect(p50.slice(1, 4)).toEqual([_, _, _]);
    expect(p50[4]).toBeCloseTo(0.2, 2);
  });

  test('percentiles merge operations, instances and steps', async () => {
    const pipeline = 'merge';
    await traces(...many(50, (i) => span({ pipeline, name: 'a', at: NOON, ms: 2 * i + 1 })));
    await traces(...many(50, (i) => span({ pipeline, name: 'b', at: NOON + 30_000, ms: 2 * i + 2 })));
    for (const [signal, exact] of [
      ['latency_p50', 0.05],
      ['latency_p95', 0.095],
      ['latency_p99', 0.099],
    ] as const) {
      const [value] = await values(pipeline, signal, { step: 60_000, signals: [signal] });
      expect(Math.abs((value as number) / exact - 1), signal).toBeLessThan(0.011);
    }
  });

  test('a dependency is the namespace, else the system, and polls of a broker are none', async () => {
    const pipeline = 'dependencies';
    await traces(
      query('warehouse', { pipeline, ms: 40 }),
      span({ pipeline, kind: 'Client', ms: 80, attributes: { 'db.system.name': 'redis' } }),
      span({ pipeline, kind: 'Client', ms: 500, attributes: { 'messaging.system': 'kafka' } }),
    );
    const found = await read(pipeline, { signals: ['dependency_p95'] });
    expect(found.map((series) => series.labels)).toEqual([
      { dependency: 'redis', pipeline, signal: 'dependency_p95', stage: 'gateway' },
      { dependency: 'warehouse', pipeline, signal: 'dependency_p95', stage: 'gateway' },
    ]);
    expect(found[0]?.values[0]).toBeCloseTo(0.08, 2);
    expect([...(found[1] as Series).values].slice(1)).toEqual([_, _, _, _, _]);
  });
});

test('freshness is what the pipeline model judged, of stages and datasets, carried forward for a while', async () => {
  const pipeline = 'freshness';
  const judged = (kind: NodeKind, node: string, step: number, age: number) => ({
    ...{ time: NOON + step * S, pipeline, kind, node, completeTo: NOON, age, ownAge: 0, state: 'current' },
    ...{ limitedBy: '', reason: '' },
  });
  await writeFreshness(stand.store, [
    judged('service', 'gateway', 1, 12),
    judged('service', 'gateway', 2, 22),
    judged('service', 'gateway', 5, 3),
    judged('topic', 'orders', 1, 700),
    judged('dataset', 'sales', 3, 60),
    judged('dataset', 'unknown', 3, Number.NaN),
  ]);
  const found = await read(pipeline, { signals: ['freshness'] });
  expect(found.map(({ labels }) => labels)).toEqual([
    { dataset: 'sales', pipeline, signal: 'freshness' },
    { pipeline, signal: 'freshness', stage: 'gateway' },
  ]);
  // The value at a step's end is the step's.
  expect([...(found[1] as Series).values]).toEqual([12, 22, 22, 22, 3, 3]);
  expect([...(found[0] as Series).values]).toEqual([_, _, 60, 60, 60, 60]);
  const [longer] = await read(pipeline, {
    from: NOON,
    to: NOON + 60_000,
    step: 60_000,
    signals: ['freshness'],
    match: { stage: 'gateway' },
  });
  expect([...(longer as Series).values]).toEqual([22]);
});

test('spans win over metrics in the steps in which there are spans', async () => {
  const pipeline = 'sources';
  const histogram = (at: number, count: number) =>
    point(
      { pipeline, service: 'gateway', metric: METRIC.httpServerDuration, at },
      { Count: count, Sum: count, BucketCounts: [count], ExplicitBounds: [], AggregationTemporality: 1 },
    );
  await traces(...many(10, () => span({ pipeline, at: NOON + S, ms: 100 })));
  await insertStock(stand.store, 'otel_metrics_histogram', [
    histogram(NOON + S + 1, 700),
    histogram(NOON + 2 * S + 1, 200),
  ]);
  expect(await values(pipeline, 'throughput')).toEqual([_, 1, 20, 0, 0, 0]);
  const p99 = await values(pipeline, 'latency_p99');
  expect(p99[1]).toBeCloseTo(0.1, 2);
  expect(p99[2]).toBeCloseTo(1, 1);
});

describe('lag', () => {
  test('adds partitions up, takes the largest time, and carries both forward for 90 s', async () => {
    const pipeline = 'lags';
    await gauges(
      lag('parcels', 'couriers', 0, 100, { pipeline, at: NOON + 1000 }),
      lag('parcels', 'couriers', 0, 120, { pipeline, at: NOON + 9000 }),
      lag('parcels', 'couriers', 1, 30, { pipeline, at: NOON + S }),
      lag('parcels', 'couriers', 1, -1, { pipeline, at: NOON + 4 * S }),
      lagTime('parcels', 'couriers', 0, 7, { pipeline, at: NOON }),
      lagTime('parcels', 'couriers', 1, 3, { pipeline, at: NOON }),
    );
    const wide = { to: NOON + 15 * S };
    const carried = await values(pipeline, 'lag', wide);
    expect(carried).toEqual([120, 150, 150, 150, 120, 120, 120, 120, 120, 120, 0, 0, 0, 0, _]);
    expect((await values(pipeline, 'lag_seconds', wide)).filter((value) => value === 7)).toHaveLength(10);
    const later = await read(pipeline, { from: NOON + 9 * S, to: NOON + 11 * S, signals: ['lag'] });
    expect([...(later[0] as Series).values]).toEqual([120, 0]);
    const [minutes] = await read(pipeline, { step: 60_000, to: NOON + 240_000, signals: ['lag'] });
    expect([...(minutes as Series).values]).toEqual([120, 120, _, _]);
  });

  test('carries the consuming service and its pipeline, whoever measured it', async () => {
    await traces(
      consume('clicks', 'readers', { pipeline: 'joined', service: 'sessions', at: NOON - 60_000 }),
      consume('views', 'other', { pipeline: 'joined', service: 'counter', at: NOON - 60_000 }),
    );
    await gauges(lag('clicks', 'readers', 0, 5), lag('views', 'nobody-known', 0, 6), lag('other-topic', 'other', 0, 7));
    const labelsOf = async (pipeline: string) =>
      (await read(pipeline, { signals: ['lag'] })).map((series): Labels => series.labels);
    expect(await labelsOf('joined')).toEqual([
      { group: 'other', pipeline: 'joined', signal: 'lag', stage: 'counter', topic: 'other-topic' },
      { group: 'readers', pipeline: 'joined', signal: 'lag', stage: 'sessions', topic: 'clicks' },
    ]);
    expect(await labelsOf('default')).toEqual([
      { group: 'nobody-known', pipeline: 'default', signal: 'lag', stage: 'nobody-known', topic: 'views' },
    ]);
  });

  test('keeps the stage of a consumer that has been dead for longer than anyone looks back', async () => {
    await gauges(lag('remembered', 'dead', 0, 5));
    const pipeline = 'memory';
    await writeEdges(stand.store, [
      {
        pipeline,
        from: 'remembered',
        to: 'the-service',
        kind: 'consumes',
        fromKind: 'topic',
        toKind: 'service',
        group: 'dead',
        firstSeen: NOON - 86_400_000,
        since: NOON - 86_400_000,
        lastSeen: NOON - 86_400_000,
      },
    ]);
    const [series] = await read(pipeline, { signals: ['lag'] });
    expect(series?.labels['stage']).toBe('the-service');
  });

  test('two reporters of one group do not double it', async () => {
    const pipeline = 'reporters';
    await traces(consume('twice', 'pair', { pipeline, service: 'pairs' }));
    await gauges(
      ...many(2, (partition) => lag('twice', 'pair', partition, 50, { service: 'collector' })),
      ...many(2, (partition) => lag('twice', 'pair', partition, 50, { service: 'sidecar' })),
      ...many(2, (partition) => lag('twice', 'pair', partition, 60, { service: 'log', pipeline })),
    );
    expect((await values(pipeline, 'lag', { to: NOON + S }))[0]).toBe(120);
  });
});

describe('metrics that carry weir.signal', () => {
  const named = (pipeline: string, at: number, value: number, rest: object = {}, attributes: Labels = {}): object => {
    const spec: PointSpec = {
      pipeline,
      service: 'oven',
      at,
      value,
      attributes: { ...attributes, 'weir.signal': 'heat' },
    };
    return point(spec, rest);
  };

  test('a gauge is its last value, the mean over instances, carried forward', async () => {
    const pipeline = 'heat';
    await gauges(
      named(pipeline, NOON + 1, 10),
      named(pipeline, NOON + 2 * S, 20),
      named(pipeline, NOON + 2 * S, 40, {}, { instance: 'b' }),
    );
    expect(await values(pipeline, 'custom')).toEqual([10, 10, 30, 30, 30, 30]);
    const [series] = await read(pipeline);
    expect(series?.labels).toEqual({ name: 'heat', pipeline, signal: 'custom', stage: 'oven' });
  });

  test('a counter is what it gained per second, through restarts and gaps', async () => {
    const pipeline = 'counter';
    const rest = { AggregationTemporality: 2, IsMonotonic: true };
    const at = (step: number, value: number) => named(pipeline, NOON + step * S, value, rest);
    await insertStock(stand.store, 'otel_metrics_sum', [at(0, 100), at(1, 150), at(3, 250), at(4, 30), at(-1, 80)]);
    expect(await values(pipeline, 'custom')).toEqual([2, 5, _, 5, 3, _]);
  });

  test('a delta sum is what was counted per second, added up over instances', async () => {
    const pipeline = 'delta';
    const rest = { AggregationTemporality: 1, IsMonotonic: true };
    await insertStock(stand.store, 'otel_metrics_sum', [
      named(pipeline, NOON + S, 20, rest),
      named(pipeline, NOON + S, 30, rest, { instance: 'b' }),
      named(pipeline, NOON + 3 * S, 10, rest),
    ]);
    expect(await values(pipeline, 'custom')).toEqual([5, _, 1, _, _, _]);
  });
});

describe('the query', () => {
  test('reads only what is asked for, by signal and by any label', async () => {
    const pipeline = 'asked';
    await traces(
      span({ pipeline, service: 'a' }),
      span({ pipeline, service: 'b' }),
      produce('t', { pipeline, service: 'b' }),
    );
    const names = (found: readonly Series[]) => found.map((s) => `${s.labels['stage']}:${s.labels['signal']}`);
    expect(names(await read(pipeline))).toEqual([
      ...['throughput', 'error_ratio', 'latency_p50', 'latency_p95', 'latency_p99'].map((signal) => `a:${signal}`),
      ...['throughput', 'output', 'error_ratio', 'latency_p50', 'latency_p95', 'latency_p99'].map(
        (signal) => `b:${signal}`,
      ),
    ]);
    expect(names(await read(pipeline, { match: { stage: 'b', signal: 'output' } }))).toEqual(['b:output']);
    expect(names(await read(pipeline, { signals: ['latency_p95', 'output'] }))).toEqual([
      'a:latency_p95',
      'b:output',
      'b:latency_p95',
    ]);
    expect(await read(pipeline, { signals: ['output'], match: { signal: 'throughput' } })).toEqual([]);
    expect(await read(pipeline, { match: { topic: 't' } })).toEqual([]);
    expect(await read("it's \\ odd")).toEqual([]);
  });

  test.each([5000, 15_000, 0, Number.NaN])('refuses a step of %d ms', async (step) => {
    await expect(read('any', { step })).rejects.toMatchObject({ code: 'store_signals_range_invalid' });
  });

  test('of an empty range answers nothing', async () => {
    expect(await read('rates', { to: NOON })).toEqual([]);
    expect(await read('rates', { to: NOON - S })).toEqual([]);
    expect(nanos(NOON).endsWith('.000000000')).toBe(true);
  });
});
