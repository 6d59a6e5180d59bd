import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  DeadLettersView,
  DefinitionsView,
  FreshnessView,
  SloHistoryView,
  SlosView,
  TopologyView,
} from '../../core/model-view.ts';
import type { ErrorView, SeriesAnswer } from '../../core/view.ts';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { writeDeadLetterTopics } from '../../store/queries/dead-letters.ts';
import { writeDefinitions } from '../../store/queries/definitions.ts';
import { writeFreshness } from '../../store/queries/freshness.ts';
import { type SloStatus, writeSloStates } from '../../store/queries/slos.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { consume } from '../store/queries/telemetry-rows.ts';
import { insertStock } from '../store/stock-rows.ts';
import { startApi, type TestApi } from './room.ts';
import { PIPELINE, seedOrders } from './seed.ts';

let stored: TestStore;
let api: TestApi;
let now: number;
const _ = Number.NaN;
/** Of a pipeline that the seed knows nothing of. */
const QUIET = 'quiet';

const { definitions } = pipelinesConfig.parse({
  definitions: [
    {
      name: PIPELINE,
      owner: 'orders-team',
      criticality: 'high',
      stages: [{ name: 'payments', owner: 'payments-team', criticality: 'critical' }],
      datasets: ['sales'],
    },
    { name: 'parcels', stages: [{ name: 'packer' }] },
    { name: QUIET, slos: [{ name: 'errors', indicator: 'errors', of: 'stage:a', objective: 0.99 }] },
  ],
});

async function json<T>(path: string): Promise<T> {
  const response = await api.get(path);
  const body = await response.text();
  expect(response.status, body).toBe(200);
  return JSON.parse(body) as T;
}

async function refused(path: string) {
  const response = await api.get(path);
  return { status: response.status, ...((await response.json()) as ErrorView).error };
}

beforeAll(async () => {
  stored = await startTestStore();
  now = Math.floor(Date.now() / 60_000) * 60_000;
  const { store } = stored;
  await seedOrders(store, { now, minutes: 2, faultMinutes: 0 });
  await writeDefinitions(store, definitions, now - 60_000);
  await insertStock(store, 'otel_traces', [
    consume('shelves', 'packer', { service: 'packer', at: now - 45_000 }),
    consume('shelves', 'sorter', { service: 'sorter', at: now - 45_000 }),
  ]);
  const fresh = (node: string, kind: 'service' | 'dataset', age: number, time = now - 10_000) => ({
    ...{ time, pipeline: QUIET, kind, node, completeTo: time - age * 1000, age, ownAge: 1, state: 'behind' },
    ...{ limitedBy: 'service:a', reason: '5 records waiting' },
  });
  await writeFreshness(store, [
    fresh('a', 'service', 700, now - 20_000),
    fresh('a', 'service', 30),
    fresh('sales', 'dataset', 45),
    fresh('b', 'service', _),
    fresh('long-gone', 'service', 9, now - 600_000),
  ]);
  const slo = (time: number, given: Partial<SloStatus>): SloStatus => ({
    ...{ time, pipeline: QUIET, slo: 'errors', indicator: 'errors', kind: 'service', node: 'a', objective: 0.99 },
    ...{ good: 99, total: 100, budgetLeft: 0.4, burns: [2, 1, 1, 1, 1, 1], fast: 0.1, slow: 1.2 },
    ...{ state: 'slow_burn', reason: 'leaks' },
    ...given,
  });
  const none = { good: 0, total: 0, budgetLeft: _, burns: [_, _, _, _, _, _], fast: _, slow: _, state: 'no_data' };
  await writeSloStates(store, [
    slo(now - 70_000, { budgetLeft: 0.5, burns: [9, 1, 1, 1, 1, 1] }),
    slo(now - 10_000, {}),
    slo(now - 10_000, { slo: 'silent', ...none }),
  ]);
  const letters = { time: now - 10_000, sourceTopic: '', stage: '', newestAge: _, rate: 0.1 };
  await writeDeadLetterTopics(store, [
    { ...letters, pipeline: QUIET, topic: 'orders.dlq', stage: 'a', depth: 12, oldestAge: 60, oldestIsBound: true },
    { ...letters, pipeline: 'silent', topic: 'x.dlq', depth: 90, oldestAge: _, oldestIsBound: false },
  ]);
  api = await startApi({ store, now: () => now });
}, 120_000);

afterAll(async () => {
  await api?.stop();
  await stored?.stop();
});

describe('/api/topology', () => {
  test('is the graph now, with what is declared', async () => {
    const { at, parts, links } = await json<TopologyView>(`/api/topology?pipeline=${PIPELINE}`);
    expect(at).toBe(now);
    const of = (id: string) => parts.find((part) => part.id === id);
    expect(of('service:payments')).toMatchObject({
      ...{ standing: 'declared', owner: 'payments-team', criticality: 'critical', seen: true },
    });
    expect(of('service:gateway')).toMatchObject({ standing: 'discovered', owner: 'orders-team' });
    expect(of('dataset:sales')).toMatchObject({ standing: 'declared', seen: false, lastSeen: 0 });
    const link = links.find(({ from }) => from === 'topic:payments');
    expect(link).toMatchObject({ to: 'service:warehouse-sink', kind: 'consumes' });
  });

  test('is the graph of an earlier time, before it was declared or seen', async () => {
    const before = await json<TopologyView>(`/api/topology?pipeline=${PIPELINE}&at=${now - 90_000}`);
    expect(before.parts.map(({ standing }) => standing).filter((standing) => standing !== '')).toEqual([]);
    const long = await json<TopologyView>(`/api/topology?at=${now - 30 * 86_400_000}`);
    expect(long).toMatchObject({ parts: [], links: [] });
  });

  test.each(['abc', '-1', '1.5', String(Date.now() + 1e9)])('refuses at=%s', async (at) => {
    expect(await refused(`/api/topology?at=${at}`)).toMatchObject({ status: 400, path: 'query.at' });
  });
});

test('/api/definitions are those of the time', async () => {
  const owners = (view: DefinitionsView) => view.definitions.map(({ name, owner }) => `${name} ${owner}`);
  expect(owners(await json('/api/definitions'))).toEqual([`${PIPELINE} orders-team`, 'parcels ', 'quiet ']);
  expect(owners(await json(`/api/definitions?at=${now - 90_000}`))).toEqual([]);
});

test('/api/freshness has the newest of each part, what is unknown and old first', async () => {
  const { parts } = await json<FreshnessView>(`/api/freshness?pipeline=${QUIET}`);
  expect(parts.map(({ kind, node, age }) => [`${kind}:${node}`, age])).toEqual([
    ['service:b', null],
    ['dataset:sales', 45],
    ['service:a', 30],
  ]);
  expect(parts[0]).toMatchObject({ completeTo: null });
  expect(parts[1]).toMatchObject({ completeTo: now - 55_000, limitedBy: 'service:a', reason: '5 records waiting' });
});

describe('/api/slos', () => {
  test('has those in need first', async () => {
    const { slos } = await json<SlosView>(`/api/slos?pipeline=${QUIET}`);
    expect(slos).toMatchObject([
      {
        slo: 'errors',
        kind: 'service',
        node: 'a',
        budgetLeft: 0.4,
        burns: [2, 1, 1, 1, 1, 1],
        state: 'slow_burn',
        target: null,
        period: 2_592_000,
      },
      { slo: 'silent', period: null, budgetLeft: null, fast: null, state: 'no_data' },
    ]);
  });

  test('has the past of one', async () => {
    const range = `from=${now - 120_000}&to=${now}&step=60000`;
    const history = await json<SloHistoryView>(`/api/slos/${QUIET}/errors?${range}`);
    expect(history).toMatchObject({ start: now - 120_000, step: 60_000, count: 2 });
    expect(history).toMatchObject({ budgetLeft: [0.5, 0.4], burn: [9, 2], slow: [1.2, 1.2] });
    expect(await refused(`/api/slos/${QUIET}/none`)).toMatchObject({ status: 404, code: 'api_slo_unknown' });
    expect(await refused('/api/slos/nobody/errors')).toMatchObject({ status: 404 });
  });
});

test('curves of a declared stage are there, although its telemetry names no pipeline', async () => {
  const of = (pipeline: string, stage = '') =>
    json<SeriesAnswer>(
      `/api/series?pipeline=${pipeline}${stage}&signals=throughput&from=${now - 60_000}&to=${now}&step=10000`,
    ).then(({ series }) => series.map(({ labels }) => labels['stage']));
  expect(await of('parcels', '&stage=packer')).toEqual(['packer']);
  expect(await of('parcels')).toEqual(['packer']);
  expect(await of('default')).toEqual(['sorter']);
});

test('/api/dead-letters has the fullest first', async () => {
  const { topics } = await json<DeadLettersView>('/api/dead-letters');
  const own = topics.filter(({ pipeline }) => pipeline === QUIET || pipeline === 'silent');
  expect(own.map(({ topic, depth }) => [topic, depth])).toEqual([
    ['x.dlq', 90],
    ['orders.dlq', 12],
  ]);
  expect(own[1]).toMatchObject({ oldestAge: 60, oldestIsBound: true, newestAge: null, stage: 'a' });
  expect((await json<DeadLettersView>(`/api/dead-letters?pipeline=${QUIET}`)).topics).toHaveLength(1);
});
