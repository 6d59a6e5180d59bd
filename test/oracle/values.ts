import type { Rejections } from '../../collector/otlp/rejections.ts';

const NANOS_PER_DAY = 86_400_000_000_000n;
/** The rollups keep times as 32-bit seconds, which end in February 2106. */
const TIME_END = 4_294_967_296n * 1_000_000_000n;

/** Newer than the library types: a value that `JSON.stringify` writes as the text it was made of. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/** A row of one stock table, ready for `JSON.stringify`, and the UTC day (since 1970) of the partition it goes to. */
export interface StockRow {
  readonly day: number;
  readonly columns: Readonly<Record<string, unknown>>;
}

/** A 64-bit integer as a bare JSON number with all its digits; for DateTime64(9) these are unix nanoseconds. */
export function exact(value: bigint | undefined): object {
  return rawJSON((value ?? 0n).toString());
}

/** A Float64: JSON has no NaN and no infinities, ClickHouse reads them from text. */
export function float(value: number | undefined): number | string {
  const number = value ?? 0;
  if (Number.isFinite(number)) return number;
  return Number.isNaN(number) ? 'nan' : number > 0 ? 'inf' : '-inf';
}

export function dayOf(nanos: bigint): number {
  return Number(nanos / NANOS_PER_DAY);
}

/** Whether a time can be stored: after 1970 and before 2106. */
export function isStorable(nanos: bigint | undefined): nanos is bigint {
  return nanos !== undefined && nanos > 0n && nanos < TIME_END;
}

/** Whether an optional time (0 or absent = unknown) can be stored. */
export function isStorableOrUnset(nanos: bigint | undefined): boolean {
  return nanos === undefined || nanos === 0n || isStorable(nanos);
}

/** Refuses an item whose time is missing or out of range; true when it was. */
export function refuseTime(
  nanos: bigint | undefined,
  name: string,
  rejections: Rejections,
  where: () => string,
): boolean {
  if (isStorable(nanos)) return false;
  const what = nanos === undefined || nanos === 0n ? `${name} is not set` : `${name} ${nanos} lies after the year 2105`;
  rejections.add('invalid_time', what, where);
  return true;
}

/** Whether an id has the wanted number of hex digits and is not all zero. */
export function isId(id: string | undefined, digits: number): id is string {
  return id !== undefined && id.length === digits && !/^0*$/.test(id);
}

/** In words, why `isId` said no. */
export function idFault(name: string, id: string | undefined, digits: number): string {
  if (id === undefined || id === '') return `${name} is empty`;
  if (id.length !== digits) return `${name} has ${id.length / 2} bytes, not ${digits / 2}`;
  return `${name} is all zero`;
}
