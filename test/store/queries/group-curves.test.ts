import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGroupCurves } from '../../../store/queries/group-curves.ts';
import { type GroupLagRow, writeGroupLags } from '../../../store/queries/group-lags.ts';
import { readShareGroups } from '../../../store/queries/share-groups.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { insertStock } from '../stock-rows.ts';

const BEGIN = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000;
const UNKNOWN = Number.NaN;
let stand: TestStore;

/** A row judged `seconds` after the begin. */
function row(seconds: number, given: Partial<GroupLagRow> = {}): GroupLagRow {
  return {
    ...{ cluster: 'c', group: 'g', topic: '', pipeline: 'p', type: '', members: 1, partitions: 1, waiting: 1 },
    ...{ time: BEGIN + seconds * 1000, state: 'healthy', since: BEGIN, lag: 1, lagSeconds: 1, lagError: 0.5 },
    ...{ atLeast: false, endRate: 10, commitRate: 10, catchUpSeconds: 0, headroom: 99, lossSeconds: UNKNOWN },
    ...{ lossLower: UNKNOWN, lossUpper: UNKNOWN, lossExpected: false, lost: 0, reason: '' },
    ...given,
  };
}

const curves = (step: number, count: number, named: object = {}) =>
  readGroupCurves(stand.store, {
    ...{ cluster: 'c', group: 'g', topic: '', grid: { start: BEGIN, step, count } },
    ...named,
  });

beforeAll(async () => {
  stand = await startTestStore();
  await writeGroupLags(stand.store, [
    row(10, { lag: 5 }),
    row(20, { state: 'stuck', lag: 50, lagSeconds: 20, lagError: 3, commitRate: 0 }),
    row(30, { state: 'dead', lag: 60, lagSeconds: 30, lagError: 4, commitRate: 0, headroom: 70 }),
    row(40, { lag: UNKNOWN, lagSeconds: UNKNOWN, lagError: UNKNOWN, endRate: UNKNOWN, commitRate: UNKNOWN }),
    row(200, { lag: 7 }),
    row(10, { topic: 't', lag: 3 }),
    row(10, { cluster: 'other', lag: 1000 }),
    row(10, { group: 'other', lag: 1000 }),
  ]);
});
afterAll(() => stand?.stop());

describe('curves of a group', () => {
  test('hold what was judged by the end of each step', async () => {
    const { states, lag, lagSeconds, lagError, commitRate, retention } = await curves(10_000, 4);
    expect(states).toEqual(['healthy', 'stuck', 'dead', 'healthy']);
    expect([...lag]).toEqual([5, 50, 60, 60]);
    expect([...lagSeconds].slice(0, 3)).toEqual([1, 20, 30]);
    expect([...lagError].slice(0, 3)).toEqual([0.5, 3, 4]);
    expect([...commitRate].slice(0, 3)).toEqual([10, 0, 0]);
    expect([...retention].slice(0, 3)).toEqual([100, 119, 100]);
  });

  test('of longer steps the worst state, the largest lag with its own bound, and the mean pace', async () => {
    const { states, lag, lagSeconds, lagError, commitRate } = await curves(60_000, 1);
    expect(states).toEqual(['dead']);
    expect([lag[0], lagSeconds[0], lagError[0]]).toEqual([60, 30, 4]);
    expect(commitRate[0]).toBeCloseTo(10 / 3);
  });

  test('last for 40 s without a row, and are gaps from then on', async () => {
    const { states, lag } = await curves(10_000, 30);
    expect(states.slice(3, 10)).toEqual(['healthy', 'healthy', 'healthy', 'healthy', 'healthy', undefined, undefined]);
    expect(lag[18]).toBeNaN();
    expect(states.slice(19, 25)).toEqual([...new Array(5).fill('healthy'), undefined]);
  });

  test('are of one topic, one group and one cluster', async () => {
    expect((await curves(10_000, 2, { topic: 't' })).lag[0]).toBe(3);
    expect((await curves(10_000, 2, { cluster: 'other' })).lag[0]).toBe(1000);
    const none = await curves(10_000, 2, { group: 'nobody' });
    expect(none.states).toEqual([undefined, undefined]);
    expect(none.retention.every((value) => Number.isNaN(value))).toBe(true);
  });
});

describe('share groups', () => {
  const now = Date.now();
  const gauge = (name: string, group: string, attributes: object, value: number, ago = 5000, alias = 'c') => ({
    ResourceAttributes: { 'service.name': 'kafka', 'kafka.cluster.alias': alias },
    ...{ ServiceName: 'kafka', MetricName: name, Attributes: { group, ...attributes }, Value: value },
    StartTimeUnix: String(Math.floor((now - ago) / 1000)),
    TimeUnix: `${((now - ago) / 1000).toFixed(3)}000000`,
  });

  test('are told with their state, members, topics and what is not done, by cluster', async () => {
    const place = (topic: string, partition: number) => ({ topic, partition: String(partition) });
    await insertStock(stand.store, 'otel_metrics_gauge', [
      gauge('weir.share_group.lag', 'jobs', place('a', 0), 10, 60_000),
      gauge('weir.share_group.lag', 'jobs', place('a', 0), 4),
      gauge('weir.share_group.lag', 'jobs', place('b', 0), 3),
      gauge('weir.share_group.lag', 'jobs', place('b', 0), 100, 5000, 'd'),
      gauge('weir.consumer_group.state', 'jobs', { state: 'stable', type: 'share' }, 1),
      gauge('kafka.consumer_group.members', 'jobs', {}, 2),
      gauge('weir.consumer_group.state', 'quiet', { state: 'empty', type: 'share' }, 1),
      gauge('weir.consumer_group.state', 'classic', { state: 'stable', type: 'classic' }, 1),
      gauge('kafka.consumer_group.members', 'classic', {}, 9),
      gauge('weir.share_group.lag', 'gone', place('a', 0), 1, 600_000),
    ]);
    const [jobs, quiet, elsewhere, ...more] = await readShareGroups(stand.store, now);
    expect(jobs).toEqual({
      ...{ cluster: 'c', group: 'jobs', state: 'stable', members: 2, topics: ['a', 'b'], partitions: 2, lag: 7 },
    });
    expect(quiet).toMatchObject({ group: 'quiet', state: 'empty', partitions: 0, members: UNKNOWN, lag: UNKNOWN });
    expect(elsewhere).toMatchObject({ cluster: 'd', group: 'jobs', lag: 100, state: '' });
    expect(more).toEqual([]);
  });
});
