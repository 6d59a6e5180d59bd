import type { Millis } from '../../../core/time.ts';

const DAY: Millis = 86_400_000;
/** Bins of a day, for weekdays and again for weekends. */
export const DAY_BINS = 48;
const SUM = 2 * DAY_BINS;
const COUNT = SUM + 1;
const OPEN = SUM + 2;
/** Numbers of one series: the bins of both kinds of days, then sum, count and place of the bin that is open. */
export const PROFILE_WIDTH = OPEN + 1;
/** How far a bin moves towards what its newest day brought. */
const GAIN = 0.3;
const NO_BIN = -1;
/** Less than a millisecond of a day, more than what the division of a time loses. */
const ROUNDING = 1e-7;

/** Days since the epoch. Written out with floor: the remainder of large numbers takes ten times as long. */
const dayOf = (time: Millis) => Math.floor(time / DAY) | 0;

/** Share of the day (UTC) that has passed at `time`. */
export const dayShare = (time: Millis) => time / DAY - Math.floor(time / DAY);

/** Whether `time` (UTC) lies on a Saturday or a Sunday. The epoch began on a Thursday. */
export function onWeekend(time: Millis): boolean {
  return (dayOf(time) + 3) % 7 >= 5;
}

/** Prepares the profile that begins at `at`: no bin is known. */
export function clearProfile(slab: Float32Array, at: number): void {
  slab.fill(NaN, at, at + SUM);
  slab[at + SUM] = 0;
  slab[at + COUNT] = 0;
  slab[at + OPEN] = NO_BIN;
}

/** Bins of a day for an interval: none is narrower than the interval, so that each is filled every day. */
function binsFor(interval: Millis): number {
  return Math.max(1, Math.min(DAY_BINS, Math.floor(DAY / interval)));
}

/** A time in the profile: the bin it lies in and, between the middles of two bins, these and the share of the way from `low` to `high`. */
export interface Place {
  bin: number;
  /** Bins of its kind of day, and of the other kind: those of the first stand this far behind the start. */
  kind: number;
  low: number;
  high: number;
  share: number;
}

export const createPlace = (): Place => ({ bin: 0, kind: 0, low: 0, high: 0, share: 0 });

/** Finds a time's place, for series with `interval` between their points. */
export function placeAt(time: Millis, interval: Millis, out: Place): void {
  const bins = binsFor(interval);
  const share = dayShare(time);
  out.kind = onWeekend(time) ? DAY_BINS : 0;
  out.bin = Math.floor(share * bins + ROUNDING) + out.kind;
  // The points of a bin lie around its middle less half an interval.
  const place = share * bins - 0.5 * (1 - Math.min(1, (interval * bins) / DAY));
  const low = Math.floor(place + ROUNDING);
  out.share = Math.max(0, place - low);
  out.low = (low + bins) % bins;
  out.high = (low + 1) % bins;
}

/**
 * Takes a value in. A bin is the mean of its points of one day, moved by 0.3 towards the newest day's mean when the bin is
 * left: bin <- bin + 0.3 (mean - bin).
 */
export function learnProfile(slab: Float32Array, at: number, { bin }: Readonly<Place>, value: number): void {
  const open = slab[at + OPEN] as number;
  if (bin !== open) {
    const count = slab[at + COUNT] as number;
    if (open !== NO_BIN && count > 0) {
      const mean = (slab[at + SUM] as number) / count;
      const known = slab[at + open] as number;
      slab[at + open] = Number.isNaN(known) ? mean : known + GAIN * (mean - known);
    }
    slab[at + OPEN] = bin;
    slab[at + SUM] = 0;
    slab[at + COUNT] = 0;
  }
  slab[at + SUM] = (slab[at + SUM] as number) + value;
  slab[at + COUNT] = (slab[at + COUNT] as number) + 1;
}

/**
 * What the profile says of a place, linear between the middles of two bins; where the kind of day is not known yet, the
 * other kind speaks for it. NaN where neither is known.
 */
export function profileAt(slab: Float32Array, at: number, { kind, low, high, share }: Readonly<Place>): number {
  const a = binOf(slab, at, kind, low);
  if (share < ROUNDING) return a;
  const b = binOf(slab, at, kind, high);
  return a + share * (b - a);
}

function binOf(slab: Float32Array, at: number, kind: number, bin: number): number {
  const own = slab[at + kind + bin] as number;
  return Number.isNaN(own) ? (slab[at + DAY_BINS - kind + bin] as number) : own;
}
