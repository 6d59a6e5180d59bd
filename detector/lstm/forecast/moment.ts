import type { Millis } from '../../../core/time.ts';
import { createPlace, dayShare, onWeekend, type Place, placeAt } from './day-profile.ts';

/**
 * What the features of a point take from its time alone, for series with one interval between their points: worked out once for
 * all that report at the same time.
 */
export interface Moment {
  /** Where it is in the profile of the day, and `ahead` as many steps later. */
  readonly now: Place;
  readonly ahead: readonly Place[];
  sine: number;
  cosine: number;
  weekend: number;
  /** log10 of the interval in minutes, halved. */
  pace: number;
}

/** The moment of a time. Used again by the next call. `horizons`: steps to look ahead. */
export function createMoments(horizons: readonly number[]): (time: Millis, interval: Millis) => Readonly<Moment> {
  const asked = { time: NaN, interval: NaN };
  const moment: Moment = {
    now: createPlace(),
    ahead: horizons.map(createPlace),
    sine: 0,
    cosine: 0,
    weekend: 0,
    pace: 0,
  };
  return (time, interval) => {
    if (time === asked.time && interval === asked.interval) return moment;
    asked.time = time;
    asked.interval = interval;
    placeAt(time, interval, moment.now);
    for (let i = 0; i < horizons.length; i++) {
      placeAt(time + (horizons[i] as number) * interval, interval, moment.ahead[i] as Place);
    }
    const angle = 2 * Math.PI * dayShare(time);
    moment.sine = Math.sin(angle);
    moment.cosine = Math.cos(angle);
    moment.weekend = onWeekend(time) ? 1 : 0;
    moment.pace = Math.log10(interval / 60_000) / 2;
    return moment;
  };
}
