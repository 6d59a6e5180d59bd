import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../../store/client.ts';
import {
  type GroupLagRow,
  type PartitionLagRow,
  readGroupHistory,
  readGroupLags,
  readGroups,
  readPartitionLags,
  writeGroupLags,
  writePartitionLags,
} from '../../../store/queries/group-lags.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { NOON } from './telemetry-rows.ts';

let stand: TestStore;
let store: Store;
beforeAll(async () => {
  stand = await startTestStore();
  store = stand.store;
});
afterAll(() => stand?.stop());

const numbers = {
  ...{ time: NOON, state: 'falling_behind' as const, since: NOON - 60_000, reason: 'commits 5 of 9 records/s' },
  ...{ lag: 100, lagSeconds: 20.5, lagError: 2.5, atLeast: true, endRate: 9, commitRate: 5 },
  ...{ catchUpSeconds: Number.POSITIVE_INFINITY, headroom: -5, lossSeconds: Number.NaN, lossLower: 1, lossUpper: 2 },
  ...{ lossExpected: true, lost: 3 },
} as const;
const group = (more: Partial<GroupLagRow> = {}): GroupLagRow => ({
  ...{ cluster: 'east', group: 'billing', topic: 'orders', pipeline: 'shop', type: 'consumer', members: 2 },
  ...{ partitions: 3, waiting: 1 },
  ...numbers,
  ...more,
});
const partition = (more: Partial<PartitionLagRow> = {}): PartitionLagRow => ({
  ...{
    cluster: 'east',
    group: 'billing',
    topic: 'orders',
    partition: 2,
    committed: 50,
    end: 150,
    oldest: 53,
    pause: 60,
  },
  ...numbers,
  ...more,
});

test('what is written of groups and partitions is read again, the newest of each', async () => {
  await writeGroupLags(store, [group({ time: NOON - 10_000, lag: 1 }), group(), group({ topic: '' })]);
  await writeGroupLags(store, [group({ topic: '', group: 'audit', lagSeconds: 500, members: Number.NaN })]);
  await writePartitionLags(store, [partition({ time: NOON - 10_000 }), partition()]);
  await writePartitionLags(store, [partition({ time: NOON - 10_000, partition: 7 })]);
  const range = { from: NOON - 60_000, to: NOON + 1000 };

  expect(await readGroupLags(store, { ...range, group: 'billing' })).toEqual([group({ topic: '' }), group()]);
  expect(await readGroupLags(store, { ...range, cluster: 'west' })).toEqual([]);
  expect(await readPartitionLags(store, range)).toEqual([
    partition(),
    partition({ time: NOON - 10_000, partition: 7 }),
  ]);

  // The longest lag first; a partition that was not written with its topic's newest row is no longer of note.
  expect(await readGroups(store, { at: NOON })).toEqual([
    { ...group({ topic: '', group: 'audit', lagSeconds: 500, members: Number.NaN }), topics: [] },
    { ...group({ topic: '' }), topics: [{ ...group(), partitionLags: [partition()] }] },
  ]);
  expect(await readGroups(store, { at: NOON + 120_000 })).toEqual([]);

  const history = await readGroupHistory(store, { ...range, cluster: 'east', group: 'billing', topic: 'orders' });
  expect(history.map(({ time, lag }) => [time - NOON, lag])).toEqual([
    [-10_000, 1],
    [0, 100],
  ]);
});

test('nothing to write is nothing written', async () => {
  await writeGroupLags(store, []);
  await writePartitionLags(store, []);
});
