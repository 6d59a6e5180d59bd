import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pipelinesConfig } from '../../pipelines/config.ts';
import { createLag } from '../../pipelines/lag-round.ts';
import type { Store } from '../../store/client.ts';
import { readGroupLags, readGroups, readPartitionLags } from '../../store/queries/group-lags.ts';
import { readResets } from '../../store/queries/offset-samples.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { NOON, point } from '../store/queries/telemetry-rows.ts';
import { insertStock } from '../store/stock-rows.ts';

let stand: TestStore;
let store: Store;
beforeAll(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterAll(() => stand?.stop());
const TABLES = [
  'offset_samples_10s',
  'offset_samples_5m',
  'offset_resets',
  'gauge_10s',
  'metric_points',
  'metric_series',
  'group_lags',
  'partition_lags',
];
beforeEach(async () => {
  for (const table of TABLES) await store.client.command({ query: `TRUNCATE TABLE ${table}` });
});

const S = 1000;
const config = pipelinesConfig.parse({});

interface Reported {
  readonly end?: number;
  readonly committed?: number;
  readonly members?: number;
  readonly state?: string;
  readonly oldest?: number;
  readonly stable?: number;
  readonly retention?: number;
  readonly identity?: number;
  readonly group?: string;
  readonly cluster?: string;
}

/** What a broker's source reports at `seconds` after noon of one partition and group. */
function rowsOf(seconds: number, facts: Reported): object[] {
  const { group = 'billing', cluster = 'east' } = facts;
  const partition = { topic: 'orders', partition: '0' };
  const rows: [string, number | undefined, Record<string, string>][] = [
    ['kafka.partition.current_offset', facts.end, partition],
    ['kafka.partition.oldest_offset', facts.oldest, partition],
    ['weir.partition.stable_offset', facts.stable, partition],
    ['weir.topic.retention.time', facts.retention, { topic: 'orders' }],
    ['weir.topic.identity', facts.identity, { topic: 'orders' }],
    ['kafka.consumer_group.offset', facts.committed, { group, ...partition }],
    ['kafka.consumer_group.members', facts.members, { group }],
    [
      'weir.consumer_group.state',
      facts.state === undefined ? undefined : 1,
      { group, state: facts.state ?? '', type: 'consumer' },
    ],
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([metric, value, attributes]) =>
      point(
        { metric, value: value as number, attributes, at: NOON + seconds * S, service: 'kafka' },
        { ResourceAttributes: { 'service.name': 'kafka', 'kafka.cluster.alias': cluster } },
      ),
    );
}

const report = (seconds: number, facts: Reported) => insertStock(store, 'otel_metrics_gauge', rowsOf(seconds, facts));

/** Reports each ten seconds, from the `from`th on, before the `until`th. */
const reports = (from: number, until: number, facts: (i: number) => Reported) =>
  insertStock(
    store,
    'otel_metrics_gauge',
    Array.from({ length: until - from }, (_report, k) => rowsOf((from + k) * 10, facts(from + k))).flat(),
  );

const judged = async (seconds: number) => {
  const at = NOON + seconds * S;
  const rows = await readGroupLags(store, { from: at, to: at + S });
  return rows.find(({ topic }) => topic === '');
};

describe('a round', () => {
  test('reads what was reported, and writes how far behind a group is', async () => {
    await reports(0, 12, (i) => ({
      end: 1000 + i * 100,
      committed: 1000,
      members: 2,
      state: 'stable',
      retention: 3600,
      oldest: 0,
    }));
    const lag = createLag(store, config);
    const done = await lag.round(NOON + 120 * S, NOON + 130 * S);
    expect(done).toMatchObject({ facts: 12 * 6, positions: 1, unlisted: 0, postponed: 0 });
    const [group] = await readGroups(store, { at: NOON + 120 * S });
    expect(group).toMatchObject({
      ...{ cluster: 'east', group: 'billing', topic: '', type: 'consumer', members: 2, partitions: 1, waiting: 1 },
      ...{ lag: 1100, lost: 0, atLeast: false, endRate: 10, commitRate: 0, catchUpSeconds: Number.POSITIVE_INFINITY },
      ...{ state: 'stuck', reason: 'has committed nothing for 2 min, 1,100 records waiting, 1 min 50 s behind' },
    });
    // Record 1000 came after the first sample and before the second.
    expect(group?.lagSeconds).toBeCloseTo(109.95, 3);
    expect(group?.lagError).toBeCloseTo(9.95, 3);
    expect(group?.headroom).toBeCloseTo(3600 - 119.95, 1);
    expect(group?.topics[0]?.partitionLags).toMatchObject([{ partition: 0, committed: 1000, end: 2100, oldest: 0 }]);
  });

  test('goes on from where it was: late facts count, states settle over rounds', async () => {
    const lag = createLag(store, config);
    for (let i = 0; i <= 30; i++) {
      // Each report arrives a round after its time.
      await report(i * 10, {
        end: 1000 + i * 100,
        committed: i < 15 ? 1000 + i * 100 : 2400,
        members: 1,
        state: 'stable',
      });
      await lag.round(NOON + (i + 2) * 10 * S, 0);
    }
    expect(await judged(150)).toMatchObject({ state: 'healthy', lag: 0, lagSeconds: 0 });
    expect(await judged(190)).toMatchObject({ state: 'falling_behind' });
    expect(await judged(320)).toMatchObject({ state: 'stuck', lag: 1600, lagSeconds: expect.closeTo(159.95, 1) });
  });

  test('a lag older than what is kept in memory is found in the store, also by points dated into the past', async () => {
    await report(-40_000, { end: 100 });
    await report(-30_000, { end: 300 });
    await reports(0, 40, (i) => ({ end: 1000 + i, committed: 200, members: 0, state: 'empty' }));
    const lag = createLag(store, config);
    await lag.round(NOON + 400 * S, 0);
    const group = await judged(400);
    expect(group).toMatchObject({
      atLeast: false,
      lagError: expect.closeTo(5025, 0),
      lagSeconds: expect.closeTo(35_365, 0),
    });
  });

  test('before all samples a lag is a lower bound, until points dated into the past come', async () => {
    await reports(0, 40, (i) => ({ end: 1000 + i, committed: 200, members: 0, state: 'empty' }));
    const lag = createLag(store, config);
    await lag.round(NOON + 400 * S, 0);
    expect(await judged(400)).toMatchObject({ atLeast: true, lagSeconds: 390, state: 'dead' });
    expect((await judged(400))?.reason).toMatch(/no members, 839 records waiting, at least 6 min 30 s behind/);
    await report(-4000, { end: 150 });
    await report(-2000, { end: 250 });
    await report(470, { end: 1040, committed: 200, members: 0, state: 'empty' });
    await lag.round(NOON + 480 * S, 0);
    expect(await judged(480)).toMatchObject({ atLeast: false, lagSeconds: expect.closeTo(470 + 2990, 0) });
  });

  test('a log that was cut off voids its samples, and a restart knows', async () => {
    await reports(0, 10, (i) => ({ end: 5000 + i * 10, committed: 5000 + i * 10, members: 1, identity: 77 }));
    await reports(10, 30, (i) => ({ end: i * 100, committed: 1000, members: 1, identity: 77 }));
    await createLag(store, config).round(NOON + 300 * S, 0);
    expect(await readResets(store)).toEqual([
      { cluster: 'east', topic: 'orders', partition: 0, time: NOON + 100 * S, reason: 'end_fell' },
    ]);
    expect(await judged(300)).toMatchObject({ lag: 1900, lagSeconds: expect.closeTo(190, 0) });
    await reports(30, 80, (i) => ({ end: i * 100, committed: 1000, members: 1, identity: 77 }));
    await createLag(store, config).round(NOON + 800 * S, 0);
    expect(await judged(800)).toMatchObject({ lag: 6900, lagSeconds: expect.closeTo(690, 0), atLeast: false });
    await reports(80, 90, (i) => ({ end: i * 100, committed: 1000, members: 1, identity: 78 }));
    await createLag(store, config).round(NOON + 900 * S, 0);
    expect((await readResets(store))[0]).toMatchObject({ reason: 'topic_recreated', time: NOON + 800 * S });
  });

  test('a restart goes on with the states that stood', async () => {
    await reports(0, 40, (i) => ({ end: 1000 + i * 100, committed: 1000, members: 0, state: 'empty' }));
    await createLag(store, config).round(NOON + 400 * S, 0);
    const before = await judged(400);
    await report(405, { end: 5000, committed: 1000, members: 0, state: 'empty' });
    await createLag(store, config).round(NOON + 410 * S, 0);
    expect(await judged(410)).toMatchObject({ state: 'dead', since: before?.since });
  });

  test('an open transaction is not waited for; a group without commits and a share group', async () => {
    for (let i = 0; i < 12; i++) {
      await report(i * 10, { end: 1000 + i * 100, stable: 1000, committed: 1000, members: 1, state: 'stable' });
      await report(i * 10, { group: 'new', members: 3, state: 'stable' });
    }
    const lag = createLag(store, config);
    for (const seconds of [100, 110, 120]) await lag.round(NOON + seconds * S, 0);
    const rows = await readGroupLags(store, { from: NOON + 120 * S, to: NOON + 121 * S });
    expect(rows.map(({ group, topic, state, lag: waiting }) => [group, topic, state, waiting])).toEqual([
      ['billing', '', 'healthy', 0],
      ['billing', 'orders', 'healthy', 0],
      ['new', '', 'no_commits', Number.NaN],
    ]);
  });

  test('a commit overtaken by retention: what was lost is told, and the rest is the lag', async () => {
    await reports(0, 12, (i) => ({
      end: 1000 + i * 100,
      oldest: 500,
      committed: 200,
      members: 0,
      state: 'empty',
      retention: 3600,
    }));
    const lag = createLag(store, config);
    await lag.round(NOON + 120 * S, 0);
    expect(await judged(120)).toMatchObject({ lost: 300, lag: 1600, state: 'dead' });
    const [row] = await readPartitionLags(store, { from: NOON, to: NOON + 121 * S });
    expect(row?.reason).toMatch(/; retention took 300 records unread$/);
  });

  test('points that name no partition or group are passed over', async () => {
    const attributes = [
      {},
      { topic: 'orders' },
      { topic: 'orders', partition: 'x' },
      { topic: 'orders', partition: '-1' },
    ];
    await insertStock(
      store,
      'otel_metrics_gauge',
      [
        'kafka.partition.current_offset',
        'kafka.consumer_group.offset',
        'kafka.consumer_group.members',
        'weir.consumer_group.state',
      ].flatMap((metric) => attributes.map((one) => point({ metric, value: 1, attributes: one, at: NOON }))),
    );
    const done = await createLag(store, config).round(NOON + 10 * S, 0);
    expect(done.positions).toBe(0);
    expect(await readGroupLags(store, { from: NOON, to: NOON + 11 * S })).toEqual([]);
  });
});
