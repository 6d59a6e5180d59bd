import type { Millis } from '../core/time.ts';
import {
  createForecasts,
  type ForecastSnapshot,
  type Forecasts,
  type Interval,
  type Residuals,
  seriesBytes,
} from './lstm/forecast/forecasts.ts';
import { readForecastModel } from './lstm/forecast/model-json.ts';
import { modelInUse } from './lstm/forecast/model-store.ts';

/**
 * Places in the forecasts of one network for the series that are watched. `residuals` of a point comes before `add`. The
 * network runs over all series that were added to since it last ran, when the first of them is asked about again: once a
 * tick, and once a point while history is replayed.
 */
export interface Foresight {
  /** A place that has seen nothing, of a series with `interval` between its points. */
  take(interval: Millis): number;
  release(place: number): void;
  /** How far a value lies from what was forecast for it; NaN where nothing was. Used again by the next call. */
  residuals(place: number, time: Millis, value: number): Residuals;
  add(place: number, time: Millis, value: number): void;
  /** Quantiles of the value `HORIZONS[horizon]` points after the newest one; NaN before there are two. Used again by the next call. */
  forecast(place: number, horizon: number): Readonly<Interval>;
  /** Chance, 0 to 1, that the value `HORIZONS[horizon]` points after the newest one lies above `limit`; NaN before there are two. */
  chanceAbove(place: number, horizon: number, limit: number): number;
  /** Copies of the arrays of all places. */
  snapshot(): Uint8Array[];
  /** Goes on from a snapshot in which `used` are taken. False, and nothing happens, when it is of another layout. */
  restore(arrays: readonly Uint8Array[], used: Iterable<number>): boolean;
}

const bytes = (array: Float32Array | Float64Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Bytes as numbers: where they lie if they can be read there, else of a copy. */
const whole = (array: Uint8Array) => (array.byteOffset % 8 === 0 ? array : new Uint8Array(array));
const doublesIn = (array: Uint8Array) => {
  const { buffer, byteOffset, byteLength } = whole(array);
  return new Float64Array(buffer, byteOffset, byteLength / Float64Array.BYTES_PER_ELEMENT);
};
const floatsIn = (array: Uint8Array) => {
  const { buffer, byteOffset, byteLength } = whole(array);
  return new Float32Array(buffer, byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT);
};

/** The arrays of a snapshot, in the order in which they are written. */
const arraysOf = ({ doubles, floats, corrections, ticks, hidden }: ForecastSnapshot) =>
  [doubles, floats, corrections, ticks, hidden] as const;

/** Over the network in use in this data folder. Throws `detector_model_unreadable` and `detector_model_shape`. */
export async function openForesight(dataDir: string): Promise<Foresight> {
  const { weights } = readForecastModel(await modelInUse(dataDir));
  return createForesight(await createForecasts(weights), weights.units);
}

/** `units`: of the network. */
export function createForesight(forecasts: Forecasts, units: number): Foresight {
  const free: number[] = [];
  /** Places added to since the network last ran. */
  const waiting = new Set<number>();
  const out: Residuals = { one: NaN, five: NaN, oneSpread: NaN, fiveSpread: NaN };
  const interval: Interval = { low: NaN, middle: NaN, high: NaN };
  let next = 0;

  function settle(place: number): void {
    if (!waiting.has(place)) return;
    forecasts.run();
    waiting.clear();
  }

  return {
    take(interval) {
      const place = free.pop() ?? next++;
      settle(place);
      forecasts.begin(place, interval);
      return place;
    },

    release(place) {
      free.push(place);
    },

    residuals(place, time, value) {
      settle(place);
      return forecasts.residuals(place, time, value, out);
    },

    add(place, time, value) {
      settle(place);
      if (forecasts.add(place, time, value)) waiting.add(place);
    },

    forecast(place, horizon) {
      settle(place);
      return forecasts.forecast(place, horizon, interval);
    },

    chanceAbove(place, horizon, limit) {
      settle(place);
      return forecasts.chanceAbove(place, horizon, limit);
    },

    snapshot() {
      const snapshot = forecasts.snapshot();
      waiting.clear();
      return arraysOf(snapshot).map(bytes);
    },

    restore(arrays, used) {
      const [doubles, floats, corrections, ticks, hidden] = arrays;
      if (!doubles || !floats || !corrections || !ticks || !hidden || arrays.length !== 5) return false;
      const places = ticks.byteLength / Float64Array.BYTES_PER_ELEMENT;
      const all = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (all !== places * seriesBytes(units) || hidden.byteLength !== places * 8 * units) return false;
      forecasts.restore({
        doubles: doublesIn(doubles),
        floats: floatsIn(floats),
        corrections: floatsIn(corrections),
        ticks: doublesIn(ticks),
        hidden: floatsIn(hidden),
      });
      waiting.clear();
      const taken = new Set(used);
      next = Math.max(-1, ...taken) + 1;
      free.length = 0;
      for (let place = 0; place < next; place++) if (!taken.has(place)) free.push(place);
      return true;
    },
  };
}
