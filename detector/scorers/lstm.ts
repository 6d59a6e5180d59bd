import type { Signal } from '../../core/signal.ts';
import type { Millis } from '../../core/time.ts';
import { noiseFloor, signalRange } from '../noise.ts';
import { median, quantileOfSorted, robustSpread, SIGMA_PER_MEAN_DEVIATION, sortedFinite } from '../robust.ts';
import { LEARNING, type Score, type Scorer } from '../scorer.ts';

/** Points kept per series: what the network sees, and what its calibration is started from. */
export const RING = 360;
/** The scale is estimated anew each time this many points came in. */
const RESCALE_EVERY = 60;
const SPREAD_GAIN = 1 - 0.5 ** (1 / 360);
const SPREAD_CLIP = 5;
const NORMAL_90 = 3.29;

/** What the network expects of the step that starts at `time`: its 5 %, 50 % and 95 % quantiles, in raw units. */
export interface Prediction {
  readonly time: Millis;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

export interface LstmState {
  /** Newest `RING` values, oldest first, and the time of the newest. */
  ring: number[];
  time: Millis;
  /** The network sees asinh((value - center) / scale). */
  center: number;
  scale: number;
  sinceScale: number;
  prediction: Prediction | undefined;
  /** Slow mean of |residual| x 1.2533: the unit of the score. NaN until the model spoke of this series. */
  spread: number;
}

/**
 * Residual of the network's one-step prediction, in raw units over a spread with a long memory:
 *
 *   score = (value - middle) / max(spread, noise floor)
 *
 * The network runs elsewhere, once per tick over all series; a prediction that is absent or meant for another step
 * leaves the scorer learning. Band: the 5 % and 95 % quantiles, at least 3 spreads wide to either side.
 */
export function createLstmScorer(signal: Signal, stepSeconds: number): Scorer<LstmState> {
  const range = signalRange(signal);
  const clamp = (value: number) => Math.min(Math.max(value, range.min), range.max);
  return {
    name: 'lstm',
    create: () => ({
      ring: [],
      time: 0,
      center: NaN,
      scale: NaN,
      sinceScale: 0,
      prediction: undefined,
      spread: NaN,
    }),

    score(state, point): Score {
      const prediction = state.prediction;
      if (prediction?.time !== point.time || Number.isNaN(point.value) || Number.isNaN(state.spread)) return LEARNING;
      const expected = clamp(prediction.middle);
      const spread = Math.max(state.spread, noiseFloor(signal, expected, point.volume, stepSeconds));
      return {
        ready: true,
        score: (point.value - expected) / spread,
        expected,
        lower: clamp(Math.min(prediction.low, expected - 3 * spread)),
        upper: clamp(Math.max(prediction.high, expected + 3 * spread)),
        inputs: { value: point.value, expected, spread, volume: point.volume },
      };
    },

    learn(state, point, trust) {
      const prediction = state.prediction;
      if (prediction?.time === point.time && !Number.isNaN(point.value)) {
        const residual = Math.abs(point.value - clamp(prediction.middle)) * SIGMA_PER_MEAN_DEVIATION;
        const spread = Number.isNaN(state.spread) ? residual : state.spread;
        const clipped = Math.min(
          residual,
          SPREAD_CLIP * Math.max(spread, noiseFloor(signal, prediction.middle, point.volume, stepSeconds)),
        );
        state.spread = spread + trust * SPREAD_GAIN * (clipped - spread);
      }
      state.ring.push(point.value);
      if (state.ring.length > RING) state.ring.shift();
      state.time = point.time;
      state.sinceScale++;
      if (Number.isNaN(state.scale) || (state.sinceScale >= RESCALE_EVERY && trust === 1)) rescale(state);
    },
  };
}

/** Robust centre and scale of what the ring holds: the widest of several spreads, so that no ordinary series is flat. */
export function robustScale(values: ArrayLike<number>): { readonly center: number; readonly scale: number } {
  const sorted = sortedFinite(values);
  if (sorted.length < 12) return { center: NaN, scale: NaN };
  const center = quantileOfSorted(sorted, 0.5);
  const scale = Math.max(
    robustSpread(sorted, center),
    (quantileOfSorted(sorted, 0.95) - quantileOfSorted(sorted, 0.05)) / NORMAL_90,
    1e-3 * Math.abs(center),
    1e-9,
  );
  return { center, scale };
}

function rescale(state: LstmState): void {
  const { center, scale } = robustScale(state.ring);
  if (Number.isNaN(scale)) return;
  state.center = center;
  state.scale = scale;
  state.sinceScale = 0;
}

/** Starts the score's unit from residuals of past points. */
export function startSpread(state: LstmState, residuals: readonly number[]): void {
  const typical = median(residuals.map(Math.abs));
  if (!Number.isNaN(typical)) state.spread = 1.4826 * typical;
}
