import type { Severity } from './alert.ts';
import type { Labels } from './labels.ts';
import type { Direction } from './signal.ts';
import type { Millis } from './time.ts';

/** One scorer's word on one point, with everything needed to compute it again. */
export interface Vote {
  readonly scorer: string;
  /** Raw score; its meaning belongs to the scorer. */
  readonly score: number;
  /** Chance of a score at least this high on a normal day, 0..1, after calibration. */
  readonly p: number;
  readonly weight: number;
  /** Centre and edges of what the scorer expected; NaN where it has none. */
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  /** Inputs of the score and parameters of the calibrator, enough to recompute `score` and `p`. */
  readonly inputs: Readonly<Record<string, number>>;
}

/** A point judged strange, with all inputs of the decision. */
export interface Anomaly {
  readonly id: string;
  readonly detector: string;
  readonly labels: Labels;
  /** Step start of the judged point, and when its alert began to fire (0 while pending). */
  readonly time: Millis;
  readonly firedAt: Millis;
  readonly resolvedAt: Millis;
  readonly value: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  /** Ensemble score: weighted mean of -log10 p. */
  readonly score: number;
  readonly threshold: number;
  readonly direction: Direction;
  readonly severity: Severity;
  readonly votes: readonly Vote[];
  /** `for`, `keep_firing_for`, minimum volume, history length, rung, and the query with its window. */
  readonly decision: Readonly<Record<string, number | string>>;
}
