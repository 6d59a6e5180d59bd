// Log records.

import { addPair, appendPacked, beginItem, pairShape } from './attributes';
import {
  appendText, Column, fixed, low, newTable, room, Rows, set32, set64, set8, setLow, text,
} from './columns';
import { PLACE_ITEM, REASON_SPAN_ID, REASON_TRACE_ID, reject, SIGNAL_LOGS } from './host';
import { accept, isFiltered, isStorable, now, refuseAge, refuseTime, undated } from './items';
import { pipelineSymbol, scopeId, serviceSymbol, tellScope } from './scopes';
import { internAfter } from './symbols';
import { scratch } from './text';
import { readValue, textAt, textMade, textSize } from './value';
import {
  cursor, FIXED32, fixed32, FIXED64, fixed64, gather, gatheredSize, knows, LENGTH, length, other, tag, VARINT, varint32,
} from './wire';

const rows: Rows = newTable(3);
const times: Column = fixed(rows, 8, 'Timestamp', 'DateTime64(9)');
const observedTimes: Column = fixed(rows, 8, 'ObservedTimestamp', 'DateTime64(9)');
const traceIds: Column = fixed(rows, 16, 'TraceId', 'FixedString(16)');
const spanIds: Column = fixed(rows, 8, 'SpanId', 'FixedString(8)');
const flagsColumn: Column = fixed(rows, 4, 'Flags', 'UInt32');
const severityNumbers: Column = fixed(rows, 1, 'SeverityNumber', 'UInt8');
const severityTexts: Column = low(rows, 'SeverityText');
const services: Column = low(rows, 'ServiceName');
const pipelines: Column = low(rows, 'Pipeline');
const scopes: Column = fixed(rows, 8, 'ScopeId', 'UInt64');
const bodies: Column = text(rows, 'Body');
const attributeKeys: Column = low(rows, 'AttributeKeys');
const attributeValues: Column = text(rows, 'AttributeValues');
const droppedAttributes: Column = fixed(rows, 4, 'DroppedAttributes', 'UInt32');
const eventNames: Column = low(rows, 'EventName');

const KNOWN = knows(1, FIXED64) | knows(2, VARINT) | knows(3, LENGTH) | knows(5, LENGTH) | knows(6, LENGTH) |
  knows(7, VARINT) | knows(8, FIXED32) | knows(9, LENGTH) | knows(10, LENGTH) | knows(11, FIXED64) | knows(12, LENGTH);

// Names of times and ids in refusals, by their place in collector/reader/refusals.ts.
const NAME_TIME: i32 = 2;
const ID_TRACE: i32 = 0;
const ID_SPAN: i32 = 1;
const FAULT_ID: i32 = 3;

const ZEROS = <u32>memory.data(32, 16);
let severityBefore: u32 = 0;
let eventBefore: u32 = 0;

/** Symbols start anew. */
export function resetLogs(): void {
  severityBefore = eventBefore = 0;
}

export function readLog(from: u32, end: u32): void {
  let at = from;
  let time: u64 = 0;
  let observed: u64 = 0;
  let severity: u32 = 0;
  let severityText = ZEROS;
  let severitySize: u32 = 0;
  let body = ZEROS;
  let bodySize: u32 = 0;
  let bodies_: u32 = 0;
  let dropped: u32 = 0;
  let over: u32 = 0;
  let flags: u32 = 0;
  let trace = ZEROS;
  let traceSize: u32 = 0;
  let span = ZEROS;
  let spanSize: u32 = 0;
  let event = ZEROS;
  let eventSize: u32 = 0;
  beginItem();
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x32) {
      const size = length(at, end);
      at = cursor;
      if (addPair(at, at + size, 0, PLACE_ITEM, false)) over++;
      at += size;
    } else if (field == 0x09) {
      time = fixed64(at, end);
      at = cursor;
    } else if (field == 0x59) {
      observed = fixed64(at, end);
      at = cursor;
    } else if (field == 0x10) {
      severity = varint32(at, end);
      at = cursor;
    } else if (field == 0x1a) {
      severitySize = length(at, end);
      severityText = cursor;
      at = severityText + severitySize;
    } else if (field == 0x2a) {
      bodySize = length(at, end);
      body = cursor;
      at = body + bodySize;
      bodies_++;
    } else if (field == 0x38) {
      dropped = varint32(at, end);
      at = cursor;
    } else if (field == 0x45) {
      flags = fixed32(at, end);
      at = cursor;
    } else if (field == 0x4a) {
      traceSize = length(at, end);
      trace = cursor;
      at = trace + traceSize;
    } else if (field == 0x52) {
      spanSize = length(at, end);
      span = cursor;
      at = span + spanSize;
    } else if (field == 0x62) {
      eventSize = length(at, end);
      event = cursor;
      at = event + eventSize;
    } else at = other(field, KNOWN, at, end);
  }
  if (bodies_ > 1) {
    body = gather(from, end, 5);
    bodySize = gatheredSize;
  }
  readValue(body, body + bodySize);
  const bodyText = textMade ? scratch.ptr + textAt : textAt;

  const own = time != 0 ? time : observed;
  const stamp = own != 0 ? own : now;
  // All-zero ids are how some senders write "none".
  if (traceSize != 0 && traceSize != 16) {
    reject(REASON_TRACE_ID, FAULT_ID | (ID_TRACE << 8), traceSize, 1);
    return;
  }
  if (spanSize != 0 && spanSize != 8) {
    reject(REASON_SPAN_ID, FAULT_ID | (ID_SPAN << 8), spanSize, 1);
    return;
  }
  if (refuseTime(stamp, NAME_TIME) || refuseAge(stamp) || isFiltered(SIGNAL_LOGS, 0, 0, from, end)) return;
  if (own == 0) undated();

  room(rows, 1);
  const row = rows.count;
  set64(times, row, stamp);
  // A time that cannot be stored is as good as none here: the record has another one.
  set64(observedTimes, row, isStorable(observed) ? observed : 0);
  v128.store(traceIds.data + (row << 4), v128.load(traceSize == 0 ? ZEROS : trace));
  set64(spanIds, row, spanSize == 0 ? 0 : load<u64>(span));
  set32(flagsColumn, row, flags);
  set8(severityNumbers, row, severity <= 255 ? severity : 0);
  severityBefore = internAfter(severityBefore, severityText, severitySize);
  setLow(severityTexts, row, severityBefore);
  setLow(services, row, serviceSymbol);
  setLow(pipelines, row, pipelineSymbol);
  set64(scopes, row, scopeId);
  appendText(bodies, bodyText, textSize);
  const shape = pairShape(0);
  setLow(attributeKeys, row, shape.packed);
  appendPacked(attributeValues, 0, shape);
  set32(droppedAttributes, row, dropped + over);
  eventBefore = internAfter(eventBefore, event, eventSize);
  setLow(eventNames, row, eventBefore);
  rows.count = row + 1;
  accept();
  tellScope(stamp);
}
