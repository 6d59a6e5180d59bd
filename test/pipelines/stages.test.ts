import { describe, expect, test } from 'vitest';
import type { Labels } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import type { StageState } from '../../core/state.ts';
import { type Evidence, judgeStages, type Memory, recall } from '../../pipelines/stages.ts';

const AT = 1_800_000_000_000;
const LIMITS = { behindAfter: 10_000, stuckAfter: 60_000, allowedLag: 1, confirm: 2 };

type Shape = number | ((i: number) => number);

function series(signal: string, labels: Labels, shape: Shape): Series {
  const values = Float64Array.from({ length: 30 }, (_item, i) => (typeof shape === 'function' ? shape(i) : shape));
  return { labels: { signal, pipeline: 'orders', ...labels }, start: AT - 300_000, step: 10_000, values };
}

const evidence = (list: readonly Series[], more: Partial<Evidence> = {}): Evidence => ({
  series: list,
  progress: [],
  late: () => false,
  at: AT,
  ...more,
});

const judge = (list: readonly Series[], more: Partial<Evidence> = {}, memory: Memory = new Map()) =>
  judgeStages(evidence(list, more), LIMITS, memory);

const stage = 'billing';
const reads = (topic: string) => ({ stage, topic, group: stage });

describe('judgeStages', () => {
  test('judges each stage by its own signals', () => {
    const { statuses } = judge([
      series('throughput', { stage: 'gateway' }, 40),
      series('throughput', { stage }, 20),
      series('lag', reads('orders'), (i) => 500 * i),
      series('lag_seconds', reads('orders'), (i) => 3 * i),
      series('output', { stage: 'ticker' }, 7),
      series('throughput', { stage: 'sleeper' }, 0),
    ]);
    expect(statuses).toEqual([
      {
        pipeline: 'orders',
        stage: 'gateway',
        time: AT,
        state: 'healthy',
        reason: 'handles 40/s',
        lag: Number.NaN,
        lagSeconds: Number.NaN,
        throughput: 40,
      },
      {
        pipeline: 'orders',
        stage,
        time: AT,
        state: 'falling_behind',
        reason: 'reads 20/s of 70/s, 87 s behind',
        lag: 14_500,
        lagSeconds: 87,
        throughput: 20,
      },
      expect.objectContaining({ stage: 'ticker', state: 'healthy', throughput: 7 }),
      expect.objectContaining({ stage: 'sleeper', state: 'idle', throughput: 0 }),
    ]);
  });

  test('a stage is as well as the worst of what it reads', () => {
    const { statuses } = judge([
      series('throughput', { stage }, 20),
      series('lag', reads('orders'), 3),
      series('lag_seconds', reads('orders'), 0.2),
      series('lag', reads('refunds'), (i) => 100 * i),
      series('lag_seconds', reads('refunds'), (i) => i),
    ]);
    expect(statuses).toMatchObject([{ state: 'falling_behind', lag: 2903, lagSeconds: 29 }]);
  });

  test('what a broker says of a group goes before spans, unless the broker is away', () => {
    const numbers = {
      lag: 900,
      lagSeconds: 40,
      lagError: 5,
      atLeast: false,
      endRate: 9,
      commitRate: 0,
      catchUpSeconds: Infinity,
    };
    const row = (cluster: string, state: StageState, topic = 'orders') => ({
      ...{ time: AT, cluster, group: stage, topic, pipeline: 'default', type: 'classic', members: 0 },
      ...{ partitions: 2, waiting: 1, state, since: AT, reason: `${state} in ${cluster}`, ...numbers },
      ...{ headroom: Number.NaN, lossSeconds: Number.NaN, lossLower: Number.NaN, lossUpper: Number.NaN },
      ...{ lossExpected: false, lost: 0 },
    });
    const list = [
      series('throughput', { stage }, 20),
      series('lag', reads('orders'), 3),
      series('lag_seconds', reads('orders'), 0.2),
    ];
    const groups = [row('east', 'healthy'), row('west', 'dead'), row('north', 'stuck', 'refunds')];
    const first = judge(list, { groups });
    expect(first.statuses).toMatchObject([
      { state: 'dead', reason: 'dead in west', lag: 900, lagSeconds: 40, throughput: 20 },
    ]);
    // The state counts at once, and what is remembered of it is the broker's.
    const next = judge(list, { groups: [row('east', 'idle')] }, first.memory);
    expect(next.statuses).toMatchObject([{ state: 'idle' }]);
    expect(judge(list, { groups: [row('east', 'unknown')] }).statuses).toMatchObject([{ state: 'healthy', lag: 3 }]);
  });

  test('errors do not count as reading', () => {
    const list = [
      series('throughput', { stage }, 20),
      series('error_ratio', { stage }, (i) => (i < 20 ? 0 : 1)),
      series('lag', reads('orders'), (i) => 10 + i),
    ];
    expect(judge(list).statuses[0]?.state).toBe('stuck');
  });

  test('members and commits come from the pipeline itself, else from whoever reports them', () => {
    const list = [series('lag', reads('orders'), 500)];
    const progress = (pipeline: string, members: number) => [
      { pipeline, group: stage, topic: '', members, committed: Number.NaN },
    ];
    expect(judge(list, { progress: progress('default', 0) }).statuses[0]?.state).toBe('dead');
    expect(judge(list, { progress: [...progress('default', 0), ...progress('orders', 2)] }).statuses[0]?.state).toBe(
      'healthy',
    );
    const committed = [{ pipeline: 'default', group: stage, topic: 'orders', members: Number.NaN, committed: 0 }];
    expect(judge(list, { progress: [...progress('default', 3), ...committed] }).statuses[0]?.state).toBe('stuck');
    expect(
      judge(list, { progress: [{ ...committed[0], topic: 'other' } as (typeof committed)[0]] }).statuses[0]?.state,
    ).toBe('healthy');
  });

  test('blindness is per pipeline', () => {
    const quiet = [
      series('throughput', { stage }, Number.NaN),
      series('throughput', { stage, pipeline: 'other' }, Number.NaN),
    ];
    const { statuses } = judge(quiet, { late: (pipeline) => pipeline === 'other' });
    expect(statuses.map(({ pipeline, state }) => [pipeline, state])).toEqual([
      ['orders', 'idle'],
      ['other', 'unknown'],
    ]);
  });
});

describe('memory', () => {
  const healthy = [series('throughput', { stage }, 20), series('lag', reads('orders'), 0)];
  const behind = [
    series('throughput', { stage }, 20),
    series('lag', reads('orders'), (i) => 500 * i),
    series('lag_seconds', reads('orders'), (i) => 3 * i),
  ];

  test('a change shows with its reason after two rounds that agree', () => {
    const rounds = [healthy, behind, healthy, behind, behind, behind];
    let memory: Memory = new Map();
    const told = rounds.map((list) => {
      const judged = judge(list, {}, memory);
      memory = judged.memory;
      return `${judged.statuses[0]?.state}: ${judged.statuses[0]?.reason}`;
    });
    const good = 'healthy: reads 20/s, nothing waiting';
    const bad = 'falling_behind: reads 20/s of 70/s, 87 s behind';
    expect(told).toEqual([good, good, good, good, bad, bad]);
  });

  test('survives a restart through the states that were stored', () => {
    const between = [
      series('throughput', { stage }, 20),
      series('lag', reads('orders'), 140),
      series('lag_seconds', reads('orders'), 7),
    ];
    const stored = judge(behind).statuses;
    expect(judge(between, {}, recall(stored)).statuses[0]?.state).toBe('falling_behind');
    expect(judge(between).statuses[0]?.state).toBe('healthy');
  });

  test('forgets stages that are gone', () => {
    const { memory } = judge(behind);
    expect(judge(healthy.slice(0, 1), {}, memory).memory.size).toBe(1);
  });
});
