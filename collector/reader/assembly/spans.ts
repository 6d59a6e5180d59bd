// Spans. The fields are found first, in any order; then the span is checked, and only then written.

import { addPair, appendPacked, beginItem, pairShape } from './attributes';
import { appendText, endArray, room, set32, set64, set8, setLow } from './columns';
import { PLACE_ITEM, REASON_SPAN_ID, REASON_TIME, REASON_TRACE_ID, reject, SIGNAL_TRACES } from './host';
import { accept, isFiltered, isZero16, isZero8, refuseAge, refuseTime } from './items';
import { hit, limit, LIMIT_EVENTS, LIMIT_LINKS } from './limits';
import { pipelineSymbol, scopeId, serviceSymbol, tellScope } from './scopes';
import {
  attributeKeys, attributeValues, droppedAttributes, durations, eventLists, linkLists, lostEvents, lostLinks, parentIds,
  pipelines, scopes, services, spanFlags, spanIds, spanKinds, spanNames, spanRows, startTimes, statusCodes,
  statusMessages, traceIds, traceStates,
} from './span-columns';
import { deriveSpan } from './span-derived';
import { badLinkSpan, badLinkTrace, beginNested, lateEvent, readEvent, readLink, rollbackNested } from './span-nested';
import { internAfter } from './symbols';
import {
  cursor, FIXED32, fixed32, FIXED64, fixed64, knows, LENGTH, length, other, tag, VARINT, varint32,
} from './wire';

const KNOWN = knows(1, LENGTH) | knows(2, LENGTH) | knows(3, LENGTH) | knows(4, LENGTH) | knows(5, LENGTH) |
  knows(6, VARINT) | knows(7, FIXED64) | knows(8, FIXED64) | knows(9, LENGTH) | knows(10, VARINT) |
  knows(11, LENGTH) | knows(12, VARINT) | knows(13, LENGTH) | knows(14, VARINT) | knows(15, LENGTH) | knows(16, FIXED32);
const STATUS_KNOWN = knows(2, LENGTH) | knows(3, VARINT);

// Names of times and ids in refusals, by their place in collector/reader/refusals.ts.
const NAME_START: i32 = 0;
const NAME_END: i32 = 1;
const ID_TRACE: i32 = 0;
const ID_SPAN: i32 = 1;
const ID_PARENT: i32 = 2;
const ID_LINK_TRACE: i32 = 3;
const ID_LINK_SPAN: i32 = 4;
const FAULT_ID: i32 = 3;
const FAULT_ENDS_FIRST: i32 = 4;
const FAULT_EVENT_LATE: i32 = 5;

const ZEROS = <u32>memory.data(32, 16);
let nameBefore: u32 = 0;

// The status may come in several runs.
let statusCode: u32 = 0;
let messageAt: u32 = 0;
let messageSize: u32 = 0;

/** Symbols start anew. */
export function resetSpans(): void {
  nameBefore = 0;
}

export function readSpan(from: u32, end: u32): void {
  let at = from;
  let trace = ZEROS;
  let traceSize: u32 = 0;
  let span = ZEROS;
  let spanSize: u32 = 0;
  let parent = ZEROS;
  let parentSize: u32 = 0;
  let state = ZEROS;
  let stateSize: u32 = 0;
  let name = ZEROS;
  let nameSize: u32 = 0;
  let kind: u32 = 0;
  let start: u64 = 0;
  let stop: u64 = 0;
  let dropped: u32 = 0;
  let droppedEvents: u32 = 0;
  let droppedLinks: u32 = 0;
  let flags: u32 = 0;
  let over: u32 = 0;
  let overEvents: u32 = 0;
  let overLinks: u32 = 0;
  let eventCount: u32 = 0;
  let linkCount: u32 = 0;
  statusCode = messageSize = 0;
  messageAt = ZEROS;
  beginNested();
  beginItem();
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x4a) {
      const size = length(at, end);
      at = cursor;
      if (addPair(at, at + size, 0, PLACE_ITEM, true)) over++;
      at += size;
    } else if (field == 0x0a) {
      traceSize = length(at, end);
      trace = cursor;
      at = trace + traceSize;
    } else if (field == 0x12) {
      spanSize = length(at, end);
      span = cursor;
      at = span + spanSize;
    } else if (field == 0x22) {
      parentSize = length(at, end);
      parent = cursor;
      at = parent + parentSize;
    } else if (field == 0x2a) {
      nameSize = length(at, end);
      name = cursor;
      at = name + nameSize;
    } else if (field == 0x30) {
      kind = varint32(at, end);
      at = cursor;
    } else if (field == 0x39) {
      start = fixed64(at, end);
      at = cursor;
    } else if (field == 0x41) {
      stop = fixed64(at, end);
      at = cursor;
    } else if (field == 0x7a) {
      const size = length(at, end);
      at = cursor;
      readStatus(at, at + size);
      at += size;
    } else if (field == 0x85) {
      flags = fixed32(at, end);
      at = cursor;
    } else if (field == 0x5a) {
      const size = length(at, end);
      at = cursor;
      if (eventCount < limit(LIMIT_EVENTS)) {
        eventCount++;
        readEvent(at, at + size);
      } else {
        overEvents++;
        hit(LIMIT_EVENTS);
      }
      at += size;
    } else if (field == 0x6a) {
      const size = length(at, end);
      at = cursor;
      if (linkCount < limit(LIMIT_LINKS)) {
        linkCount++;
        readLink(at, at + size);
      } else {
        overLinks++;
        hit(LIMIT_LINKS);
      }
      at += size;
    } else if (field == 0x1a) {
      stateSize = length(at, end);
      state = cursor;
      at = state + stateSize;
    } else if (field == 0x50) {
      dropped = varint32(at, end);
      at = cursor;
    } else if (field == 0x60) {
      droppedEvents = varint32(at, end);
      at = cursor;
    } else if (field == 0x70) {
      droppedLinks = varint32(at, end);
      at = cursor;
    } else at = other(field, KNOWN, at, end);
  }

  if (
    isFaulty(trace, traceSize, span, spanSize, parentSize, start, stop) ||
    isFiltered(SIGNAL_TRACES, 0, 0, from, end)
  ) {
    if (eventCount + linkCount > 0) rollbackNested();
    return;
  }

  if (kind > 5) kind = 0;
  room(spanRows, 1);
  const row = spanRows.count;
  set64(startTimes, row, start);
  v128.store(traceIds.data + (row << 4), v128.load(trace));
  set64(spanIds, row, load<u64>(span));
  set64(parentIds, row, parentSize == 0 ? 0 : load<u64>(parent));
  appendText(traceStates, state, stateSize);
  set32(spanFlags, row, flags);
  nameBefore = internAfter(nameBefore, name, nameSize);
  setLow(spanNames, row, nameBefore);
  set8(spanKinds, row, kind);
  setLow(services, row, serviceSymbol);
  setLow(pipelines, row, pipelineSymbol);
  set64(scopes, row, scopeId);
  set64(durations, row, stop - start);
  set8(statusCodes, row, statusCode > 2 ? 0 : statusCode);
  appendText(statusMessages, messageAt, messageSize);
  const shape = pairShape(0);
  setLow(attributeKeys, row, shape.packed);
  appendPacked(attributeValues, 0, shape);
  set32(droppedAttributes, row, dropped + over);
  set32(lostEvents, row, droppedEvents + overEvents);
  set32(lostLinks, row, droppedLinks + overLinks);
  endArray(eventLists, row);
  endArray(linkLists, row);
  deriveSpan(row, kind);
  spanRows.count = row + 1;
  accept();
  tellScope(start);
}

function isFaulty(
  trace: u32, traceSize: u32, span: u32, spanSize: u32, parentSize: u32, start: u64, stop: u64,
): bool {
  if (traceSize != 16 || isZero16(trace)) return refuseId(REASON_TRACE_ID, ID_TRACE, traceSize);
  if (spanSize != 8 || isZero8(span)) return refuseId(REASON_SPAN_ID, ID_SPAN, spanSize);
  if (parentSize != 0 && parentSize != 8) return refuseId(REASON_SPAN_ID, ID_PARENT, parentSize);
  if (refuseTime(start, NAME_START) || refuseTime(stop, NAME_END)) return true;
  if (stop < start) {
    reject(REASON_TIME, FAULT_ENDS_FIRST, 0, 1);
    return true;
  }
  if (lateEvent) {
    reject(REASON_TIME, FAULT_EVENT_LATE, 0, 1);
    return true;
  }
  if (badLinkTrace >= 0) return refuseId(REASON_TRACE_ID, ID_LINK_TRACE, <u32>badLinkTrace);
  if (badLinkSpan >= 0) return refuseId(REASON_SPAN_ID, ID_LINK_SPAN, <u32>badLinkSpan);
  return refuseAge(start);
}

function refuseId(reason: i32, id: i32, size: u32): bool {
  reject(reason, FAULT_ID | (id << 8), size, 1);
  return true;
}

function readStatus(at: u32, end: u32): void {
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x12) {
      messageSize = length(at, end);
      messageAt = cursor;
      at = messageAt + messageSize;
    } else if (field == 0x18) {
      statusCode = varint32(at, end);
      at = cursor;
    } else at = other(field, STATUS_KNOWN, at, end);
  }
}
