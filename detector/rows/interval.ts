import type { Millis } from '../../core/time.ts';

/**
 * The usual distance of rows, learnt from those seen so far by a running majority: a distance within a tenth of the
 * candidate votes for it, another one against it, and a candidate without votes is replaced (Boyer and Moore, 1981).
 */
export interface Interval {
  /** Takes the time of the next row; true where rows are missing before it (more than `GAP` usual distances). */
  next(time: Millis): boolean;
  /** A minute until two rows were seen. */
  readonly usual: Millis;
  readonly state: readonly Float64Array[];
}

const MOST_VOTES = 60;
const GAP = 3.5;
const MINUTE = 60_000;

export function createInterval(): Interval {
  // Time of the last row, candidate, votes.
  const state = new Float64Array([Number.NaN, 0, 0]);
  return {
    next(time) {
      const distance = time - (state[0] as number);
      state[0] = time;
      if (Number.isNaN(distance)) return false;
      const candidate = state[1] as number;
      if ((state[2] as number) <= 0) {
        state[1] = distance;
        state[2] = 1;
      } else if (Math.abs(distance - candidate) <= 0.1 * candidate) {
        state[2] = Math.min(MOST_VOTES, (state[2] as number) + 1);
      } else {
        state[2] = (state[2] as number) - 1;
      }
      return distance > GAP * (state[1] as number);
    },
    get usual() {
      return (state[1] as number) > 0 ? (state[1] as number) : MINUTE;
    },
    state: [state],
  };
}
