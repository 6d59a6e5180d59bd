import type { Millis } from '../../../core/time.ts';
import { FEATURES, Features, HORIZONS, squash } from '../forecast/features.ts';
import type { Chance } from './chance.ts';

/** Points of one training segment, and how many of them only warm the state up. */
export const SEGMENT = 256;
export const WARM_UP = 8;
const LARGEST_TARGET = 10;

/** A series on an even grid; NaN where a point is missing. */
export interface GridSeries {
  readonly start: Millis;
  readonly step: Millis;
  readonly values: Float64Array;
}

/**
 * What the network learns from, as flat columns: features [count, SEGMENT, FEATURES] and targets [count, SEGMENT, horizons],
 * the change from each point to the one `h` steps later in units of change, squashed; NaN where there is nothing to learn.
 */
export interface Segments {
  readonly count: number;
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Float32Array<ArrayBuffer>;
}

/** Features and targets of all points of one series, as a stream would have them. */
export function traceSeries({ start, step, values }: GridSeries): { points: number; x: Float32Array; y: Float32Array } {
  const features = new Features(1);
  features.begin(0, step);
  const x = new Float32Array(values.length * FEATURES);
  const y = new Float32Array(values.length * HORIZONS.length);
  let points = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    features.push(0, start + i * step, value, x, points * FEATURES);
    const unit = features.unit(0);
    for (const [k, horizon] of HORIZONS.entries()) {
      const later = i + horizon < values.length ? (values[i + horizon] as number) : NaN;
      const target = squash((later - value) / unit);
      y[points * HORIZONS.length + k] = Math.max(-LARGEST_TARGET, Math.min(LARGEST_TARGET, target));
    }
    points++;
  }
  return { points, x, y };
}

/**
 * `count` segments of a series, fewer when it is short. One in four is its beginning, so that the network knows the first
 * points of a series; the others begin anywhere with an empty state, as after a restart.
 */
export function cutSegments(series: GridSeries, count: number, chance: Chance): Segments {
  const { points, x, y } = traceSeries(series);
  const wanted = points <= SEGMENT ? Math.min(1, Math.floor(points / SEGMENT)) : count;
  const out = emptySegments(wanted);
  for (let k = 0; k < wanted; k++) {
    const from = chance.chance(0.25) ? 0 : chance.whole(0, points - SEGMENT);
    out.x.set(x.subarray(from * FEATURES, (from + SEGMENT) * FEATURES), k * SEGMENT * FEATURES);
    const at = k * SEGMENT * HORIZONS.length;
    out.y.set(y.subarray(from * HORIZONS.length, (from + SEGMENT) * HORIZONS.length), at);
    out.y.fill(NaN, at, at + WARM_UP * HORIZONS.length);
  }
  return out;
}

function emptySegments(count: number): Segments {
  return {
    count,
    x: new Float32Array(count * SEGMENT * FEATURES),
    y: new Float32Array(count * SEGMENT * HORIZONS.length),
  };
}

/** All segments of several parts, one after the other. */
export function joinSegments(parts: readonly Segments[]): Segments {
  const all = emptySegments(parts.reduce((sum, { count }) => sum + count, 0));
  let at = 0;
  for (const { count, x, y } of parts) {
    all.x.set(x, at * SEGMENT * FEATURES);
    all.y.set(y, at * SEGMENT * HORIZONS.length);
    at += count;
  }
  return all;
}
