import { describe, expect, test } from 'vitest';
import { STAGE_STATES, type StageState } from '../../core/state.ts';
import { createEnds } from '../../pipelines/lag-ends.ts';
import { type GroupFacts, judge, type Settling, settleState } from '../../pipelines/lag-judge.ts';
import { createPositions, observe, usualPause } from '../../pipelines/lag-positions.ts';
import { reasonOf, type Told } from '../../pipelines/lag-wording.ts';
import { LIMITS } from './lag-world.ts';

const T = 1_800_000_000_000;
const S = 1000;
const unknown = Number.NaN;

/** A position after readings of [second, log end, commit]. */
function after(readings: readonly (readonly [number, number, number])[]) {
  const ends = createEnds();
  const partition = ends.add();
  const positions = createPositions();
  const row = positions.at(positions.add());
  for (const [second, end, committed] of readings) {
    ends.sample(partition, end, T + second * S);
    observe(row, ends.at(partition), committed, T + second * S, LIMITS.allowedLag);
  }
  return { row, end: ends.at(partition) };
}
const each = (count: number, make: (i: number) => readonly [number, number]) =>
  Array.from({ length: count }, (_reading, i) => [i * 10, ...make(i)] as const);

interface Case {
  readonly name: string;
  readonly readings: readonly (readonly [number, number, number])[];
  readonly group?: Partial<GroupFacts>;
  readonly seconds?: number;
  readonly before?: StageState;
  /** Seconds after the last reading. */
  readonly later?: number;
  readonly state: StageState;
}

const growing = each(10, (i) => [1000 + i * 100, 900 + i * 50]);
const draining = each(10, (i) => [5000 + i * 10, 1000 + i * 200]);
const standing = each(10, (i) => [1000 + i * 100, 1000]);
const CASES: readonly Case[] = [
  { name: '1 nothing reported lately', readings: growing, later: 91, state: 'unknown' },
  { name: 'not 1: reported a minute ago', readings: growing, later: 60, seconds: 60, state: 'falling_behind' },
  { name: '2 the commit lies beyond the end', readings: [[0, 50, 60]], state: 'rewound' },
  {
    name: '3 set back and moving',
    readings: [...each(5, (i) => [5000 + i, 5000 + i]), [50, 5005, 1000], [60, 5006, 1100]],
    seconds: 900,
    state: 'rewound',
  },
  {
    name: 'not 3: a member reads again what it had',
    readings: [...each(5, (i) => [5000 + i, 5000 + i]), [50, 5005, 4998]],
    seconds: 5,
    state: 'healthy',
  },
  {
    name: '4 rebalancing without commits',
    readings: standing.slice(0, 4),
    group: { rebalancing: true },
    seconds: 30,
    state: 'rebalancing',
  },
  {
    name: 'not 4: commits go on meanwhile',
    readings: growing,
    group: { rebalancing: true },
    seconds: 60,
    state: 'falling_behind',
  },
  { name: '5 nothing waits', readings: each(5, (i) => [i * 10, i * 10]), state: 'healthy' },
  { name: '6 nothing waits, nothing moves', readings: each(32, () => [10, 10]), state: 'idle' },
  { name: '7 no members', readings: standing, group: { members: 0 }, seconds: 90, state: 'dead' },
  {
    name: '7 empty, whatever was counted',
    readings: standing,
    group: { members: unknown, empty: true },
    seconds: 90,
    state: 'dead',
  },
  {
    name: '7 members are back, but have committed nothing yet',
    readings: standing,
    group: { returnedAt: T + 60 * S },
    before: 'dead',
    seconds: 90,
    state: 'dead',
  },
  { name: '8 members, but no commits', readings: standing, seconds: 90, state: 'stuck' },
  { name: '8 members not known', readings: standing, group: { members: unknown }, seconds: 90, state: 'stuck' },
  { name: '9 waits, but for a moment only', readings: growing, seconds: 9, state: 'healthy' },
  {
    name: '9 was behind, and still is by half',
    readings: draining,
    seconds: 6,
    before: 'catching_up',
    state: 'catching_up',
  },
  {
    name: '9 the age is not known: the lag at the pace of the commits',
    readings: each(10, (i) => [1000 + i * 100, 980 + i * 100]),
    state: 'healthy',
  },
  { name: '10 shrinks', readings: draining, seconds: 400, state: 'catching_up' },
  {
    name: '10 has just set in again',
    readings: [...standing, [100, 2000, 1010]],
    seconds: 100,
    before: 'stuck',
    state: 'catching_up',
  },
  {
    name: '11 grows while members come and go',
    ...{ readings: growing, group: { storming: true }, seconds: 40 },
    state: 'rebalancing',
  },
  {
    name: '11 and that is no return from it',
    ...{ readings: [...standing, [100, 2000, 1010]], group: { storming: true }, before: 'rebalancing', seconds: 100 },
    state: 'rebalancing',
  },
  { name: 'not 11: it shrinks', readings: draining, group: { storming: true }, seconds: 400, state: 'catching_up' },
  {
    name: 'not 11: nothing waits',
    readings: each(5, (i) => [i * 10, i * 10]),
    group: { storming: true },
    state: 'healthy',
  },
  { name: 'not 11: no commits at all', readings: standing, group: { storming: true }, seconds: 90, state: 'stuck' },
  { name: '12 grows', readings: growing, seconds: 40, state: 'falling_behind' },
  {
    name: '12 the same, its age not known',
    readings: each(10, (i) => [5000 + i * 100, 900 + i * 50]),
    state: 'falling_behind',
  },
];

describe('the truth table', () => {
  test.each(CASES.map((one) => [one.name, one] as const))(
    '%s',
    (_name, { readings, group, seconds = unknown, before, later = 5, state }) => {
      const { row, end } = after(readings);
      const facts = { members: 1, rebalancing: false, storming: false, empty: false, returnedAt: unknown, ...group };
      const time = { seconds, error: 0, atLeast: false };
      expect(judge(row, end, facts, time, before, row.committedAt + later * S, LIMITS)).toBe(state);
    },
  );
});

describe('a usual pause', () => {
  const paused = (lengths: readonly number[], busy: number) => {
    const readings: (readonly [number, number, number])[] = [];
    let second = 0;
    let committed = 0;
    const read = (commits: boolean) => {
      if (commits) committed = second * 10;
      readings.push([second, second * 10 + (commits ? 0 : 10), committed]);
      second += 10;
    };
    for (const length of lengths) {
      for (const until = second + busy; second < until; ) read(true);
      for (const until = second + length; second < until; ) read(false);
    }
    read(true);
    return usualPause(after(readings).row, T + second * S) / S;
  };

  test('is the longest of three of one kind', () => {
    expect(paused([600, 700, 650], 120)).toBe(710);
    expect(paused([60, 60, 60], 10)).toBe(70);
  });

  test('is none after two, when they differ, or when the group works most of the time', () => {
    expect(paused([600, 600], 120)).toBe(0);
    expect(paused([600, 2000, 600], 120)).toBe(0);
    expect(paused([600, 600, 600], 7200)).toBe(0);
  });
});

describe('settling', () => {
  const settling = (): Settling => ({
    state: unknown,
    since: unknown,
    candidate: unknown,
    rounds: unknown,
    flaps: unknown,
  });
  /** Observes states ten seconds apart and tells which stood after each. */
  const run = (observed: readonly StageState[], into = settling(), from = T) =>
    observed.map((state, i) => settleState(into, state, from + i * 10 * S, 2));

  test('the first counts at once, another after two rounds, one round of it is nothing', () => {
    expect(run(['idle', 'healthy', 'idle', 'healthy', 'healthy', 'healthy'])).toEqual([
      ...['idle', 'idle', 'idle', 'idle', 'healthy', 'healthy'],
    ]);
  });

  test('the end of blindness counts at once', () => {
    expect(run(['healthy', 'unknown', 'unknown', 'stuck'])).toEqual(['healthy', 'healthy', 'unknown', 'stuck']);
  });

  test('what flaps must hold longer each time, but dead and stuck do not wait', () => {
    const into = settling();
    const flapping = Array.from({ length: 400 }, (_round, i): StageState => (i % 8 < 4 ? 'healthy' : 'falling_behind'));
    const stood = run(flapping, into);
    expect(stood.filter((state, i) => state !== stood[i - 1]).length).toBeLessThanOrEqual(6);
    expect(run(['dead', 'dead'], into, T + 4000 * S).at(-1)).toBe('dead');
    expect(STAGE_STATES[into.state]).toBe('dead');
    // A day later all is forgotten.
    expect(run(['healthy', 'healthy'], into, T + 90_000 * S).at(-1)).toBe('healthy');
  });
});

describe('the reason', () => {
  const told: Told = {
    ...{ state: 'healthy', lag: 0, lagSeconds: 0, atLeast: false, endRate: 120.4, commitRate: 80.2 },
    ...{ catchUpSeconds: Number.POSITIVE_INFINITY, lost: 0, quietSeconds: 400 },
  };
  const behind = { lag: 12_345, lagSeconds: 95 };
  test.each<[string, Partial<Told>]>([
    ['commits 80 records/s, nothing waiting', {}],
    ['nothing waiting', { commitRate: 0 }],
    ['commits 80 records/s, 2.5 s behind', { lag: 9, lagSeconds: 2.5 }],
    ['nothing to read', { state: 'idle' }],
    ['its broker reports nothing, so nothing is known of it', { state: 'unknown' }],
    ['commits 80 of 120 records/s, 1 min 35 s behind', { state: 'falling_behind', ...behind }],
    [
      'commits 80 of 120 records/s, 1 min 35 s behind, caught up in about 10 min',
      { state: 'catching_up', ...behind, catchUpSeconds: 601 },
    ],
    [
      'the group has no members, 12,345 records waiting, at least 1 min 35 s behind',
      { state: 'dead', ...behind, atLeast: true },
    ],
    [
      'has committed nothing for 6 min 40 s, 1 record waiting, 1 min 35 s behind; retention took 7 records unread',
      { state: 'stuck', ...behind, lag: 1, lost: 7 },
    ],
    [
      'its members are sharing out the partitions and commit nothing, 12,345 records waiting',
      { state: 'rebalancing', ...behind },
    ],
    [
      'its members come and go, commits 80 of 120 records/s, 1 min 35 s behind',
      { state: 'rebalancing', ...behind, quietSeconds: 5 },
    ],
    [
      'reads again what it had read: its offset was set back, or the log cut off; 12,345 records waiting',
      { state: 'rewound', ...behind },
    ],
    [
      'commits again after a standstill, 12,345 records waiting, 1 min 35 s behind',
      { state: 'stuck', ...behind, leaving: true },
    ],
    ['commits again after a standstill, nothing waiting', { state: 'stuck', leaving: true }],
    ['commits again after a time without members, nothing waiting', { state: 'dead', leaving: true, members: 1 }],
    [
      'members are back and have committed nothing yet, 12,345 records waiting, 1 min 35 s behind',
      { state: 'dead', ...behind, members: 2 },
    ],
    ['its members have shared out the partitions, 1 record waiting', { state: 'rebalancing', lag: 1, leaving: true }],
    ['had nothing to read, 3 records waiting', { state: 'idle', lag: 3, leaving: true }],
    ['has members, but has committed nothing', { state: 'no_commits' }],
    ['has committed nothing in a new partition with records', { state: 'no_commits', uncommitted: 1 }],
    ['has committed nothing in 3 new partitions with records', { state: 'no_commits', uncommitted: 3 }],
  ])('%s', (sentence, more) => {
    expect(reasonOf({ ...told, ...more })).toBe(sentence);
  });
});
