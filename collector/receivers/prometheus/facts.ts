import type { Millis } from '../../../core/time.ts';
import type { Sample } from './exposition.ts';
import type { Point } from './points.ts';

export function factsOf(_samples: readonly Sample[], _time: Millis): Point[] {
  return [];
}
