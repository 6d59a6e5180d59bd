import { WeirError } from '../../core/errors.ts';
import { STEP_MS, stepStart } from '../../core/time.ts';
import { numberOf } from './cells.ts';

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

/** Steps before a grid that its first ones may be carried from. */
export function carriedSteps({ step }: Grid): number {
  return Math.max(1, Math.ceil(CARRY_MS / step));
}

/** The grid as parameters of a query, in seconds; rows are read from `since` on, `before` steps ahead of it. */
export function gridParams({ start, step, count }: Grid, before = 0) {
  const since = Math.max(0, (start - before * step) / 1000);
  return { start: start / 1000, step: step / 1000, since, end: (start + count * step) / 1000 };
}

/** The values of some steps, which may lie up to `carriedSteps` before the grid, as a column of it, carried forward. */
export function carriedColumn(
  grid: Grid,
  steps: readonly number[],
  values: readonly (number | string | null)[],
): Float64Array {
  const before = carriedSteps(grid);
  const column = gaps(before + grid.count);
  for (const [i, step] of steps.entries()) column[step + before] = numberOf(values[i]);
  carryForward(column, Math.floor(CARRY_MS / grid.step));
  return column.subarray(before);
}
