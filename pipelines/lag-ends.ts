import type { Millis } from '../core/time.ts';
import { createNumberRows } from './lag-columns.ts';
import { blend, FAST_MS, SLOW_MS } from './lag-rates.ts';

/** What is known of a partition's log. Times are unix milliseconds, NaN where not known. */
export const END_FIELDS = [
  /** Log end as last sampled, when, when it last moved, and when the partition was first heard of. */
  ...(['end', 'endAt', 'movedAt', 'firstAt'] as const),
  /** Usual milliseconds between two samples in which the end moved; the last such gap but one. */
  ...(['gap', 'gapBefore'] as const),
  /** First offset kept, and by how many records it moved when retention last took something. */
  ...(['oldest', 'jump'] as const),
  /** Last stable offset; bytes. */
  ...(['stable', 'size'] as const),
  /** Records per second written over a minute and over an hour, and for how long they have been measured (ms). */
  ...(['rate', 'slowRate', 'measured'] as const),
  /** Since when the log is the one of today; 0 where it always was. */
  'validSince',
  /** Samples in the ring of recent ends, and where the next one goes. */
  ...(['kept', 'next'] as const),
] as const;
export type EndField = (typeof END_FIELDS)[number];
export type PartitionEnd = Record<EndField, number>;

/**
 * Samples kept in memory of each partition, one kilobyte: with polls of five seconds, the last five minutes need no look into the store and are
 * known as finely as they were polled.
 */
const RING = 64;

export interface Ends {
  readonly length: number;
  add(): number;
  at(i: number): PartitionEnd;
  /**
   * Takes a sample of a log end. Answers whether the end fell, which means another log (truncated, or made anew): samples before
   * are void then. Samples not newer than the last are passed over.
   */
  sample(i: number, end: number, at: Millis): boolean;
  /** Forgets what was known of the log: from `at` on it is another one. */
  reset(i: number, at: Millis): void;
  /** The kept samples between which `offset` lies, as `Bracket`; undefined where the ring does not reach back so far. */
  bracket(i: number, offset: number): RecentBracket | undefined;
}

export interface RecentBracket {
  readonly leftEnd: number;
  readonly leftAt: Millis;
  readonly rightEnd: number;
  readonly rightAt: Millis;
}

export function createEnds(): Ends {
  const rows = createNumberRows(END_FIELDS);
  let ring = new Float64Array(64 * RING * 2);

  function push(i: number, row: PartitionEnd, end: number, at: Millis): void {
    const base = i * RING * 2;
    const slot = (back: number) => base + ((row.next - back + 2 * RING) % RING) * 2;
    // Of a flat stretch only the first and the last time matter.
    if (row.kept >= 2 && ring[slot(1)] === end && ring[slot(2)] === end) {
      ring[slot(1) + 1] = at;
      return;
    }
    ring[slot(0)] = end;
    ring[slot(0) + 1] = at;
    row.next = (row.next + 1) % RING;
    row.kept = Math.min(RING, row.kept + 1);
  }

  return {
    get length() {
      return rows.length;
    },
    add() {
      const i = rows.add();
      if ((i + 1) * RING * 2 > ring.length) {
        const larger = new Float64Array(ring.length * 2);
        larger.set(ring);
        ring = larger;
      }
      const row = rows.at(i);
      row.validSince = row.kept = row.next = row.measured = 0;
      return i;
    },
    at: (i) => rows.at(i),
    reset(i, at) {
      const row = rows.at(i);
      row.validSince = at;
      row.kept = row.next = row.measured = 0;
      row.end = row.endAt = row.rate = row.slowRate = row.oldest = row.jump = row.stable = row.size = Number.NaN;
    },
    sample(i, end, at) {
      const row = rows.at(i);
      if (at <= row.endAt || at < row.validSince) return false;
      const fell = end < row.end;
      if (fell) this.reset(i, at);
      const before = row.end;
      const passed = at - row.endAt;
      if (Number.isNaN(row.firstAt)) row.firstAt = at;
      if (Number.isNaN(before)) row.movedAt = at;
      else {
        const perSecond = ((end - before) * 1000) / passed;
        row.rate = blend(row.rate, perSecond, passed, FAST_MS, row.measured);
        row.slowRate = blend(row.slowRate, perSecond, passed, SLOW_MS, row.measured);
        row.measured += passed;
        if (end > before) {
          const gap = at - row.movedAt;
          // The shorter of two gaps: one pause of a busy topic does not make it a quiet one.
          row.gap = Math.min(gap, Number.isNaN(row.gapBefore) ? gap : row.gapBefore);
          row.gapBefore = gap;
          row.movedAt = at;
        }
      }
      row.end = end;
      row.endAt = at;
      push(i, row, end, at);
      return fell;
    },
    bracket(i, offset) {
      const row = rows.at(i);
      const base = i * RING * 2;
      let right = Number.NaN;
      let rightAt = Number.NaN;
      for (let back = 1; back <= row.kept; back++) {
        const slot = base + ((row.next - back + RING) % RING) * 2;
        const end = ring[slot] as number;
        const at = ring[slot + 1] as number;
        if (end > offset) [right, rightAt] = [end, at];
        else return { leftEnd: end, leftAt: at, rightEnd: right, rightAt };
      }
      return undefined;
    },
  };
}
