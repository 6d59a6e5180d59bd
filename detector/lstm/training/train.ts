import type { LayersModel } from '@tensorflow/tfjs-layers';
import { seededRandom } from '../../random.ts';
import type { LstmWeights } from '../kernel/weights.ts';
import { createChance } from './chance.ts';
import { makeSeries } from './generator.ts';
import { buildNetwork, fitNetwork, lossOf, setWeights } from './network.ts';
import { cutSegments, type GridSeries, joinSegments, type Segments } from './segments.ts';

/** Points of a made series at most, and segments cut from each. */
const LENGTH = 4000;
const CUTS = 2;
/** Made series that are kept aside to judge by. */
const ASIDE = 150;
/** A segment is cut from a real series for each of so many points. */
const REAL_POINTS = 400;
const LEARNT_SHARE = 0.8;

export interface TrainOptions {
  readonly seed: number;
  readonly units: number;
  /** Made series to learn from. */
  readonly series: number;
  readonly steps: number;
  readonly batch: number;
  readonly rate: number;
  /** Made series to judge by, 150 when not given. */
  readonly aside?: number;
  /** Real series to learn from beside the made ones; the last fifth of each is kept aside. */
  readonly real?: readonly GridSeries[];
  /** Weights to begin with instead of random ones; of as many units. */
  readonly from?: LstmWeights;
  /** Segments that are learnt of each real series at most; a quarter as many are kept aside. */
  readonly mostCuts?: number;
  readonly onProgress?: (line: string) => void;
}

/** The setting that made the shipped weights. */
export const SHIPPED: Omit<TrainOptions, 'real' | 'from' | 'onProgress'> = {
  seed: 1,
  units: 32,
  series: 5000,
  steps: 4000,
  batch: 32,
  rate: 6e-3,
};

/** Segments of `count` made series from seed `first` on, the same every time. */
export function madeSegments(first: number, count: number): Segments {
  const chance = createChance(first);
  return joinSegments(
    Array.from({ length: count }, (_, i) => cutSegments(makeSeries(first + i, LENGTH), CUTS, chance)),
  );
}

/** A setting for going on from a network that is there: under two minutes on one core. */
export const TUNING: typeof SHIPPED = { ...SHIPPED, series: 800, steps: 600, rate: 1e-3 };

/** Losses of the network that training began with and of what came of it; NaN where there was nothing to judge by. */
export interface Losses {
  readonly before: number;
  readonly after: number;
}

/** What came of a training. Losses are of what it did not learn from: made series, and the last fifth of each real one. */
export interface Trained {
  readonly model: LayersModel;
  readonly loss: number;
  /** Loss of the network it began with. */
  readonly before: number;
  readonly seconds: number;
  readonly made: Losses;
  readonly real: Losses;
  /** Segments of real series that were learnt, and kept aside. */
  readonly realSegments: { readonly learnt: number; readonly aside: number };
}

/** The part of `series` between two shares of its length. */
function stretch({ start, step, values }: GridSeries, from: number, to: number): GridSeries {
  const [first, end] = [from, to].map((share) => Math.floor(share * values.length)) as [number, number];
  return { start: start + first * step, step, values: values.subarray(first, end) };
}

/**
 * Trains a network from the start, or on from the weights of `from`. The same options give the same network. `openTraining` comes
 * first.
 */
export function trainNetwork(options: TrainOptions): Trained {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const say = options.onProgress ?? (() => {});
  const { seed, real = [] } = options;
  const chance = createChance(seed + 7);
  const { mostCuts = Infinity } = options;
  const cut = (from: number, to: number, most: number) =>
    real.map((series) =>
      cutSegments(stretch(series, from, to), Math.min(most, Math.ceil(series.values.length / REAL_POINTS)), chance),
    );
  const learnt = joinSegments(cut(0, LEARNT_SHARE, mostCuts));
  const segments = joinSegments([madeSegments(1_000_003 * seed + 500_000, options.series), learnt]);
  const madeAside = madeSegments(1_000_003 * seed, options.aside ?? ASIDE);
  const realAside = joinSegments(cut(LEARNT_SHARE, 1, Math.ceil(mostCuts / 4)));
  say(`${segments.count} segments after ${seconds().toFixed(0)} s`);
  const model = buildNetwork(options.units, seed);
  if (options.from !== undefined) setWeights(model, options.from);
  const losses = () => {
    const [made, ofReal] = [lossOf(model, madeAside), lossOf(model, realAside)];
    const whole = madeAside.count * made + (realAside.count === 0 ? 0 : realAside.count * ofReal);
    return { made, real: ofReal, all: whole / (madeAside.count + realAside.count) };
  };
  const before = losses();
  let sum = 0;
  fitNetwork(model, segments, {
    steps: options.steps,
    batch: options.batch,
    rate: options.rate,
    random: seededRandom(seed),
    onStep: (step, loss) => {
      sum += loss;
      if ((step + 1) % 100 !== 0) return;
      say(`step ${step + 1}: loss ${(sum / 100).toFixed(4)} after ${seconds().toFixed(0)} s`);
      sum = 0;
    },
  });
  const after = losses();
  say(
    `loss on what was kept aside: ${before.all.toFixed(4)} before, ${after.all.toFixed(4)} now, after ${seconds().toFixed(0)} s`,
  );
  return {
    model,
    loss: after.all,
    before: before.all,
    seconds: seconds(),
    made: { before: before.made, after: after.made },
    real: { before: before.real, after: after.real },
    realSegments: { learnt: learnt.count, aside: realAside.count },
  };
}
