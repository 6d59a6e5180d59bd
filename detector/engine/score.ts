import type { Millis } from '../../core/time.ts';
import { oddsFrom } from './tails.ts';

/**
 * The score of a point from what its streams say:
 *
 *   odds_k = min(5, -log10 P(stream k deviates so far or farther to this side))
 *   mean   = sqrt(sum w_k odds_k^2 / sum w_k)           over the streams that are ready
 *   raw    = mean + pace(interval) - log10(300 / points)    the last only below 300 points
 *   score  = raw, averaged over 20 s where points come faster:  score += min(1, 2 i / (20 s + i)) (raw - score)
 *
 * A mean, not the largest: agreement of streams is evidence, one stream alone is often wrong. The quadratic mean, so that
 * a sharp change, which the slow streams cannot know of yet, is not talked down by them. No stream says more than 1 in
 * 100,000, so that a huge outlier of one stream does not stand for agreement.
 *
 *   pace = 0.6 log10(interval / 5 min)  above 5 minutes: few points a week, few chances of a false alarm
 *        = 0                            from 1 to 5 minutes
 *        = 0.6 log10(interval / 1 min)  below 1 minute
 */
export const MOST_ODDS = 5;
const YOUNG_POINTS = 300;
const PACE = 0.6;
const PACE_FROM: Millis = 60_000;
const PACE_TO: Millis = 300_000;
const SETTLING: Millis = 20_000;

/** A stream's part in a score, with the tail that judged it. `size`: the deviation without sign. */
export interface StreamInput {
  readonly stream: string;
  readonly value: number;
  readonly size: number;
  readonly weight: number;
  readonly u: number;
  readonly body: number;
  readonly sigma: number;
  readonly xi: number;
  /** -log10 of its chance, as used. */
  readonly odds: number;
}

/** All that a score follows from. */
export interface ScoreInputs {
  readonly streams: readonly StreamInput[];
  readonly interval: Millis;
  /** Points of the series before this one. */
  readonly points: number;
  /** Score of the point before. */
  readonly before: number;
}

export function paceOf(interval: Millis): number {
  if (interval > PACE_TO) return PACE * Math.log10(interval / PACE_TO);
  return interval < PACE_FROM ? PACE * Math.log10(interval / PACE_FROM) : 0;
}

/** Takes from the score of a young series. */
export function youthOf(points: number): number {
  return points + 1 < YOUNG_POINTS ? Math.log10(YOUNG_POINTS / (points + 1)) : 0;
}

/** Share of a new raw score in the score. */
export function settlingOf(interval: Millis): number {
  return Math.min(1, (2 * interval) / (SETTLING + interval));
}

export function cappedOdds(size: number, u: number, body: number, sigma: number, xi: number): number {
  return Math.min(MOST_ODDS, oddsFrom(size, u, body, sigma, xi));
}

/** The score again from its inputs, to the last bit. */
export function recompute(inputs: ScoreInputs): number {
  let sum = 0;
  let weights = 0;
  for (const { size, weight, u, body, sigma, xi } of inputs.streams) {
    const odds = size > 0 ? cappedOdds(size, u, body, sigma, xi) : 0;
    sum += weight * odds * odds;
    weights += weight;
  }
  if (weights === 0) return 0;
  const raw = Math.sqrt(sum / weights) + paceOf(inputs.interval) - youthOf(inputs.points);
  return inputs.before + settlingOf(inputs.interval) * (raw - inputs.before);
}
