import type { Anomaly, Vote } from '../core/anomaly.ts';
import type { Inputs } from './engine/engine.ts';
import { recompute, type ScoreInputs } from './engine/score.ts';
import type { Score } from './scorer.ts';

/** Streams whose deviation is that of the value itself from something expected, the one to be believed first leading. */
const OF_THE_VALUE = ['profile', 'level', 'step', 'regression', 'forecast'];

/** What each stream of the ensemble says of a point, with all it follows from. `p` is 10^-odds. */
export function votesOf(inputs: Inputs): Vote[] {
  return inputs.streams.map(({ stream, value, weight, odds, ...rest }) => ({
    scorer: stream,
    score: value,
    p: 10 ** -odds,
    weight,
    expected: OF_THE_VALUE.includes(stream) ? inputs.value - value : NaN,
    lower: NaN,
    upper: NaN,
    inputs: { ...rest, odds },
  }));
}

/** The numbers of a score that are not of one stream, as they stand in a stored decision. */
export function decisionInputs(inputs: Inputs): Anomaly['decision'] {
  const { interval, points, before, rung, network, streams } = inputs;
  const forecast = streams.some(({ stream }) => stream === 'forecast');
  return { interval, points, before, rung, ...(forecast ? { forecasts: network ? 'better' : 'no_better' } : {}) };
}

/** A rule's vote: it knows no chance, so `p` is 0 where it strikes and 1 where not, and its weight in the mean is 0. */
export function ruleVoteOf(scorer: string, score: Score): Vote {
  const strikes = score.ready && score.score !== 0;
  const { expected, lower, upper, inputs } = score;
  return { scorer, score: score.score, p: strikes ? 0 : 1, weight: 0, expected, lower, upper, inputs };
}

/** The rule that strikes among the votes, if any. */
export function strikingRule(votes: readonly Vote[]): Vote | undefined {
  return votes.find((vote) => vote.weight === 0 && vote.p === 0);
}

/** What the streams say together, in decades, as the score has it before interval and age; NaN without a weighted vote. */
export function meanOdds(votes: readonly Vote[]): number {
  let sum = 0;
  let whole = 0;
  for (const { weight, inputs } of votes) {
    const odds = inputs['odds'] ?? 0;
    sum += weight * odds * odds;
    whole += weight;
  }
  return whole === 0 ? NaN : Math.sqrt(sum / whole);
}

/** The inputs of a stored anomaly's score; undefined when a rule decided before there was a score. */
export function scoreInputsOf(anomaly: Pick<Anomaly, 'votes' | 'decision'>): ScoreInputs | undefined {
  const { interval, points, before } = anomaly.decision;
  if (typeof interval !== 'number' || typeof points !== 'number' || typeof before !== 'number') return undefined;
  const streams = anomaly.votes
    .filter(({ weight }) => weight > 0)
    .map(({ scorer, score, weight, inputs }) => {
      const numberOf = (name: string) => inputs[name] ?? NaN;
      const [size, u, body] = [numberOf('size'), numberOf('u'), numberOf('body')];
      const [sigma, xi, odds] = [numberOf('sigma'), numberOf('xi'), numberOf('odds')];
      return { stream: scorer, value: score, weight, size, u, body, sigma, xi, odds };
    });
  return { streams, interval, points, before };
}

/** The score of a stored anomaly again, to the last bit; NaN where it had none. */
export function scoreAgain(anomaly: Pick<Anomaly, 'votes' | 'decision'>): number {
  const inputs = scoreInputsOf(anomaly);
  return inputs === undefined ? NaN : recompute(inputs);
}
