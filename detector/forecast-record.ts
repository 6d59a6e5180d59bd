import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import type { Miss } from './lstm/forecast/correction.ts';

/** How good the forecasts of a signal were lately. */
export interface ForecastQuality {
  /** Pinball loss of the median, over that of the value the forecast was made from. */
  readonly loss: number;
  /** Share of the values within the 90 % band. */
  readonly coverage: number;
  /** Forecasts behind these, fading as they do. */
  readonly count: number;
}

/**
 * What came of the forecasts of each signal, all its series together and in the units of change of each, so that no large one drowns the
 * others; no miss counts more than 10 units. It fades by half every six hours. The points of anomalies are not judged.
 */
export interface ForecastRecord {
  take(signal: Signal, time: Millis, miss: Miss): void;
  /** NaN while nothing was judged. */
  of(signal: Signal): ForecastQuality;
  readonly signals: Iterable<Signal>;
}

const HALF_LIFE: Millis = 6 * 3_600_000;
const MOST_UNITS = 10;
/** Forecasts before a quality is told. */
const LEAST = 100;

interface Sums {
  time: Millis;
  error: number;
  naive: number;
  inside: number;
  count: number;
}

export function createForecastRecord(): ForecastRecord {
  const sums = new Map<Signal, Sums>();
  return {
    take(signal, time, { error, naive, inside }) {
      let sum = sums.get(signal);
      if (sum === undefined) {
        sum = { time, error: 0, naive: 0, inside: 0, count: 0 };
        sums.set(signal, sum);
      }
      let weight = 1;
      // History of a series that is met late is told after newer points of others: then it counts what would be left of it.
      if (time !== sum.time) weight = 0.5 ** (Math.abs(time - sum.time) / HALF_LIFE);
      if (time > sum.time) {
        sum.time = time;
        sum.error *= weight;
        sum.naive *= weight;
        sum.inside *= weight;
        sum.count *= weight;
        weight = 1;
      }
      sum.error += weight * Math.min(MOST_UNITS, Math.abs(error));
      sum.naive += weight * Math.min(MOST_UNITS, Math.abs(naive));
      sum.inside += inside ? weight : 0;
      sum.count += weight;
    },
    of(signal) {
      const sum = sums.get(signal);
      if (sum === undefined || sum.count < LEAST) return { loss: NaN, coverage: NaN, count: sum?.count ?? 0 };
      return {
        loss: sum.naive > 0 ? sum.error / sum.naive : NaN,
        coverage: sum.inside / sum.count,
        count: sum.count,
      };
    },
    get signals() {
      return sums.keys();
    },
  };
}
