import type { Millis } from '../core/time.ts';
import {
  createForecasts,
  type ForecastArrays,
  type Forecasts,
  type Interval,
  type Residuals,
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
  /** The bytes of the arrays of all places that were ever in use, where they lie: all there is to keep. */
  arrays(): readonly Uint8Array[];
  /** Forgets everything and makes room for as many places, to be filled with what `arrays` gave; `resume` comes next. */
  room(places: number): readonly Uint8Array[];
  /** Goes on with the places in use in what `room` was filled with. */
  resume(used: Iterable<number>): void;
  /** Places that were ever in use. */
  readonly places: number;
}

const bytes = (array: Float32Array | Float64Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** The arrays of a snapshot, in the order in which they are written. */
const arraysOf = ({ doubles, floats, corrections, ticks, hidden }: ForecastArrays) =>
  [doubles, floats, corrections, ticks, hidden] as const;

/** Over the network in use in this data folder. Throws `detector_model_unreadable` and `detector_model_shape`. */
export async function openForesight(dataDir: string): Promise<Foresight> {
  const { weights } = readForecastModel(await modelInUse(dataDir));
  return createForesight(createForecasts(weights));
}

export function createForesight(forecasts: Forecasts): Foresight {
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

    arrays() {
      forecasts.run();
      waiting.clear();
      return arraysOf(forecasts.live(next)).map(bytes);
    },

    room(places) {
      next = places;
      free.length = 0;
      waiting.clear();
      return arraysOf(forecasts.room(places)).map(bytes);
    },

    resume(used) {
      const taken = new Set(used);
      next = 0;
      for (const place of taken) next = Math.max(next, place + 1);
      free.length = 0;
      for (let place = 0; place < next; place++) if (!taken.has(place)) free.push(place);
    },

    get places() {
      return next;
    },
  };
}
