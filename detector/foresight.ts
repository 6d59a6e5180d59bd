import { crc32 } from 'node:zlib';
import { WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';
import type { Miss } from './lstm/forecast/correction.ts';
import {
  createForecasts,
  type ForecastArrays,
  type Forecasts,
  type Interval,
  type Residuals,
} from './lstm/forecast/forecasts.ts';
import { readForecastModel } from './lstm/forecast/model-json.ts';
import { modelInUse } from './lstm/forecast/model-store.ts';
import type { LstmWeights } from './lstm/kernel/weights.ts';

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
  /** Takes a point in. Returns what the forecast of five steps before was worth; undefined without one. Used again by the next call. */
  add(place: number, time: Millis, value: number): Readonly<Miss> | undefined;
  /** Quantiles of the value `HORIZONS[horizon]` points after the newest one; NaN before there are two. Used again by the next call. */
  forecast(place: number, horizon: number): Readonly<Interval>;
  /** Chance, 0 to 1, that the value `HORIZONS[horizon]` points after the newest one lies above `limit`; NaN before there are two. */
  chanceAbove(place: number, horizon: number, limit: number): number;
  /**
   * Goes on with another network of as many units. What each place knows of its series stays; the states were the old network's and
   * begin anew, and nothing is told of a place until its forecasts are the new one's and were made in a warm state. Throws
   * `detector_model_shape` for another size.
   */
  load(weights: LstmWeights): void;
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
  return createForesight(createForecasts(weights), weights);
}

/** Points after new weights in which a place is silent: the state warms up for 8, then forecasts of five steps come due. */
const COLD_POINTS = 13;
const STEPS_DUE = 5;

/** Which network it is. */
function identityOf({ kernel, recurrent, bias, head, headBias }: LstmWeights): number {
  return [kernel, recurrent, bias, head, headBias].reduce((crc, { buffer, byteOffset, byteLength }) => {
    return crc32(new Uint8Array(buffer, byteOffset, byteLength), crc);
  }, 0);
}

/** `weights`: those of `forecasts`. */
export function createForesight(forecasts: Forecasts, weights: LstmWeights): Foresight {
  const { units } = weights;
  let identity = identityOf(weights);
  /** Of the network whose state `room` was filled with. */
  const restored = Float64Array.of(identity);
  /** Points for which a place stays silent. */
  let cold = new Uint8Array(64);
  const free: number[] = [];
  /** Counts the runs of the network from 1; of each place the run that what was added to it waits for. */
  let runs = 1;
  let waitsFor = new Uint32Array(64);
  const out: Residuals = { one: NaN, five: NaN };
  const interval: Interval = { low: NaN, middle: NaN, high: NaN };
  const nothing: Residuals = { one: NaN, five: NaN };
  let next = 0;

  function reserve(places: number): void {
    if (places <= cold.length) return;
    const wider = new Uint8Array(2 * places);
    wider.set(cold);
    cold = wider;
    const longer = new Uint32Array(2 * places);
    longer.set(waitsFor);
    waitsFor = longer;
  }

  function run(): void {
    forecasts.run();
    runs++;
  }

  /** Whether what a place forecasts now comes from a state that has seen enough. */
  const isWarm = (place: number) => (cold[place] as number) <= STEPS_DUE;

  function settle(place: number): void {
    if (waitsFor[place] === runs) run();
  }

  return {
    take(interval) {
      const place = free.pop() ?? next++;
      settle(place);
      reserve(place + 1);
      cold[place] = 0;
      forecasts.begin(place, interval);
      return place;
    },

    release(place) {
      free.push(place);
    },

    residuals(place, time, value) {
      settle(place);
      if ((cold[place] as number) > 0) return nothing;
      return forecasts.residuals(place, time, value, out);
    },

    add(place, time, value) {
      settle(place);
      if (!forecasts.add(place, time, value)) return undefined;
      waitsFor[place] = runs;
      const silent = cold[place] as number;
      if (silent === 0) return forecasts.miss();
      cold[place] = silent - 1;
      return undefined;
    },

    load(fresh) {
      if (fresh.units !== units) {
        throw new WeirError(
          'detector_model_shape',
          `a network of ${fresh.units} units cannot go on from one of ${units}`,
        );
      }
      forecasts.load(fresh);
      runs++;
      cold.fill(COLD_POINTS);
      identity = identityOf(fresh);
    },

    forecast(place, horizon) {
      settle(place);
      const { low, middle, high } = forecasts.forecast(place, horizon, interval);
      const known = isWarm(place);
      interval.low = known ? low : NaN;
      interval.middle = known ? middle : NaN;
      interval.high = known ? high : NaN;
      return interval;
    },

    chanceAbove(place, horizon, limit) {
      settle(place);
      return isWarm(place) ? forecasts.chanceAbove(place, horizon, limit) : NaN;
    },

    arrays() {
      run();
      reserve(next);
      return [...arraysOf(forecasts.live(next)).map(bytes), cold.subarray(0, next), bytes(Float64Array.of(identity))];
    },

    room(places) {
      next = places;
      free.length = 0;
      reserve(places);
      cold.fill(0);
      restored[0] = identity;
      runs++;
      return [...arraysOf(forecasts.room(places)).map(bytes), cold.subarray(0, places), bytes(restored)];
    },

    resume(used) {
      if (restored[0] !== identity) {
        forecasts.forget();
        cold.fill(COLD_POINTS);
      }
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
