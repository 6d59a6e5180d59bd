// Shapes: which keys a list of attributes has, in which order. Items of one operation mostly have one shape, so the order
// by key, with the last of equal keys, is computed once and found again by the sequence of symbols.

import { allocate, Bytes, capacityFor, compare, newBytes, release, reserve } from './memory';
import { EMPTY, intern, symbolSize, symbolText } from './symbols';
import { pack, packing } from './packing';

@unmanaged
export class Shape {
  /** The symbols in the order of the sender, and how many. */
  keys: u32;
  count: u32;
  /** Places in the list, in the order to be written; u32 each. */
  order: u32;
  /** How many of them there are: equal keys count once. */
  unique: u32;
  /** The keys in order, each followed by a zero byte, as one symbol. */
  packed: u32;
}

const CACHED: u32 = 4096;
/** Longer lists are rare and large: they are put in order each time. */
const LONGEST: u32 = 128;

const cache: u32 = allocate(CACHED << 2);
memory.fill(cache, 0, CACHED << 2);
const none: Shape = newShape();
const single: Shape = newShape();
const work: Bytes = newBytes();

function newShape(): Shape {
  const piece = allocate(offsetof<Shape>());
  memory.fill(piece, 0, offsetof<Shape>());
  return changetype<Shape>(<usize>piece);
}

/** Symbols start anew: all shapes are forgotten. */
export function resetShapes(): void {
  for (let i: u32 = 0; i < CACHED; i++) {
    const shape = changetype<Shape>(<usize>load<u32>(cache + (i << 2)));
    if (shape != changetype<Shape>(<usize>0)) drop(shape);
    store<u32>(cache + (i << 2), 0);
  }
}

function drop(shape: Shape): void {
  release(shape.keys, capacityFor(shape.count << 3));
  release(<u32>changetype<usize>(shape), capacityFor(offsetof<Shape>()));
}

const PRIME: u32 = 0x9e3779b1;

/** The shape of `count` symbols, whose memory can be read 15 bytes past its end. It is good until the next call. */
export function shapeOf(keys: u32, count: u32): Shape {
  if (count == 0) return none;
  if (count > LONGEST) {
    single.keys = keys;
    single.count = count;
    arrange(single, work);
    return single;
  }
  let hash = count;
  for (let i: u32 = 0; i < count; i++) hash = (hash ^ load<u32>(keys + (i << 2))) * PRIME;
  const slot = cache + ((hash >> 20) << 2);
  const found = changetype<Shape>(<usize>load<u32>(slot));
  if (found != changetype<Shape>(<usize>0)) {
    if (found.count == count && same(found.keys, keys, count)) return found;
    drop(found);
    store<u32>(slot, 0);
  }
  const made = newShape();
  const piece = allocate(count << 3);
  memory.copy(piece, keys, count << 2);
  made.keys = piece;
  made.count = count;
  arrange(made, work);
  memory.copy(piece + (count << 2), made.order, made.unique << 2);
  made.order = piece + (count << 2);
  store<u32>(slot, <u32>changetype<usize>(made));
  return made;
}

// @ts-ignore: decorator
@inline
function same(a: u32, b: u32, count: u32): bool {
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    if (v128.any_true(v128.xor(v128.load(a + (i << 2)), v128.load(b + (i << 2))))) return false;
  }
  for (; i < count; i++) if (load<u32>(a + (i << 2)) != load<u32>(b + (i << 2))) return false;
  return true;
}

/** Computes order, number and packed keys; the order lies in `into`. */
function arrange(shape: Shape, into: Bytes): void {
  const count = shape.count;
  into.length = 0;
  reserve(into, count << 3);
  let from = into.ptr;
  let to = from + (count << 2);
  for (let i: u32 = 0; i < count; i++) store<u32>(from + (i << 2), i);
  // Merges runs of 1, 2, 4 and so on: stable, so that of equal keys the last stays last.
  for (let width: u32 = 1; width < count; width <<= 1) {
    for (let i: u32 = 0; i < count; i += width << 1) {
      const middle = min(i + width, count);
      const end = min(i + (width << 1), count);
      let a = i;
      let b = middle;
      for (let k = i; k < end; k++) {
        const left = a < middle && (b >= end || !below(shape, load<u32>(from + (b << 2)), load<u32>(from + (a << 2))));
        store<u32>(to + (k << 2), load<u32>(from + ((left ? a++ : b++) << 2)));
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  let kept: u32 = 0;
  packing.length = 0;
  for (let i: u32 = 0; i < count; i++) {
    const place = load<u32>(from + (i << 2));
    const symbol = load<u32>(shape.keys + (place << 2));
    if (i + 1 < count && symbol == load<u32>(shape.keys + (load<u32>(from + (i << 2), 4) << 2))) continue;
    store<u32>(from + (kept++ << 2), place);
    pack(symbolText(symbol), symbolSize(symbol));
  }
  shape.order = from;
  shape.unique = kept;
  shape.packed = kept == 0 ? EMPTY : intern(packing.ptr, packing.length);
}

function below(shape: Shape, a: u32, b: u32): bool {
  const left = load<u32>(shape.keys + (a << 2));
  const right = load<u32>(shape.keys + (b << 2));
  if (left == right) return false;
  return compare(symbolText(left), symbolSize(left), symbolText(right), symbolSize(right)) < 0;
}
