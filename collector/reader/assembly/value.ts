// AnyValue as text. A string is told where it lies; everything else is written to `scratch`.

import { hit, limit, LIMIT_DEPTH, LIMIT_VALUE_BYTES } from './limits';
import { Bytes, compare, newBytes, reserve } from './memory';
import { put, putAscii, putBase64, putDouble, putInteger, putJsonText, scratch } from './text';
import { cutSize } from './utf8';
import { cursor, FIXED64, fixed64, gather, gatheredSize, knows, length, LENGTH, other, tag, VARINT, varint } from './wire';

const NONE: u32 = 0;
const STRING: u32 = 1;
const BOOL: u32 = 2;
const INT: u32 = 3;
const DOUBLE: u32 = 4;
const LIST: u32 = 5;
const MAP: u32 = 6;
const BYTES: u32 = 7;

const KNOWN = knows(1, LENGTH) | knows(2, VARINT) | knows(3, VARINT) | knows(4, FIXED64) | knows(5, LENGTH) |
  knows(6, LENGTH) | knows(7, LENGTH);
const KNOWN_PAIR = knows(1, LENGTH) | knows(2, LENGTH);
const KNOWN_LIST = knows(1, LENGTH);

let kind: u32 = 0;
let payload: u32 = 0;
let payloadSize: u32 = 0;
let bits: u64 = 0;

/** Reads the fields of an AnyValue; the last one counts, and a list or map that comes in several runs is one. */
function scan(at: u32, end: u32): void {
  let found = NONE;
  let from: u32 = 0;
  let size: u32 = 0;
  let number: u64 = 0;
  let runsFrom: u32 = 0;
  let several = false;
  while (at < end) {
    const start = at;
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a || field == 0x2a || field == 0x32 || field == 0x3a) {
      const kind = field >> 3;
      size = length(at, end);
      from = cursor;
      at = from + size;
      several = found == kind && kind != STRING && kind != BYTES;
      if (!several) runsFrom = start;
      found = kind;
      if (several) {
        // All runs since another kind was last seen; those of the kind alone are gathered.
        from = gather(runsFrom, at, kind);
        size = gatheredSize;
      }
    } else if (field == 0x10) {
      number = varint(at, end);
      at = cursor;
      found = BOOL;
    } else if (field == 0x18) {
      number = varint(at, end);
      at = cursor;
      found = INT;
    } else if (field == 0x21) {
      number = fixed64(at, end);
      at = cursor;
      found = DOUBLE;
    } else at = other(field, KNOWN, at, end);
  }
  kind = found;
  payload = from;
  payloadSize = size;
  bits = number;
}

/** The text of the last value read: at `textAt`, or in `scratch` counted from its start when `textMade`. */
export let textAt: u32 = 0;
export let textSize: u32 = 0;
export let textMade: bool = false;

/** Reads the text of an AnyValue, cut at the limit. */
export function readValue(at: u32, end: u32): void {
  scan(at, end);
  if (kind == STRING || kind == NONE) {
    textMade = false;
    textAt = payload;
    textSize = kind == STRING ? payloadSize : 0;
    if (textSize > limit(LIMIT_VALUE_BYTES)) textSize = cut(payload, payloadSize);
    return;
  }
  const start = scratch.length;
  if (kind == BYTES) putBase64(payload, payloadSize);
  else if (kind == LIST || kind == MAP) putNested(0);
  else putNumber();
  textMade = true;
  textAt = start;
  textSize = scratch.length - start;
  if (textSize > limit(LIMIT_VALUE_BYTES)) {
    reserve(scratch, 0);
    textSize = cut(scratch.ptr + start, textSize);
    scratch.length = start + textSize;
  }
}

export function cut(at: u32, size: u32): u32 {
  hit(LIMIT_VALUE_BYTES);
  return cutSize(at, size, limit(LIMIT_VALUE_BYTES));
}

function putNumber(): void {
  if (kind == INT) putInteger(<i64>bits);
  else if (kind == BOOL) putAscii(bits != 0 ? 'true' : 'false');
  else putDouble(reinterpret<f64>(bits));
}

/** The list or map that `scan` found, as JSON; `depth` is the number of values it lies in. */
function putNested(depth: u32): void {
  const isList = kind == LIST;
  const at = payload;
  const end = payload + payloadSize;
  if (isList) putList(at, end, depth + 1);
  else putMap(at, end, depth + 1);
}

function putJson(at: u32, end: u32, depth: u32): void {
  if (depth > limit(LIMIT_DEPTH)) {
    hit(LIMIT_DEPTH);
    putAscii('"..."');
    return;
  }
  scan(at, end);
  if (kind == STRING) putJsonText(payload, min(payloadSize, limit(LIMIT_VALUE_BYTES) + 4));
  else if (kind == NONE) putAscii('null');
  else if (kind == LIST || kind == MAP) putNested(depth);
  else if (kind == BYTES) {
    put(0x22);
    putBase64(payload, payloadSize);
    put(0x22);
  } else {
    const value = reinterpret<f64>(bits);
    const quoted = kind == DOUBLE && !isFinite(value);
    if (quoted) put(0x22);
    putNumber();
    if (quoted) put(0x22);
  }
}

function putList(at: u32, end: u32, depth: u32): void {
  put(0x5b);
  let first = true;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field != 0x0a) {
      at = other(field, KNOWN_LIST, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    if (!first) put(0x2c);
    first = false;
    putJson(at, at + size, depth);
    at += size;
  }
  put(0x5d);
}

/** Where the key and the value of a KeyValue lie. */
export let keyAt: u32 = 0;
export let keySize: u32 = 0;
export let valueAt: u32 = 0;
export let valueEnd: u32 = 0;

export function readPair(at: u32, end: u32): void {
  const from = at;
  keyAt = at;
  keySize = 0;
  valueAt = valueEnd = at;
  let values = 0;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      keySize = length(at, end);
      keyAt = cursor;
      at = keyAt + keySize;
    } else if (field == 0x12) {
      const size = length(at, end);
      valueAt = cursor;
      at = valueEnd = valueAt + size;
      values++;
    } else at = other(field, KNOWN_PAIR, at, end);
  }
  if (values > 1) {
    const piece = gather(from, end, 2);
    valueAt = piece;
    valueEnd = piece + gatheredSize;
  }
}

// Pairs of maps that are being written: key address and size, value address and end, 16 bytes each; a stack of lists.
const members: Bytes = newBytes();

function putMap(at: u32, end: u32, depth: u32): void {
  const base = members.length;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field != 0x0a) {
      at = other(field, KNOWN_LIST, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    readPair(at, at + size);
    at += size;
    reserve(members, 16);
    const entry = members.ptr + members.length;
    store<u32>(entry, keyAt);
    store<u32>(entry, keySize, 4);
    store<u32>(entry, valueAt, 8);
    store<u32>(entry, valueEnd, 12);
    members.length += 16;
  }
  const count = sortMembers(base);
  put(0x7b);
  for (let i: u32 = 0; i < count; i++) {
    const entry = members.ptr + base + (i << 4);
    const from = load<u32>(entry, 8);
    const to = load<u32>(entry, 12);
    if (i > 0) put(0x2c);
    putJsonText(load<u32>(entry), load<u32>(entry, 4));
    put(0x3a);
    putJson(from, to, depth);
  }
  put(0x7d);
  members.length = base;
}

/** Sorts the entries from `base` on by key, the last of equal keys stays; their number. */
function sortMembers(base: u32): u32 {
  const count = (members.length - base) >> 4;
  if (count < 2) return count;
  reserve(members, count << 4);
  let from = members.ptr + base;
  let to = from + (count << 4);
  // Merges runs of 1, 2, 4 and so on: stable, so that of equal keys the last stays last.
  for (let width: u32 = 1; width < count; width <<= 1) {
    for (let i: u32 = 0; i < count; i += width << 1) {
      const middle = min(i + width, count);
      const end = min(i + (width << 1), count);
      let a = i;
      let b = middle;
      for (let k = i; k < end; k++) {
        const left = a < middle && (b >= end || compareMembers(from + (a << 4), from + (b << 4)) <= 0);
        v128.store(to + (k << 4), v128.load(from + ((left ? a++ : b++) << 4)));
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  const target = members.ptr + base;
  let kept: u32 = 0;
  // Written in place: the slot written is never ahead of the slot read when both are in one half.
  for (let i: u32 = 0; i < count; i++) {
    const entry = from + (i << 4);
    if (i + 1 < count && compareMembers(entry, entry + 16) == 0) continue;
    v128.store(target + (kept++ << 4), v128.load(entry));
  }
  return kept;
}

function compareMembers(a: u32, b: u32): i32 {
  return compare(load<u32>(a), load<u32>(a, 4), load<u32>(b), load<u32>(b, 4));
}

export function clearValues(): void {
  members.length = 0;
}
