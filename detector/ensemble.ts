import type { Vote } from '../core/anomaly.ts';
import type { Direction } from '../core/signal.ts';
import { type Chance, exceedance, SMALLEST_CHANCE, type Tail } from './calibrate.ts';
import type { Score } from './scorer.ts';

/** The two sides of one scorer's calibration: scores above what was expected, and below. */
export interface Sides {
  readonly up: Tail;
  readonly down: Tail;
}

/**
 * Chance of a deviation at least this bad in the direction that is bad news. Watching one side, a deviation to the
 * other has chance 1; watching both, the chance of the side at hand counts twice.
 */
export function chanceOf(sides: Sides, score: number, direction: Direction): Chance {
  if (direction === 'up') return exceedance(sides.up, score);
  if (direction === 'down') return exceedance(sides.down, -score);
  const side = score >= 0 ? exceedance(sides.up, score) : exceedance(sides.down, -score);
  return { p: Math.min(1, 2 * side.p), inputs: side.inputs };
}

/** A calibrated scorer's vote. */
export function voteOf(scorer: string, score: Score, chance: Chance, weight: number): Vote {
  return {
    scorer,
    score: score.score,
    p: chance.p,
    weight,
    expected: score.expected,
    lower: score.lower,
    upper: score.upper,
    inputs: { ...score.inputs, ...chance.inputs },
  };
}

/** A rule's vote: it knows no chance, so `p` is 0 where it strikes and 1 where not, and its weight in the mean is 0. */
export function ruleVoteOf(scorer: string, score: Score): Vote {
  const strikes = score.ready && score.score !== 0;
  return { ...voteOf(scorer, score, { p: strikes ? 0 : 1, inputs: {} }, 0) };
}

/**
 * Ensemble score: the weighted mean of -log10 p, so that agreement is evidence. NaN without a weighted vote.
 * Example: p 1e-6 at weight 2 and p 1 at weight 1 give 4.
 */
export function ensembleScore(votes: readonly Vote[]): number {
  let sum = 0;
  let weights = 0;
  for (const vote of votes) {
    if (vote.weight <= 0) continue;
    sum += vote.weight * -Math.log10(Math.max(vote.p, SMALLEST_CHANCE));
    weights += vote.weight;
  }
  return weights === 0 ? NaN : sum / weights;
}

/** The rule that strikes among the votes, if any. */
export function strikingRule(votes: readonly Vote[]): Vote | undefined {
  return votes.find((vote) => vote.weight === 0 && vote.p === 0);
}

/** The vote whose expectation is shown: the heaviest one that has any. */
export function leadingVote(votes: readonly Vote[]): Vote | undefined {
  let best: Vote | undefined;
  for (const vote of votes) {
    if (!Number.isNaN(vote.expected) && vote.weight > (best?.weight ?? -1)) best = vote;
  }
  return best;
}
