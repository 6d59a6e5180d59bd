// Protobuf's wire format. A reading function takes the address it starts at and the end of the message it is in, leaves the
// address after what it read in `cursor`, and fails rather than read past the end.

import { FAIL_ENDS, FAIL_GROUP, FAIL_LENGTH, FAIL_LONG, FAIL_WIRE, FAIL_ZERO, fail } from './host';
import { allocate, Bytes, capacityFor, newBytes, release, reserve } from './memory';

export const VARINT: u32 = 0;
export const FIXED64: u32 = 1;
export const LENGTH: u32 = 2;
export const FIXED32: u32 = 5;

export let cursor: u32 = 0;

// @ts-ignore: decorator
@inline
export function varint(at: u32, end: u32): u64 {
  if (at < end) {
    const byte = load<u8>(at);
    if (byte < 0x80) {
      cursor = at + 1;
      return byte;
    }
  }
  return longVarint(at, end);
}

function longVarint(at: u32, end: u32): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (at >= end) fail(FAIL_ENDS, at, 0, 0, 0);
    const byte = <u64>load<u8>(at++);
    if (shift < 64) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor = at;
      return value;
    }
  }
  fail(FAIL_LONG, at, 0, 0, 0);
  return 0;
}

/** A number cut to its low 32 bits. */
// @ts-ignore: decorator
@inline
export function varint32(at: u32, end: u32): u32 {
  return <u32>varint(at, end);
}

/** The tag of the next field. */
// @ts-ignore: decorator
@inline
export function tag(at: u32, end: u32): u32 {
  return <u32>varint(at, end);
}

/** The length of a string or message, which lies at `cursor` and ends no later than `end`. */
// @ts-ignore: decorator
@inline
export function length(at: u32, end: u32): u32 {
  const size = <u32>varint(at, end);
  if (size > end - cursor) fail(FAIL_LENGTH, cursor, size, end - cursor, 0);
  return size;
}

// @ts-ignore: decorator
@inline
export function fixed64(at: u32, end: u32): u64 {
  if (end - at < 8) fail(FAIL_ENDS, at, 0, 0, 0);
  cursor = at + 8;
  return load<u64>(at);
}

// @ts-ignore: decorator
@inline
export function fixed32(at: u32, end: u32): u32 {
  if (end - at < 4) fail(FAIL_ENDS, at, 0, 0, 0);
  cursor = at + 4;
  return load<u32>(at);
}

/**
 * A field that the caller has no case for; the address after it. `known` holds three bits for each field number below 21:
 * the wire type of the field plus one, or zero. A known field of another wire type is malformed, an unknown one is skipped.
 */
export function other(fieldTag: u32, known: u64, at: u32, end: u32): u32 {
  const number = fieldTag >> 3;
  const wireType = fieldTag & 7;
  if (number == 0) fail(FAIL_ZERO, at, 0, 0, 0);
  if (number < 21) {
    const expected = <u32>(known >> (3 * number)) & 7;
    if (expected != 0) fail(FAIL_WIRE, at, wireType, number, expected - 1);
  }
  if (wireType == VARINT) varint(at, end);
  else if (wireType == FIXED64) fixed64(at, end);
  else if (wireType == LENGTH) {
    const size = length(at, end);
    cursor += size;
  } else if (wireType == FIXED32) fixed32(at, end);
  else fail(FAIL_GROUP, at, number, wireType, 0);
  return cursor;
}

/** For `other`: field `number` is of `wireType`. */
// @ts-ignore: decorator
@inline
export function knows(number: u64, wireType: u64): u64 {
  return (wireType + 1) << (3 * number);
}

// A message field that comes more than once counts as all of its runs of bytes one after the other, so they are laid out
// that way in a piece of memory that lives until `dropKept`. An address in such a piece is told as that of the field's parent.
const kept: Bytes = newBytes();
export let gatheredSize: u32 = 0;

/** All runs of the length-delimited field `number` between `from` and `end` as one of `gatheredSize` bytes. */
export function gather(from: u32, end: u32, number: u32): u32 {
  let size: u32 = 0;
  let piece: u32 = 0;
  for (let pass = 0; pass < 2; pass++) {
    let at = from;
    let to = piece;
    while (at < end) {
      const field = tag(at, end);
      at = cursor;
      if (field == ((number << 3) | LENGTH)) {
        const run = length(at, end);
        at = cursor;
        if (pass == 0) size += run;
        else memory.copy(to, at, run);
        to += run;
        at += run;
      } else at = other(field, 0, at, end);
    }
    if (pass == 0) piece = keep(size, from);
  }
  gatheredSize = size;
  return piece;
}

/** Room for `size` bytes until `dropKept`, made of what lies at `origin`. */
export function keep(size: u32, origin: u32): u32 {
  const piece = allocate(size);
  reserve(kept, 12);
  const entry = kept.ptr + kept.length;
  store<u32>(entry, piece);
  store<u32>(entry, capacityFor(size), 4);
  store<u32>(entry, origin, 8);
  kept.length += 12;
  return piece;
}

/** What to give `dropKept` to go back to the present state. */
export function keptMark(): u32 {
  return kept.length;
}

export function dropKept(mark: u32): void {
  while (kept.length > mark) {
    kept.length -= 12;
    const entry = kept.ptr + kept.length;
    release(load<u32>(entry), load<u32>(entry, 4));
  }
}

/** Where in the request the address `at` comes from. */
export function origin(at: u32): u32 {
  for (let i: u32 = kept.length; i > 0; i -= 12) {
    const entry = kept.ptr + i - 12;
    const piece = load<u32>(entry);
    if (at >= piece && at - piece < load<u32>(entry, 4)) at = load<u32>(entry, 8);
  }
  return at;
}
