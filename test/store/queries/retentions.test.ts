import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTopicRetentions } from '../../../store/queries/retentions.ts';
import { startTestStore, type TestStore } from '../harness.ts';

/** Recent: the table forgets what is old. */
const NOW = Math.floor(Date.now() / 60_000) * 60_000;
let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

/** A row of the pipeline model; what is left out does not matter here. */
const row = (group: string, topic: string, age: number, lagSeconds: number, headroom: number, cluster = 'one') => ({
  ...{ Time: Math.floor((NOW - age) / 1000), Cluster: cluster, Group: group, Topic: topic, Pipeline: 'orders' },
  ...{ LagSeconds: lagSeconds, Headroom: Number.isNaN(headroom) ? 'nan' : headroom },
});

test('retention is lag and headroom together, the newest within an hour, the shorter of two clusters', async () => {
  await stand.store.insert('group_lags', [
    row('billing', 'orders', 120_000, 100, 500),
    row('billing', 'orders', 60_000, 40, 3560),
    row('billing', 'orders', 30_000, 40, 1760, 'two'),
    row('billing', '', 30_000, 40, 1),
    row('billing', 'payments', 30_000, 40, Number.NaN),
    row('billing', 'refunds', 30_000, 0, 700),
    row('mailer', 'orders', 2 * 3_600_000, 40, 60),
    row('mailer', 'letters', 30_000, 40, 560),
  ]);
  expect(await readTopicRetentions(stand.store, NOW)).toEqual([
    { group: 'billing', topic: 'orders', seconds: 1800 },
    { group: 'mailer', topic: 'letters', seconds: 600 },
  ]);
});
