import type { Millis } from '../../core/time.ts';

/**
 * The sampling interval of many series, learnt from the times of their points: the majority among the last steps
 * (Boyer and Moore's vote). A step within a tenth of the candidate votes for it, any other against it; out of votes,
 * the step at hand becomes the candidate. Gaps and single odd steps change nothing.
 */
export interface Intervals {
  /** Tells the time of a point, greater than the one before. Returns the step since then, 0 for the first point. */
  tell(series: number, time: Millis): Millis;
  /** The interval; `UNKNOWN_INTERVAL` before the second point. */
  of(series: number): Millis;
  readonly state: readonly [Float64Array, Float32Array, Uint8Array];
}

export const UNKNOWN_INTERVAL: Millis = 60_000;
const TOLERANCE = 0.1;
const MOST_VOTES = 60;

export function createIntervals(series: number): Intervals {
  const last = new Float64Array(series).fill(NaN);
  const interval = new Float32Array(series);
  const votes = new Uint8Array(series);
  return {
    tell(i, time) {
      const step = time - (last[i] as number);
      last[i] = time;
      if (Number.isNaN(step)) return 0;
      const candidate = interval[i] as number;
      if (votes[i] === 0) {
        interval[i] = step;
        votes[i] = 1;
      } else if (Math.abs(step - candidate) <= TOLERANCE * candidate) {
        if ((votes[i] as number) < MOST_VOTES) votes[i] = (votes[i] as number) + 1;
      } else votes[i] = (votes[i] as number) - 1;
      return step;
    },
    of: (i) => (interval[i] as number) || UNKNOWN_INTERVAL,
    state: [last, interval, votes],
  };
}
