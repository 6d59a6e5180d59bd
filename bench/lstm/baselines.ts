import { HORIZONS } from '../../detector/lstm/forecast/features.ts';
import { QUANTILES } from '../../detector/lstm/forecast/model-json.ts';

const WINDOW = 1000;
const LEAST = 10;

/** Something that says where the series will be; its intervals come from its own past errors. */
export interface PointForecaster {
  /** Writes the expected value at each horizon to `out`. */
  expect(out: Float64Array): void;
  learn(value: number): void;
}

/** The newest 1,000 errors of one horizon, in order: rolling conformal intervals. */
export class RollingErrors {
  readonly #sorted = new Float64Array(WINDOW + 1);
  readonly #recent = new Float64Array(WINDOW);
  #count = 0;
  #next = 0;

  add(error: number): void {
    if (this.#count === WINDOW) {
      const at = this.#place(this.#recent[this.#next] as number);
      this.#sorted.copyWithin(at, at + 1, this.#count);
      this.#count--;
    }
    const at = this.#place(error);
    this.#sorted.copyWithin(at + 1, at, this.#count);
    this.#sorted[at] = error;
    this.#count++;
    this.#recent[this.#next] = error;
    this.#next = (this.#next + 1) % WINDOW;
  }

  quantile(q: number): number {
    if (this.#count < LEAST) return 0;
    const place = q * (this.#count - 1);
    const low = Math.floor(place);
    const a = this.#sorted[low] as number;
    return a + (place - low) * ((this.#sorted[Math.min(low + 1, this.#count - 1)] as number) - a);
  }

  #place(error: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as number) < error) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Exponential smoothing with one share for each horizon: level <- level + share (value - level). */
export function smoothing(shares: readonly number[]): PointForecaster {
  const levels = new Float64Array(shares.length).fill(NaN);
  return {
    expect: (out) => out.set(levels),
    learn(value) {
      for (const [k, share] of shares.entries()) {
        const level = levels[k] as number;
        levels[k] = Number.isNaN(level) ? value : level + share * (value - level);
      }
    },
  };
}

export interface HoltWintersSetting {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
  readonly damping: number;
}

/** Additive Holt-Winters with a damped trend and a season of `period` points (Gardner and McKenzie 1985). */
export function holtWinters(
  period: number,
  { level: a, trend: b, season: g, damping }: HoltWintersSetting,
): PointForecaster {
  const seasons = new Float64Array(period);
  let level = NaN;
  let trend = 0;
  let place = 0;
  return {
    expect(out) {
      let damped = 0;
      let power = 1;
      let done = 0;
      for (const [k, horizon] of HORIZONS.entries()) {
        for (; done < horizon; done++) {
          power *= damping;
          damped += power;
        }
        out[k] = level + damped * trend + (seasons[(place + horizon - 1) % period] as number);
      }
    },
    learn(value) {
      const season = seasons[place] as number;
      if (!Number.isNaN(value)) {
        if (Number.isNaN(level)) level = value;
        const before = level;
        level = a * (value - season) + (1 - a) * (level + damping * trend);
        trend = b * (level - before) + (1 - b) * damping * trend;
        seasons[place] = g * (value - level) + (1 - g) * season;
      } else level += damping * trend;
      place = (place + 1) % period;
    },
  };
}

const SHARES = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1];
const SETTINGS = [0.1, 0.3, 0.7].flatMap((level) =>
  [0.01, 0.1].flatMap((trend) => [0.1, 0.4].map((season) => ({ level, trend, season, damping: 0.9 }))),
);

/** Mean size of the error at each horizon. */
function errorsOf(create: () => PointForecaster, values: ArrayLike<number>): Float64Array {
  const forecaster = create();
  const sums = new Float64Array(HORIZONS.length);
  const counts = new Float64Array(HORIZONS.length);
  const out = new Float64Array(HORIZONS.length);
  for (let i = 0; i < values.length; i++) {
    if (i > 0 || !Number.isNaN(values[i])) forecaster.learn(values[i] as number);
    forecaster.expect(out);
    for (const [k, horizon] of HORIZONS.entries()) {
      const error = Math.abs((values[i + horizon] as number) - (out[k] as number));
      if (Number.isNaN(error)) continue;
      sums[k] = (sums[k] as number) + error;
      counts[k] = (counts[k] as number) + 1;
    }
  }
  return sums.map((sum, k) => sum / Math.max(1, counts[k] as number));
}

/** The share that is best on `past`, for each horizon. */
export function tunedSmoothing(past: ArrayLike<number>): PointForecaster {
  const known = Float64Array.from(past).filter((value) => !Number.isNaN(value));
  const errors = SHARES.map((share) => errorsOf(() => smoothing(HORIZONS.map(() => share)), known));
  return smoothing(HORIZONS.map((_, k) => SHARES[leastAt(errors.map((error) => error[k] as number))] as number));
}

/** The setting of twelve that is best on `past`, over all horizons. */
export function tunedHoltWinters(past: ArrayLike<number>, period: number): PointForecaster {
  const errors = SETTINGS.map((setting) => errorsOf(() => holtWinters(period, setting), past));
  const least = HORIZONS.map((_, k) => Math.min(...errors.map((error) => error[k] as number)) || 1);
  const sums = errors.map((error) => error.reduce((sum, e, k) => sum + e / (least[k] as number), 0));
  return holtWinters(period, SETTINGS[leastAt(sums)] as HoltWintersSetting);
}

const leastAt = (numbers: readonly number[]) => numbers.indexOf(Math.min(...numbers));

/** Mean pinball loss of three quantiles. */
export function pinball(value: number, low: number, middle: number, high: number): number {
  const [a, b, c] = QUANTILES;
  const one = (tau: number, q: number) => (value > q ? tau * (value - q) : (1 - tau) * (q - value));
  return (one(a, low) + one(b, middle) + one(c, high)) / 3;
}
