import { HORIZONS, squash, unsquash } from './features.ts';
import { OUTPUTS, QUANTILES } from './model-json.ts';

/** Per horizon, every how many intervals a forecast is kept until it can be judged: each of the short ones, some of the long. */
const STRIDES = [1, 1, 5, 10] as const;
const KEPT = HORIZONS.map((horizon, h) => Math.ceil(horizon / (STRIDES[h] as number)));
const FIRST_SLOT = KEPT.map((_, h) => KEPT.slice(0, h).reduce((sum, kept) => sum + kept, 0));
const SLOTS = KEPT.reduce((sum, kept) => sum + kept, 0);

/** Gain of the correction at one step, and how it shrinks with the horizon, whose answers come late and overlap. */
const GAIN = 0.04;
const SHRINKING = 0.75;
const RATES = HORIZONS.map((horizon, h) => (GAIN / horizon ** SHRINKING) * (STRIDES[h] as number));
/**
 * Where the outer offsets begin, in squashed units for one step, and how that grows with the horizon: a band begins a little wider
 * than the network has it and is narrowed by what comes, so that short series are covered as well as long ones.
 */
const FIRST_OFFSET = 0.07;
const FIRST_GROWTH = 0.4;
/** A step is never less than this interval's, so that a band around a series that stood still opens in time. */
const LEAST_WIDTH = 1;

const Q = QUANTILES.length;
const MEDIAN = 1;
// Numbers of one slot: when it is due, value and unit it was made from, the network's quantiles.
const DUE = 0;
const BASE = 1;
const UNIT = 2;
const QUANTILE = 3;
const SLOT = QUANTILE + Q;
// Numbers of one series: slots, the newest answers of the network, the offset of each.
const ANSWER = SLOTS * SLOT;
const OFFSET = ANSWER + OUTPUTS;

/** Numbers that the correction of one series takes. */
export const CORRECTION_WIDTH = OFFSET + OUTPUTS;

/** Prepares the series at `at`: nothing is kept, and bands begin a little wide. */
export function clearCorrection(slab: Float32Array, at: number): void {
  slab.fill(0, at, at + CORRECTION_WIDTH);
  for (const [h, horizon] of HORIZONS.entries()) {
    const offset = FIRST_OFFSET * horizon ** FIRST_GROWTH;
    slab[at + OFFSET + Q * h] = -offset;
    slab[at + OFFSET + Q * h + Q - 1] = offset;
  }
  for (let slot = 0; slot < SLOTS; slot++) slab[at + slot * SLOT + DUE] = -1;
}

/** Quantile number `k` of horizon number `h` with its offset: the network's stand from `from` on. */
function quantileOf(slab: Float32Array, at: number, h: number, from: number, k: number): number {
  return (slab[from + k] as number) + (slab[at + OFFSET + Q * h + k] as number);
}

const corrected = new Float64Array(Q);

/** Writes all quantiles of a horizon to `corrected`, in order. */
function correct(slab: Float32Array, at: number, h: number, from: number): void {
  for (let k = 0; k < Q; k++) corrected[k] = quantileOf(slab, at, h, from, k);
  corrected[0] = Math.min(corrected[0] as number, corrected[1] as number);
  corrected[2] = Math.max(corrected[2] as number, corrected[1] as number);
}

/** The slot of a forecast made at `tick` by horizon number `h`. Ticks are integers: remainders of others take ten times as long. */
function slotOf(at: number, h: number, tick: number): number {
  const turn = (tick / (STRIDES[h] as number)) | 0;
  return at + ((FIRST_SLOT[h] as number) + (turn % (KEPT[h] as number))) * SLOT;
}

/** The slot in which the forecast for `tick` by horizon number `h` was kept, -1 when none was. */
function slotFor(slab: Float32Array, at: number, h: number, tick: number): number {
  const made = (tick | 0) - (HORIZONS[h] as number);
  if (made < 0 || made % (STRIDES[h] as number) !== 0) return -1;
  const slot = slotOf(at, h, made);
  return slab[slot + DUE] === tick ? slot : -1;
}

/** What a forecast of five steps was worth, in units of change at the time it was made. */
export interface Miss {
  /** The value less its median, and less the value the forecast was made from. */
  error: number;
  naive: number;
  /** Whether the value lay within the 90 % band. */
  inside: boolean;
}

const FIVE_STEPS = HORIZONS.indexOf(5);

/**
 * Judges the forecasts that were made for `tick` by the `value` that came, and corrects what comes next. Adaptive conformal
 * inference (Gibbs and Candes, NeurIPS 2021) for each quantile and horizon, in squashed units of change:
 *
 *   offset <- offset + 0.04 / h^0.75 x stride x width x (tau - [y <= q])
 *
 * Values are relative to the series' anchor. Writes what the forecast of five steps was worth to `miss`; false without one.
 */
export function judgeForecasts(slab: Float32Array, at: number, tick: number, value: number, miss: Miss): boolean {
  let judged = false;
  for (let h = 0; h < HORIZONS.length; h++) {
    const slot = slotFor(slab, at, h, tick);
    if (slot < 0) continue;
    const naive = (value - (slab[slot + BASE] as number)) / (slab[slot + UNIT] as number);
    const y = squash(naive);
    correct(slab, at, h, slot + QUANTILE);
    if (h === FIVE_STEPS) {
      judged = true;
      miss.naive = naive;
      miss.error = naive - unsquash(corrected[MEDIAN] as number);
      miss.inside = y >= (corrected[0] as number) && y <= (corrected[2] as number);
    }
    const step = (RATES[h] as number) * Math.max(LEAST_WIDTH, (corrected[2] as number) - (corrected[0] as number));
    for (let k = 0; k < Q; k++) {
      const offset = at + OFFSET + Q * h + k;
      const below = y <= (corrected[k] as number) ? 1 : 0;
      slab[offset] = (slab[offset] as number) + step * ((QUANTILES[k] as number) - below);
    }
  }
  return judged;
}

/** Keeps what the network answered at `tick` to a point of `value` and `unit`, until it can be judged. */
export function keepForecasts(
  slab: Float32Array,
  at: number,
  tick: number,
  value: number,
  unit: number,
  answers: Float32Array,
  from: number,
): void {
  for (let i = 0; i < OUTPUTS; i++) slab[at + ANSWER + i] = answers[from + i] as number;
  for (let h = 0; h < HORIZONS.length; h++) {
    if ((tick | 0) % (STRIDES[h] as number) !== 0) continue;
    const slot = slotOf(at, h, tick);
    slab[slot + DUE] = tick + (HORIZONS[h] as number);
    slab[slot + BASE] = value;
    slab[slot + UNIT] = unit;
    for (let k = 0; k < Q; k++) slab[slot + QUANTILE + k] = answers[from + Q * h + k] as number;
  }
}

/** Writes the quantiles of horizon number `h` from the newest point on to `out` from 0; values relative to the anchor. */
export function forecastFrom(
  slab: Float32Array,
  at: number,
  h: number,
  value: number,
  unit: number,
  out: Float64Array,
): void {
  correct(slab, at, h, at + ANSWER + Q * h);
  for (let k = 0; k < Q; k++) out[k] = value + unit * unsquash(corrected[k] as number);
}

/** Distance of the 95 % quantile of a normal distribution from its middle, in deviations. */
const NORMAL_95 = 1.645;

/**
 * Chance that the value at horizon number `h` lies above `limit`, out of the three quantiles: half a normal distribution to either
 * side of the middle, in squashed units. Values are relative to the anchor.
 */
export function chanceAbove(
  slab: Float32Array,
  at: number,
  h: number,
  value: number,
  unit: number,
  limit: number,
): number {
  correct(slab, at, h, at + ANSWER + Q * h);
  const distance = squash((limit - value) / unit) - (corrected[1] as number);
  const reach =
    distance > 0
      ? (corrected[2] as number) - (corrected[1] as number)
      : (corrected[1] as number) - (corrected[0] as number);
  return 1 - normalShare((NORMAL_95 * distance) / Math.max(reach, 1e-9));
}

/** Share of a normal distribution below z (Abramowitz and Stegun 26.2.17, 7.5e-8 from it at most). */
function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const sum = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const beyond = Math.exp(-0.5 * z * z) * 0.3989422804 * sum;
  return z > 0 ? 1 - beyond : beyond;
}

/** The median that was forecast `HORIZONS[h]` steps ago for `tick`, relative to the anchor; NaN when none was kept. */
export function medianFor(slab: Float32Array, at: number, h: number, tick: number): number {
  const slot = slotFor(slab, at, h, tick);
  if (slot < 0) return NaN;
  const median = quantileOf(slab, at, h, slot + QUANTILE, MEDIAN);
  return (slab[slot + BASE] as number) + (slab[slot + UNIT] as number) * unsquash(median);
}
