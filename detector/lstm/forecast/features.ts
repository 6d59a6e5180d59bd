import type { Millis } from '../../../core/time.ts';
import { clearProfile, learnProfile, type Place, PROFILE_WIDTH, profileAt } from './day-profile.ts';
import { createMoments } from './moment.ts';
import { addSample, clearSamples, robustScaleOf, SAMPLES_WIDTH } from './samples.ts';

/** Steps ahead that are forecast. */
export const HORIZONS = [1, 5, 15, 30] as const;
/** Numbers that the network is shown of each point. */
export const FEATURES = 18;
/** Changes whenever the meaning of a feature does: a model is of use to the features it was trained on alone. */
export const FEATURES_VERSION = '1';
/** A pause of more than this many intervals ends what the network remembers. */
export const LONGEST_GAP = 30;

const DAY: Millis = 86_400_000;
const FAST = 1 / 20;
const SLOW = 1 / 288;
const UNIT_GAIN = 1 / 30;
/** A change counts as this many units at most: one spike must not widen the bands for hours. */
const LARGEST_STEP = 60;
/** The unit of change is never less than this share of the scale: rounding is no movement. */
const LEAST_UNIT = 0.005;
const LARGEST = 1e8;
const SMALLEST_UNIT = 1e-30;
/** Points after which the scale is estimated for the first time; then at every doubling until a day is full, then daily. */
const FIRST_SCALE = 12;

// Numbers of one series in double precision.
const TIME = 0;
const VALUE = 1;
const ANCHOR = 2;
const CENTER = 3;
const SCALE = 4;
const FAST_MEAN = 5;
const SLOW_MEAN = 6;
const UNIT = 7;
const POINTS = 8;
const INTERVAL = 9;
const NEXT_SCALE = 10;
const OFF_PROFILE = 11;
const DOUBLES = 12;
const FLOATS = PROFILE_WIDTH + SAMPLES_WIDTH;

/** Bytes that the features of one series take. */
export const FEATURE_BYTES = 8 * DOUBLES + 4 * FLOATS;

/**
 * Features of many series, one point at a time. All differences are told in the series' own unit of change
 *
 *   u <- u + max(1/30, 1/n) (min(|v - v'|, 60 u) - u),   u >= 0.005 scale
 *
 * and squashed by asinh, so that a quiet and a lively series look alike to the network. Per point: the value over its robust
 * centre and scale; its change; its distances to two moving averages (20 and 288 points); how far the time-of-day profile 1, 5,
 * 15 and 30 steps ahead lies from it, each moved by how far the series has lately been off its profile; whether the profile is
 * known that far; sine and cosine of the time of day; weekend; log2 of the pause before it in intervals; log2 of its age; the
 * unit over the scale; the interval; how far the value is off its profile, and has lately been.
 */
export class Features {
  #doubles: Float64Array;
  #floats: Float32Array;
  readonly #moment = createMoments(HORIZONS);

  /** Room for `series` series, all of them new. */
  constructor(series: number) {
    this.#doubles = new Float64Array(series * DOUBLES);
    this.#floats = new Float32Array(series * FLOATS);
  }

  /** The raw arrays: all there is to keep over a restart. */
  get arrays(): readonly [Float64Array, Float32Array] {
    return [this.#doubles, this.#floats];
  }

  /** Room for `series` series. */
  reserve(series: number): void {
    if (series * DOUBLES <= this.#doubles.length) return;
    const doubles = new Float64Array(series * DOUBLES);
    doubles.set(this.#doubles);
    this.#doubles = doubles;
    const floats = new Float32Array(series * FLOATS);
    floats.set(this.#floats);
    this.#floats = floats;
  }

  /** Forgets a series and sets the time between its points. */
  begin(series: number, interval: Millis): void {
    const d = series * DOUBLES;
    this.#doubles.fill(0, d, d + DOUBLES);
    this.#doubles[d + INTERVAL] = interval;
    this.#doubles[d + NEXT_SCALE] = FIRST_SCALE;
    const f = series * FLOATS;
    clearProfile(this.#floats, f);
    clearSamples(this.#floats, f + PROFILE_WIDTH);
  }

  /** Points taken in so far. */
  points(series: number): number {
    return this.#doubles[series * DOUBLES + POINTS] as number;
  }

  interval(series: number): Millis {
    return this.#doubles[series * DOUBLES + INTERVAL] as number;
  }

  /** Time of the newest point. */
  time(series: number): Millis {
    return this.#doubles[series * DOUBLES + TIME] as number;
  }

  /** The newest value: what changes are counted from. */
  value(series: number): number {
    return this.#doubles[series * DOUBLES + VALUE] as number;
  }

  /** The first value: floats are kept relative to it, so that large values with small changes keep their digits. */
  anchor(series: number): number {
    return this.#doubles[series * DOUBLES + ANCHOR] as number;
  }

  /** The unit of change after the newest point, in the series' own units; above 0 once the series has moved. */
  unit(series: number): number {
    return this.#doubles[series * DOUBLES + UNIT] as number;
  }

  /**
   * Takes the finite `value` of `time` in and writes its features to `out` from `at`. Returns the pause before it in
   * intervals, 1 being usual; a time that is not after the newest one counts as one interval.
   */
  push(series: number, time: Millis, value: number, out: Float32Array, at: number): number {
    const doubles = this.#doubles;
    const d = series * DOUBLES;
    const f = series * FLOATS;
    const interval = doubles[d + INTERVAL] as number;
    const points = (doubles[d + POINTS] as number) + 1;
    doubles[d + POINTS] = points;
    if (points === 1) {
      doubles[d + VALUE] = value;
      doubles[d + ANCHOR] = value;
      doubles[d + CENTER] = value;
      doubles[d + FAST_MEAN] = value;
      doubles[d + SLOW_MEAN] = value;
      doubles[d + TIME] = time - interval;
    }
    const pause = Math.max(1, (time - (doubles[d + TIME] as number)) / interval);
    const change = value - (doubles[d + VALUE] as number);
    const anchored = value - (doubles[d + ANCHOR] as number);
    doubles[d + TIME] = time;
    doubles[d + VALUE] = value;

    addSample(this.#floats, f + PROFILE_WIDTH, points, anchored, Math.abs(change), DAY / interval);
    if (points >= (doubles[d + NEXT_SCALE] as number)) {
      doubles[d + NEXT_SCALE] = points + Math.min(points, Math.max(FIRST_SCALE, DAY / interval));
      const { center, scale } = robustScaleOf(this.#floats, f + PROFILE_WIDTH);
      doubles[d + CENTER] = center + (doubles[d + ANCHOR] as number);
      if (scale > 0) doubles[d + SCALE] = scale;
    }
    // A series that never moved has no scale; its first movement is one.
    const distance = value - (doubles[d + CENTER] as number);
    if (doubles[d + SCALE] === 0 && distance !== 0) doubles[d + SCALE] = Math.abs(distance);
    const scale = Math.max((doubles[d + SCALE] as number) || Math.max(1e-3 * Math.abs(value), 1e-9), SMALLEST_UNIT);

    const before = doubles[d + UNIT] as number;
    const size = points > FIRST_SCALE ? Math.min(Math.abs(change), LARGEST_STEP * before) : Math.abs(change);
    if (points > 1) doubles[d + UNIT] = before + Math.max(UNIT_GAIN, 1 / (points - 1)) * (size - before);
    const unit = Math.max(doubles[d + UNIT] as number, LEAST_UNIT * scale, SMALLEST_UNIT);
    doubles[d + UNIT] = unit;
    const fast =
      (doubles[d + FAST_MEAN] as number) + Math.max(FAST, 1 / points) * (value - (doubles[d + FAST_MEAN] as number));
    const slow =
      (doubles[d + SLOW_MEAN] as number) + Math.max(SLOW, 1 / points) * (value - (doubles[d + SLOW_MEAN] as number));
    doubles[d + FAST_MEAN] = fast;
    doubles[d + SLOW_MEAN] = slow;

    const per = 1 / unit;
    out[at] = squash(distance / scale);
    // The first change is its own measure.
    out[at + 1] = squash(change / (points === 2 ? unit : Math.max(before, LEAST_UNIT * scale, SMALLEST_UNIT)));
    out[at + 2] = squash((value - fast) * per);
    out[at + 3] = squash((value - slow) * per);
    const moment = this.#moment(time, interval);
    const now = profileAt(this.#floats, f, moment.now);
    const off = Number.isNaN(now) ? 0 : anchored - now;
    const lately = (doubles[d + OFF_PROFILE] as number) + FAST * (off - (doubles[d + OFF_PROFILE] as number));
    doubles[d + OFF_PROFILE] = lately;
    let known = 1;
    for (let i = 0; i < HORIZONS.length; i++) {
      const ahead = profileAt(this.#floats, f, moment.ahead[i] as Place);
      if (Number.isNaN(ahead)) known = 0;
      out[at + 4 + i] = Number.isNaN(ahead) ? 0 : squash((ahead + lately - anchored) * per);
    }
    out[at + 8] = known;
    out[at + 9] = moment.sine;
    out[at + 10] = moment.cosine;
    out[at + 11] = moment.weekend;
    out[at + 12] = pause === 1 ? 0 : Math.log2(Math.min(pause, LONGEST_GAP));
    out[at + 13] = Math.log2(points) / 10;
    out[at + 14] = Math.log(unit / scale) / 3;
    out[at + 15] = moment.pace;
    out[at + 16] = squash(off * per);
    out[at + 17] = squash(lately * per);
    learnProfile(this.#floats, f, moment.now, anchored);
    return pause;
  }
}

/** asinh up to 1e8, the squashing of all that the network sees and answers: changes of any size in one range. */
export function squash(z: number): number {
  const size = Math.min(Math.abs(z), LARGEST);
  const squashed = Math.log(size + Math.sqrt(size * size + 1));
  return z < 0 ? -squashed : squashed;
}

/** sinh, the inverse of `squash`. */
export function unsquash(q: number): number {
  const grown = Math.exp(q);
  return 0.5 * (grown - 1 / grown);
}
