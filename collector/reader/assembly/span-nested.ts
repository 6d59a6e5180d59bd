// Events and links of a span. They are written as they are read and taken back when their span is refused.

import { addPair, appendMap, dropPairs, pairCount } from './attributes';
import { appendText, markInner, rollbackInner, room, set32, set64, setLow } from './columns';
import { PLACE_ITEM } from './host';
import { isStorableOrUnset } from './items';
import {
  eventAttributes, eventDropped, eventNames, events, eventTimes, linkAttributes, linkDropped, linkFlags, links, linkSpans,
  linkStates, linkTraces,
} from './span-columns';
import { internAfter } from './symbols';
import {
  cursor, FIXED32, fixed32, FIXED64, fixed64, knows, LENGTH, length, other, tag, VARINT, varint32,
} from './wire';

const EVENT_KNOWN = knows(1, FIXED64) | knows(2, LENGTH) | knows(3, LENGTH) | knows(4, VARINT);
const LINK_KNOWN = knows(1, LENGTH) | knows(2, LENGTH) | knows(3, LENGTH) | knows(4, LENGTH) | knows(5, VARINT) |
  knows(6, FIXED32);

const ZEROS = <u32>memory.data(32, 16);
let nameBefore: u32 = 0;
let marked: bool = false;

/** Whether an event has a time that cannot be stored. */
export let lateEvent: bool = false;
/** The length of the first link's trace id and span id that are none; -1 when all are good. */
export let badLinkTrace: i32 = -1;
export let badLinkSpan: i32 = -1;

/** Symbols start anew. */
export function resetNested(): void {
  nameBefore = 0;
}

/** Starts the events and links of a span. */
// @ts-ignore: decorator
@inline
export function beginNested(): void {
  marked = false;
  lateEvent = false;
  badLinkTrace = badLinkSpan = -1;
}

function mark(): void {
  if (marked) return;
  marked = true;
  markInner(events);
  markInner(links);
}

/** Takes the events and links of the span back. */
export function rollbackNested(): void {
  if (!marked) return;
  rollbackInner(events);
  rollbackInner(links);
}

export function readEvent(at: u32, end: u32): void {
  mark();
  const base = pairCount;
  let time: u64 = 0;
  let name = ZEROS;
  let nameSize: u32 = 0;
  let dropped: u32 = 0;
  let over: u32 = 0;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x09) {
      time = fixed64(at, end);
      at = cursor;
    } else if (field == 0x12) {
      nameSize = length(at, end);
      name = cursor;
      at = name + nameSize;
    } else if (field == 0x1a) {
      const size = length(at, end);
      at = cursor;
      if (addPair(at, at + size, base, PLACE_ITEM, false)) over++;
      at += size;
    } else if (field == 0x20) {
      dropped = varint32(at, end);
      at = cursor;
    } else at = other(field, EVENT_KNOWN, at, end);
  }
  if (!isStorableOrUnset(time)) lateEvent = true;
  room(events, 1);
  const row = events.count;
  set64(eventTimes, row, time);
  nameBefore = internAfter(nameBefore, name, nameSize);
  setLow(eventNames, row, nameBefore);
  appendMap(eventAttributes, row, base);
  set32(eventDropped, row, dropped + over);
  events.count = row + 1;
  dropPairs(base);
}

export function readLink(at: u32, end: u32): void {
  mark();
  const base = pairCount;
  let trace = ZEROS;
  let traceSize: u32 = 0;
  let span = ZEROS;
  let spanSize: u32 = 0;
  let state = ZEROS;
  let stateSize: u32 = 0;
  let dropped: u32 = 0;
  let flags: u32 = 0;
  let over: u32 = 0;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      traceSize = length(at, end);
      trace = cursor;
      at = trace + traceSize;
    } else if (field == 0x12) {
      spanSize = length(at, end);
      span = cursor;
      at = span + spanSize;
    } else if (field == 0x1a) {
      stateSize = length(at, end);
      state = cursor;
      at = state + stateSize;
    } else if (field == 0x22) {
      const size = length(at, end);
      at = cursor;
      if (addPair(at, at + size, base, PLACE_ITEM, false)) over++;
      at += size;
    } else if (field == 0x28) {
      dropped = varint32(at, end);
      at = cursor;
    } else if (field == 0x35) {
      flags = fixed32(at, end);
      at = cursor;
    } else at = other(field, LINK_KNOWN, at, end);
  }
  // Empty ids are allowed; ids of another length are not ids.
  if (traceSize != 16) {
    if (traceSize != 0 && badLinkTrace < 0) badLinkTrace = traceSize;
    trace = ZEROS;
  }
  if (spanSize != 8) {
    if (spanSize != 0 && badLinkSpan < 0) badLinkSpan = spanSize;
    span = ZEROS;
  }
  room(links, 1);
  const row = links.count;
  v128.store(linkTraces.data + (row << 4), v128.load(trace));
  set64(linkSpans, row, load<u64>(span));
  appendText(linkStates, state, stateSize);
  appendMap(linkAttributes, row, base);
  set32(linkDropped, row, dropped + over);
  set32(linkFlags, row, flags);
  links.count = row + 1;
  dropPairs(base);
}
