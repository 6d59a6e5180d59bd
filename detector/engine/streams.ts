import type { Millis } from '../../core/time.ts';
import type { Band } from './profile.ts';

/**
 * What is measured of each point, as signed deviations in raw units (positive: above). With x the point, P(t) the band
 * of the profile (the distance to it is 0 inside), E_n an exponentially weighted mean with a window of n points
 * (gain 2 / (n + 1), and 1 / points while young):
 *
 *   profile     x - P(t)                                what this time of day does not explain
 *   shift       E_12 x - E_300 x                        the level moved, lately
 *   slow_shift  E_24 x - E_800 x                        the level moved, a while ago or little by little
 *   spread      E_60 |x - E_12| - E_800 |x - E_12|      noisier than usual; below 0: calmer, as a stuck signal is
 *   step        x - E_3 x                               against the last few points
 *   level       (x - P(t)) - E_300 (x - P(t))           against the profile moved to where the series stands now
 *   regression  x - a x_1 - b x_2 - c                   against its own course (two lags, recursive least squares,
 *                                                       forgetting 0.999): jumps in smooth series
 *
 * Windows end before the point, save the short windows of shift and spread, which are what is judged there. Windows
 * count points; above 5 minutes they shrink with the fourth root of the interval, so that at one hour they are half.
 */
export const STREAMS = ['profile', 'shift', 'slow_shift', 'spread', 'step', 'level', 'regression'] as const;

/** Points before anything is measured; the slower streams need more. */
const FIRST_POINTS = 12;
const SHIFT_POINTS = 24;
const SLOW_SHIFT_POINTS = 48;
const SPREAD_POINTS = 60;
const SLOW_FROM: Millis = 300_000;
const SLOW_POWER = 0.25;
const FORGETTING = 0.999;
const LARGEST_VARIANCE = 1000;
/** A residual teaches the regression as if it were no more than 5 usual deviations. */
const REGRESSION_CLIP = 5;
/** A residual moves the profile by no more than 3 usual ones, so that an outage leaves little in it. */
const PROFILE_CLIP = 3;
const PROFILE_CLIP_POINTS = 24;

/** Numbers kept of a series. */
const [N, KNOWN, E12, E300, E24, E800, E3, V60, V800, SIZE, LEVEL, RESIDUAL, X1, X2, P11, P12, P22, A, B] = Array.from(
  { length: 19 },
  (_, i) => i,
) as [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
const FIELDS = 20;

export interface Streams {
  /** Deviations of the point read last; NaN where there is none yet. */
  readonly values: Float64Array;
  /** Points of a series so far. */
  points(series: number): number;
  /** Points of a series for which the profile knew what to expect. */
  known(series: number): number;
  /** Usual size of the values of a series, and usual deviation from its short mean. */
  size(series: number): number;
  noise(series: number): number;
  /** Middle of what was expected before the point read last: by its time of day, and by its level alone. */
  expected(): number;
  plain(): number;
  /** By how much its own course missed the point read last. */
  missed(): number;
  /** Measures a point and learns it. Returns the value that the profile shall learn. */
  read(series: number, x: number, band: Readonly<Band>, interval: Millis): number;
  /**
   * Takes back all but the share `trust` of what the point read last moved. With `hold` nothing moves faster than the
   * mean of 300 points does: for incidents, whose own course must not become what they are measured against.
   */
  distrust(series: number, trust: number, hold: boolean): void;
  readonly state: Float32Array;
}

const gainOf = (points: number) => 2 / (points + 1);

/** `values`: where the deviations are written, from 0. */
export function createStreams(series: number, values = new Float64Array(STREAMS.length)): Streams {
  const state = new Float32Array(series * FIELDS);
  const before = new Float32Array(FIELDS);
  /** Pace of the mean of 300 points as a share of each field's own, where that is faster. */
  const held = new Float64Array(FIELDS).fill(1);
  // In objects, whose numbers change where they lie: a number that a closure assigns to is made anew each time.
  const said = { expected: NaN, plain: NaN, missed: NaN };
  const gains = { interval: 0, g12: 0, g24: 0, g60: 0, g300: 0, g800: 0 };
  const g3 = gainOf(3);

  function setGains(interval: Millis): void {
    const share = interval > SLOW_FROM ? (SLOW_FROM / interval) ** SLOW_POWER : 1;
    const [g12, g24, g60] = [gainOf(12 * share), gainOf(24 * share), gainOf(60 * share)];
    const [g300, g800] = [gainOf(300 * share), gainOf(800 * share)];
    Object.assign(gains, { interval, g12, g24, g60, g300, g800 });
    held[E12] = g300 / g12;
    held[E24] = g300 / g24;
    held[E3] = g300 / g3;
    held[V60] = g300 / g60;
    held[X1] = g300;
    held[X2] = g300;
  }

  /** Moves field `at` towards `x` and returns where it stands. */
  function follow(at: number, x: number, gain: number): number {
    const old = state[at] as number;
    const next = old + gain * (x - old);
    state[at] = next;
    return next;
  }

  function readRegression(o: number, x: number, n: number): number {
    const centre = state[o + E300] as number;
    const scale = Math.max(state[o + V800] as number, 1e-4 * (state[o + SIZE] as number), 1e-30);
    const x1 = ((state[o + X1] as number) - centre) / scale;
    const x2 = ((state[o + X2] as number) - centre) / scale;
    state[o + X2] = state[o + X1] as number;
    state[o + X1] = x;
    if (n === FIRST_POINTS) {
      state[o + P11] = 1;
      state[o + P12] = 0;
      state[o + P22] = 1;
      state[o + A] = 0.7;
      state[o + B] = 0;
    }
    if (n < FIRST_POINTS) return NaN;
    const p11 = state[o + P11] as number;
    const p12 = state[o + P12] as number;
    const p22 = state[o + P22] as number;
    const a = state[o + A] as number;
    const b = state[o + B] as number;
    const error = (x - centre) / scale - a * x1 - b * x2;
    const k1 = p11 * x1 + p12 * x2;
    const k2 = p12 * x1 + p22 * x2;
    const share = 1 / (FORGETTING + Math.max(0, x1 * k1 + x2 * k2));
    const taught = share * Math.max(-REGRESSION_CLIP, Math.min(REGRESSION_CLIP, error));
    state[o + A] = Math.max(-2, Math.min(2, a + k1 * taught));
    state[o + B] = Math.max(-2, Math.min(2, b + k2 * taught));
    state[o + P11] = Math.max(1e-6, Math.min(LARGEST_VARIANCE, (p11 - k1 * k1 * share) / FORGETTING));
    state[o + P12] = Math.max(-LARGEST_VARIANCE, Math.min(LARGEST_VARIANCE, (p12 - k1 * k2 * share) / FORGETTING));
    state[o + P22] = Math.max(1e-6, Math.min(LARGEST_VARIANCE, (p22 - k2 * k2 * share) / FORGETTING));
    return error * scale;
  }

  function read(series: number, x: number, band: Readonly<Band>, interval: Millis): number {
    if (interval !== gains.interval) setGains(interval);
    const { g12, g24, g60, g300, g800 } = gains;
    const o = series * FIELDS;
    for (let i = 0; i < FIELDS; i++) before[i] = state[o + i] as number;
    const n = state[o + N] as number;
    const young = 1 / (n + 1);
    const known = !Number.isNaN(band.lower);
    const residual = x > band.upper ? x - band.upper : x < band.lower ? x - band.lower : known ? 0 : NaN;

    const short = state[o + E12] as number;
    const regression = readRegression(o, x, n);
    const step = x - (state[o + E3] as number);
    said.plain = n === 0 ? NaN : (state[o + E300] as number);
    said.missed = Number.isNaN(regression) ? step : regression;
    const moved = follow(o + E12, x, Math.max(g12, young)) - follow(o + E300, x, Math.max(g300, young));
    const slowly = follow(o + E24, x, Math.max(g24, young)) - follow(o + E800, x, Math.max(g800, young));
    const away = n === 0 ? 0 : Math.abs(x - short);
    const wider = follow(o + V60, away, Math.max(g60, young)) - follow(o + V800, away, Math.max(g800, young));
    follow(o + SIZE, Math.abs(x), Math.max(g800, young));
    follow(o + E3, x, Math.max(g3, young));
    state[o + N] = n + 1;

    values[0] = n >= FIRST_POINTS ? residual : NaN;
    values[1] = n >= SHIFT_POINTS ? moved : NaN;
    values[2] = n >= SLOW_SHIFT_POINTS ? slowly : NaN;
    values[3] = n >= SPREAD_POINTS ? wider : NaN;
    values[4] = n >= FIRST_POINTS ? step : NaN;
    values[5] = NaN;
    values[6] = regression;
    said.expected = known ? (band.lower + band.upper) / 2 : short;
    return known ? readResidual(o, x, residual) : x;
  }

  /** The level stream, and the value for the profile: what lies far outside is pulled in. */
  function readResidual(o: number, x: number, residual: number): number {
    const m = state[o + KNOWN] as number;
    const young = 1 / (m + 1);
    const stands = state[o + LEVEL] as number;
    if (m > FIRST_POINTS) values[5] = residual - stands;
    said.expected += stands;
    follow(o + LEVEL, residual, Math.max(gains.g300, young));
    state[o + KNOWN] = m + 1;
    const usual = state[o + RESIDUAL] as number;
    const away = Math.abs(residual);
    if (m <= PROFILE_CLIP_POINTS) {
      follow(o + RESIDUAL, away, young);
      return x;
    }
    const most = PROFILE_CLIP * usual;
    follow(o + RESIDUAL, Math.min(away, 3 * most), Math.max(gains.g800, young));
    return away > most ? x - residual + Math.sign(residual) * most : x;
  }

  return {
    values,
    points: (series) => state[series * FIELDS + N] as number,
    known: (series) => state[series * FIELDS + KNOWN] as number,
    size: (series) => state[series * FIELDS + SIZE] as number,
    noise: (series) => state[series * FIELDS + V800] as number,
    expected: () => said.expected,
    plain: () => said.plain,
    missed: () => said.missed,
    read,
    distrust(series, trust, hold) {
      const o = series * FIELDS;
      for (let i = E12; i < FIELDS; i++) {
        const old = before[i] as number;
        const share = hold ? trust * (held[i] as number) : trust;
        state[o + i] = old + share * ((state[o + i] as number) - old);
      }
    },
    state,
  };
}
