import { describe, expect, test } from 'vitest';
import type { Vote } from '../../core/anomaly.ts';
import { createTail, learnTail } from '../../detector/calibrate.ts';
import { chanceOf, ensembleScore, leadingVote, ruleVoteOf, strikingRule } from '../../detector/ensemble.ts';
import { LEARNING, type Score } from '../../detector/scorer.ts';

function vote(p: number, weight: number, expected = NaN, scorer = 'seasonal'): Vote {
  return { scorer, score: 1, p, weight, expected, lower: NaN, upper: NaN, inputs: {} };
}

describe('ensemble', () => {
  test('the weighted mean of -log10 p: agreement is evidence', () => {
    expect(ensembleScore([vote(1e-6, 2), vote(1, 1)])).toBeCloseTo(4);
    expect(ensembleScore([vote(1e-6, 2), vote(1e-6, 1)])).toBeCloseTo(6);
    expect(ensembleScore([vote(0, 1)])).toBe(12);
    expect(ensembleScore([])).toBeNaN();
    expect(ensembleScore([vote(0, 0)])).toBeNaN();
  });

  test('one side, the other, and both', () => {
    const sides = { up: createTail(), down: createTail() };
    for (let i = 0; i < 500; i++) learnTail(sides.down, 5, 1);
    expect(chanceOf(sides, 5, 'up').p).toBeLessThan(0.02);
    expect(chanceOf(sides, -5, 'up').p).toBe(1);
    expect(chanceOf(sides, -5, 'down').p).toBeGreaterThan(0.3);
    expect(chanceOf(sides, 5, 'both').p).toBeCloseTo(2 * chanceOf(sides, 5, 'up').p);
  });

  test('a rule strikes past the mean, or not at all', () => {
    const struck: Score = {
      ready: true,
      score: 0.5,
      expected: NaN,
      lower: NaN,
      upper: 10,
      inputs: { value: 15, limit: 10 },
    };
    const rule = ruleVoteOf('threshold', struck);
    expect(rule).toMatchObject({ p: 0, weight: 0, upper: 10, inputs: { value: 15, limit: 10 } });
    expect(strikingRule([vote(1, 1), rule])).toBe(rule);
    expect(strikingRule([ruleVoteOf('threshold', { ...struck, score: 0 })])).toBeUndefined();
    expect(strikingRule([ruleVoteOf('threshold', LEARNING)])).toBeUndefined();
    expect(ensembleScore([vote(0.01, 2), rule])).toBeCloseTo(2);
  });

  test('the heaviest vote that expects anything leads', () => {
    expect(leadingVote([vote(1, 5), vote(1, 2, 7), vote(1, 1, 8)])?.expected).toBe(7);
    expect(leadingVote([vote(1, 5)])).toBeUndefined();
  });
});
