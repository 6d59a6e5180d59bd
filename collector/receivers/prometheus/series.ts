import type { Millis } from '../../../core/time.ts';
import type { Point, PointData } from './points.ts';

/** A point with the time its series began to count at; without `data` it marks the end of the series. */
export interface TrackedPoint {
  readonly point: Point;
  readonly time: Millis;
  readonly start: Millis | undefined;
  readonly data: PointData | undefined;
}

interface Known {
  readonly point: Point;
  readonly start: Millis | undefined;
}

/** What a target's series were at its last stored scrape. */
export type SeriesState = ReadonlyMap<string, Known>;

export const NO_SERIES: SeriesState = new Map();

export interface Tracked {
  readonly points: TrackedPoint[];
  /** The state to go on from once these points are durable. */
  readonly state: SeriesState;
  /** How many series the state did not know. */
  readonly added: number;
}

/**
 * Gives cumulative points their start times, and series that are no longer there a marker that they have ended.
 * A series that counts starts when it says so (`_created`), else when it was first seen, at its own first point, whose
 * value then is the count from before; one that counts less than before was reset since its last point and starts there.
 * Series whose times the target gives end without a marker, as in Prometheus: their last point may come late.
 */
export function track(points: readonly Point[], before: SeriesState, time: Millis): Tracked {
  const state = new Map<string, Known>();
  const tracked: TrackedPoint[] = [];
  let added = 0;
  for (const point of points) {
    const known = before.get(point.key);
    if (known === undefined) added++;
    const start = startOf(point, known);
    state.set(point.key, { point, start });
    if (point.isWithheld !== true) tracked.push({ point, time: point.time, start, data: point.data });
  }
  for (const [key, { point, start }] of before) {
    if (state.has(key) || point.isDated) continue;
    tracked.push({ point, time, start, data: undefined });
  }
  return { points: tracked, state, added };
}

function startOf(point: Point, known: Known | undefined): Millis | undefined {
  const count = countOf(point.data);
  if (count === undefined) return undefined;
  if (point.created !== undefined && point.created > 0 && point.created <= point.time) return Math.round(point.created);
  if (known?.start === undefined) return point.time;
  const last = countOf(known.point.data);
  return last !== undefined && count < last ? Math.min(known.point.time, point.time) : known.start;
}

/** What never falls while a series goes on; undefined for a level. */
function countOf(data: PointData): number | undefined {
  if (data.kind === 'counter') return data.value;
  if (data.kind === 'histogram') return data.count;
  return data.kind === 'summary' ? (data.count ?? 0) : undefined;
}
