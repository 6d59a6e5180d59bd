import type { Millis } from '../core/time.ts';

/** One value of one series. `volume` is the number of events behind it in its step, NaN where nobody counts them. */
export interface Point {
  readonly time: Millis;
  readonly value: number;
  readonly volume: number;
}

/**
 * What a scorer says of a point. `score` is signed: positive above what was expected, negative below, 0 as expected;
 * its unit is the scorer's own and is made comparable by calibration. `ready` is false while the scorer is learning:
 * the other fields then mean nothing. `inputs` holds every number the score was computed from.
 */
export interface Score {
  readonly ready: boolean;
  readonly score: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  readonly inputs: Readonly<Record<string, number>>;
}

/**
 * Looks at one series at a time. Law: `score` never changes the state and is called before `learn` of the same point,
 * so a judged point is never part of its own expectation. The state is explicit and made of numbers, strings, arrays
 * and typed arrays only, so that a structured clone of it continues exactly where the original stands. A gap (NaN) is
 * never scored; `learn` is told of it.
 *
 * `trust` of `learn` is 1 for ordinary points and smaller for points inside an anomaly.
 */
export interface Scorer<State> {
  readonly name: string;
  create(): State;
  score(state: Readonly<State>, point: Point): Score;
  learn(state: State, point: Point, trust: number): void;
}

/** The answer of a scorer that has not seen enough. */
export const LEARNING: Score = { ready: false, score: 0, expected: NaN, lower: NaN, upper: NaN, inputs: {} };
