import type { Millis } from '../core/time.ts';
import type { Watched } from './watched.ts';

/** Incidents remembered of one series. */
const REMEMBERED = 50;
const DAY: Millis = 86_400_000;
/** Days back that are looked at: four weeks, so that what comes once a week is seen, too. */
const DAYS = 28;
/** What begins or ends a little earlier or later is the same. */
const SLACK: Millis = 600_000;
/** Former days on which it must have been so. */
const LEAST_DAYS = 2;

/** Keeps that an alert of a series was over at `end`, having begun at `onset`. */
export function rememberIncident(watched: Watched, onset: Millis, end: Millis): void {
  watched.incidents = [...watched.incidents.slice(1 - REMEMBERED), [onset, end]];
}

/**
 * Whether a series was in alert around this time of the day on at least two of the 28 days before: a job that runs each
 * night, a report each Monday. What comes so is how the series is, and is learnt as any other point; what comes
 * once or twice is an incident.
 */
export function isHabitual({ incidents }: Pick<Watched, 'incidents'>, time: Millis): boolean {
  if (incidents.length < LEAST_DAYS) return false;
  let days = 0;
  let last = 0;
  // From the newest on: each day counts once, however many incidents of that time it had.
  for (let i = incidents.length - 1; i >= 0 && days < LEAST_DAYS; i--) {
    const [onset, end] = incidents[i] as readonly [Millis, Millis];
    const ago = Math.floor((time - onset + SLACK) / DAY);
    if (ago < 1 || ago > DAYS || ago === last) continue;
    if (time - ago * DAY > end + SLACK) continue;
    last = ago;
    days++;
  }
  return days >= LEAST_DAYS;
}
