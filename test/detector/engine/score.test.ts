import { describe, expect, test } from 'vitest';
import {
  cappedOdds,
  MOST_ODDS,
  paceOf,
  recompute,
  type StreamInput,
  settlingOf,
  youthOf,
} from '../../../detector/engine/score.ts';

const MINUTE = 60_000;

/** A stream whose odds are the size: u = 1, L = 1, sigma 1 / ln 10 and no heavy tail. */
function stream(size: number, weight: number): StreamInput {
  const tail = { u: 1, body: 1, sigma: 1 / Math.LN10, xi: 0 };
  return { stream: 'step', value: size, size, weight, ...tail, odds: cappedOdds(size, 1, 1, tail.sigma, 0) };
}

const told = { interval: MINUTE, points: 1000, before: 0 };

describe('score', () => {
  test('is the weighted quadratic mean of the odds: 2 at weight 3 and 4 at weight 1 give the root of 7', () => {
    expect(recompute({ streams: [stream(2, 3), stream(4, 1)], ...told })).toBeCloseTo(Math.sqrt(7), 10);
  });

  test('agreement counts: four streams at 3 say more than one that is off the scale beside three at 0', () => {
    const agreeing = recompute({ streams: [1, 1, 1, 1].map((weight) => stream(3, weight)), ...told });
    const alone = recompute({ streams: [stream(20, 1), stream(0, 1), stream(0, 1), stream(0, 1)], ...told });
    expect(alone).toBeCloseTo(MOST_ODDS / 2, 10);
    expect(agreeing).toBeGreaterThan(alone);
  });

  test('is 0 while no stream is ready', () => {
    expect(recompute({ streams: [], ...told })).toBe(0);
  });

  test('of a young series is lower, until 300 points', () => {
    expect(youthOf(29)).toBeCloseTo(1, 10);
    expect(youthOf(299)).toBe(0);
    expect(youthOf(100)).toBeGreaterThan(youthOf(200));
  });
});

describe('pace', () => {
  test('fewer points a week ask for less, more ask for more', () => {
    expect([MINUTE, 2 * MINUTE, 5 * MINUTE].map(paceOf)).toEqual([0, 0, 0]);
    expect(paceOf(50 * MINUTE)).toBeCloseTo(0.6, 10);
    expect(paceOf(6_000)).toBeCloseTo(-0.6, 10);
  });

  test('points that come faster than every 20 s are averaged', () => {
    expect(settlingOf(MINUTE)).toBe(1);
    expect(settlingOf(20_000)).toBe(1);
    expect(settlingOf(1000)).toBeCloseTo(2 / 21, 10);
    const streams = [stream(4, 1)];
    expect(recompute({ streams, interval: 1000, points: 1000, before: 1 })).toBeLessThan(1.2);
  });
});
