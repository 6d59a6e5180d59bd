import type { StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';

/** One value of one series. `volume` is the number of events behind it in its step, NaN where nobody counts them. */
export interface Point {
  readonly time: Millis;
  readonly value: number;
  readonly volume: number;
  /** State of the consumer group the series is of, as the pipeline model sees it; undefined where it does not. */
  readonly state?: StageState | undefined;
}

/** A point to be filled in again and again: who judges it does not keep it. */
export function emptyPoint(): { -readonly [name in keyof Point]: Point[name] } {
  return { time: NaN, value: NaN, volume: NaN, state: undefined };
}

/**
 * What a rule says of a point. `score` is signed: positive above its limit, negative below, 0 within. `ready` is false
 * where it has nothing to say: the other fields then mean nothing. `inputs` holds every number it was computed from.
 */
export interface Score {
  readonly ready: boolean;
  readonly score: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  readonly inputs: Readonly<Record<string, number>>;
}
