import { HORIZONS, squash } from './features.ts';
import { OUTPUTS, QUANTILES } from './model-json.ts';

/** Per horizon, every how many intervals a forecast is kept until it can be judged: each of the short ones, some of the long. */
const STRIDES = [1, 1, 5, 10] as const;
const KEPT = HORIZONS.map((horizon, h) => Math.ceil(horizon / (STRIDES[h] as number)));
const FIRST_SLOT = KEPT.map((_, h) => KEPT.slice(0, h).reduce((sum, kept) => sum + kept, 0));
const SLOTS = KEPT.reduce((sum, kept) => sum + kept, 0);

/** Smoothing shares of the exponential means that stand beside the network. */
const SHARES = [0.1, 0.3, 0.6, 1] as const;
const ERROR_GAIN = 0.02;
/** Gain of the online correction at one step; it shrinks with the root of the horizon, whose answers come late and overlap. */
const GAIN = 0.05;
const LOSS_GAIN = 0.01;
/** How sharply the better of the two is preferred: its share is (1 / loss)^4 over the sum of both. */
const SHARPNESS = 4;
/** Losses that stand in for experience: in its first points a series is better served by the mean, one step ahead. */
const FIRST_LOSS_MEAN = [0.5, 0.6, 0.7, 0.75] as const;
const FIRST_LOSS_NETWORK = [0.55, 0.55, 0.6, 0.65] as const;
const FIRST_SPREAD = [1.5, 2, 2.5, 2.8] as const;

const Q = QUANTILES.length;
// Numbers of one slot: when it is due, value and unit it was made from, the network's quantiles, the mean.
const DUE = 0;
const BASE = 1;
const UNIT = 2;
const NETWORK = 3;
const MEAN = NETWORK + Q;
const SLOT = MEAN + 1;
// Numbers of one series.
const ANSWER = SLOTS * SLOT;
const OFFSET = ANSWER + OUTPUTS;
const MEAN_OFFSET = OFFSET + OUTPUTS;
const LOSS = MEAN_OFFSET + OUTPUTS;
const LEVEL = LOSS + 2 * HORIZONS.length;
const ERROR = LEVEL + SHARES.length;
const SEEN = ERROR + SHARES.length;

/** Numbers that the correction of one series takes. */
export const CORRECTION_WIDTH = SEEN + HORIZONS.length;

/** Prepares the series at `at`. */
export function clearCorrection(slab: Float32Array, at: number): void {
  slab.fill(0, at, at + CORRECTION_WIDTH);
  for (let slot = 0; slot < SLOTS; slot++) slab[at + slot * SLOT + DUE] = -1;
  for (let h = 0; h < HORIZONS.length; h++) {
    slab[at + LOSS + 2 * h] = FIRST_LOSS_MEAN[h] as number;
    slab[at + LOSS + 2 * h + 1] = FIRST_LOSS_NETWORK[h] as number;
    slab[at + MEAN_OFFSET + Q * h] = -(FIRST_SPREAD[h] as number);
    slab[at + MEAN_OFFSET + Q * h + Q - 1] = FIRST_SPREAD[h] as number;
  }
}

const mixed = new Float64Array(Q);
const meant = new Float64Array(Q);

/** Mixes the quantiles of network and mean by what each has been worth on this series, puts the correction on top and keeps them in order. */
function mix(slab: Float32Array, at: number, h: number, network: number, level: number): void {
  const meanWorth = (1 / (slab[at + LOSS + 2 * h] as number)) ** SHARPNESS;
  const networkWorth = (1 / (slab[at + LOSS + 2 * h + 1] as number)) ** SHARPNESS;
  const share = networkWorth / (networkWorth + meanWorth);
  for (let k = 0; k < Q; k++) {
    const mean = level + (slab[at + MEAN_OFFSET + Q * h + k] as number);
    meant[k] = mean;
    mixed[k] = share * (slab[network + k] as number) + (1 - share) * mean + (slab[at + OFFSET + Q * h + k] as number);
  }
  mixed[0] = Math.min(mixed[0] as number, mixed[1] as number);
  mixed[2] = Math.max(mixed[2] as number, mixed[1] as number);
}

/** Mean pinball loss of quantiles `from` on: max(tau e, (tau - 1) e), e = y - q. */
function pinball(y: number, quantiles: ArrayLike<number>, from: number): number {
  let loss = 0;
  for (let k = 0; k < Q; k++) {
    const error = y - (quantiles[from + k] as number);
    const tau = QUANTILES[k] as number;
    loss += error > 0 ? tau * error : (tau - 1) * error;
  }
  return loss / Q;
}

/**
 * Judges the forecasts that were made for `tick` by the `value` that came, and corrects what comes next. Adaptive conformal
 * inference (Gibbs and Candes, NeurIPS 2021) for each quantile and horizon, in squashed units of change:
 *
 *   offset <- offset + 0.05 / sqrt(h) x stride x width x (tau - [y <= q])
 *
 * The mean's quantiles are found in the same way. Values are relative to the series' anchor.
 */
export function judgeForecasts(slab: Float32Array, at: number, tick: number, value: number): void {
  for (let h = 0; h < HORIZONS.length; h++) {
    const stride = STRIDES[h] as number;
    const horizon = HORIZONS[h] as number;
    const from = tick - horizon;
    if (from < 0 || from % stride !== 0) continue;
    const slot = at + ((FIRST_SLOT[h] as number) + ((from / stride) % (KEPT[h] as number))) * SLOT;
    if (slab[slot + DUE] !== tick) continue;
    const base = slab[slot + BASE] as number;
    const unit = slab[slot + UNIT] as number;
    const y = squash((value - base) / unit);
    mix(slab, at, h, slot + NETWORK, slab[slot + MEAN] as number);
    const seen = (slab[at + SEEN + h] as number) + 1;
    slab[at + SEEN + h] = seen;
    const gain = Math.max(LOSS_GAIN * stride, 1 / (seen + 20));
    const loss = at + LOSS + 2 * h;
    slab[loss] = (slab[loss] as number) + gain * (pinball(y, meant, 0) + 1e-4 - (slab[loss] as number));
    slab[loss + 1] = (slab[loss + 1] as number) + gain * (pinball(y, slab, slot + NETWORK) + 1e-4 - (slab[loss + 1] as number));
    const rate = (GAIN / Math.sqrt(horizon)) * stride;
    const meanRate = Math.max(rate, 1 / (seen + 5));
    const width = Math.max(0.05, (mixed[2] as number) - (mixed[0] as number));
    const meanWidth = Math.max(0.05, (meant[2] as number) - (meant[0] as number));
    for (let k = 0; k < Q; k++) {
      const tau = QUANTILES[k] as number;
      const o = at + OFFSET + Q * h + k;
      slab[o] = (slab[o] as number) + rate * width * (tau - (y <= (mixed[k] as number) ? 1 : 0));
      const m = at + MEAN_OFFSET + Q * h + k;
      slab[m] = (slab[m] as number) + meanRate * meanWidth * (tau - (y <= (meant[k] as number) ? 1 : 0));
    }
  }
}

/** Moves the exponential means; the one whose next steps have been nearest speaks for the series. */
export function learnMeans(slab: Float32Array, at: number, value: number, unit: number, first: boolean): void {
  for (let k = 0; k < SHARES.length; k++) {
    const level = first ? value : (slab[at + LEVEL + k] as number);
    const error = squash(Math.abs(value - level) / unit);
    slab[at + ERROR + k] = (slab[at + ERROR + k] as number) + ERROR_GAIN * (error - (slab[at + ERROR + k] as number));
    slab[at + LEVEL + k] = level + (SHARES[k] as number) * (value - level);
  }
}

function bestLevel(slab: Float32Array, at: number): number {
  let best = 0;
  for (let k = 1; k < SHARES.length; k++) {
    if ((slab[at + ERROR + k] as number) < (slab[at + ERROR + best] as number)) best = k;
  }
  return slab[at + LEVEL + best] as number;
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
  const level = squash((bestLevel(slab, at) - value) / unit);
  for (let h = 0; h < HORIZONS.length; h++) {
    const stride = STRIDES[h] as number;
    if (tick % stride !== 0) continue;
    const slot = at + ((FIRST_SLOT[h] as number) + ((tick / stride) % (KEPT[h] as number))) * SLOT;
    slab[slot + DUE] = tick + (HORIZONS[h] as number);
    slab[slot + BASE] = value;
    slab[slot + UNIT] = unit;
    for (let k = 0; k < Q; k++) slab[slot + NETWORK + k] = answers[from + Q * h + k] as number;
    slab[slot + MEAN] = level;
  }
}

/** Writes the quantiles of `horizon` number `h` from the newest point on to `out` from 0; values relative to the anchor. */
export function forecastFrom(slab: Float32Array, at: number, h: number, value: number, unit: number, out: Float64Array): void {
  mix(slab, at, h, at + ANSWER + Q * h, squash((bestLevel(slab, at) - value) / unit));
  for (let k = 0; k < Q; k++) out[k] = value + unit * Math.sinh(mixed[k] as number);
}

/** Writes the quantiles that were forecast `HORIZONS[h]` steps ago for `tick`; false when none were kept. Short horizons only. */
export function forecastFor(slab: Float32Array, at: number, h: number, tick: number, out: Float64Array): boolean {
  const from = tick - (HORIZONS[h] as number);
  const stride = STRIDES[h] as number;
  if (from < 0 || from % stride !== 0) return false;
  const slot = at + ((FIRST_SLOT[h] as number) + ((from / stride) % (KEPT[h] as number))) * SLOT;
  if (slab[slot + DUE] !== tick) return false;
  mix(slab, at, h, slot + NETWORK, slab[slot + MEAN] as number);
  const base = slab[slot + BASE] as number;
  for (let k = 0; k < Q; k++) out[k] = base + (slab[slot + UNIT] as number) * Math.sinh(mixed[k] as number);
  return true;
}
