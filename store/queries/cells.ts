import type { Millis } from '../../core/time.ts';

/**
 * Values on their way into JSONEachRow. JSON knows no NaN and would write null, which ClickHouse reads as 0: gaps and
 * infinities go as text. Times go as integers in the column's own unit.
 */
export function floatCell(value: number): number | string {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}

/** For DateTime: whole seconds. */
export function secondsCell(time: Millis): number {
  return Math.max(0, Math.floor(time / 1000));
}

/** For DateTime64(3): a bare integer is read as milliseconds. */
export function millisCell(time: Millis): number {
  return Math.max(0, Math.round(time));
}

/** Setting under which `numberOf` also sees infinities, which JSON has no word for either. */
export const EXACT_FLOATS = { output_format_json_quote_denormals: 1 } as const;

/** A number as ClickHouse sent it: null is NaN, and 64-bit integers and the likes of `inf` come as text. */
export function numberOf(cell: number | string | null | undefined): number {
  if (typeof cell === 'number') return cell;
  if (cell === null || cell === undefined) return Number.NaN;
  if (/^[+-]?inf$/.test(cell)) return cell.startsWith('-') ? -Infinity : Infinity;
  return Number(cell);
}
