import type { Millis } from '../core/time.ts';
import type { TimedItem, Timeline } from './timeline.ts';

export const OTLP_SIGNALS = ['traces', 'metrics', 'logs'] as const;
export type OtlpSignal = (typeof OTLP_SIGNALS)[number];

/** One OTLP request, ready but for its times. */
export interface Batch {
  readonly signal: OtlpSignal;
  readonly contentType: 'application/json' | 'application/x-protobuf';
  /** Points, spans or messages in it, for the progress. */
  readonly count: number;
  body(timeline: Timeline): Uint8Array;
}

/**
 * A recorded file with a cursor. `take` hands out what comes next up to the original time `until` (inclusive), in the
 * order of time; undefined when nothing that early is left.
 */
export interface Recording {
  readonly file: string;
  readonly items: readonly TimedItem[];
  /** Original time of what comes next, NaN at the end. */
  next(): Millis;
  take(until: Millis): Batch | undefined;
}
