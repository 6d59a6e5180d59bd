import type { Millis } from '../core/time.ts';
import { createNumberRows, type NumberRows } from './lag-columns.ts';
import type { PartitionEnd } from './lag-ends.ts';
import { blend, FAST_MS, SLOW_MS } from './lag-rates.ts';

/** Where a group stands in a partition, and what is remembered of it. Times are unix milliseconds, NaN where not known. */
export const POSITION_FIELDS = [
  /** Rows of its partition and of its group. */
  ...(['partition', 'group'] as const),
  /** Committed offset, when it was reported last, when it last changed, and where what could be read ended then. */
  ...(['committed', 'committedAt', 'movedAt', 'endAtMove'] as const),
  /** Records that wait, since when more than the allowed ones do, and those that retention took unread. */
  ...(['lag', 'laggingSince', 'lost'] as const),
  /** The highest offset committed before an operator set it back, until it is reached again. */
  'peak',
  /** Records per second committed over a minute and an hour, how much they vary, and how long they were measured (ms). */
  ...(['rate', 'slowRate', 'variance', 'measured'] as const),
  /** The lag smoothed over half a minute and three, its noise, its last two values, and where it goes: -1, 0 or 1. */
  ...(['lagFast', 'lagSlow', 'noise', 'lagBefore', 'lagBefore2', 'trend'] as const),
  /** The last three pauses of a group that let records wait: lengths (ms) and ends, the newest first. */
  ...(['pause1', 'pause2', 'pause3', 'pauseEnd1', 'pauseEnd2', 'pauseEnd3'] as const),
  /** The state that stands, since when; the one observed lately and for how many rounds; recent changes, which fade. */
  ...(['state', 'since', 'candidate', 'rounds', 'flaps'] as const),
  /** The samples the record at the committed offset lies between, and when the store was asked for them. */
  ...(['leftEnd', 'leftAt', 'rightEnd', 'rightAt', 'lookedAt'] as const),
  /** When that record was written, how far that may be off (ms), whether it is only known to be older (1, else 0), and its offset. */
  ...(['written', 'writtenError', 'atLeast', 'placed'] as const),
  /** Seconds from `forecastAt` until retention takes an unread record: as expected, at the earliest and at the latest. */
  ...(['loss', 'lossLower', 'lossUpper', 'lossFast', 'forecastAt'] as const),
] as const;
export type PositionField = (typeof POSITION_FIELDS)[number];
export type Position = Record<PositionField, number>;
export type Positions = NumberRows<PositionField>;

export function createPositions(): Positions {
  return createNumberRows(POSITION_FIELDS);
}

const TREND_FAST_MS = 30_000;
const TREND_SLOW_MS = 180_000;
/** A trend must outweigh the noise by this much, and change the lag by this share. */
const TREND_NOISE = 1.5;
const TREND_SHARE = 0.005;
/** A commit that comes back by less than this many seconds of work is a member that reads again what it had, not an operator. */
const REWIND_SECONDS = 60;
const REWIND_RECORDS = 10;

/** The offset a reader stands at: its commit, or the first record kept where retention has overtaken it. */
export function readingAt(position: Position, end: PartitionEnd): number {
  return Math.max(position.committed, end.oldest || 0);
}

/** Where the records that can be read end: before an open transaction. */
export function readableEnd(end: PartitionEnd): number {
  return Number.isNaN(end.stable) ? end.end : Math.min(end.stable, end.end);
}

/**
 * Takes a reading of a committed offset together with what is known of the partition's log at that time. Readings not newer than the
 * last are passed over.
 */
export function observe(position: Position, end: PartitionEnd, committed: number, at: Millis, allowed: number): void {
  if (at <= position.committedAt) return;
  const before = position.committed;
  const passed = at - position.committedAt;
  position.committed = committed;
  position.committedAt = at;
  if (Number.isNaN(before)) {
    position.movedAt = at;
    position.endAtMove = readableEnd(end);
    position.measured = position.trend = position.flaps = 0;
  } else {
    measure(position, Math.max(0, committed - before), passed);
    if (committed < before) rewind(position, before);
    else if (committed > before) pause(position, at);
    if (committed !== before) {
      position.movedAt = at;
      position.endAtMove = readableEnd(end);
    }
    if (committed >= position.peak) position.peak = Number.NaN;
  }
  position.lost = Math.max(0, (end.oldest || 0) - committed);
  position.lag = Math.max(0, readableEnd(end) - readingAt(position, end));
  if (!(position.lag > allowed)) position.laggingSince = Number.NaN;
  else if (Number.isNaN(position.laggingSince)) position.laggingSince = at;
  follow(position, passed, allowed);
}

/** Forgets what does not hold for another log: samples, trend, peak. */
export function forgetLog(position: Position): void {
  position.leftEnd = position.leftAt = position.rightEnd = position.rightAt = position.lookedAt = Number.NaN;
  position.written = position.peak = position.lagBefore = position.lagBefore2 = Number.NaN;
  position.loss = position.lossLower = position.lossUpper = position.lossFast = position.forecastAt = Number.NaN;
}

function measure(position: Position, records: number, passed: Millis): void {
  const perSecond = (records * 1000) / passed;
  const expected = position.slowRate;
  position.rate = blend(position.rate, perSecond, passed, FAST_MS, position.measured);
  position.slowRate = blend(expected, perSecond, passed, SLOW_MS, position.measured);
  const off = Number.isNaN(expected) ? 0 : (perSecond - expected) * (perSecond - position.slowRate);
  position.variance = blend(position.variance, off, passed, SLOW_MS, position.measured);
  position.measured += passed;
}

function rewind(position: Position, before: number): void {
  const back = before - position.committed;
  // What was known of the record at the commit is not known of an older one.
  position.written = Number.NaN;
  if (back <= Math.max(REWIND_RECORDS, REWIND_SECONDS * (position.slowRate || 0))) return;
  position.peak = Number.isNaN(position.peak) ? before : Math.max(position.peak, before);
}

const LEAST_PAUSE_MS = 25_000;

/** A pause: between two advances more than two polls passed while records waited. */
function pause(position: Position, at: Millis): void {
  const length = at - position.movedAt;
  if (length < LEAST_PAUSE_MS || !(position.laggingSince < at - LEAST_PAUSE_MS)) return;
  // Where the lag goes now is not where it went meanwhile, unless the group always works so.
  if (usualPause(position, at) === 0) position.lagBefore = position.lagBefore2 = Number.NaN;
  position.pause3 = position.pause2;
  position.pauseEnd3 = position.pauseEnd2;
  position.pause2 = position.pause1;
  position.pauseEnd2 = position.pauseEnd1;
  position.pause1 = length;
  position.pauseEnd1 = at;
}

/**
 * The pause (ms) that is usual of a group, 0 where none is: its last three are of one kind (no one longer than twice the shortest, and
 * 20 s), they fill a fifth of its time at least, and they have not ceased. A batch that runs each hour and an engine that commits with
 * its checkpoints pause so; a consumer that was down three times does not.
 */
export function usualPause(position: Position, now: Millis): Millis {
  const { pause1, pause2, pause3 } = position;
  if (Number.isNaN(pause3)) return 0;
  const longest = Math.max(pause1, pause2, pause3);
  if (longest > 2 * Math.min(pause1, pause2, pause3) + 20_000) return 0;
  const cycle = (position.pauseEnd1 - position.pauseEnd3) / 2;
  if ((pause1 + pause2 + pause3) / 3 < cycle / 5) return 0;
  return now - position.pauseEnd1 > 3 * Math.max(cycle, longest) ? 0 : longest;
}

/**
 * Where the lag goes. Two averages of it, over 30 s and 180 s, differ by what it changed lately: more than 1.5 times its noise and half
 * a percent of it make a trend, which stays until they differ as much the other way. The noise is the mean of |second difference| / 2.4,
 * which a steady slope leaves alone (for independent errors of deviation s, E|x - 2y + z| is 1.95 s; rounded up for those that are not).
 */
function follow(position: Position, passed: Millis, allowed: number): void {
  const { lag, lagBefore, lagBefore2 } = position;
  if (lag <= allowed || Number.isNaN(lagBefore)) {
    position.lagFast = position.lagSlow = lag;
    position.trend = 0;
  } else {
    position.lagFast += (1 - Math.exp(-passed / TREND_FAST_MS)) * (lag - position.lagFast);
    position.lagSlow += (1 - Math.exp(-passed / TREND_SLOW_MS)) * (lag - position.lagSlow);
    if (!Number.isNaN(lagBefore2)) {
      const noise = Math.abs(lag - 2 * lagBefore + lagBefore2) / 2.4;
      position.noise = Number.isNaN(position.noise) ? noise : position.noise + 0.1 * (noise - position.noise);
    }
    const gone = position.lagFast - position.lagSlow;
    const least = Math.max(TREND_NOISE * (position.noise || 0), TREND_SHARE * position.lagSlow, allowed);
    if (Math.abs(gone) > least) position.trend = Math.sign(gone);
  }
  position.lagBefore2 = lagBefore;
  position.lagBefore = lag;
}
