import { describe, expect, test } from 'vitest';
import type { Score, Scorer } from '../../../detector/scorer.ts';
import { createLstmScorer, type LstmState } from '../../../detector/scorers/lstm.ts';
import { createSeasonalScorer } from '../../../detector/scorers/seasonal.ts';
import { createThresholdScorer } from '../../../detector/scorers/threshold.ts';
import { daily, EPOCH, gauss, STEP, seeded } from '../world.ts';

/** The network is not run here: what it would say is the value before, with a band. */
function withPredictions(scorer: Scorer<LstmState>): Scorer<LstmState> {
  return {
    ...scorer,
    learn(state, point, trust) {
      scorer.learn(state, point, trust);
      if (Number.isNaN(point.value)) return;
      const middle = point.value;
      state.prediction = { time: point.time + STEP, low: middle - 2, middle, high: middle + 2 };
    },
  };
}

const SCORERS: readonly Scorer<object>[] = [
  createThresholdScorer({ above: 66, below: 34 }) as Scorer<object>,
  createSeasonalScorer('custom', 10) as Scorer<object>,
  withPredictions(createLstmScorer('custom', 10)) as Scorer<object>,
];

interface Run {
  readonly scores: Score[];
  readonly state: object;
}

function play(scorer: Scorer<object>, values: readonly number[], state = scorer.create(), from = 0): Run {
  const scores = values.map((value, i) => {
    const point = { time: EPOCH + (from + i) * STEP, value, volume: NaN };
    const score = scorer.score(state, point);
    scorer.learn(state, point, 1);
    return score;
  });
  return { scores, state };
}

/** Area under the ROC curve: the chance that a planted anomaly scores higher than an ordinary point. */
function auc(scores: readonly number[], planted: ReadonlySet<number>): number {
  let wins = 0;
  let pairs = 0;
  for (const i of planted) {
    for (const [j, other] of scores.entries()) {
      if (planted.has(j)) continue;
      pairs++;
      wins += (scores[i] as number) > other ? 1 : scores[i] === other ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

const random = seeded(11);
const ordinary = Array.from({ length: 1500 }, (_, i) => 50 + 5 * daily(EPOCH + i * STEP) + gauss(random));
const planted = new Set(Array.from({ length: 15 }, (_, k) => 200 + k * 80));
const strange = ordinary.map((value, i) => (planted.has(i) ? value + (i % 160 === 40 ? 30 : -30) : value));

describe.each(SCORERS.map((scorer) => [scorer.name, scorer] as const))('%s', (_, scorer) => {
  test('planted anomalies stand out: AUC well above chance', () => {
    const { scores } = play(scorer, strange);
    const sizes = scores.map(({ score }) => Math.abs(score));
    expect(auc(sizes, planted)).toBeGreaterThan(0.9);
  });

  test('the sign says which way', () => {
    const { scores } = play(scorer, strange);
    for (const i of planted) expect(Math.sign(scores[i]?.score ?? 0)).toBe(i % 160 === 40 ? 1 : -1);
  });

  test('scoring changes nothing', () => {
    const { state } = play(scorer, ordinary.slice(0, 300));
    const before = structuredClone(state);
    scorer.score(state, { time: EPOCH + 300 * STEP, value: 1e6, volume: 5 });
    expect(state).toEqual(before);
  });

  test('gaps are never scored and break nothing', () => {
    const gappy = ordinary.map((value, i) => (i % 7 === 0 || (i > 400 && i < 500) ? NaN : value));
    const { scores } = play(scorer, gappy);
    for (const [i, score] of scores.entries()) {
      expect(Number.isFinite(score.score)).toBe(true);
      if (Number.isNaN(gappy[i])) expect(score.ready).toBe(false);
    }
    expect(scores.slice(600).some(({ ready }) => ready)).toBe(true);
  });

  test('a constant series scores 0, and a jump of it is finite', () => {
    const { scores, state } = play(
      scorer,
      Array.from({ length: 400 }, () => 50),
    );
    for (const { score } of scores) expect(score).toBe(0);
    const jump = scorer.score(state, { time: EPOCH + 400 * STEP, value: 80, volume: NaN });
    expect(jump.score).toBeGreaterThan(0);
    expect(Number.isFinite(jump.score)).toBe(true);
  });

  test('bands hold what was expected', () => {
    for (const { ready, expected, lower, upper } of play(scorer, ordinary).scores) {
      if (!ready || Number.isNaN(expected)) continue;
      expect(lower).toBeLessThanOrEqual(expected);
      expect(upper).toBeGreaterThanOrEqual(expected);
    }
  });

  test('a snapshot goes on exactly where the original stands', () => {
    const half = play(scorer, ordinary.slice(0, 700));
    const copy = structuredClone(half.state);
    const rest = ordinary.slice(700);
    expect(play(scorer, rest, copy, 700)).toEqual(play(scorer, rest, half.state, 700));
  });

  test('the same values give the same scores', () => {
    expect(play(scorer, strange)).toEqual(play(scorer, strange));
  });
});
