import type { Millis } from '../core/time.ts';

/** Over how long rates are averaged: what is going on now, and what may be expected to go on. */
export const FAST_MS = 60_000;
export const SLOW_MS = 60 * 60_000;

/**
 * An exponential average that starts as a plain one: with `a = max(1 - e^(-passed/tau), passed / (measured + passed))`,
 * `mean + a (value - mean)`. `measured` is how long (ms) the mean has been measured before this value.
 */
export function blend(mean: number, value: number, passed: Millis, tau: Millis, measured: Millis): number {
  if (Number.isNaN(mean)) return value;
  const weight = Math.max(1 - Math.exp(-passed / tau), passed / (measured + passed));
  return mean + weight * (value - mean);
}

/**
 * Seconds until a lag is gone at these rates (records per second): 0 when nothing waits, infinite when it does not shrink, NaN when
 * the rates are not known.
 */
export function catchUpSeconds(lag: number, commitRate: number, endRate: number): number {
  if (lag === 0) return 0;
  const gained = commitRate - endRate;
  if (Number.isNaN(lag) || Number.isNaN(gained)) return Number.NaN;
  return gained > 0 ? lag / gained : Number.POSITIVE_INFINITY;
}
