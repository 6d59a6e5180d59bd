// A closed block: ClickHouse's Native format as a list of runs of bytes, most of them the columns as they lie, so that the
// host copies each byte once.

import { ARRAY, FIXED, LOW, NO_COLUMN, Column, Rows } from './columns';
import { Bytes, newBytes, reserve } from './memory';
import { symbolEntry } from './symbols';

/** A dictionary of its own for each block: version 1, keys are added, and none are kept from the block before. */
const LOW_VERSION: u64 = 1;
const LOW_FLAGS: u64 = 0x600;

/** Runs: address u32 and size u32. */
export const runs: Bytes = newBytes();
const made: Bytes = newBytes();
let madeFrom: u32 = 0;

// A run of made bytes is told by a size with this bit, its address counts from the start of all made bytes.
const MADE: u32 = 0x80000000;

function run(at: u32, size: u32): void {
  if (size == 0) return;
  endMade();
  push(at, size);
}

function push(at: u32, size: u32): void {
  reserve(runs, 8);
  store<u32>(runs.ptr + runs.length, at);
  store<u32>(runs.ptr + runs.length + 4, size);
  runs.length += 8;
}

function endMade(): void {
  if (made.length > madeFrom) push(madeFrom, (made.length - madeFrom) | MADE);
  madeFrom = made.length;
}

function make64(value: u64): void {
  reserve(made, 8);
  store<u64>(made.ptr + made.length, value);
  made.length += 8;
}

function makeVarint(value: u32): void {
  reserve(made, 5);
  for (; value >= 0x80; value >>= 7) store<u8>(made.ptr + made.length++, (value & 0x7f) | 0x80);
  store<u8>(made.ptr + made.length++, value);
}

function makeText(at: u32, size: u32): void {
  makeVarint(size);
  reserve(made, size);
  memory.copy(made.ptr + made.length, at, size);
  made.length += size;
}

/** Lists the runs of a block of `rows`; their number. */
export function plan(rows: Rows): u32 {
  runs.length = 0;
  made.length = 0;
  madeFrom = 0;
  let columns: u32 = 0;
  for (let c = rows.first; c != NO_COLUMN; c = c.next) columns++;
  makeVarint(columns);
  makeVarint(rows.count);
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    makeText(c.name, c.nameSize);
    makeText(c.type, c.typeSize);
    prefix(c);
    data(c, rows.count);
  }
  endMade();
  for (let i: u32 = 0; i < runs.length; i += 8) {
    const entry = runs.ptr + i;
    const size = load<u32>(entry, 4);
    if (size & MADE) {
      store<u32>(entry, made.ptr + load<u32>(entry));
      store<u32>(entry, size & ~MADE, 4);
    }
  }
  return runs.length >> 3;
}

/** What precedes all data of a column: the version of each dictionary in it. */
function prefix(column: Column): void {
  if (column.kind == LOW) make64(LOW_VERSION);
  else if (column.kind == ARRAY) {
    for (let c = column.child.first; c != NO_COLUMN; c = c.next) prefix(c);
  }
}

function data(column: Column, count: u32): void {
  if (column.kind == FIXED) run(column.data, count * column.width);
  else if (column.kind == LOW) dictionary(column, count);
  else if (column.kind == ARRAY) {
    run(column.data, count << 3);
    for (let c = column.child.first; c != NO_COLUMN; c = c.next) data(c, column.child.count);
  } else run(column.bytes.ptr, column.bytes.length);
}

function dictionary(column: Column, count: u32): void {
  // Without rows there is nothing at all, not even an empty dictionary.
  if (count == 0) return;
  const keys = column.bytes.length >> 2;
  const width: u32 = keys <= 0x100 ? 0 : keys <= 0x10000 ? 1 : 2;
  make64(LOW_FLAGS | width);
  make64(keys);
  for (let i: u32 = 0; i < keys; i++) {
    const entry = symbolEntry(load<u32>(column.bytes.ptr + (i << 2)));
    const before = <u32>load<u8>(entry, 19);
    const size = load<u32>(entry, 4) + before;
    reserve(made, size);
    memory.copy(made.ptr + made.length, load<u32>(entry) - before, size);
    made.length += size;
  }
  make64(count);
  if (width == 2) {
    run(column.data, count << 2);
    return;
  }
  reserve(made, (count << width) + 16);
  const from = column.data;
  const to = made.ptr + made.length;
  if (width == 0) narrow8(from, to, count);
  else narrow16(from, to, count);
  made.length += count << width;
}

/** Both sides have room for whole vectors past their ends. */
function narrow8(from: u32, to: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i += 8) {
    const a = v128.load(from + (i << 2));
    const b = v128.load(from + (i << 2), 16);
    const words = i16x8.narrow_i32x4_u(a, b);
    v128.store_lane<i64>(to + i, i8x16.narrow_i16x8_u(words, words), 0);
  }
}

function narrow16(from: u32, to: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i += 8) {
    const a = v128.load(from + (i << 2));
    const b = v128.load(from + (i << 2), 16);
    v128.store(to + (i << 1), i16x8.narrow_i32x4_u(a, b));
  }
}
