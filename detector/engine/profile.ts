/**
 * Shape of the day, apart for working days and weekends, for many series in flat arrays: quarter hours (UTC), each an
 * average of its values, of all of them while it is young and with a memory of days later. A quarter hour that has
 * seen little in its own table borrows from the other, so that the first Saturday is expected to be like a Friday:
 *
 *   cell = w own + (1 - w) other,  w = n / (n + 1/2)             n: values seen in its own table
 *   band = between the cell at hand and the neighbour whose centre is nearer
 *
 * A value between two neighbouring quarter hours is as expected: where within half an hour a daily step comes is
 * nobody's news. Without that tolerance each daily step is strange, and all that is judged beside it is blunted.
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

/** Where the table of the day of `time` starts: 0 for working days, 96 for weekends. */
function tableOf(time: number): number {
  const weekday = (Math.floor(time / DAY_MS) + FIRST_WEEKDAY) % 7;
  return weekday === 0 || weekday === 6 ? BINS : 0;
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
  const at = series * CELLS;
  const table = tableOf(time);
  const position = (((time % DAY_MS) + DAY_MS) % DAY_MS) / BIN_MS;
  const bin = Math.floor(position);
  const here = cellAt(profiles, at, table, bin);
  const near = cellAt(profiles, at, table, (bin + (position - bin < 0.5 ? BINS - 1 : 1)) % BINS);
  const other = Number.isNaN(near) ? here : near;
  band.lower = Math.min(here, other);
  band.upper = Math.max(here, other);
}

/** Adds a value. `perCell`: points that fall in one cell on one day, at least 1. */
export function learnProfile(profiles: Profiles, series: number, time: number, value: number, perCell: number): void {
  const bin = Math.floor((((time % DAY_MS) + DAY_MS) % DAY_MS) / BIN_MS);
  const at = series * CELLS + tableOf(time) + bin;
  const n = profiles.seen[at] as number;
  const gain = Math.max(1 / (n + 1), 1 / (MEMORY_DAYS * perCell + 1), 1 / MOST_SEEN);
  const old = profiles.values[at] as number;
  profiles.values[at] = n === 0 ? value : old + gain * (value - old);
  if (n < MOST_SEEN) profiles.seen[at] = n + 1;
}
