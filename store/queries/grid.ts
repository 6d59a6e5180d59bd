import { WeirError } from '../../core/errors.ts';
import { STEP_MS, stepStart } from '../../core/time.ts';

/** Whole steps of a range: `count` steps of `step` milliseconds from `start`. */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * The whole steps inside [from, to), with `from` rounded down to a step. Throws `store_signals_range_invalid` when the step is not a
 * multiple of the rollups' 10 s or the range is empty of sense.
 */
export function gridOf(from: number, to: number, step: number): Grid {
  if (!Number.isInteger(step) || step < STEP_MS || step % STEP_MS !== 0) {
    throw new WeirError('store_signals_range_invalid', `a step of ${step} ms is not a multiple of ${STEP_MS} ms`);
  }
  if (!Number.isFinite(from) || !Number.isFinite(to)) {
    throw new WeirError('store_signals_range_invalid', `[${from}, ${to}) is not a range of time`);
  }
  const start = stepStart(from, step);
  return { start, step, count: Math.max(0, (stepStart(to, step) - start) / step) };
}

/** A column of `length` gaps. */
export function gaps(length: number): Float64Array {
  return new Float64Array(length).fill(Number.NaN);
}

/** How long the last value of a gauge, or of a round of the pipeline model, stands in for missing ones. */
export const CARRY_MS = 90_000;

/** Repeats each value over at most `steps` following gaps. */
export function carryForward(values: Float64Array, steps: number): void {
  let last = Number.NaN;
  let age = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) {
      last = value;
      age = 0;
    } else if (++age <= steps) values[i] = last;
  }
}
