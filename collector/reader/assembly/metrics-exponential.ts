// Points of exponential histograms.

import { Column, endArray, fixed, low, newTable, room, Rows, set32, set64, set8, setLow } from './columns';
import { SIGNAL_METRICS } from './host';
import { accept, isFiltered, refuseAge } from './items';
import { limit, LIMIT_BUCKETS } from './limits';
import { beginAttributes, endAttributes, noteAttribute } from './metrics-attributes';
import { beginNumbers, dropNumbers, Numbers, numbersOf, readVarint, readVarintList } from './metrics-buckets';
import { Calls, callsOf, setCalls } from './metrics-calls';
import { beginExemplars, dropExemplars, Exemplars, exemplarsOf, readExemplar } from './metrics-exemplars';
import { FAULT_MANY, FAULT_RANGE, FAULT_SCALE, refuseBuckets, refuseTimes } from './metrics-faults';
import { metricHash, nameAt, nameSize, nameSymbol, temporality } from './metrics-metric';
import { pipelineSymbol, serviceSymbol, tellScope } from './scopes';
import { ADMIT, seriesOf } from './series';
import { turnAway } from './series-diverted';
import { cursor, FIXED64, fixed64, knows, LENGTH, length, other, tag, VARINT, varint32 } from './wire';

const rows: Rows = newTable(6);
const serviceColumn: Column = low(rows, 'ServiceName');
const nameColumn: Column = low(rows, 'MetricName');
const pipelineColumn: Column = low(rows, 'Pipeline');
const seriesColumn: Column = fixed(rows, 8, 'SeriesId', 'UInt64');
const temporalityColumn: Column = fixed(rows, 1, 'Temporality', 'UInt8');
const startColumn: Column = fixed(rows, 8, 'StartTime', 'DateTime64(9)');
const timeColumn: Column = fixed(rows, 8, 'Time', 'DateTime64(9)');
const countColumn: Column = fixed(rows, 8, 'Count', 'UInt64');
const sumColumn: Column = fixed(rows, 8, 'Sum', 'Float64');
const minColumn: Column = fixed(rows, 8, 'Min', 'Float64');
const maxColumn: Column = fixed(rows, 8, 'Max', 'Float64');
const scaleColumn: Column = fixed(rows, 4, 'Scale', 'Int32');
const zeroColumn: Column = fixed(rows, 8, 'ZeroCount', 'UInt64');
const thresholdColumn: Column = fixed(rows, 8, 'ZeroThreshold', 'Float64');
const positiveColumn: Column = fixed(rows, 4, 'PositiveOffset', 'Int32');
const positive: Numbers = numbersOf(rows, 'PositiveBucketCounts', 'Array(UInt64)');
const negativeColumn: Column = fixed(rows, 4, 'NegativeOffset', 'Int32');
const negative: Numbers = numbersOf(rows, 'NegativeBucketCounts', 'Array(UInt64)');
const flagsColumn: Column = fixed(rows, 4, 'Flags', 'UInt32');
const exemplars: Exemplars = exemplarsOf(rows);
const callColumns: Calls = callsOf(rows);

const KNOWN = knows(1, LENGTH) | knows(2, FIXED64) | knows(3, FIXED64) | knows(4, FIXED64) | knows(5, FIXED64) |
  knows(6, VARINT) | knows(7, FIXED64) | knows(8, LENGTH) | knows(9, LENGTH) | knows(10, VARINT) | knows(11, LENGTH) |
  knows(12, FIXED64) | knows(13, FIXED64) | knows(14, FIXED64);
const BUCKETS_KNOWN = knows(1, VARINT) | knows(2, VARINT);

// What the protocol allows, and what doubles can hold: bucket k begins at 2^(k / 2^scale).
const LEAST_SCALE: i32 = -10;
const MOST_SCALE: i32 = 20;
const LEAST_EXPONENT: f64 = -1075;
const MOST_EXPONENT: f64 = 1024;

export function readExponential(from: u32, end: u32): void {
  let start: u64 = 0;
  let time: u64 = 0;
  let count: u64 = 0;
  let sum: u64 = 0;
  let least: u64 = 0;
  let most: u64 = 0;
  let scale: i32 = 0;
  let zeros: u64 = 0;
  let threshold: u64 = 0;
  let positiveOffset: i32 = 0;
  let negativeOffset: i32 = 0;
  let flags: u32 = 0;
  beginAttributes();
  beginExemplars(exemplars);
  beginNumbers(positive);
  beginNumbers(negative);
  for (let at = from; at < end; ) {
    const first = at;
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      at = length(at, end) + cursor;
      noteAttribute(first, at);
    } else if (field == 0x42) {
      const size = length(at, end);
      at = cursor;
      positiveOffset = readSide(positive, positiveOffset, at, at + size);
      at += size;
    } else if (field == 0x4a) {
      const size = length(at, end);
      at = cursor;
      negativeOffset = readSide(negative, negativeOffset, at, at + size);
      at += size;
    } else if (field == 0x30) {
      scale = zigzag(varint32(at, end));
      at = cursor;
    } else if (field == 0x50) {
      flags = varint32(at, end);
      at = cursor;
    } else if (field == 0x5a) {
      const size = length(at, end);
      at = cursor;
      readExemplar(exemplars, at, at + size);
      at += size;
    } else if ((field & 7) == FIXED64 && field >= 0x11 && field <= 0x71) {
      const number = fixed64(at, end);
      const after = cursor;
      if (field == 0x19) time = number;
      else if (field == 0x11) start = number;
      else if (field == 0x21) count = number;
      else if (field == 0x29) sum = number;
      else if (field == 0x39) zeros = number;
      else if (field == 0x61) least = number;
      else if (field == 0x69) most = number;
      else if (field == 0x71) threshold = number;
      else other(field, KNOWN, at, end);
      at = after;
    } else at = other(field, KNOWN, at, end);
  }
  if (
    refuseTimes(time, start, exemplars.late) || isFaulty(scale, positiveOffset, negativeOffset) || refuseAge(time) ||
    isFiltered(SIGNAL_METRICS, nameAt, nameSize, from, end)
  ) {
    drop();
    return;
  }
  endAttributes(from, end, 1);
  const series = seriesOf(metricHash, time);
  if (series.verdict != ADMIT) {
    drop();
    turnAway(series, from, end, start, time, NaN, flags);
    return;
  }
  room(rows, 1);
  const row = rows.count;
  setLow(serviceColumn, row, serviceSymbol);
  setLow(nameColumn, row, nameSymbol);
  setLow(pipelineColumn, row, pipelineSymbol);
  set64(seriesColumn, row, series.id);
  set8(temporalityColumn, row, temporality);
  set64(startColumn, row, start);
  set64(timeColumn, row, time);
  set64(countColumn, row, count);
  set64(sumColumn, row, sum);
  set64(minColumn, row, least);
  set64(maxColumn, row, most);
  set32(scaleColumn, row, <u32>scale);
  set64(zeroColumn, row, zeros);
  set64(thresholdColumn, row, threshold);
  set32(positiveColumn, row, <u32>positiveOffset);
  endArray(positive.column, row);
  set32(negativeColumn, row, <u32>negativeOffset);
  endArray(negative.column, row);
  set32(flagsColumn, row, flags);
  endArray(exemplars.column, row);
  setCalls(callColumns, row, series);
  rows.count = row + 1;
  accept();
  tellScope(time);
}

/** Reads a run of the buckets of one side; their offset, which is `offset` unless it is told. */
function readSide(into: Numbers, offset: i32, at: u32, end: u32): i32 {
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x12) at = readVarintList(into, at, end);
    else if (field == 0x08) {
      offset = zigzag(varint32(at, end));
      at = cursor;
    } else if (field == 0x10) at = readVarint(into, at, end);
    else at = other(field, BUCKETS_KNOWN, at, end);
  }
  return offset;
}

// @ts-ignore: decorator
@inline
function zigzag(value: u32): i32 {
  return <i32>(value >> 1) ^ -(<i32>(value & 1));
}

function drop(): void {
  dropNumbers(positive);
  dropNumbers(negative);
  dropExemplars(exemplars);
}

function isFaulty(scale: i32, positiveOffset: i32, negativeOffset: i32): bool {
  const most = limit(LIMIT_BUCKETS);
  if (positive.count > most || negative.count > most) {
    return refuseBuckets(FAULT_MANY, max(positive.count, negative.count));
  }
  if (scale < LEAST_SCALE || scale > MOST_SCALE) return refuseBuckets(FAULT_SCALE, <u64>(<i64>scale));
  // A power of two, by its exponent.
  const perDoubling = reinterpret<f64>(<u64>(1023 + scale) << 52);
  if (fits(positiveOffset, positive.count, perDoubling) && fits(negativeOffset, negative.count, perDoubling)) return false;
  return refuseBuckets(FAULT_RANGE, 0);
}

function fits(offset: i32, count: u32, perDoubling: f64): bool {
  if (count == 0) return true;
  const last = <f64>offset + <f64>count - 1;
  return <f64>offset / perDoubling >= LEAST_EXPONENT && last / perDoubling <= MOST_EXPONENT;
}
