// Exemplars: a nested column of all points but summaries. They are written as they are met and taken back when their
// point is refused.

import { addPair, appendMap, beginItem, dropPairs } from './attributes';
import { array, Column, fixed, map, markInner, rollbackInner, room, Rows, set64, setDouble } from './columns';
import { PLACE_ITEM } from './host';
import { isStorableOrUnset } from './items';
import { hit, limit, LIMIT_EXEMPLARS } from './limits';
import { allocate } from './memory';
import { cursor, FIXED64, fixed64, knows, LENGTH, length, other, tag } from './wire';

const TYPE = 'Array(Tuple(FilteredAttributes Map(LowCardinality(String), String), TimeUnix DateTime64(9), Value Float64, SpanId FixedString(8), TraceId FixedString(16)))';
const KNOWN = knows(2, FIXED64) | knows(3, FIXED64) | knows(4, LENGTH) | knows(5, LENGTH) | knows(6, FIXED64) |
  knows(7, LENGTH);

@unmanaged
export class Exemplars {
  column: Column;
  rows: Rows;
  attributes: Column;
  time: Column;
  value: Column;
  span: Column;
  trace: Column;
  /** Of the current point: how many were met, and whether a time of one cannot be stored. */
  count: u32;
  late: bool;
}

export function exemplarsOf(rows: Rows): Exemplars {
  const made = changetype<Exemplars>(<usize>allocate(offsetof<Exemplars>()));
  made.column = array(rows, 'Exemplars', TYPE);
  made.rows = made.column.child;
  made.attributes = map(made.rows, '');
  made.time = fixed(made.rows, 8, '', '');
  made.value = fixed(made.rows, 8, '', '');
  made.span = fixed(made.rows, 8, '', '');
  made.trace = fixed(made.rows, 16, '', '');
  made.count = 0;
  made.late = false;
  return made;
}

// @ts-ignore: decorator
@inline
export function beginExemplars(into: Exemplars): void {
  into.count = 0;
  into.late = false;
}

/** Takes back the exemplars of the current point. */
export function dropExemplars(into: Exemplars): void {
  if (into.count > 0) rollbackInner(into.rows);
}

export function readExemplar(into: Exemplars, at: u32, end: u32): void {
  if (into.count == limit(LIMIT_EXEMPLARS)) {
    hit(LIMIT_EXEMPLARS);
    return;
  }
  if (into.count++ == 0) markInner(into.rows);
  let time: u64 = 0;
  let value: f64 = 0;
  let span: u64 = 0;
  let trace: u32 = 0;
  beginItem();
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x11) {
      time = fixed64(at, end);
      at = cursor;
    } else if (field == 0x19) {
      value = reinterpret<f64>(fixed64(at, end));
      at = cursor;
    } else if (field == 0x31) {
      value = <f64>(<i64>fixed64(at, end));
      at = cursor;
    } else if (field == 0x22) {
      const size = length(at, end);
      span = size == 8 ? load<u64>(cursor) : 0;
      at = cursor + size;
    } else if (field == 0x2a) {
      const size = length(at, end);
      trace = size == 16 ? cursor : 0;
      at = cursor + size;
    } else if (field == 0x3a) {
      const size = length(at, end);
      at = cursor;
      addPair(at, at + size, 0, PLACE_ITEM, false);
      at += size;
    } else at = other(field, KNOWN, at, end);
  }
  if (!isStorableOrUnset(time)) into.late = true;
  const rows = into.rows;
  room(rows, 1);
  const row = rows.count;
  appendMap(into.attributes, row, 0);
  dropPairs(0);
  set64(into.time, row, time);
  setDouble(into.value, row, value);
  set64(into.span, row, span);
  const id = trace == 0 ? i64x2.splat(0) : v128.load(trace);
  v128.store(into.trace.data + (row << 4), id);
  rows.count = row + 1;
}
