// The attributes of a data point as they lie on the wire. Points of a known series are known by these bytes alone, so the
// pairs are only read when a series is told.

import { addPair, beginItem } from './attributes';
import { PLACE_ITEM } from './host';
import { leading } from './memory';
import { cursor, keep, LENGTH, length, other, tag } from './wire';

/** The fields of the attributes, tags and all, as one run. */
export let attributesFrom: u32 = 0;
export let attributesEnd: u32 = 0;
let scattered: bool = false;

// @ts-ignore: decorator
@inline
export function beginAttributes(): void {
  attributesFrom = attributesEnd = 0;
  scattered = false;
}

/** Notes an attribute: its field lies from `from` to `end`. */
// @ts-ignore: decorator
@inline
export function noteAttribute(from: u32, end: u32): void {
  if (attributesEnd == from) attributesEnd = end;
  else noteRun(from, end);
}

function noteRun(from: u32, end: u32): void {
  if (attributesFrom == 0) {
    attributesFrom = from;
    attributesEnd = end;
  } else scattered = true;
}

/** Makes one run of the attributes of the point between `from` and `end`, in which their field has `number`. */
// @ts-ignore: decorator
@inline
export function endAttributes(from: u32, end: u32, number: u32): void {
  if (scattered) collect(from, end, number);
}

function collect(from: u32, end: u32, number: u32): void {
  const wanted = (number << 3) | LENGTH;
  let size: u32 = 0;
  let piece: u32 = 0;
  for (let pass = 0; pass < 2; pass++) {
    let to = piece;
    for (let at = from; at < end; ) {
      const start = at;
      const field = tag(at, end);
      at = cursor;
      if (field != wanted) {
        at = other(field, 0, at, end);
        continue;
      }
      at = length(at, end) + cursor;
      if (pass == 0) size += at - start;
      else memory.copy(to, start, at - start);
      to += at - start;
    }
    if (pass == 0) piece = keep(size, from);
  }
  attributesFrom = piece;
  attributesEnd = piece + size;
}

/** Gathers the pairs of the current point as an item's. */
export function readAttributes(): void {
  beginItem();
  const end = attributesEnd;
  for (let at = attributesFrom; at < end; ) {
    tag(at, end);
    const size = length(cursor, end);
    at = cursor;
    addPair(at, at + size, 0, PLACE_ITEM, true);
    at += size;
  }
}

export let hashKey: u64 = 0;
export let hashCheck: u32 = 0;

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;

/** Leaves 96 bits of hash of the attributes' bytes, in two lanes of 64 bits. */
// @ts-ignore: decorator
@inline
export function hashAttributes(seed: u64): void {
  let at = attributesFrom;
  let left = attributesEnd - at;
  let a = seed;
  let b = seed ^ (<u64>left * P1);
  for (; left >= 16; left -= 16, at += 16) {
    a = (a ^ load<u64>(at)) * P1;
    b = (b ^ load<u64>(at, 8)) * P2;
    a ^= a >> 32;
    b ^= b >> 29;
  }
  if (left > 0) {
    const rest = v128.and(v128.load(at), leading(left));
    a = (a ^ <u64>i64x2.extract_lane(rest, 0)) * P1;
    b = (b ^ <u64>i64x2.extract_lane(rest, 1)) * P2;
    a ^= a >> 32;
    b ^= b >> 29;
  }
  let key = (a ^ rotl<u64>(b, 27)) * P2;
  key ^= key >> 31;
  key *= P1;
  hashKey = key ^ (key >> 29);
  const check = (b + rotl<u64>(a, 40)) * P2;
  hashCheck = <u32>(check >> 32);
}
