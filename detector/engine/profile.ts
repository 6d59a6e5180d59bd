/**
 * Shape of the day, apart for working days and weekends, for many series in flat arrays: quarter hours (UTC), each an
 * average of its values, of all of them while it is young and with a memory of days later. A quarter hour that has
 * seen little in its own table borrows from the other, so that the first Saturday is expected to be like a Friday:
 *
 *   cell = w own + (1 - w) other,  w = n / (n + 1/2)             n: values seen in its own table
 *   band = from the least to the largest of the cell at hand and its two neighbours
 *
 * A value between neighbouring quarter hours is as expected: where within a quarter hour a daily step comes is nobody's
 * news. Without that tolerance each daily step is strange, and all that is judged beside it is blunted.
 */
const BINS = 96;
export const CELLS = 2 * BINS;
const BIN_MS = 900_000;
const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4;
/** Days that a cell remembers, in days of its own kind. */
const MEMORY_DAYS = 5;
const MOST_SEEN = 250;

export interface Profiles {
  readonly values: Float32Array;
  readonly seen: Uint8Array;
}

/** Lower and upper end of what is expected; NaN where the time of day is unknown. Used again by the next call. */
export interface Band {
  lower: number;
  upper: number;
}

export function createProfiles(series: number): Profiles {
  return { values: new Float32Array(series * CELLS), seen: new Uint8Array(series * CELLS) };
}

/**
 * Of the time asked about last, as series are asked one after the other about the same one: where the table of its day starts
 * (0 for working days, 96 for weekends), and its quarter hour.
 */
const asked = { time: NaN, table: 0, bin: 0 };

function ask(time: number): void {
  const day = Math.floor(time / DAY_MS);
  const weekday = ((day + FIRST_WEEKDAY) | 0) % 7;
  asked.time = time;
  asked.table = weekday === 0 || weekday === 6 ? BINS : 0;
  asked.bin = Math.floor((time - day * DAY_MS) / BIN_MS);
}

function cellAt(profiles: Profiles, at: number, table: number, bin: number): number {
  const own = at + table + bin;
  const other = at + (BINS - table) + bin;
  const n = profiles.seen[own] as number;
  const m = profiles.seen[other] as number;
  if (m === 0) return n === 0 ? NaN : (profiles.values[own] as number);
  if (n === 0) return profiles.values[other] as number;
  const w = n / (n + 0.5);
  return w * (profiles.values[own] as number) + (1 - w) * (profiles.values[other] as number);
}

/** What is expected of a series at `time`. */
export function bandAt(profiles: Profiles, series: number, time: number, band: Band): void {
  if (time !== asked.time) ask(time);
  const at = series * CELLS;
  const { table, bin } = asked;
  const here = cellAt(profiles, at, table, bin);
  const before = cellAt(profiles, at, table, bin === 0 ? BINS - 1 : bin - 1);
  const after = cellAt(profiles, at, table, bin === BINS - 1 ? 0 : bin + 1);
  const first = Number.isNaN(before) ? here : before;
  const last = Number.isNaN(after) ? here : after;
  band.lower = Math.min(here, first, last);
  band.upper = Math.max(here, first, last);
}

/**
 * Adds a value. `perCell`: points that fall in one cell on one day, at least 1. A value of `trust` below 1 moves a cell
 * by that share only and does not count as seen.
 */
export function learnProfile(
  profiles: Profiles,
  series: number,
  time: number,
  value: number,
  perCell: number,
  trust = 1,
): void {
  if (time !== asked.time) ask(time);
  const at = series * CELLS + asked.table + asked.bin;
  const n = profiles.seen[at] as number;
  const gain = Math.max(1 / (n + 1), 1 / (MEMORY_DAYS * perCell + 1), 1 / MOST_SEEN);
  const old = profiles.values[at] as number;
  if (trust < 1) {
    if (n > 0) profiles.values[at] = old + trust * gain * (value - old);
    return;
  }
  profiles.values[at] = n === 0 ? value : old + gain * (value - old);
  if (n < MOST_SEEN) profiles.seen[at] = n + 1;
}
