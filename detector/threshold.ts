import type { Point, Score } from './scorer.ts';

/** Limits in the signal's unit; a missing one never strikes. */
export interface ThresholdLimits {
  readonly above?: number | undefined;
  readonly below?: number | undefined;
}

/** The limit that a value passed; NaN for none. */
export function passedLimit({ below = NaN, above = NaN }: ThresholdLimits, value: number): number {
  if (value > above) return above;
  return value < below ? below : NaN;
}

/**
 * The fixed rule. Score, with L the limit that was passed:
 *
 *   score = (value - L) / max(|L|, 1e-9)      when value > above or value < below, else 0
 *
 * It knows no chance, so a score other than 0 bypasses the ensemble's mean.
 * Example: limits `{ above: 300 }`, value 450: score 0.5.
 */
export function scoreOfLimits(limits: ThresholdLimits, point: Point): Score {
  const lower = limits.below ?? NaN;
  const upper = limits.above ?? NaN;
  const passed = passedLimit(limits, point.value);
  return {
    ready: !Number.isNaN(point.value) && !(Number.isNaN(lower) && Number.isNaN(upper)),
    score: Number.isNaN(passed) ? 0 : (point.value - passed) / Math.max(Math.abs(passed), 1e-9),
    expected: NaN,
    lower,
    upper,
    inputs: { value: point.value, limit: passed },
  };
}
