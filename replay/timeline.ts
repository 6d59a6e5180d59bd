import type { Millis } from '../core/time.ts';

/** Where an original time falls when it is replayed, in milliseconds and in the nanoseconds of OTLP. */
export interface Timeline {
  at(original: Millis): Millis;
  atNanos(original: bigint): bigint;
}

/**
 * Replayed time = start + (original - live) / speed.
 *
 * `live` is the original time of the live start and `start` the present: everything before it lies in the past and
 * ends now, everything after it comes at the pace of the recording divided by `speed`.
 */
export function createTimeline(live: Millis, start: Millis, speed: number): Timeline {
  const liveNanos = BigInt(Math.round(live * 1000)) * 1000n;
  const startNanos = BigInt(Math.round(start * 1000)) * 1000n;
  return {
    at: (original) => start + (original - live) / speed,
    atNanos: (original) => startNanos + BigInt(Math.round(Number(original - liveNanos) / speed)),
  };
}

/** What is sent next: a time in the recording, and how many points or messages lie at that time. */
export interface TimedItem {
  readonly time: Millis;
  readonly count: number;
}

/** The original time before which at most `share` (0..1) of the items lie; past the last one for all of them. */
export function timeAtShare(items: readonly TimedItem[], share: number): Millis {
  const sorted = [...items].sort((a, b) => a.time - b.time);
  const total = sorted.reduce((sum, item) => sum + item.count, 0);
  let before = 0;
  for (const item of sorted) {
    before += item.count;
    if (before > total * share) return item.time;
  }
  const last = sorted.at(-1)?.time ?? 0;
  return last + 1;
}
