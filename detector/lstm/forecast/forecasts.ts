import type { Millis } from '../../../core/time.ts';
import { createKernel, type KernelOptions, type LstmKernel } from '../kernel/kernel.ts';
import { openStepper } from '../kernel/pool.ts';
import type { LstmWeights } from '../kernel/weights.ts';
import {
  CORRECTION_WIDTH,
  chanceAbove,
  clearCorrection,
  forecastFrom,
  judgeForecasts,
  keepForecasts,
  type Miss,
  medianFor,
} from './correction.ts';
import { FEATURE_BYTES, FEATURES, Features, LONGEST_GAP } from './features.ts';

/** Ticks are counted in 32-bit floats: they start again before those lose whole numbers. A multiple of all strides. */
const TICKS = 10_000_000;
const FIRST_READY = 2;
const BATCH = 1024;

/** A forecast in the series' own units: 5 %, 50 % and 95 % of what is to come lie below. */
export interface Interval {
  low: number;
  middle: number;
  high: number;
}

/** How far a value lies from what was forecast for it, in the series' own units; NaN where nothing was. */
export interface Residuals {
  /** Value less the median forecast one step before, and five steps before. */
  one: number;
  five: number;
}

export interface ForecastOptions extends Omit<KernelOptions, 'batch'> {
  /** Points taken in before the network must run. */
  readonly batch?: number;
}

/** Raw state of series, to be written and read as it is. Independent of the kernel's build. */
export interface ForecastArrays {
  readonly doubles: Float64Array;
  readonly floats: Float32Array;
  readonly corrections: Float32Array;
  readonly ticks: Float64Array;
  readonly hidden: Float32Array;
}

/**
 * Forecasts of many series with one network, one point at a time. For each tick of the clock: ask `residuals` of the points that
 * came, then `add` them, then `run` once. Series are numbers from 0; each stands at most once between two runs.
 */
export interface Forecasts {
  /** Starts a series afresh (and makes room for it), with `interval` between its points. */
  begin(series: number, interval: Millis): void;
  /** Compares a value that was not added yet with what was forecast for its time. Writes to `out` and returns it. */
  residuals(series: number, time: Millis, value: number, out: Residuals): Residuals;
  /** Takes a point in. False, and nothing happens, for a value that is not finite or a time that is not later. */
  add(series: number, time: Millis, value: number): boolean;
  /** What the forecast of five steps before was worth to the point added last; undefined without one. Used again. */
  miss(): Readonly<Miss> | undefined;
  /** Steps the network over the points taken in since the last time. */
  run(): void;
  /** The forecast of `HORIZONS[horizon]` steps after the newest point that ran; NaN before there are two points. */
  forecast(series: number, horizon: number, out: Interval): Interval;
  /** Chance, 0 to 1, that the value `HORIZONS[horizon]` steps ahead lies above `limit`; NaN before there are two points. */
  chanceAbove(series: number, horizon: number, limit: number): number;
  /** New weights of the same shape, between two runs. The states, which were the old network's, begin anew. */
  load(weights: LstmWeights): void;
  /** The states of all series begin anew; what is known of the series stays. Between two runs. */
  forget(): void;
  /** The raw state of the first `count` series where it lies, good until a series begins or a point is added. */
  live(count: number): ForecastArrays;
  /** `live`, with room made for `count` series: for a snapshot to be written to. What waited for the network is dropped. */
  room(count: number): ForecastArrays;
}

/** Bytes of state that one series takes: features, corrections, tick, hidden state of `units` units. */
export const seriesBytes = (units: number) => FEATURE_BYTES + 4 * CORRECTION_WIDTH + 8 + 8 * units;

/** Forecasts over a network, on the caller's thread. Throws `detector_model_shape`. */
export function createForecasts(weights: LstmWeights, options: Omit<ForecastOptions, 'threads'> = {}): Forecasts {
  return forecastsOver(createKernel(weights, { ...options, batch: options.batch ?? BATCH }), options.series ?? 0);
}

/** Forecasts over a network that runs on `threads` threads, the caller's being one; they end with it. */
export async function openForecasts(
  weights: LstmWeights,
  options: ForecastOptions,
): Promise<Forecasts & AsyncDisposable> {
  const kernel = createKernel(weights, { ...options, batch: options.batch ?? BATCH });
  const stepper = await openStepper(kernel);
  return {
    ...forecastsOver(kernel, options.series ?? 0, stepper.step),
    [Symbol.asyncDispose]: () => stepper[Symbol.asyncDispose](),
  };
}

function forecastsOver(kernel: LstmKernel, series: number, step: (rows: number) => void = kernel.step): Forecasts {
  const width = 2 * kernel.layout.units;
  const outputs = kernel.layout.outputs;
  let room = series;
  const features = new Features(room);
  let corrections = new Float32Array(room * CORRECTION_WIDTH);
  let ticks = new Float64Array(room);
  let rows = 0;
  const { batch } = kernel.layout;
  const quantiles = new Float64Array(3);
  const missed: Miss = { error: NaN, naive: NaN, inside: false };
  let judged = false;

  function reserve(series: number): void {
    if (series <= room) return;
    room = Math.max(series, Math.ceil(room * 1.5), 64);
    features.reserve(room);
    kernel.reserve(room);
    const wider = new Float32Array(room * CORRECTION_WIDTH);
    wider.set(corrections);
    corrections = wider;
    const longer = new Float64Array(room);
    longer.set(ticks);
    ticks = longer;
  }

  function tickOf(series: number, time: Millis): number {
    const since = time - features.time(series);
    const interval = features.interval(series);
    const tick = ticks[series] as number;
    if (since === interval && tick + 1 < TICKS) return tick + 1;
    return (tick + Math.max(1, Math.round(since / interval))) % TICKS;
  }

  function run(): void {
    if (rows === 0) return;
    step(rows);
    for (let row = 0; row < rows; row++) {
      const series = kernel.index[row] as number;
      const value = features.value(series) - features.anchor(series);
      const unit = features.unit(series);
      keepForecasts(
        corrections,
        series * CORRECTION_WIDTH,
        ticks[series] as number,
        value,
        unit,
        kernel.out,
        row * outputs,
      );
    }
    rows = 0;
  }

  function live(count: number): ForecastArrays {
    const [doubles, floats] = features.arrays;
    return {
      doubles: doubles.subarray(0, (doubles.length / room) * count),
      floats: floats.subarray(0, (floats.length / room) * count),
      corrections: corrections.subarray(0, CORRECTION_WIDTH * count),
      ticks: ticks.subarray(0, count),
      hidden: kernel.state.subarray(0, width * count),
    };
  }

  return {
    begin(series, interval) {
      reserve(series + 1);
      features.begin(series, interval);
      clearCorrection(corrections, series * CORRECTION_WIDTH);
      ticks[series] = 0;
      kernel.state.fill(0, series * width, (series + 1) * width);
    },

    residuals(series, time, value, out) {
      out.one = NaN;
      out.five = NaN;
      if (features.points(series) === 0) return out;
      const tick = tickOf(series, time);
      const at = series * CORRECTION_WIDTH;
      const anchored = value - features.anchor(series);
      out.one = anchored - medianFor(corrections, at, 0, tick);
      out.five = anchored - medianFor(corrections, at, 1, tick);
      return out;
    },

    miss: () => (judged ? missed : undefined),

    add(series, time, value) {
      const known = features.points(series) > 0;
      if (!Number.isFinite(value) || (known && !(time > features.time(series)))) return false;
      if (rows === batch) run();
      if (known) ticks[series] = tickOf(series, time);
      const pause = features.push(series, time, value, kernel.x, rows * FEATURES);
      const anchored = value - features.anchor(series);
      judged = judgeForecasts(corrections, series * CORRECTION_WIDTH, ticks[series] as number, anchored, missed);
      if (pause > LONGEST_GAP) kernel.state.fill(0, series * width, (series + 1) * width);
      kernel.index[rows] = series;
      rows++;
      return true;
    },

    run,

    forecast(series, horizon, out) {
      if (features.points(series) < FIRST_READY) quantiles.fill(NaN);
      else {
        const value = features.value(series) - features.anchor(series);
        forecastFrom(corrections, series * CORRECTION_WIDTH, horizon, value, features.unit(series), quantiles);
      }
      const anchor = features.anchor(series);
      out.low = anchor + (quantiles[0] as number);
      out.middle = anchor + (quantiles[1] as number);
      out.high = anchor + (quantiles[2] as number);
      return out;
    },

    chanceAbove(series, horizon, limit) {
      if (features.points(series) < FIRST_READY) return NaN;
      const anchor = features.anchor(series);
      const value = features.value(series) - anchor;
      return chanceAbove(corrections, series * CORRECTION_WIDTH, horizon, value, features.unit(series), limit - anchor);
    },

    load(next) {
      run();
      kernel.load(next);
      kernel.state.fill(0);
    },

    forget() {
      kernel.state.fill(0);
    },

    live(count) {
      run();
      reserve(count);
      return live(count);
    },

    room(count) {
      rows = 0;
      reserve(count);
      return live(count);
    },
  };
}
