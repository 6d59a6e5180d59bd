import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GroupHistoryView, GroupsView, GroupView } from '../../core/group-view.ts';
import type { ErrorView } from '../../core/view.ts';
import { type GroupLagRow, writeGroupLags } from '../../store/queries/group-lags.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startApi, type TestApi } from './room.ts';
import { seedOrders } from './seed.ts';
import { CLUSTER, seedGroups } from './seed-groups.ts';

/** Six groups of one cluster in six states and a share group: what the API says of them. */
let stored: TestStore;
let api: TestApi;
let now: number;

async function json<T>(path: string): Promise<T> {
  const response = await api.get(path);
  const body = await response.text();
  expect(response.status, body).toBe(200);
  return JSON.parse(body) as T;
}

async function refused(path: string): Promise<{ status: number } & ErrorView['error']> {
  const response = await api.get(path);
  return { status: response.status, ...((await response.json()) as ErrorView).error };
}

beforeAll(async () => {
  stored = await startTestStore();
  now = Date.now();
  await seedOrders(stored.store, { now, minutes: 2, faultMinutes: 0 });
  await seedGroups(stored.store, now, 70);
  api = await startApi({ store: stored.store, now: () => now });
}, 120_000);

afterAll(async () => {
  await api?.stop();
  await stored?.stop();
});

describe('the list of groups', () => {
  test('comes in the order they need someone: a loss ahead, then the worst state', async () => {
    const view = await json<GroupsView>('/api/groups');
    expect(view.groups.map(({ group }) => group)).toEqual([
      'enrichment',
      'warehouse-sink',
      'newcomer',
      'replayer',
      'payments',
      'audit',
    ]);
    expect(view.total).toBe(6);
    expect(view.states).toEqual({
      ...{ falling_behind: 1, dead: 1, no_commits: 1, rewound: 1, catching_up: 1, idle: 1 },
    });
  });

  test('states lag in time with its bound, and what lies ahead', async () => {
    const { groups } = await json<GroupsView>('/api/groups');
    const of = (name: string) => groups.find(({ group }) => group === name);
    expect(of('enrichment')).toMatchObject({
      ...{ cluster: CLUSTER, topics: ['orders'], members: 3, partitions: 6, waiting: 6, type: 'classic' },
      ...{ lagError: 3, atLeast: false, catchUp: 'never', loss: 8700, lossLower: 6480, lossUpper: 11_400 },
      ...{ lossExpected: true, commitRate: 61, endRate: 184 },
    });
    expect(of('enrichment')?.lagSeconds).toBeCloseTo(475.8);
    expect(of('warehouse-sink')).toMatchObject({ lagSeconds: 10_800, atLeast: true, lagError: null, lost: 1200 });
    expect(of('payments')).toMatchObject({ catchUp: 180, loss: 'never', type: 'consumer' });
  });

  test('says unknown where nothing is known, never 0', async () => {
    const { groups } = await json<GroupsView>('/api/groups');
    expect(groups.find(({ group }) => group === 'newcomer')).toMatchObject({
      ...{ lag: null, lagSeconds: null, lagError: null, catchUp: null, headroom: null, loss: null, commitRate: null },
    });
  });

  test('names the stage that reads as a group, so that its page can be found', async () => {
    const { groups } = await json<GroupsView>('/api/groups');
    const of = (name: string) => groups.find(({ group }) => group === name);
    expect(of('enrichment')).toMatchObject({ pipeline: 'orders', stage: 'enrichment' });
    expect(of('audit')).toMatchObject({ pipeline: 'orders', stage: '' });
  });

  test('share groups come apart, with what their broker says of them', async () => {
    const { shares } = await json<GroupsView>('/api/groups');
    expect(shares).toEqual([
      {
        cluster: CLUSTER,
        group: 'thumbnails',
        state: 'stable',
        members: 5,
        topics: ['images'],
        partitions: 2,
        lag: 42,
      },
    ]);
  });

  test('is searched by group and topic, narrowed by state and cut at a limit, and still counts all', async () => {
    const named = await json<GroupsView>('/api/groups?search=ENRICH');
    expect(named.groups.map(({ group }) => group)).toEqual(['enrichment', 'payments']);
    expect(named.shares).toEqual([]);
    const dead = await json<GroupsView>('/api/groups?state=dead');
    expect(dead.groups.map(({ group }) => group)).toEqual(['warehouse-sink']);
    expect(dead.states).toMatchObject({ idle: 1, dead: 1 });
    const cut = await json<GroupsView>('/api/groups?limit=2');
    expect([cut.groups.length, cut.total]).toEqual([2, 6]);
    expect((await json<GroupsView>('/api/groups?pipeline=elsewhere')).groups).toEqual([]);
  });

  test('a wrong question is 400 and says where', async () => {
    expect(await refused('/api/groups?state=asleep')).toMatchObject({ status: 400, path: 'query.state' });
    expect(await refused('/api/groups?limit=0')).toMatchObject({ status: 400, path: 'query.limit' });
  });
});

describe('one group', () => {
  test('has its topics and partitions, in their order', async () => {
    const view = await json<GroupView>('/api/groups/enrichment');
    expect(view.topicLags).toHaveLength(1);
    expect(view.topicLags[0]).toMatchObject({ topic: 'orders', partitions: 6, state: 'falling_behind' });
    expect(view.partitionLags.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5]);
    const [first, last] = [view.partitionLags[0], view.partitionLags[5]];
    expect(first).toMatchObject({ topic: 'orders', committed: 1e6, oldest: 4e5, state: 'falling_behind', pause: 0 });
    expect(last?.lagSeconds ?? 0).toBeGreaterThan(first?.lagSeconds ?? 0);
  });

  test('that is not there is 404; one of two clusters has to be named', async () => {
    expect(await refused('/api/groups/nobody')).toMatchObject({ status: 404, code: 'api_group_unknown' });
    expect(await refused(`/api/groups/enrichment?cluster=other`)).toMatchObject({ status: 404 });
    await writeGroupLags(stored.store, [named('audit', 'backup')]);
    expect(await refused('/api/groups/audit')).toMatchObject({ status: 400, path: 'query.cluster' });
    expect(await json<GroupView>('/api/groups/audit?cluster=backup')).toMatchObject({ cluster: 'backup', lag: 7 });
  });
});

/** A group as a whole in which little happens. */
function named(group: string, cluster = ''): GroupLagRow {
  return {
    ...{ cluster, group, topic: '', pipeline: 'orders', type: '', members: 1, partitions: 1, waiting: 1 },
    ...{ time: now, state: 'healthy', since: now, lag: 7, lagSeconds: 1, lagError: 0.1, atLeast: false },
    ...{ endRate: 1, commitRate: 1, catchUpSeconds: 0, headroom: 1, lossSeconds: Number.NaN, lossLower: Number.NaN },
    ...{ lossUpper: Number.NaN, lossExpected: false, lost: 0, reason: '' },
  };
}

describe("a group's past", () => {
  const path = (query = '') => {
    const end = Math.floor(now / 10_000) * 10_000;
    return `/api/groups/enrichment/history?cluster=${CLUSTER}&from=${end - 1_800_000}&to=${end}${query}`;
  };

  test('comes in columns over whole steps, states beside numbers', async () => {
    const view = await json<GroupHistoryView>(path());
    expect([view.step, view.count]).toEqual([10_000, 180]);
    expect(view.states).toHaveLength(180);
    expect(view.states[0]).toBe('healthy');
    expect(view.states.at(-1)).toBe('falling_behind');
    expect(view.lagSeconds[0]).toBe(0);
    expect(view.lagSeconds.at(-1)).toBeCloseTo(475.8);
    expect(view.commitRate[0]).toBe(184);
    expect(view.commitRate.at(-1)).toBe(61);
    expect(view.endRate.at(-1)).toBe(184);
    expect(view.retention).toBeCloseTo(7200);
  });

  test('a row stands in for the steps after it, and not for long', async () => {
    const quiet = { ...named('sparse'), time: Math.floor(now / 10_000) * 10_000 - 600_000 };
    await writeGroupLags(stored.store, [quiet]);
    const end = Math.floor(now / 10_000) * 10_000;
    const view = await json<GroupHistoryView>(`/api/groups/sparse/history?from=${end - 900_000}&to=${end}`);
    const held = view.states.map((state, i) => [state, view.lag[i]] as const).filter(([state]) => state !== null);
    expect(held).toEqual(new Array(5).fill(['healthy', 7]));
  });

  test('in long steps the worst of each is told', async () => {
    const view = await json<GroupHistoryView>(path('&step=600000'));
    expect(view.count).toBeGreaterThanOrEqual(3);
    expect(view.states.at(-1)).toBe('falling_behind');
    expect(Math.max(...view.lagSeconds.map((value) => value ?? 0))).toBeCloseTo(475.8);
  });

  test('of a topic that the group does not read there is nothing, not zero', async () => {
    const view = await json<GroupHistoryView>(path('&topic=payments'));
    expect(view.states.every((state) => state === null)).toBe(true);
    expect(view.lag.every((value) => value === null)).toBe(true);
    expect(view.retention).toBeNull();
    expect((await json<GroupHistoryView>(path('&topic=orders'))).lagSeconds.at(-1)).toBeCloseTo(475.8);
  });

  test('over a range that is too long is refused', async () => {
    expect(await refused('/api/groups/enrichment/history?from=5&to=4')).toMatchObject({
      status: 400,
      path: 'query.from',
    });
  });
});
