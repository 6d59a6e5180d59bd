import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decisionConfig } from '../../detector/config.ts';
import {
  breachOf,
  type Evidence,
  INACTIVE,
  nextStanding,
  type Standing,
  type Transition,
} from '../../detector/decide.ts';

const STEP = 10_000;

/** Runs a story of steps: `x` breach, `.` none, `?` no data. */
function run(story: string, decision = { for: 20_000, keep_firing_for: 30_000 }) {
  let standing: Standing = INACTIVE;
  const transitions: Transition[] = [];
  const standings: Standing[] = [];
  for (const [i, sign] of [...story].entries()) {
    const next = nextStanding(decision, standing, {
      start: i * STEP,
      end: (i + 1) * STEP,
      breach: sign === '?' ? undefined : sign === 'x',
    });
    standing = next.standing;
    transitions.push(next.transition);
    standings.push(standing);
  }
  const at = (wanted: Transition) => transitions.flatMap((transition, i) => (transition === wanted ? [i] : []));
  return { at, standing, standings };
}

describe('the state machine', () => {
  test('pending, firing after `for`, resolved after `keep_firing_for`', () => {
    const { at, standings } = run('..xxxx.....');
    expect(at('pending')).toEqual([2]);
    expect(at('fired')).toEqual([4]);
    expect(at('resolved')).toEqual([9]);
    expect(standings[4]).toMatchObject({ phase: 'firing', onset: 2 * STEP, firedAt: 5 * STEP });
  });

  test('one step without breach drops a pending alert', () => {
    expect(run('xx.xx.xx.').at('fired')).toEqual([]);
    expect(run('xx.xx.xx.').at('dropped')).toEqual([2, 5, 8]);
  });

  test('a firing alert does not flap: a breach within `keep_firing_for` keeps it', () => {
    expect(run('xxx..x..x..x....').at('resolved')).toEqual([15]);
  });

  test('without `for` it fires at once', () => {
    expect(run('.x', { for: 0, keep_firing_for: 0 }).at('fired')).toEqual([1]);
  });

  test('steps without data change nothing for five minutes, then they count as quiet', () => {
    expect(run('xxx???x').standing.phase).toBe('firing');
    expect(run(`xxx${'?'.repeat(30)}`).standing.phase).toBe('firing');
    expect(run(`xxx${'?'.repeat(31)}`).at('resolved')).toEqual([33]);
    expect(run('xx??x').at('fired')).toEqual([4]);
  });

  test('whatever the story: transitions alternate, `for` is kept, and a clone goes on the same', () => {
    const signs = fc.array(fc.constantFrom('x', 'x', '.', '?'), { maxLength: 80 }).map((list) => list.join(''));
    fc.assert(
      fc.property(signs, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }), (story, wait, keep) => {
        const decision = { for: wait * STEP, keep_firing_for: keep * STEP };
        let standing = INACTIVE;
        let firing = false;
        let run = 0;
        for (const [i, sign] of [...story].entries()) {
          const breach = sign === '?' ? undefined : sign === 'x';
          const step = { start: i * STEP, end: (i + 1) * STEP, breach };
          const next = nextStanding(decision, standing, step);
          expect(nextStanding(decision, structuredClone(standing), step)).toEqual(next);
          if (breach === true) run++;
          if (next.transition === 'fired') {
            expect(firing).toBe(false);
            expect(breach).toBe(true);
            expect(run).toBeGreaterThanOrEqual(1);
            expect(next.standing.firedAt - next.standing.onset).toBeGreaterThanOrEqual(decision.for);
            firing = true;
          }
          if (next.transition === 'resolved') {
            expect(firing).toBe(true);
            expect(breach).not.toBe(true);
            expect(step.end - standing.brokeAt).toBeGreaterThan(decision.keep_firing_for);
            firing = false;
          }
          expect(next.standing.phase === 'firing').toBe(firing);
          standing = next.standing;
        }
      }),
    );
  });
});

describe('breach', () => {
  const evidence: Evidence = {
    value: 10,
    expected: 2,
    score: 6,
    volume: 100,
    history: 3_600_000,
    rule: false,
    pDown: 1,
  };
  const decision = (options: object = {}) => decisionConfig.parse({ score: 4, ...options });

  test.each([
    ['a rare and large change', {}, {}, 'up', 'score'],
    ['a score below the threshold', {}, { score: 3.9 }, 'up', 'none'],
    ['a score that is not known', {}, { score: NaN }, 'up', 'none'],
    ['a gap', {}, { value: NaN }, 'up', 'none'],
    ['a young series', {}, { history: 299_999 }, 'up', 'none'],
    ['the other direction', {}, {}, 'down', 'none'],
    ['both directions', {}, { value: 0.5 }, 'both', 'score'],
    ['too small a relative change', { min_change: 5 }, {}, 'up', 'none'],
    ['too small a difference', { min_difference: 9 }, {}, 'up', 'none'],
    ['too small a value', { min_value: 15 }, {}, 'up', 'none'],
    ['a low value where little was expected', { min_expected: 3 }, { value: 0.1 }, 'down', 'none'],
    ['too few events', { min_volume: 101 }, {}, 'up', 'none'],
    ['events that nobody counts', { min_volume: 101 }, { volume: NaN }, 'up', 'score'],
    ['a rule, whatever the score', { min_change: 5 }, { rule: true, score: NaN }, 'up', 'rule'],
    ['a rule on a young series', {}, { rule: true, history: 0 }, 'up', 'none'],
    [
      'a flow that stopped',
      { stopped_below: 0.02, min_expected: 1 },
      { value: 0, score: 1, pDown: 0.001 },
      'down',
      'stopped',
    ],
    [
      'a flow whose pauses are ordinary',
      { stopped_below: 0.02, min_expected: 1 },
      { value: 0, score: 1, pDown: 0.2 },
      'down',
      'none',
    ],
    [
      'a trickle that stopped',
      { stopped_below: 0.02, min_expected: 5 },
      { value: 0, score: 1, pDown: 0.001 },
      'down',
      'none',
    ],
  ] as const)('%s', (_, options, change, direction, expected) => {
    expect(breachOf(decision(options), direction, { ...evidence, ...change }, false)).toBe(expected);
  });

  test('half of what opened an alert keeps it open', () => {
    const half = { ...evidence, score: 2.1, value: 3.1, expected: 2 };
    expect(breachOf(decision({ min_change: 1 }), 'up', half, false)).toBe('none');
    expect(breachOf(decision({ min_change: 1 }), 'up', half, true)).toBe('score');
    expect(breachOf(decision({ min_change: 1 }), 'up', { ...half, score: 1.9 }, true)).toBe('none');
  });
});
