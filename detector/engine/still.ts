import type { Millis } from '../../core/time.ts';

/**
 * Signals that stand still though they never do: a stuck counter, a frozen gauge, an exporter that repeats itself. No
 * single point of it is strange, and the streams that measure deviations agree that all is calm, so this is a rule
 * beside the mean. With r the run of equal values at hand and R the longest run before it:
 *
 *   stuck = r > 30 and r > 10 R, for r of at least 5 minutes and no longer than 4 times what made it fire
 *
 * for a series that has moved 100 times. A series that often stands still has a long R and is left alone, and a stand
 * of any length is believed once it has lasted four times what was strange about it.
 */
export interface Stills {
  /** Tells a value; returns whether the series is stuck. */
  tell(series: number, value: number, interval: Millis): boolean;
  readonly state: readonly [Float32Array, Uint16Array, Uint16Array, Uint8Array];
}

const LEAST_RUN = 30;
const TIMES_LONGEST = 10;
const LEAST_TIME: Millis = 300_000;
const BELIEVED_AFTER = 4;
const MOVES = 100;
const MOST = 65_535;

export function createStills(series: number): Stills {
  const last = new Float32Array(series).fill(NaN);
  const run = new Uint16Array(series);
  const longest = new Uint16Array(series);
  const moves = new Uint8Array(series);
  return {
    tell(i, value, interval) {
      const rounded = Math.fround(value);
      if (rounded !== last[i]) {
        last[i] = rounded;
        longest[i] = Math.max(longest[i] as number, run[i] as number);
        run[i] = 0;
        if ((moves[i] as number) < MOVES) moves[i] = (moves[i] as number) + 1;
        return false;
      }
      const length = Math.min(MOST, (run[i] as number) + 1);
      run[i] = length;
      if ((moves[i] as number) < MOVES) return false;
      const fires = Math.max(LEAST_RUN, TIMES_LONGEST * (longest[i] as number), LEAST_TIME / interval);
      return length > fires && length <= BELIEVED_AFTER * fires;
    },
    state: [last, run, longest, moves],
  };
}
