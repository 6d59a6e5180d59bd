import type { Millis } from '../core/time.ts';
import type { Bracket } from '../store/queries/offset-samples.ts';
import type { PartitionEnd } from './lag-ends.ts';
import { type Position, readableEnd, readingAt } from './lag-positions.ts';

/** When a record was written: unix milliseconds, how far off that may be, and whether it may lie any time before. */
export interface Written {
  readonly at: Millis;
  readonly error: Millis;
  readonly atLeast: boolean;
}

/**
 * When the record at `offset` was written, from the samples it lies between. It came after the last time the log ended at or before
 * it and no later than the first time the log ended behind it; within, records are taken to have come evenly:
 *
 *   share = (offset - leftEnd + 0.5) / (rightEnd - leftEnd)
 *   at    = leftAt + share (rightAt - leftAt)
 *   error = max(share, 1 - share) (rightAt - leftAt)
 *
 * Without a sample on the left it was written by `rightAt`: an age is a lower bound then, and nothing is extrapolated. Undefined without
 * a sample on the right. After the lookup table of kafka-lag-exporter, which keeps the first time of a flat stretch and extrapolates.
 */
export function writtenBetween(bracket: Bracket, offset: number): Written | undefined {
  const { leftEnd, leftAt, rightEnd, rightAt } = bracket;
  if (Number.isNaN(rightAt)) return undefined;
  if (Number.isNaN(leftAt)) return { at: rightAt, error: 0, atLeast: true };
  const share = Math.min(1, (offset - leftEnd + 0.5) / (rightEnd - leftEnd));
  // Sources' clocks may differ: a right sample of another one can lie before the left.
  const open = Math.max(0, rightAt - leftAt);
  return { at: leftAt + share * open, error: Math.max(share, 1 - share) * open, atLeast: false };
}

/** Whether the samples a position remembers still hold the record it stands at between them. */
export function remembersBracket(position: Position, offset: number): boolean {
  return (position.leftEnd <= offset || Number.isNaN(position.leftEnd)) && offset < position.rightEnd;
}

/** Whether the samples it remembers leave more open than closer ones would: more than two of the finest steps kept, and a twentieth of the age. */
export function isCoarse({ writtenError, committedAt, written }: Position): boolean {
  return writtenError > Math.max(20_000, 0.05 * (committedAt - written));
}

/**
 * Writes down what samples say of the record a position stands at. Records are written in order: a position that moved on stands at
 * one that is no older, whatever coarser samples say, so a lag does not grow while it is worked off. At the same record closer samples
 * take the place of those remembered, coarser ones do not.
 */
export function placeAt(position: Position, bracket: Bracket, offset: number): void {
  const { leftEnd, leftAt, rightEnd, rightAt } = bracket;
  const known = position.atLeast === 0 && !Number.isNaN(position.written);
  if (known && offset === position.placed && !(rightAt - leftAt <= position.rightAt - position.leftAt)) return;
  const written = writtenBetween(bracket, offset);
  if (written === undefined) return;
  // What was known of the record before it holds for this one too.
  const held = known && offset > position.placed && position.written > written.at;
  const at = held ? position.written : written.at;
  const earliest = Math.max(leftAt, position.leftAt || 0);
  position.writtenError = held ? Math.max(at - earliest, rightAt - at) : written.error;
  position.written = at;
  position.atLeast = written.atLeast ? 1 : 0;
  Object.assign(position, { leftEnd, leftAt, rightEnd, rightAt, placed: offset });
}

export interface LagTime {
  /** Age of the oldest record not read, when the commit was reported; 0 when none waits, NaN when not known. */
  readonly seconds: number;
  /** How far off that may be. */
  readonly error: number;
  /** The age is a lower bound. */
  readonly atLeast: boolean;
}

const UNKNOWN: LagTime = { seconds: Number.NaN, error: Number.NaN, atLeast: false };
const NONE: LagTime = { seconds: 0, error: 0, atLeast: false };

/** The lag in time of a position whose samples have been placed. What is left of a transaction is none. */
export function lagTimeOf(position: Position, end: PartitionEnd, allowed: number): LagTime {
  if (position.lag === 0 || isTrailing(position, end, allowed)) return NONE;
  if (Number.isNaN(position.written) || !remembersBracket(position, readingAt(position, end))) return UNKNOWN;
  return {
    seconds: Math.max(0, position.committedAt - position.written) / 1000,
    error: position.writtenError / 1000,
    atLeast: position.atLeast === 1,
  };
}

/**
 * Whether what waits is only the markers of a transaction: at most `allowed` records, all there when the group last committed, and
 * nothing since that could be read (an open transaction cannot). A reader of committed records sees a record only after its marker was written.
 */
export function isTrailing(position: Position, end: PartitionEnd, allowed: number): boolean {
  return position.lag > 0 && position.lag <= allowed && readableEnd(end) === position.endAtMove;
}
