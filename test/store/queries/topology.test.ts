import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFlows } from '../../../store/queries/flows.ts';
import { lagsOf, latestLags, readProgress } from '../../../store/queries/lags.ts';
import {
  readTopology,
  type TopologyEdge,
  type TopologyNode,
  writeEdges,
  writeNodes,
} from '../../../store/queries/topology.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';
import { consume, lag, lagTime, NOON, point, produce, query, span } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
  const at = NOON + 30_000;
  const group = 'billing';
  const call = { 'http.request.method': 'GET', 'peer.service': 'pricing' };
  await insertStock(stand.store, 'otel_traces', [
    ...Array.from({ length: 12 }, (_, i) =>
      produce('orders', { pipeline, service: 'gateway', at: NOON + 5000 * i, ms: 10 }),
    ),
    consume('orders', group, {
      pipeline,
      service: 'billing',
      at,
      ms: 100,
      attributes: { 'messaging.batch.message_count': '9' },
    }),
    ...Array.from({ length: 3 }, () =>
      consume('orders', group, { pipeline, service: 'billing', at, error: true, ms: 100 }),
    ),
    query('warehouse', { pipeline, service: 'billing', at, ms: 40 }),
    span({ pipeline, service: 'billing', kind: 'Client', at, ms: 20, attributes: call }),
    span({ pipeline, service: 'billing', kind: 'Client', at, attributes: { 'messaging.system': 'kafka' } }),
    span({ pipeline, service: 'pricing', at }),
  ]);
  await insertStock(stand.store, 'otel_metrics_gauge', [
    lag('orders', group, 0, 30, { at }),
    lag('orders', group, 1, 12, { at }),
    lagTime('orders', group, 1, 2.5, { at }),
    point({ metric: 'kafka.consumer_group.members', value: 3, at, attributes: { group } }),
    ...[0, 20].map((step, i) =>
      point({
        metric: 'kafka.consumer_group.offset',
        value: 1000 + 500 * i,
        at: NOON + step * 1000,
        attributes: { group, partition: '0', topic: 'orders' },
      }),
    ),
  ]);
  await writeNodes(stand.store, [
    node('service', 'gateway'),
    node('service', 'billing', { consoleUrl: 'http://127.0.0.1:7000/' }),
    node('service', 'pricing'),
    node('topic', 'orders', { system: 'kafka' }),
    node('database', 'warehouse', { system: 'postgresql' }),
    node('service', 'forgotten', { lastSeen: NOON - 2 * 86_400_000, firstSeen: NOON - 3 * 86_400_000 }),
    node('service', 'unborn', { firstSeen: NOON + 600_000, lastSeen: NOON + 600_000 }),
    node('service', 'stranger', { pipeline: 'other' }),
  ]);
  await writeEdges(stand.store, [
    edge('produces', 'gateway', 'orders'),
    edge('consumes', 'orders', 'billing', group),
    edge('calls', 'billing', 'warehouse'),
    edge('calls', 'billing', 'pricing'),
    edge('produces', 'billing', 'receipts'),
  ]);
});
afterAll(() => stand?.stop());

const pipeline = 'orders';
const node = (kind: TopologyNode['kind'], name: string, more: Partial<TopologyNode> = {}): TopologyNode => ({
  pipeline,
  node: name,
  kind,
  system: '',
  consoleUrl: '',
  firstSeen: NOON,
  lastSeen: NOON,
  ...more,
});
const edge = (kind: TopologyEdge['kind'], from: string, to: string, group = ''): TopologyEdge => ({
  pipeline,
  from,
  to,
  kind,
  group,
  lastSeen: NOON,
});

const window = { since: NOON, until: NOON + 60_000 };

describe('readTopology', () => {
  test('knows the nodes of a day, as last written', async () => {
    await writeNodes(stand.store, [node('service', 'gateway', { lastSeen: NOON + 10_000 })]);
    const { nodes } = await readTopology(stand.store, { ...window, pipeline });
    expect(nodes.map((found) => `${found.kind} ${found.node}`)).toEqual([
      'database warehouse',
      'service billing',
      'service gateway',
      'service pricing',
      'topic orders',
    ]);
    expect(nodes[2]).toEqual(node('service', 'gateway', { lastSeen: NOON + 10_000 }));
    expect(nodes[1]?.consoleUrl).toBe('http://127.0.0.1:7000/');
    const all = await readTopology(stand.store, { ...window, rememberFor: 7 * 86_400_000 });
    expect(all.nodes.map((found) => found.node)).toEqual(expect.arrayContaining(['forgotten', 'stranger']));
    expect(all.nodes.map((found) => found.node)).not.toContain('unborn');
  });

  test('tells what went over each edge', async () => {
    const { edges } = await readTopology(stand.store, { ...window, pipeline });
    const found = (to: string) => edges.find((one) => one.to === to);
    expect(found('orders')).toMatchObject({
      fromKind: 'service',
      toKind: 'topic',
      rate: 0.2,
      errorRatio: 0,
      lag: Number.NaN,
    });
    expect(found('orders')?.p95).toBeCloseTo(0.01, 3);
    expect(found('billing')).toMatchObject({
      fromKind: 'topic',
      toKind: 'service',
      rate: 12 / 60,
      errorRatio: 0.75,
      lag: 42,
      lagSeconds: 2.5,
    });
    expect(found('warehouse')).toMatchObject({ toKind: 'database', rate: 1 / 60 });
    expect(found('pricing')).toMatchObject({ toKind: 'service', rate: 1 / 60 });
    expect(found('receipts')).toMatchObject({ rate: 0, p95: Number.NaN, errorRatio: Number.NaN });
  });
});

test('flows leave the broker itself out', async () => {
  const flows = await readFlows(stand.store, NOON, NOON + 60_000);
  expect(flows.map((flow) => `${flow.service} ${flow.kind} ${flow.otherKind} ${flow.other}`)).toEqual([
    'billing calls database warehouse',
    'billing calls external pricing',
    'billing consumes topic orders',
    'gateway produces topic orders',
  ]);
  expect(flows[3]).toMatchObject({ firstSeen: NOON, lastSeen: NOON + 50_000, calls: 12, messages: 12 });
  expect(await readFlows(stand.store, NOON + 3_600_000, NOON + 3_660_000)).toEqual([]);
});

test('spans win over metrics of one flow', async () => {
  const attributes = {
    'messaging.consumer.group.name': 'g',
    'messaging.destination.name': 't',
    'messaging.system': 'kafka',
  };
  const rest = { Count: 999, Sum: 1, BucketCounts: [999], ExplicitBounds: [], AggregationTemporality: 1 };
  const at = NOON + 7_200_000;
  const metric = (service: string) =>
    point({ pipeline, service, metric: 'messaging.process.duration', at: at + 5000, attributes }, rest);
  await insertStock(stand.store, 'otel_traces', [consume('t', 'g', { pipeline, service: 'both', at })]);
  await insertStock(stand.store, 'otel_metrics_histogram', [metric('both'), metric('metrics-only')]);
  const flows = await readFlows(stand.store, at, at + 10_000);
  expect(flows.map(({ service, calls }) => [service, calls])).toEqual([
    ['both', 1],
    ['metrics-only', 999],
  ]);
});

describe('lags', () => {
  test('are the last known ones of each group, for 90 s', async () => {
    const place = { pipeline, stage: 'billing', topic: 'orders', group: 'billing' };
    expect(await latestLags(stand.store, NOON + 60_000)).toEqual([{ ...place, lag: 42, lagSeconds: 2.5 }]);
    expect(await latestLags(stand.store, NOON + 119_000)).toHaveLength(1);
    expect(await latestLags(stand.store, NOON + 140_000)).toEqual([]);
  });

  test('pass over series that are none', () => {
    const series = { labels: { signal: 'throughput' }, start: 0, step: 10_000, values: Float64Array.of(1) };
    expect(lagsOf([series])).toEqual([]);
  });

  test('the broker tells members and the pace of commits', async () => {
    expect(await readProgress(stand.store, NOON + 60_000, 60_000)).toEqual([
      { pipeline: 'default', group: 'billing', topic: '', members: 3, committed: Number.NaN },
      { pipeline: 'default', group: 'billing', topic: 'orders', members: Number.NaN, committed: 25 },
    ]);
    expect(await readProgress(stand.store, NOON + 600_000, 60_000)).toEqual([]);
  });
});
