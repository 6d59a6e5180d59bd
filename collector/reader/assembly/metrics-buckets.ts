// Lists of numbers in points: packed, one by one, or in any mixture of both, as nested columns of 8 bytes.

import { array, Column, fixed, room, Rows, set64 } from './columns';
import { FAIL_ENDS, fail } from './host';
import { limit, LIMIT_BUCKETS } from './limits';
import { allocate, copyLoose } from './memory';
import { cursor, fixed64, length, varint } from './wire';

@unmanaged
export class Numbers {
  column: Column;
  rows: Rows;
  values: Column;
  /** Of the current point: how many there are, kept or not, and the row of the first. */
  count: u32;
  first: u32;
}

export function numbersOf(rows: Rows, name: string, type: string): Numbers {
  const made = changetype<Numbers>(<usize>allocate(offsetof<Numbers>()));
  made.column = array(rows, name, type);
  made.rows = made.column.child;
  made.values = fixed(made.rows, 8, '', '');
  made.count = made.first = 0;
  return made;
}

// @ts-ignore: decorator
@inline
export function beginNumbers(into: Numbers): void {
  into.count = 0;
  into.first = into.rows.count;
}

/** Takes back the numbers of the current point. */
// @ts-ignore: decorator
@inline
export function dropNumbers(into: Numbers): void {
  into.rows.count = into.first;
}

// @ts-ignore: decorator
@inline
function append(into: Numbers, value: u64): void {
  // A point with too many is refused, so the rest need not be kept.
  if (into.count++ > limit(LIMIT_BUCKETS)) return;
  const rows = into.rows;
  room(rows, 1);
  set64(into.values, rows.count++, value);
}

/** One number of 8 bytes; the address after it. */
export function readFixed(into: Numbers, at: u32, end: u32): u32 {
  append(into, fixed64(at, end));
  return cursor;
}

/** A packed list of numbers of 8 bytes; the address after it. */
export function readFixedList(into: Numbers, at: u32, end: u32): u32 {
  const size = length(at, end);
  at = cursor;
  if (size & 7) fail(FAIL_ENDS, at + size, 0, 0, 0);
  const count = size >> 3;
  const kept = into.rows.count - into.first;
  const wanted = min(count, limit(LIMIT_BUCKETS) + 1 - min(kept, limit(LIMIT_BUCKETS) + 1));
  into.count += count;
  room(into.rows, wanted);
  copyLoose(into.values.data + (into.rows.count << 3), at, wanted << 3);
  into.rows.count += wanted;
  return at + size;
}

/** One varint; the address after it. */
export function readVarint(into: Numbers, at: u32, end: u32): u32 {
  append(into, varint(at, end));
  return cursor;
}

/** A packed list of varints; the address after it. */
export function readVarintList(into: Numbers, at: u32, end: u32): u32 {
  const size = length(at, end);
  at = cursor;
  const stop = at + size;
  const most = limit(LIMIT_BUCKETS) + 1;
  const rows = into.rows;
  // Each number has a byte at least.
  const wanted = min(size, most - min(rows.count - into.first, most));
  room(rows, wanted);
  let to = into.values.data + (rows.count << 3);
  const full = to + (wanted << 3);
  const from = to;
  for (; at < stop && to < full; to += 8) {
    store<u64>(to, varint(at, stop));
    at = cursor;
  }
  rows.count += (to - from) >> 3;
  into.count += (to - from) >> 3;
  for (; at < stop; into.count++) {
    varint(at, stop);
    at = cursor;
  }
  return stop;
}
