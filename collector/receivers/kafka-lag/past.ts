import type { Millis } from '../../../core/time.ts';

/** At `time` the log ended at `offset`: every record before it had a smaller timestamp, no record after it had. */
export interface PastPoint {
  readonly time: Millis;
  readonly offset: number;
  /** The record at `offset` itself carries `time`: nothing can be found between it and its predecessor. */
  readonly exact: boolean;
}

const LIMIT = 64;
/** Share of a record's age that its bracket may span. */
const TOLERANCE = 0.05;

/**
 * What was found out about the log of one partition before the first poll: points in ascending order of time and of
 * offset. "The first record at or after T" is monotone in T whatever order the timestamps stand in, so the points are
 * too, up to what was deleted or appended with an old time meanwhile.
 */
export class PartitionPast {
  #points: PastPoint[] = [];
  /** Its records carry no usable time: nothing more is asked. */
  isUndatable = false;

  get points(): readonly PastPoint[] {
    return this.#points;
  }

  /** An answer that contradicts its neighbours is moved to the nearer one's offset. */
  add(point: PastPoint): void {
    const points = this.#points;
    let at = points.length;
    while (at > 0 && (points[at - 1] as PastPoint).time >= point.time) at--;
    const left = points[at - 1];
    const right = points[at];
    const offset = Math.min(Math.max(point.offset, left?.offset ?? 0), right?.offset ?? Number.POSITIVE_INFINITY);
    const kept = offset === point.offset ? point : { time: point.time, offset, exact: false };
    if (right === undefined || right.time > point.time) points.splice(at, 0, kept);
    // The same fact again, but now it is known to be a record's own time.
    else if (kept.exact && !right.exact) points[at] = kept;
  }

  /** The points around the record at `offset`: it was appended at or after the left one and before the right one. */
  bracket(offset: number): { readonly left: PastPoint | undefined; readonly right: PastPoint | undefined } {
    const points = this.#points;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle] as PastPoint).offset > offset) high = middle;
      else low = middle + 1;
    }
    return { left: points[low - 1], right: points[low] };
  }

  /**
   * The time to ask for next to learn when the record at `offset` was appended; undefined when it is known well enough,
   * within `resolution` or a twentieth of its age. 0 asks for the oldest record there is.
   *
   * Ages are halved on a logarithmic scale, since what is wanted is a share of the age: from a week down to a poll of
   * five seconds in some eight questions, and fewer where the answers' own timestamps lead across quiet times.
   */
  nextTime(offset: number, now: Millis, resolution: Millis): Millis | undefined {
    const { left, right } = this.bracket(offset);
    if (right === undefined || this.isUndatable) return undefined;
    if (left === undefined) return 0;
    const oldest = now - left.time;
    const newest = Math.max(0, now - right.time);
    if (right.time - left.time <= Math.max(resolution, TOLERANCE * newest)) return undefined;
    if (left.exact && left.offset === offset) return left.time + 1;
    const middle = Math.round(now - Math.sqrt(oldest * Math.max(newest, resolution)));
    if (middle > left.time && middle < right.time) return middle;
    const half = Math.floor((left.time + right.time) / 2);
    return half > left.time ? half : undefined;
  }

  /** Forgets what brackets none of the offsets, once there is too much of it. */
  trim(offsets: readonly number[]): void {
    if (this.#points.length <= LIMIT) return;
    const needed = new Set<PastPoint>(this.#points.slice(-1));
    for (const offset of offsets) {
      const { left, right } = this.bracket(offset);
      if (left !== undefined) needed.add(left);
      if (right !== undefined) needed.add(right);
    }
    this.#points = this.#points.filter((point) => needed.has(point));
  }
}
