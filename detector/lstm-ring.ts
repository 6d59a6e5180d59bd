import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { signalRange } from './noise.ts';
import { quantileOfSorted, robustSpread, sortedFinite } from './robust.ts';
import type { Point } from './scorer.ts';

/** Points kept per series: what the network sees. */
export const RING = 360;
/** The scale is estimated anew each time this many points came in. */
const RESCALE_EVERY = 60;
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
}

/** The state of a series of which the network has heard nothing. */
export function createLstmState(): LstmState {
  return { ring: [], time: 0, center: NaN, scale: NaN, sinceScale: 0, prediction: undefined };
}

/**
 * How far a value lies from the network's one-step prediction, in the signal's unit. The network runs elsewhere, once
 * per tick over all series; where a prediction is absent or meant for another step there is none (NaN).
 */
export function forecastResidual({ prediction }: Readonly<LstmState>, point: Point, signal: Signal): number {
  if (prediction?.time !== point.time) return NaN;
  const { min, max } = signalRange(signal);
  return point.value - Math.min(Math.max(prediction.middle, min), max);
}

/** Keeps a point for the network to see. */
export function learnLstm(state: LstmState, point: Point): void {
  state.ring.push(point.value);
  if (state.ring.length > RING) state.ring.shift();
  state.time = point.time;
  state.sinceScale++;
  if (Number.isNaN(state.scale) || state.sinceScale >= RESCALE_EVERY) rescale(state);
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
