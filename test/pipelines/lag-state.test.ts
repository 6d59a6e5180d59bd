import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StageState } from '../../core/state.ts';
import { byWorst, judgeLag, type LagLimits, type LagWindow, type Settled, settle } from '../../pipelines/lag-state.ts';

const STEPS = 30;
const LIMITS: LagLimits = { behindAfter: 10_000, stuckAfter: 60_000, allowedLag: 1 };
const _ = Number.NaN;

type Shape = number | ((i: number) => number);
const column = (shape: Shape) =>
  Float64Array.from({ length: STEPS }, (_item, i) => (typeof shape === 'function' ? shape(i) : shape));

interface Story {
  readonly lag?: Shape;
  readonly lagSeconds?: Shape;
  readonly throughput?: Shape;
  readonly succeeded?: Shape;
  readonly members?: number;
  readonly committed?: number;
  readonly late?: boolean;
}

/** Five minutes in steps of 10 s; what a story does not tell is not known. */
function window(story: Story): LagWindow {
  return {
    step: 10_000,
    lag: column(story.lag ?? _),
    lagSeconds: column(story.lagSeconds ?? _),
    throughput: column(story.throughput ?? _),
    succeeded: column(story.succeeded ?? story.throughput ?? _),
    members: story.members ?? _,
    committed: story.committed ?? _,
    late: story.late ?? false,
  };
}

const judge = (story: Story, before?: StageState) => judgeLag(window(story), LIMITS, before);

describe('the truth table', () => {
  const lastMinuteQuiet = (i: number) => (i < 24 ? 50 : 0);
  const table: [string, Story, StageState, StageState?][] = [
    ['1 late and nothing known', { late: true }, 'unknown'],
    ['2 no lag known, work done', { throughput: 5 }, 'healthy'],
    ['3 no lag known, no work', { throughput: 0 }, 'idle'],
    ['3 no lag known, no spans either', {}, 'idle'],
    ['4 nothing waiting, work done', { lag: 0, throughput: 5 }, 'healthy'],
    ['4 nothing waiting, commits move', { lag: 1, committed: 4 }, 'healthy'],
    ['4 telemetry of spans late, but the broker still tells', { late: true, lag: 0, committed: 4 }, 'healthy'],
    ['5 nothing waiting, nothing done', { lag: 0, throughput: 0 }, 'idle'],
    ['5 a transaction marker counts as nothing', { lag: 1, lagSeconds: 900, throughput: 0 }, 'idle'],
    ['6 no members left', { lag: (i) => i * 10, throughput: lastMinuteQuiet, members: 0 }, 'dead'],
    ['6 no members, no spans ever', { lag: 500, members: 0 }, 'dead'],
    ['6 no members, nothing committed', { lag: 500, members: 0, committed: 0, throughput: 5 }, 'dead'],
    ['7 no consumer in sight', { lag: (i) => 100 + i * 10, throughput: 0 }, 'dead'],
    [
      '8 members, but nothing read for a minute',
      { lag: (i) => i * 10, throughput: lastMinuteQuiet, members: 3 },
      'stuck',
    ],
    ['8 read a minute ago', { lag: (i) => i * 10, throughput: lastMinuteQuiet }, 'stuck'],
    ['8 tries and fails', { lag: (i) => i * 10, throughput: 50, succeeded: lastMinuteQuiet }, 'stuck'],
    ['8 spans, but no commits', { lag: (i) => i * 10, throughput: 50, committed: 0, members: 2 }, 'stuck'],
    [
      'not 8: failing, but the lag falls now and then',
      { lag: (i) => 50 + (i % 3), lagSeconds: 1, throughput: 50, succeeded: 0 },
      'healthy',
    ],
    [
      'not 8: quiet for half a minute only',
      { lag: (i) => i, lagSeconds: 4, throughput: (i) => (i < 27 ? 50 : 0) },
      'healthy',
    ],
    ['9 waiting, but for a moment only', { lag: 4000, lagSeconds: 3, throughput: 1500 }, 'healthy'],
    ['9 the age follows from the pace', { lag: 4000, throughput: 1500 }, 'healthy'],
    ['10 old and growing', { lag: (i) => i * 1000, lagSeconds: (i) => i * 2, throughput: 600 }, 'falling_behind'],
    ['10 the same by the pace alone', { lag: (i) => i * 1000, throughput: 600 }, 'falling_behind'],
    ['11 old and falling', { lag: (i) => 40_000 - i * 1000, lagSeconds: 30, throughput: 600 }, 'catching_up'],
    ['12 old and steady', { lag: 20_000, lagSeconds: 30, throughput: 600 }, 'falling_behind'],
    [
      '12 old and steady after catching up',
      { lag: 20_000, lagSeconds: 30, throughput: 600 },
      'catching_up',
      'catching_up',
    ],
    [
      '12 between half and whole patience, before healthy',
      { lag: 9000, lagSeconds: 7, throughput: 600 },
      'healthy',
      'healthy',
    ],
    ['12 the same, before behind', { lag: 9000, lagSeconds: 7, throughput: 600 }, 'falling_behind', 'falling_behind'],
    ['13 nothing known but a lag that only grows', { lag: (i) => 100 * i }, 'falling_behind'],
    ['14 nothing known but a steady lag', { lag: 100 }, 'healthy'],
    ['14 nothing known but a lag that comes and goes', { lag: (i) => (i % 4) * 50 }, 'healthy'],
    ['14 a lag that falls after it grew', { lag: (i) => 4000 - 100 * i }, 'catching_up', 'falling_behind'],
  ];
  test.each(table)('%s', (_name, story, expected, before) => {
    expect(judge(story, before).state).toBe(expected);
  });
});

describe('the reason', () => {
  test.each<[Story, string]>([
    [{ lag: (i) => i * 12_290, lagSeconds: (i) => i * 3, throughput: 611 }, 'reads 611/s of 1,840/s, 87 s behind'],
    [
      { lag: (i) => 45_000 - i * 1000, lagSeconds: 40, throughput: 600 },
      'reads 600/s of 500/s, caught up in about 2 min 40 s',
    ],
    [
      { lag: (i) => 100 + i * 10, throughput: (i) => (i < 20 ? 9 : 0), members: 2 },
      'has read nothing for 1 min 40 s, 390 records waiting',
    ],
    [{ lag: 5310, members: 0 }, 'the group has no members, 5,310 records waiting'],
    [{ lag: 5310, throughput: 0 }, 'no sign of a consumer, 5,310 records waiting'],
    [{ lag: 0, throughput: 2.34 }, 'reads 2.3/s, nothing waiting'],
    [{ lag: 700, lagSeconds: 0.42, throughput: 1840 }, 'reads 1,840/s, 0.4 s behind'],
    [{ throughput: 0 }, 'nothing to do for 5 min'],
    [{ late: true }, 'no telemetry arrives, so nothing is known of it'],
  ])('%#: is one sentence with the numbers', (story, reason) => {
    expect(judge(story).reason).toBe(reason);
  });

  test('the numbers are those at the end of the window', () => {
    expect(judge({ lag: (i) => i, lagSeconds: (i) => i / 10, throughput: (i) => (i < 24 ? 0 : 6) })).toMatchObject({
      lag: 29,
      lagSeconds: 2.9,
      throughput: 6,
    });
    expect(judge({ lag: 600, throughput: 60 }).lagSeconds).toBe(10);
    expect(judge({ lag: 0, throughput: 0 }).lagSeconds).toBe(0);
    expect(judge({ lag: 600, throughput: 0 }).lagSeconds).toBeNaN();
  });
});

/** Lets a story of many steps run past the judge, as the rounds do; answers the settled states. */
function watch(lag: readonly number[], lagSeconds: readonly number[], throughput: readonly number[]): StageState[] {
  const states: StageState[] = [];
  let settled: Settled | undefined;
  for (let end = STEPS; end <= lag.length; end++) {
    const cut = (values: readonly number[]) => Float64Array.from(values.slice(end - STEPS, end));
    const { state } = judgeLag(
      {
        ...window({}),
        lag: cut(lag),
        lagSeconds: cut(lagSeconds),
        throughput: cut(throughput),
        succeeded: cut(throughput),
      },
      LIMITS,
      settled?.state,
    );
    settled = settle(settled, state, 2);
    states.push(settled.state);
  }
  return states;
}

const switches = (states: readonly StageState[]) =>
  states.filter((state, i) => i > 0 && state !== states[i - 1]).length;

describe('hysteresis', () => {
  test('noise of a tenth around any level moves a state at most once', () => {
    const noise = fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 120, maxLength: 120 });
    fc.assert(
      fc.property(
        noise,
        fc.double({ min: 2, max: 1e6, noNaN: true }),
        fc.double({ min: 0.1, max: 60, noNaN: true }),
        (factors, level, age) => {
          const states = watch(
            factors.map((factor) => level * factor),
            factors.map((factor, i) => age * (factors[(i * 7) % factors.length] ?? factor)),
            factors.map((factor) => 100 * factor),
          );
          expect(switches(states)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a slow consumer falls behind, is repaired, catches up and is healthy: four states, in this order', () => {
    const lag: number[] = [];
    const lagSeconds: number[] = [];
    const throughput: number[] = [];
    let waiting = 0;
    for (let i = 0; i < 150; i++) {
      const capacity = i >= 40 && i < 70 ? 60 : 150;
      const handled = Math.min(capacity, 100 + waiting / 10);
      waiting = Math.max(0, waiting + (100 - handled) * 10);
      lag.push(Math.round(waiting * (1 + 0.05 * Math.sin(i * 1.7))));
      lagSeconds.push(waiting / 100);
      throughput.push(handled);
    }
    const states = watch(lag, lagSeconds, throughput);
    expect(states.filter((state, i) => state !== states[i - 1])).toEqual([
      'healthy',
      'falling_behind',
      'catching_up',
      'healthy',
    ]);
    // The fault begins in step 40; it is told within a minute and a half.
    expect(states.indexOf('falling_behind') + STEPS - 1 - 40).toBeLessThanOrEqual(9);
  });

  test('settle waits for agreement, but neither for the first state nor after blindness', () => {
    const settled = (state: StageState): Settled => ({ state, candidate: state, rounds: 0 });
    expect(settle(undefined, 'stuck', 2).state).toBe('stuck');
    expect(settle(settled('unknown'), 'healthy', 2).state).toBe('healthy');
    const first = settle(settled('healthy'), 'stuck', 2);
    expect(first).toEqual({ state: 'healthy', candidate: 'stuck', rounds: 1 });
    expect(settle(first, 'stuck', 2).state).toBe('stuck');
    expect(settle(first, 'falling_behind', 2)).toEqual({ state: 'healthy', candidate: 'falling_behind', rounds: 1 });
    expect(settle(first, 'healthy', 2)).toEqual(settled('healthy'));
    expect(settle(settled('healthy'), 'dead', 1).state).toBe('dead');
  });
});

test('any input, however broken, gets a state and a sentence', () => {
  const value = fc.oneof(fc.double(), fc.constantFrom(_, Infinity, 0, -1));
  const values = fc.array(value, { minLength: 0, maxLength: 40 }).map((list) => Float64Array.from(list));
  fc.assert(
    fc.property(
      values,
      values,
      values,
      values,
      value,
      value,
      fc.boolean(),
      (lag, lagSeconds, throughput, succeeded, members, committed, late) => {
        const { state, reason } = judgeLag(
          { step: 10_000, lag, lagSeconds, throughput, succeeded, members, committed, late },
          LIMITS,
          undefined,
        );
        expect(state).toBeTypeOf('string');
        expect(reason).not.toBe('');
      },
    ),
  );
});

test('byWorst puts the worst first', () => {
  expect((['healthy', 'dead', 'idle', 'stuck'] as StageState[]).sort(byWorst)).toEqual([
    'dead',
    'stuck',
    'healthy',
    'idle',
  ]);
});
