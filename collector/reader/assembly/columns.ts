// Open blocks: sets of rows in columns, laid out as ClickHouse's Native format wants them as far as that is known while
// rows still come. Positions in dictionaries are 32 bits wide here and narrowed when the block is closed.

import { allocate, Bytes, capacityFor, clear, leading, newBytes, release, reserve } from './memory';
import { isUtf8, repairedSize, repairUtf8 } from './utf8';
import { symbolCount } from './symbols';

export const FIXED: u32 = 0;
export const TEXT: u32 = 1;
export const LOW: u32 = 2;
export const ARRAY: u32 = 3;

@unmanaged
export class Column {
  kind: u32;
  /** Bytes of a row in `data`. */
  width: u32;
  /** FIXED: values. LOW: positions (u32). ARRAY: ends of rows in `child` (u64). TEXT: nothing. */
  data: u32;
  /** TEXT: lengths and bytes. LOW: the symbols of the dictionary. */
  bytes: Bytes;
  /** LOW: position + 1 by symbol. */
  local: u32;
  localCount: u32;
  /** ARRAY: the rows inside. */
  child: Rows;
  next: Column;
  name: u32;
  nameSize: u32;
  type: u32;
  typeSize: u32;
  mark: u32;
  innerMark: u32;
}

@unmanaged
export class Rows {
  count: u32;
  capacity: u32;
  first: Column;
  last: Column;
  mark: u32;
  innerMark: u32;
}

export const NO_COLUMN: Column = changetype<Column>(<usize>0);
const NO_ROWS: Rows = changetype<Rows>(<usize>0);

/** The tables by their place in LEAN_TABLES. */
export const TABLES: u32 = 8;
const tables = <u32>memory.data(4 * 8);

export function newRows(): Rows {
  const rows = allocate(offsetof<Rows>());
  memory.fill(rows, 0, offsetof<Rows>());
  return changetype<Rows>(<usize>rows);
}

export function newTable(index: u32): Rows {
  const rows = newRows();
  store<u32>(tables + (index << 2), <u32>changetype<usize>(rows));
  return rows;
}

export function table(index: u32): Rows {
  return changetype<Rows>(<usize>load<u32>(tables + (index << 2)));
}

/** Copies a text of the code, which is ASCII; the address. */
function ascii(text: string): u32 {
  const at = allocate(text.length);
  for (let i = 0; i < text.length; i++) store<u8>(at + i, text.charCodeAt(i));
  return at;
}

function newColumn(rows: Rows, kind: u32, width: u32, name: string, type: string): Column {
  const piece = allocate(offsetof<Column>());
  memory.fill(piece, 0, offsetof<Column>());
  const made = changetype<Column>(<usize>piece);
  made.kind = kind;
  made.width = width;
  made.name = ascii(name);
  made.nameSize = name.length;
  made.type = ascii(type);
  made.typeSize = type.length;
  if (kind == TEXT || kind == LOW) made.bytes = newBytes();
  if (rows.first == NO_COLUMN) rows.first = made;
  else rows.last.next = made;
  rows.last = made;
  return made;
}

/** Numbers, dates, enums, fixed strings: `width` bytes a row. */
export function fixed(rows: Rows, width: u32, name: string, type: string): Column {
  return newColumn(rows, FIXED, width, name, type);
}

export function text(rows: Rows, name: string): Column {
  return newColumn(rows, TEXT, 0, name, 'String');
}

export function low(rows: Rows, name: string): Column {
  const made = newColumn(rows, LOW, 4, name, 'LowCardinality(String)');
  seedDictionary(made);
  return made;
}

/** `type` is that of the whole column; columns are then added to its `child`, in order, their names do not matter. */
export function array(rows: Rows, name: string, type: string): Column {
  const made = newColumn(rows, ARRAY, 8, name, type);
  made.child = newRows();
  return made;
}

/** Attributes: its child has the keys and the values. */
export function map(rows: Rows, name: string): Column {
  const made = array(rows, name, 'Map(LowCardinality(String), String)');
  low(made.child, 'key');
  text(made.child, 'value');
  return made;
}

/** The empty text has position 0 in every dictionary. */
function seedDictionary(column: Column): void {
  if (column.localCount == 0) growLocal(column, 0);
  store<u32>(column.local, 1);
  reserve(column.bytes, 4);
  store<u32>(column.bytes.ptr, 0);
  column.bytes.length = 4;
}

function growLocal(column: Column, symbol: u32): void {
  const count = max(1024, max(symbol + 1, symbolCount()) * 2);
  const fresh = allocate(count << 2);
  memory.fill(fresh, 0, count << 2);
  if (column.local != 0) {
    memory.copy(fresh, column.local, column.localCount << 2);
    release(column.local, capacityFor(column.localCount << 2));
  }
  column.local = fresh;
  column.localCount = count;
}

/** Makes room for `more` rows. */
// @ts-ignore: decorator
@inline
export function room(rows: Rows, more: u32): void {
  if (rows.count + more > rows.capacity) growRows(rows, more);
}

function growRows(rows: Rows, more: u32): void {
  const capacity = max(rows.count + more, max(rows.capacity << 1, 256));
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    if (c.width == 0) continue;
    const fresh = allocate(capacity * c.width);
    if (c.data != 0) {
      memory.copy(fresh, c.data, rows.count * c.width);
      release(c.data, capacityFor(rows.capacity * c.width));
    }
    c.data = fresh;
  }
  rows.capacity = capacity;
}

// @ts-ignore: decorator
@inline
export function set64(column: Column, row: u32, value: u64): void {
  store<u64>(column.data + (row << 3), value);
}

// @ts-ignore: decorator
@inline
export function set32(column: Column, row: u32, value: u32): void {
  store<u32>(column.data + (row << 2), value);
}

// @ts-ignore: decorator
@inline
export function set16(column: Column, row: u32, value: u32): void {
  store<u16>(column.data + (row << 1), <u16>value);
}

// @ts-ignore: decorator
@inline
export function set8(column: Column, row: u32, value: u32): void {
  store<u8>(column.data + row, <u8>value);
}

// @ts-ignore: decorator
@inline
export function setDouble(column: Column, row: u32, value: f64): void {
  store<f64>(column.data + (row << 3), value);
}

/** The position of a symbol in the column's dictionary. */
// @ts-ignore: decorator
@inline
export function position(column: Column, symbol: u32): u32 {
  if (symbol < column.localCount) {
    const found = load<u32>(column.local + (symbol << 2));
    if (found != 0) return found - 1;
  }
  return addToDictionary(column, symbol);
}

function addToDictionary(column: Column, symbol: u32): u32 {
  if (symbol >= column.localCount) growLocal(column, symbol);
  const keys = column.bytes;
  reserve(keys, 4);
  const at = keys.length >> 2;
  store<u32>(keys.ptr + keys.length, symbol);
  keys.length += 4;
  store<u32>(column.local + (symbol << 2), at + 1);
  return at;
}

// @ts-ignore: decorator
@inline
export function setLow(column: Column, row: u32, symbol: u32): void {
  store<u32>(column.data + (row << 2), position(column, symbol));
}

/** Ends a row of an ARRAY column after the rows its child has now. */
// @ts-ignore: decorator
@inline
export function endArray(column: Column, row: u32): void {
  store<u64>(column.data + (row << 3), column.child.count);
}

/**
 * Appends the value of a TEXT column's next row; the text can be read 15 bytes past its end. What is not UTF-8 in it is
 * repaired.
 */
export function appendText(column: Column, at: u32, size: u32): void {
  const bytes = column.bytes;
  reserve(bytes, size + 5);
  let to = bytes.ptr + bytes.length;
  let seen: v128;
  if (size <= 16) {
    store<u8>(to++, <u8>size);
    seen = v128.load(at);
    v128.store(to, seen);
    seen = v128.and(seen, leading(size));
  } else {
    let rest = size;
    for (; rest >= 0x80; rest >>= 7) store<u8>(to++, (rest & 0x7f) | 0x80);
    store<u8>(to++, rest);
    seen = v128.load(at);
    v128.store(to, seen);
    for (let i: u32 = 16; i + 16 <= size; i += 16) {
      const value = v128.load(at + i);
      v128.store(to + i, value);
      seen = v128.or(seen, value);
    }
    const last = v128.load(at + size - 16);
    v128.store(to + size - 16, last);
    seen = v128.or(seen, last);
  }
  if (i8x16.bitmask(seen) && !isUtf8(at, size)) appendRepaired(bytes, at, size);
  else bytes.length = to + size - bytes.ptr;
}

function appendRepaired(bytes: Bytes, at: u32, size: u32): void {
  let rest = repairedSize(at, size);
  reserve(bytes, rest + 5);
  let to = bytes.ptr + bytes.length;
  const end = rest;
  for (; rest >= 0x80; rest >>= 7) store<u8>(to++, (rest & 0x7f) | 0x80);
  store<u8>(to++, rest);
  repairUtf8(at, size, to);
  bytes.length = to + end - bytes.ptr;
}

/** Remembers how far the rows go. */
export function markRows(rows: Rows): void {
  rows.mark = rows.count;
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    if (c.kind == ARRAY) markRows(c.child);
    else if (c.kind != FIXED) c.mark = c.bytes.length;
  }
}

/** Remembers how far rows inside an item's row go, apart from `markRows`. */
export function markInner(rows: Rows): void {
  rows.innerMark = rows.count;
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    if (c.kind == ARRAY) markInner(c.child);
    else if (c.kind == TEXT) c.innerMark = c.bytes.length;
  }
}

/** Takes back what came after `markInner`; dictionaries keep what they have. */
export function rollbackInner(rows: Rows): void {
  rows.count = rows.innerMark;
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    if (c.kind == ARRAY) rollbackInner(c.child);
    else if (c.kind == TEXT) c.bytes.length = c.innerMark;
  }
}

/** Takes back what came after the mark. */
export function rollbackRows(rows: Rows): void {
  rows.count = rows.mark;
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    if (c.kind == ARRAY) rollbackRows(c.child);
    else if (c.kind == TEXT) c.bytes.length = c.mark;
    else if (c.kind == LOW) forgetKeys(c, c.mark);
  }
}

function forgetKeys(column: Column, from: u32): void {
  const keys = column.bytes;
  for (let i = from; i < keys.length; i += 4) store<u32>(column.local + (load<u32>(keys.ptr + i) << 2), 0);
  keys.length = from;
}

/** Empties the rows for the next block; `fresh` when symbols start anew too. */
export function clearRows(rows: Rows, fresh: bool): void {
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    if (c.kind == ARRAY) clearRows(c.child, fresh);
    else if (c.kind == TEXT) clear(c.bytes);
    else if (c.kind == LOW) {
      forgetKeys(c, 0);
      clear(c.bytes);
      if (fresh) {
        release(c.local, capacityFor(c.localCount << 2));
        c.local = c.localCount = 0;
      }
      seedDictionary(c);
    }
  }
  const keep = max(256, rows.count << 2);
  if (rows.capacity > keep && rows.capacity > 1 << 15) {
    for (let c = rows.first; c != NO_COLUMN; c = c.next) {
      if (c.width == 0) continue;
      release(c.data, capacityFor(rows.capacity * c.width));
      c.data = 0;
    }
    rows.capacity = 0;
  }
  rows.count = 0;
}

/** About the bytes of the block. */
export function sizeOfRows(rows: Rows): u64 {
  let size: u64 = 0;
  for (let c = rows.first; c != NO_COLUMN; c = c.next) {
    if (c.kind == ARRAY) size += (<u64>rows.count << 3) + sizeOfRows(c.child);
    else if (c.kind == TEXT) size += c.bytes.length;
    else if (c.kind == LOW) size += <u64>rows.count * (c.bytes.length <= 1024 ? 1 : 2) + <u64>c.bytes.length * 8;
    else size += <u64>rows.count * c.width;
  }
  return size;
}
