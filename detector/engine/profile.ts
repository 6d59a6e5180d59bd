/**
 * Shape of the day, apart for working days and weekends, for many series in flat arrays: quarter hours (UTC), each an
 * average of its values with a half-life of days, linear between centres. A quarter hour of the weekend that has seen
 * little borrows from the working days and the other way round:
 *
 *   profile(t) = w own + (1 - w) other,  w = n / (n + 1/2)       n: days that the quarter hour was seen in its table
 */
export const BINS = 96;
const TABLES = 2;
export const CELLS = BINS * TABLES;
const BIN_MS = 900_000;
const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4;

export interface Profiles {
  readonly values: Float32Array;
  readonly seen: Uint8Array;
}

export function createProfiles(series: number): Profiles {
  return { values: new Float32Array(series * CELLS), seen: new Uint8Array(series * CELLS) };
}

function tableOf(time: number): number {
  const weekday = (Math.floor(time / DAY_MS) + FIRST_WEEKDAY) % 7;
  return weekday === 0 || weekday === 6 ? 1 : 0;
}

function cell(profiles: Profiles, series: number, table: number, bin: number): number {
  const own = series * CELLS + table * BINS + bin;
  const other = series * CELLS + (1 - table) * BINS + bin;
  const n = profiles.seen[own] as number;
  const m = profiles.seen[other] as number;
  if (n === 0) return m === 0 ? NaN : (profiles.values[other] as number);
  if (m === 0) return profiles.values[own] as number;
  const w = n / (n + 0.5);
  return w * (profiles.values[own] as number) + (1 - w) * (profiles.values[other] as number);
}

/** The shape at `time`; NaN where the time of day is unknown. */
export function profileAt(profiles: Profiles, series: number, time: number, fine: boolean): number {
  const table = tableOf(time);
  const position = (time % DAY_MS) / BIN_MS;
  const bin = Math.floor(position);
  const here = cell(profiles, series, table, bin);
  if (!fine) return here;
  const offset = position - bin - 0.5;
  const near = cell(profiles, series, table, (bin + (offset < 0 ? BINS - 1 : 1)) % BINS);
  return Number.isNaN(near) ? here : here + (near - here) * Math.abs(offset);
}

/** Adds a value. `gain`: weight of one point once the cell is warm; `perBin`: points that fall in one cell a day; `first`: new day for the cell. */
export function learnProfile(
  profiles: Profiles,
  series: number,
  time: number,
  value: number,
  perBin: number,
  days: number,
): void {
  const at = series * CELLS + tableOf(time) * BINS + Math.floor((time % DAY_MS) / BIN_MS);
  const n = profiles.seen[at] as number;
  if (n === 0) {
    profiles.values[at] = value;
    profiles.seen[at] = 1;
    return;
  }
  const gain = Math.max(1 / (n + 1), 1 / (days * perBin + 1), 1 / 250);
  profiles.values[at] = (profiles.values[at] as number) + gain * (value - (profiles.values[at] as number));
  if (n < 250) profiles.seen[at] = n + 1;
}
