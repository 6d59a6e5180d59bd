import type { Labels } from './labels.ts';
import type { Millis } from './time.ts';

/**
 * One series over a regular grid: `values[i]` belongs to the step that starts at `start + i * step`.
 * NaN marks a gap. Columns from end to end: the arrays go from the query through the scorer to the chart.
 */
export interface Series {
  readonly labels: Labels;
  readonly start: Millis;
  readonly step: Millis;
  readonly values: Float64Array;
}

/** Step start of point `i`. */
export function timeAt(series: Series, i: number): Millis {
  return series.start + i * series.step;
}

/** Index of the last point that is not a gap, or -1. */
export function lastIndex(series: Series): number {
  for (let i = series.values.length - 1; i >= 0; i--) if (!Number.isNaN(series.values[i])) return i;
  return -1;
}
