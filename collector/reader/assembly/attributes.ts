// Attributes: KeyValues are gathered as pairs of a key's symbol and a value's text, and written to a column once all of an
// item's are there, sorted by key. The pairs of an event stand above those of its span: gathered lists form a stack.

import { appendText, Column, endArray, position, room } from './columns';
import { HOT_END } from './hot';
import { attributeAction, transformValue } from './host';
import { hit, limit, LIMIT_ATTRIBUTES, LIMIT_VALUE_BYTES } from './limits';
import { Bytes, leading, newBytes, reserve } from './memory';
import { pack, packing } from './packing';
import { Shape, shapeOf } from './shapes';
import { internAfter, symbolEntry, symbolSize, symbolText } from './symbols';
import { scratch } from './text';
import { isUtf8 } from './utf8';
import { cut, keyAt, keySize, readPair, readValue, textAt, textMade, textSize, valueAt, valueEnd } from './value';

/** The symbols of the keys, u32 each. */
const keys: Bytes = newBytes();
/** Address and size of the values, u32 each; the address counts from the start of `scratch` when the size has MADE. */
const texts: Bytes = newBytes();
const MADE: u32 = 0x80000000;

/** How many pairs are gathered. */
export let pairCount: u32 = 0;
/** Whether a hook decides about keys. */
let hooked: bool = false;

// The pairs of hot keys in the list of an item: a bit for each key that has a text, and the pair's place.
export let hotMask: u64 = 0;
const hotPairs = <u32>memory.data(4 * 64, 4);

export function setHooked(value: bool): void {
  hooked = value;
}

/** Starts an item's own list. */
export function beginItem(): void {
  pairCount = 0;
  hotMask = 0;
  scratch.length = 0;
}

/** Goes back to `base` pairs. */
export function dropPairs(base: u32): void {
  pairCount = base;
}

/** The symbol of the key of the pair before, where prediction starts from. */
// @ts-ignore: decorator
@inline
function keyBefore(base: u32): u32 {
  return pairCount > base ? load<u32>(keys.ptr + (pairCount << 2) - 4) : 0;
}

/** Gathers a KeyValue of the list that starts at `base`; whether it is one too many. Hot keys are noted when `hot`. */
export function addPair(at: u32, end: u32, base: u32, place: i32, hot: bool): bool {
  if (pairCount - base >= limit(LIMIT_ATTRIBUTES)) {
    // Read all the same: what is malformed is malformed wherever it stands.
    readPair(at, end);
    hit(LIMIT_ATTRIBUTES);
    return true;
  }
  // The usual form: a key, then a value that is a string, all of them short.
  const keyBytes = <u32>load<u8>(at, 1);
  const middle = at + 2 + keyBytes;
  if (load<u8>(at) == 0x0a && keyBytes < 0x80 && middle + 2 <= end && load<u8>(middle) == 0x12) {
    const valueBytes = <u32>load<u8>(middle, 1);
    const value = middle + 2;
    if (valueBytes < 0x80 && value + valueBytes == end) {
      const key = internAfter(keyBefore(base), at + 2, keyBytes);
      const textBytes = <u32>load<u8>(value, 1);
      if (valueBytes >= 2 && load<u8>(value) == 0x0a && textBytes + 2 == valueBytes) {
        push(key, value + 2, textBytes, place, hot, false);
      } else {
        readValue(value, end);
        push(key, textAt, textSize, place, hot, textMade);
      }
      return false;
    }
  }
  readPair(at, end);
  const key = internAfter(keyBefore(base), keyAt, keySize);
  readValue(valueAt, valueEnd);
  push(key, textAt, textSize, place, hot, textMade);
  return false;
}

// @ts-ignore: decorator
@inline
function push(key: u32, at: u32, size: u32, place: i32, hot: bool, made: bool): void {
  if (hooked || size > limit(LIMIT_VALUE_BYTES)) {
    pushHooked(key, at, size, place, hot, made);
    return;
  }
  pushPlain(key, at, made ? size | MADE : size, hot);
}

// @ts-ignore: decorator
@inline
function pushPlain(key: u32, at: u32, size: u32, hot: bool): void {
  const index = pairCount;
  // Both arrays have room for one more pair at least.
  if ((index << 3) + 64 > texts.capacity || (index << 2) + 64 > keys.capacity) growPairs();
  store<u32>(keys.ptr + (index << 2), key);
  store<u64>(texts.ptr + (index << 3), (<u64>size << 32) | at);
  pairCount = index + 1;
  if (hot && key < HOT_END) {
    const bit = <u64>1 << key;
    hotMask = (size & ~MADE) != 0 ? hotMask | bit : hotMask & ~bit;
    store<u32>(hotPairs + (key << 2), index);
  }
}

function growPairs(): void {
  keys.length = pairCount << 2;
  texts.length = pairCount << 3;
  reserve(keys, (pairCount << 2) + 256);
  reserve(texts, (pairCount << 3) + 512);
}

function pushHooked(key: u32, at: u32, size: u32, place: i32, hot: bool, made: bool): void {
  if (size > limit(LIMIT_VALUE_BYTES)) size = cut(made ? scratch.ptr + at : at, size);
  if (hooked) {
    const entry = symbolEntry(key);
    let action = <i32>load<u8>(entry + 16 + place);
    if (action == 0) {
      action = 1 + attributeAction(symbolText(key), symbolSize(key), place);
      store<u8>(symbolEntry(key) + 16 + place, action);
    }
    if (action == 2) return;
    if (action == 3) {
      size = transformValue(symbolText(key), symbolSize(key), made ? scratch.ptr + at : at, size, place);
      at = scratch.length;
      made = true;
      if (size > limit(LIMIT_VALUE_BYTES)) size = cut(scratch.ptr + at, size);
      scratch.length += size;
    }
  }
  pushPlain(key, at, made ? size | MADE : size, hot);
}

/** Room for a transformed value, behind what `scratch` holds. */
export function roomForText(size: u32): u32 {
  reserve(scratch, size);
  return scratch.ptr + scratch.length;
}

/** Where the value of a pair lies, until more text is made. */
// @ts-ignore: decorator
@inline
export function pairText(index: u32): u32 {
  const at = load<u32>(texts.ptr + (index << 3));
  return load<u32>(texts.ptr + (index << 3), 4) & MADE ? scratch.ptr + at : at;
}

// @ts-ignore: decorator
@inline
export function pairSize(index: u32): u32 {
  return load<u32>(texts.ptr + (index << 3), 4) & ~MADE;
}

// @ts-ignore: decorator
@inline
export function pairKey(index: u32): u32 {
  return load<u32>(keys.ptr + (index << 2));
}

/** Whether the item has a text under a hot key. */
// @ts-ignore: decorator
@inline
export function hasHot(key: u32): bool {
  return (hotMask & (<u64>1 << key)) != 0;
}

/** The pair of a hot key that `hasHot`. */
// @ts-ignore: decorator
@inline
export function hotPair(key: u32): u32 {
  return load<u32>(hotPairs + (key << 2));
}

/** The shape of the list from `base` on: its order, and its keys as one symbol. */
// @ts-ignore: decorator
@inline
export function pairShape(base: u32): Shape {
  if (pairCount == base) return shapeOf(0, 0);
  return shapeOf(keys.ptr + (base << 2), pairCount - base);
}

/** Writes the list from `base` on as the row of a map column. */
export function appendMap(column: Column, row: u32, base: u32): void {
  if (pairCount > base) {
    const shape = pairShape(base);
    const child = column.child;
    const keyColumn = child.first;
    const valueColumn = child.last;
    room(child, shape.unique);
    for (let i: u32 = 0; i < shape.unique; i++) {
      const pair = base + load<u32>(shape.order + (i << 2));
      store<u32>(keyColumn.data + (child.count << 2), position(keyColumn, pairKey(pair)));
      appendText(valueColumn, pairText(pair), pairSize(pair));
      child.count++;
    }
  }
  endArray(column, row);
}

const ONES: v128 = i8x16.splat(1);
const SPACES: v128 = i8x16.splat(0x20);

/**
 * Writes the values of the list from `base` on to a TEXT column, in the order of their keys and each followed by a zero
 * byte; zero bytes in a value are written 01 01, bytes 01 are written 01 02. The keys are the symbol `shape.packed`.
 */
export function appendPacked(column: Column, base: u32, shape: Shape): void {
  const count = shape.unique;
  if (count == 0) {
    appendText(column, texts.ptr, 0);
    return;
  }
  const order = shape.order;
  const first = texts.ptr + (base << 3);
  let size = count;
  for (let i: u32 = 0; i < count; i++) {
    size += load<u32>(first + (load<u32>(order + (i << 2)) << 3), 4) & ~MADE;
  }
  const bytes = column.bytes;
  reserve(bytes, size + 5);
  let to = bytes.ptr + bytes.length;
  let rest = size;
  for (; rest >= 0x80; rest >>= 7) store<u8>(to++, (rest & 0x7f) | 0x80);
  store<u8>(to++, rest);
  // The high bit of a byte of `odd` tells of a byte that needs a closer look: below 2 or outside ASCII.
  let odd = i8x16.splat(0);
  const made = scratch.ptr;
  for (let i: u32 = 0; i < count; i++) {
    const text = first + (load<u32>(order + (i << 2)) << 3);
    let at = load<u32>(text);
    let left = load<u32>(text, 4);
    if (left & MADE) {
      left &= ~MADE;
      at += made;
    }
    for (; left > 16; left -= 16, at += 16, to += 16) {
      const value = v128.load(at);
      v128.store(to, value);
      odd = v128.or(odd, v128.or(value, i8x16.le_u(value, ONES)));
    }
    const value = v128.load(at);
    v128.store(to, value);
    const inside = v128.bitselect(value, SPACES, leading(left));
    odd = v128.or(odd, v128.or(inside, i8x16.le_u(inside, ONES)));
    to += left;
    store<u8>(to++, 0);
  }
  if (i8x16.bitmask(odd) && !allPlain(base, shape)) appendEscaped(column, base, shape);
  else bytes.length = to - bytes.ptr;
}

function allPlain(base: u32, shape: Shape): bool {
  for (let i: u32 = 0; i < shape.unique; i++) {
    const pair = base + load<u32>(shape.order + (i << 2));
    const at = pairText(pair);
    const size = pairSize(pair);
    for (let j: u32 = 0; j < size; j++) if (load<u8>(at + j) < 2) return false;
    if (!isUtf8(at, size)) return false;
  }
  return true;
}

function appendEscaped(column: Column, base: u32, shape: Shape): void {
  packing.length = 0;
  for (let i: u32 = 0; i < shape.unique; i++) {
    const pair = base + load<u32>(shape.order + (i << 2));
    pack(pairText(pair), pairSize(pair));
  }
  appendText(column, packing.ptr, packing.length);
}
