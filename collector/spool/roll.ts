import type { Millis } from '../../core/time.ts';

/** When a segment is closed and handed to the writer. */
export interface RollLimits {
  /** Of a segment with few rows while its table's inserts keep up. */
  readonly idleAge: Millis;
  /** Of any segment. */
  readonly maxAge: Millis;
  readonly maxRows: number;
  readonly maxBytes: number;
}

export interface SegmentSize {
  readonly age: Millis;
  readonly rows: number;
  readonly bytes: number;
}

/** An insert costs some milliseconds for itself and each view, whatever it holds: from here on they do not count. */
const GOOD_ROWS = 150_000;
/** Below this many rows in a millisecond an insert every `idleAge` costs less than it brings. */
const LOW_RATE = 20;
/** How much longer a segment waits to become large when the rate is not low; keeps rows visible within a second. */
const PATIENCE = 3;

/**
 * Small and quick when little comes, large under load. While inserts of its table run or wait (`isBusy`), closing a
 * segment would only add to the queue, so it grows: the writer's own speed sets the size.
 */
export function isDue(size: SegmentSize, limits: RollLimits, isBusy: boolean): boolean {
  const { age, rows, bytes } = size;
  if (rows >= limits.maxRows || bytes >= limits.maxBytes || age >= limits.maxAge) return true;
  if (isBusy || age < limits.idleAge) return false;
  return rows >= GOOD_ROWS || rows < LOW_RATE * age || age >= PATIENCE * limits.idleAge;
}
