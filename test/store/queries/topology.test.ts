import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeclaredPart, PipelineDefinition } from '../../../core/definition.ts';
import { writeDefinitions } from '../../../store/queries/definitions.ts';
import { readFlows } from '../../../store/queries/flows.ts';
import { lagsOf, latestLags, readProgress } from '../../../store/queries/lags.ts';
import { readTopology } from '../../../store/queries/topology.ts';
import { type TopologyEdge, type TopologyNode, writeEdges, writeNodes } from '../../../store/queries/topology-rows.ts';
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
  since: more.firstSeen ?? NOON,
  lastSeen: NOON,
  ...more,
});
const edge = (kind: TopologyEdge['kind'], from: string, to: string, group = ''): TopologyEdge => ({
  pipeline,
  from,
  fromKind: kind === 'consumes' ? 'topic' : 'service',
  to,
  toKind: kind === 'produces' ? 'topic' : 'service',
  kind,
  group,
  firstSeen: NOON,
  since: NOON,
  lastSeen: NOON,
});

const window = { at: NOON + 60_000 };

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
    expect(nodes[2]).toMatchObject(node('service', 'gateway', { lastSeen: NOON + 10_000 }));
    expect(nodes[2]).toMatchObject({ standing: '', seen: true, gone: false, owner: '', criticality: '' });
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

describe('the graph in time', () => {
  const H = 3_600_000;
  const at = (hours: number) => NOON - 40 * 86_400_000 + hours * H;
  const name = 'versions';
  const spell = (since: number, lastSeen: number) => ({
    pipeline: name,
    firstSeen: at(0),
    since: at(since),
    lastSeen: at(lastSeen),
  });

  test('is the one of that time: what came later is not there, what went is gone, and what returned is back', async () => {
    await writeNodes(stand.store, [
      node('service', 'old', spell(0, 3)),
      node('service', 'comes-and-goes', spell(0, 1)),
      node('service', 'comes-and-goes', spell(8, 10)),
      node('service', 'new', { ...spell(8, 10), firstSeen: at(8) }),
    ]);
    await writeEdges(stand.store, [
      { ...edge('calls', 'old', 'comes-and-goes'), ...spell(0, 1) },
      { ...edge('calls', 'old', 'comes-and-goes'), ...spell(8, 10) },
    ]);
    const picture = async (hours: number) => {
      const { nodes, edges } = await readTopology(stand.store, { at: at(hours), pipeline: name });
      return [
        ...nodes.map((one) => `${one.node}${one.gone ? ' gone' : ''}`),
        ...edges.map((one) => `edge${one.gone ? ' gone' : ''}`),
      ];
    };
    expect(await picture(-1)).toEqual([]);
    expect(await picture(0.5)).toEqual(['comes-and-goes', 'old', 'edge']);
    expect(await picture(3.2)).toEqual(['comes-and-goes gone', 'old', 'edge gone']);
    expect(await picture(9)).toEqual(['comes-and-goes', 'new', 'old gone', 'edge']);
    expect(await picture(30)).toEqual(['comes-and-goes gone', 'new gone', 'edge gone']);
    expect(await picture(60)).toEqual([]);
    const { nodes } = await readTopology(stand.store, { at: at(9), pipeline: name });
    expect(nodes[0]).toMatchObject({ firstSeen: at(0), since: at(8), lastSeen: at(9) });
  });

  test('carries the rates of its own time, from the level that is still there', async () => {
    const then = NOON - 10 * 86_400_000;
    const place = { pipeline: 'past', service: 'gateway' };
    await insertStock(
      stand.store,
      'otel_traces',
      Array.from({ length: 120 }, (_, i) => produce('events', { ...place, at: then + 500 * i })),
    );
    await writeNodes(stand.store, [
      node('service', 'gateway', { pipeline: 'past', firstSeen: then, lastSeen: then + H }),
    ]);
    await writeEdges(stand.store, [
      { ...edge('produces', 'gateway', 'events'), pipeline: 'past', firstSeen: then, since: then, lastSeen: then + H },
    ]);
    const query = { at: then + 60_000, pipeline: 'past' };
    expect((await readTopology(stand.store, query)).edges[0]).toMatchObject({ rate: 2 });
    expect((await readTopology(stand.store, { ...query, at: then + 30_000, window: 10_000 })).edges[0]).toMatchObject({
      rate: 2,
    });
    await stand.store.client.command({
      query: `ALTER TABLE red_10s DELETE WHERE Pipeline = 'past' SETTINGS mutations_sync = 2`,
    });
    expect((await readTopology(stand.store, query)).edges[0]).toMatchObject({ rate: 0 });
    const kept = { now: NOON, retention: { '10s': 7 * 86_400_000 } };
    expect((await readTopology(stand.store, { ...query, ...kept })).edges[0]?.rate).toBe(2);
  });

  test('reads edges written before kinds and spells were kept', async () => {
    await stand.store.insert('topology_edges', [
      { Pipeline: 'ancient', From: 'a', To: 'db', Kind: 'calls', Group: '', LastSeen: (NOON - 1000) / 1000 },
      { Pipeline: 'ancient', From: 't', To: 'a', Kind: 'consumes', Group: 'g', LastSeen: (NOON - 1000) / 1000 },
    ]);
    await stand.store.insert('topology_nodes', [
      {
        Pipeline: 'ancient',
        Node: 'db',
        Kind: 'database',
        FirstSeen: (NOON - H) / 1000,
        LastSeen: (NOON - 1000) / 1000,
      },
    ]);
    const { nodes, edges } = await readTopology(stand.store, { at: NOON, pipeline: 'ancient' });
    expect(edges.map(({ fromKind, toKind }) => [fromKind, toKind])).toEqual([
      ['service', 'database'],
      ['topic', 'service'],
    ]);
    expect(nodes[0]).toMatchObject({ firstSeen: NOON - H, since: NOON - H });
  });
});

describe('what is declared', () => {
  const part = (kind: DeclaredPart['kind'], name: string, owner = ''): DeclaredPart => ({
    ...{ kind, name, owner, criticality: '', description: '' },
  });
  const definition: PipelineDefinition = {
    name: 'declared',
    description: '',
    owner: 'orders-team',
    criticality: 'high',
    parts: [
      part('service', 'shop'),
      part('group', 'bill*', 'billing-team'),
      part('topic', 'never'),
      part('dataset', 'sales'),
    ],
    edges: [{ kind: 'writes', from: 'shop', fromKind: 'service', to: 'sales', toKind: 'dataset', group: '' }],
    slos: [],
  };

  test('is laid over what is discovered, from the time on it was declared', async () => {
    const then = NOON - 20 * 86_400_000;
    const seenThen = { pipeline: 'declared', firstSeen: then, lastSeen: then + 3_600_000 };
    await writeNodes(stand.store, [
      node('service', 'shop', seenThen),
      node('service', 'stray', seenThen),
      node('group', 'billing', seenThen),
    ]);
    expect(await writeDefinitions(stand.store, [definition], then + 1_800_000)).toBe(1);
    expect(await writeDefinitions(stand.store, [definition], then + 1_900_000)).toBe(0);
    const told = async (at: number) =>
      (await readTopology(stand.store, { at, pipeline: 'declared' })).nodes.map(
        ({ kind, node: name, standing, seen, owner, criticality }) => [kind, name, standing, seen, owner, criticality],
      );
    expect(await told(then + 600_000)).toEqual([
      ['group', 'billing', '', true, '', ''],
      ['service', 'shop', '', true, '', ''],
      ['service', 'stray', '', true, '', ''],
    ]);
    expect(await told(then + 2_000_000)).toEqual([
      ['group', 'billing', 'declared', true, 'billing-team', 'high'],
      ['service', 'shop', 'declared', true, 'orders-team', 'high'],
      ['service', 'stray', 'discovered', true, 'orders-team', 'high'],
      ['topic', 'never', 'declared', false, 'orders-team', 'high'],
      ['dataset', 'sales', 'declared', false, 'orders-team', 'high'],
    ]);
    const { edges } = await readTopology(stand.store, { at: then + 2_000_000, pipeline: 'declared' });
    expect(edges).toMatchObject([{ kind: 'writes', to: 'sales', seen: false, standing: 'declared', rate: 0 }]);
    expect(await writeDefinitions(stand.store, [], then + 3_000_000)).toBe(1);
    expect(await told(then + 3_100_000)).toHaveLength(3);
    expect(await told(then + 2_000_000)).toHaveLength(5);
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
