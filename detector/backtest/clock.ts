import type { Millis } from '../../core/time.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Rows that must follow each other behind the newest one before that counts as a clock that was set back. */
const SET_BACK_ROWS = 10;
/** Kinds of distances that are kept to tell the usual one. */
const DISTANCES = 64;

export type OutOfOrder = 'time_repeated' | 'time_backward';

/**
 * Puts the times of rows in order for the judge, which wants each to be later than the one before.
 *
 * A row at the time of the newest one is a repetition, one before it is late: neither can be judged. A step back of up
 * to an hour (the end of daylight saving) is waited out. Further back, when ten rows have followed each other there, the
 * clock was set back: from then on whole days are added, so that the time of day stays what it was.
 */
export interface RowClock {
  /** The time for the judge, or why there is none. */
  place(time: Millis): Millis | OutOfOrder;
  /** The next rows are of another file, whose times may start again: whole days are added where they do. */
  startFile(): void;
  /** Usual distance of rows so far in this file, NaN before there are two. */
  readonly interval: Millis;
  /** Places in this file where rows are missing: steps of more than one and a half of the usual distance. */
  readonly gaps: number;
  /** How often the clock was set back in this file. */
  readonly setBacks: number;
}

export function createRowClock(): RowClock {
  let newest = Number.NEGATIVE_INFINITY;
  let shift = 0;
  let fresh = true;
  let behind = Number.NEGATIVE_INFINITY;
  let behindRows = 0;
  let gaps = 0;
  let setBacks = 0;
  let usual = Number.NaN;
  let distances = new Map<Millis, number>();

  function count(step: Millis): void {
    const seen = (distances.get(step) ?? 0) + 1;
    if (seen > 1 || distances.size < DISTANCES) distances.set(step, seen);
    if (step !== usual && seen > (distances.get(usual) ?? 0)) usual = step;
    if (step > 1.5 * usual) gaps++;
  }

  function accept(time: Millis, counted: boolean): Millis {
    if (counted) count(time - newest);
    newest = time;
    behindRows = 0;
    return time;
  }

  /** Whole days that bring `time` past the newest. */
  const daysUp = (time: Millis) => (Math.floor((newest - time) / DAY) + 1) * DAY;

  return {
    place(time) {
      let at = time + shift;
      if (fresh) {
        fresh = false;
        if (newest > Number.NEGATIVE_INFINITY && at <= newest) {
          shift += daysUp(at);
          at = time + shift;
        }
        return accept(at, false);
      }
      if (at > newest) return accept(at, true);
      if (at === newest) return 'time_repeated';
      behindRows = behindRows > 0 && at > behind ? behindRows + 1 : 1;
      behind = at;
      if (behindRows < SET_BACK_ROWS || newest - at <= HOUR) return 'time_backward';
      setBacks++;
      shift += daysUp(at);
      return accept(time + shift, false);
    },
    startFile() {
      fresh = true;
      shift = 0;
      gaps = 0;
      setBacks = 0;
      usual = Number.NaN;
      distances = new Map();
    },
    get interval() {
      return usual;
    },
    get gaps() {
      return gaps;
    },
    get setBacks() {
      return setBacks;
    },
  };
}
