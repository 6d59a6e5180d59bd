import { crc32 } from 'node:zlib';
import { WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';
import {
  createForecasts,
  type ForecastSnapshot,
  type Forecasts,
  type Interval,
  type Miss,
  type Residuals,
  seriesBytes,
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
  /** What the forecast of five steps before was worth; undefined without one. Used again by the next call. Comes before `add`. */
  miss(place: number, time: Millis, value: number): Miss | undefined;
  add(place: number, time: Millis, value: number): void;
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
  /** Copies of the arrays of all places. */
  snapshot(): Uint8Array[];
  /**
   * Goes on from a snapshot in which `used` are taken; one of another network is taken over as `load` does. False, and nothing
   * happens, when it is of another layout.
   */
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
  return createForesight(await createForecasts(weights), weights);
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
  /** Points for which a place stays silent. */
  let cold = new Uint8Array(64);
  const free: number[] = [];
  /** Places added to since the network last ran. */
  const waiting = new Set<number>();
  const out: Residuals = { one: NaN, five: NaN, oneSpread: NaN, fiveSpread: NaN };
  const interval: Interval = { low: NaN, middle: NaN, high: NaN };
  const missed: Miss = { error: NaN, naive: NaN, inside: false };
  const nothing: Residuals = { one: NaN, five: NaN, oneSpread: NaN, fiveSpread: NaN };
  let next = 0;

  function reserve(places: number): void {
    if (places <= cold.length) return;
    const wider = new Uint8Array(2 * places);
    wider.set(cold);
    cold = wider;
  }

  /** Whether what a place forecasts now comes from a state that has seen enough. */
  const isWarm = (place: number) => (cold[place] as number) <= STEPS_DUE;

  function settle(place: number): void {
    if (!waiting.has(place)) return;
    forecasts.run();
    waiting.clear();
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

    miss(place, time, value) {
      settle(place);
      if ((cold[place] as number) > 0) return undefined;
      return forecasts.miss(place, time, value, missed) ? missed : undefined;
    },

    add(place, time, value) {
      settle(place);
      if (!forecasts.add(place, time, value)) return;
      waiting.add(place);
      if ((cold[place] as number) > 0) cold[place] = (cold[place] as number) - 1;
    },

    load(fresh) {
      if (fresh.units !== units) {
        throw new WeirError(
          'detector_model_shape',
          `a network of ${fresh.units} units cannot go on from one of ${units}`,
        );
      }
      forecasts.load(fresh);
      waiting.clear();
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

    snapshot() {
      const snapshot = forecasts.snapshot();
      waiting.clear();
      return [
        ...arraysOf(snapshot).map(bytes),
        cold.slice(0, snapshot.ticks.length),
        new Uint8Array(Float64Array.of(identity).buffer),
      ];
    },

    restore(arrays, used) {
      const [doubles, floats, corrections, ticks, hidden, silent, network] = arrays;
      if (!doubles || !floats || !corrections || !ticks || !hidden || !silent || !network) return false;
      const places = ticks.byteLength / Float64Array.BYTES_PER_ELEMENT;
      const all = arrays.slice(0, 5).reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (silent.byteLength > places || network.byteLength !== 8) return false;
      if (all !== places * seriesBytes(units) || hidden.byteLength !== places * 8 * units) return false;
      forecasts.restore({
        doubles: doublesIn(doubles),
        floats: floatsIn(floats),
        corrections: floatsIn(corrections),
        ticks: doublesIn(ticks),
        hidden: floatsIn(hidden),
      });
      reserve(places);
      cold.set(silent);
      if (doublesIn(network)[0] !== identity) {
        forecasts.forget();
        cold.fill(COLD_POINTS);
      }
      waiting.clear();
      const taken = new Set(used);
      next = Math.max(-1, ...taken) + 1;
      free.length = 0;
      for (let place = 0; place < next; place++) if (!taken.has(place)) free.push(place);
      return true;
    },
  };
}
