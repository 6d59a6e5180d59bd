import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStagePartitions } from '../../api/partitions.ts';
import type { StageView } from '../../core/view.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startApi, type TestApi } from './room.ts';
import { PIPELINE, seedOrders } from './seed.ts';
import { CLUSTER, seedGroups, TOLD } from './seed-groups.ts';

/** A pipeline whose gauges tell lag of every group, and the judgements of some of them. */
let stored: TestStore;
let api: TestApi;
let now: number;

beforeAll(async () => {
  stored = await startTestStore();
  now = Date.now();
  await seedOrders(stored.store, { now, minutes: 3, faultMinutes: 0 });
  const judged = TOLD.filter(({ group }) => group === 'enrichment');
  await seedGroups(stored.store, now, 2, judged);
  api = await startApi({ store: stored.store, now: () => now });
}, 120_000);

afterAll(async () => {
  await api?.stop();
  await stored?.stop();
});

describe('partitions of a stage', () => {
  test('come as they were judged, with what lies ahead of them', async () => {
    const partitions = await readStagePartitions(stored.store, [{ topic: 'orders', group: 'enrichment' }], now);
    expect(partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(partitions[2]).toMatchObject({
      ...{ cluster: CLUSTER, group: 'enrichment', topic: 'orders', state: 'falling_behind', catchUp: 'never' },
      ...{ lagError: 3, atLeast: false, lossExpected: true, loss: 8700 },
    });
    expect(partitions[2]?.headroom).toBeGreaterThan(6000);
  });

  test('that nobody judged come with the lag that is reported, and without a state', async () => {
    const partitions = await readStagePartitions(stored.store, [{ topic: 'payments', group: 'warehouse-sink' }], now);
    expect(partitions).toHaveLength(3);
    for (const one of partitions) {
      expect(one).toMatchObject({ state: null, lagError: null, catchUp: null, headroom: null, lossExpected: false });
      expect(one.lagSeconds).toBeGreaterThan(0);
      expect(one.lag).toBeGreaterThan(0);
    }
  });

  test('are those of the topics it reads as that group alone, by topic and number', async () => {
    const reads = [
      { topic: 'orders', group: 'enrichment' },
      { topic: 'payments', group: 'warehouse-sink' },
      { topic: 'orders', group: 'warehouse-sink' },
    ];
    const partitions = await readStagePartitions(stored.store, reads, now);
    expect(partitions.map(({ topic, partition }) => `${topic}/${partition}`)).toEqual([
      ...['orders/0', 'orders/1', 'orders/2', 'orders/3', 'orders/4', 'orders/5'],
      ...['payments/0', 'payments/1', 'payments/2'],
    ]);
    expect(await readStagePartitions(stored.store, [], now)).toEqual([]);
  });

  test('are gone once nothing was judged or reported for long', async () => {
    const later = now + 600_000;
    expect(await readStagePartitions(stored.store, [{ topic: 'orders', group: 'enrichment' }], later)).toEqual([]);
  });

  test('stand on the page of the stage', async () => {
    const view = (await (await api.get(`/api/stages/${PIPELINE}/enrichment`)).json()) as StageView;
    expect(view.partitions).toHaveLength(6);
    expect(view.partitions.every(({ state }) => state === 'falling_behind')).toBe(true);
  });
});
