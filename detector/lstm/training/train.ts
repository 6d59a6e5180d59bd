import type { LayersModel } from '@tensorflow/tfjs-layers';
import { seededRandom } from '../../random.ts';
import { createChance } from './chance.ts';
import { makeSeries } from './generator.ts';
import { buildNetwork, fitNetwork, lossOf } from './network.ts';
import { cutSegments, type GridSeries, joinSegments, type Segments } from './segments.ts';

/** Points of a made series at most, and segments cut from each. */
const LENGTH = 4000;
const CUTS = 4;
/** Made series that are kept aside to judge by. */
const ASIDE = 150;

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
  /** Real series to learn from beside the made ones. */
  readonly real?: readonly GridSeries[];
  readonly onProgress?: (line: string) => void;
}

/** The setting that made the shipped weights. */
export const SHIPPED: Omit<TrainOptions, 'real' | 'onProgress'> = {
  seed: 1,
  units: 32,
  series: 4000,
  steps: 3000,
  batch: 64,
  rate: 6e-3,
};

/** Segments of `count` made series from seed `first` on, the same every time. */
export function madeSegments(first: number, count: number): Segments {
  const chance = createChance(first);
  return joinSegments(
    Array.from({ length: count }, (_, i) => cutSegments(makeSeries(first + i, LENGTH), CUTS, chance)),
  );
}

/** What came of a training. Losses are of series that it did not learn from. */
export interface Trained {
  readonly model: LayersModel;
  readonly loss: number;
  readonly seconds: number;
}

/** Trains a network from the start. The same options give the same network. `openTraining` comes first. */
export function trainNetwork(options: TrainOptions): Trained {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const say = options.onProgress ?? (() => {});
  const heldOut = madeSegments(1_000_003 * options.seed, options.aside ?? ASIDE);
  const made = madeSegments(1_000_003 * options.seed + 500_000, options.series);
  const chance = createChance(options.seed + 7);
  const real = (options.real ?? []).map((series) => cutSegments(series, Math.ceil(series.values.length / 200), chance));
  const segments = joinSegments([made, ...real]);
  say(`${segments.count} segments after ${seconds().toFixed(0)} s`);
  const model = buildNetwork(options.units, options.seed);
  let sum = 0;
  fitNetwork(model, segments, {
    steps: options.steps,
    batch: options.batch,
    rate: options.rate,
    random: seededRandom(options.seed),
    onStep: (step, loss) => {
      sum += loss;
      if ((step + 1) % 100 !== 0) return;
      say(`step ${step + 1}: loss ${(sum / 100).toFixed(4)} after ${seconds().toFixed(0)} s`);
      sum = 0;
    },
  });
  const loss = lossOf(model, heldOut);
  say(`loss on series kept aside: ${loss.toFixed(4)} after ${seconds().toFixed(0)} s`);
  return { model, loss, seconds: seconds() };
}
