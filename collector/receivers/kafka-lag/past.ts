import type { Millis } from '../../../core/time.ts';

/** At `time` the log ended at `offset`: every record before it had a smaller timestamp. */
export interface PastPoint {
  readonly time: Millis;
  readonly offset: number;
  /** The record at `offset` was appended within the step that begins at `time`. */
  readonly isRecord: boolean;
}

/** Share of a record's age that its bracket may span. */
const TOLERANCE = 0.05;
const LIMIT = 64;
/**
 * Samples are kept one for each ten seconds, and one for each five minutes of what is older than two days. Times that
 * are asked for lie where such a step begins, so that none of two points around a record takes the place of the other.
 */
const STEP_MS = 10_000;
const OLD_STEP_MS = 300_000;
const OLD_MS = 40 * 3_600_000;

/** Length of the steps in which samples of that age are kept. */
export function stepOf(age: Millis): Millis {
  return age > OLD_MS ? OLD_STEP_MS : STEP_MS;
}

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
    const kept = offset === point.offset ? point : { time: point.time, offset, isRecord: false };
    if (right === undefined || right.time > point.time) points.splice(at, 0, kept);
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
   * within `resolution`, a twentieth of its age or a step. 0 asks for the oldest record there is.
   *
   * Ages are halved on a logarithmic scale, since what is wanted is a share of the age: from a week down to a poll of
   * ten seconds in some eight questions, and fewer where the answers' own timestamps lead across quiet times.
   */
  nextTime(offset: number, now: Millis, resolution: Millis): Millis | undefined {
    const { left, right } = this.bracket(offset);
    if (right === undefined || this.isUndatable) return undefined;
    if (left === undefined) return 0;
    const oldest = now - left.time;
    const newest = Math.max(0, now - right.time);
    if (right.time - left.time <= Math.max(resolution, TOLERANCE * newest)) return undefined;
    const step = stepOf(oldest);
    const first = (Math.floor(left.time / step) + 1) * step;
    const last = (Math.floor(right.time / step) - 1) * step;
    if (first > last) return undefined;
    if (left.isRecord && left.offset === offset) return first;
    const middle = now - Math.sqrt(oldest * Math.max(newest, resolution));
    return Math.min(Math.max(Math.round(middle / step) * step, first), last);
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

/**
 * The points that an answer makes known: `offset` is the first record at or after `asked` and bears `timestamp`. Until
 * the step of that record the log did not grow.
 */
export function pointsOfAnswer(asked: Millis, timestamp: Millis, offset: number, now: Millis): PastPoint[] {
  const step = stepOf(now - timestamp);
  const begin = Math.floor(timestamp / step) * step;
  if (begin > asked)
    return [
      { time: asked, offset, isRecord: false },
      { time: begin, offset, isRecord: true },
    ];
  return [{ time: asked, offset, isRecord: timestamp < asked + step }];
}
