// Points of histograms with explicit bounds.

import { Column, endArray, fixed, low, newTable, room, Rows, set32, set64, set8, setDouble, setLow } from './columns';
import { SIGNAL_METRICS } from './host';
import { accept, isFiltered, refuseAge } from './items';
import { limit, LIMIT_BUCKETS } from './limits';
import { beginAttributes, endAttributes, noteAttribute } from './metrics-attributes';
import {
  beginNumbers, dropNumbers, Numbers, numbersOf, readFixed, readFixedList,
} from './metrics-buckets';
import { Calls, callsOf, setCalls } from './metrics-calls';
import { beginExemplars, dropExemplars, Exemplars, exemplarsOf, readExemplar } from './metrics-exemplars';
import { FAULT_BOUNDS, FAULT_COUNTS, FAULT_MANY, refuseBuckets, refuseTimes } from './metrics-faults';
import { metricHash, nameAt, nameSize, nameSymbol, temporality } from './metrics-metric';
import { pipelineSymbol, serviceSymbol, tellScope } from './scopes';
import { ADMIT, seriesOf } from './series';
import { turnAway } from './series-diverted';
import { cursor, FIXED64, fixed64, knows, LENGTH, length, other, tag, VARINT, varint32 } from './wire';

const rows: Rows = newTable(5);
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
const counts: Numbers = numbersOf(rows, 'BucketCounts', 'Array(UInt64)');
const bounds: Numbers = numbersOf(rows, 'ExplicitBounds', 'Array(Float64)');
const flagsColumn: Column = fixed(rows, 4, 'Flags', 'UInt32');
const exemplars: Exemplars = exemplarsOf(rows);
const callColumns: Calls = callsOf(rows);

const KNOWN = knows(2, FIXED64) | knows(3, FIXED64) | knows(4, FIXED64) | knows(5, FIXED64) | knows(6, FIXED64) |
  knows(7, FIXED64) | knows(8, LENGTH) | knows(9, LENGTH) | knows(10, VARINT) | knows(11, FIXED64) | knows(12, FIXED64);

export function readHistogram(from: u32, end: u32): void {
  let start: u64 = 0;
  let time: u64 = 0;
  let count: u64 = 0;
  let sum: u64 = 0;
  let least: u64 = 0;
  let most: u64 = 0;
  let flags: u32 = 0;
  beginAttributes();
  beginExemplars(exemplars);
  beginNumbers(counts);
  beginNumbers(bounds);
  for (let at = from; at < end; ) {
    const first = at;
    const field = tag(at, end);
    at = cursor;
    if (field == 0x4a) {
      at = length(at, end) + cursor;
      noteAttribute(first, at);
    } else if (field == 0x19) {
      time = fixed64(at, end);
      at = cursor;
    } else if (field == 0x11) {
      start = fixed64(at, end);
      at = cursor;
    } else if (field == 0x21) {
      count = fixed64(at, end);
      at = cursor;
    } else if (field == 0x29) {
      sum = fixed64(at, end);
      at = cursor;
    } else if (field == 0x32) at = readFixedList(counts, at, end);
    else if (field == 0x3a) at = readFixedList(bounds, at, end);
    else if (field == 0x59) {
      least = fixed64(at, end);
      at = cursor;
    } else if (field == 0x61) {
      most = fixed64(at, end);
      at = cursor;
    } else if (field == 0x50) {
      flags = varint32(at, end);
      at = cursor;
    } else if (field == 0x42) {
      const size = length(at, end);
      at = cursor;
      readExemplar(exemplars, at, at + size);
      at += size;
    } else if (field == 0x31) at = readFixed(counts, at, end);
    else if (field == 0x39) at = readFixed(bounds, at, end);
    else at = other(field, KNOWN, at, end);
  }
  if (
    refuseTimes(time, start, exemplars.late) || isFaulty() || refuseAge(time) ||
    isFiltered(SIGNAL_METRICS, nameAt, nameSize, from, end)
  ) {
    drop();
    return;
  }
  endAttributes(from, end, 9);
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
  endArray(counts.column, row);
  endArray(bounds.column, row);
  set32(flagsColumn, row, flags);
  endArray(exemplars.column, row);
  setCalls(callColumns, row, series);
  rows.count = row + 1;
  accept();
  tellScope(time);
}

function drop(): void {
  dropNumbers(counts);
  dropNumbers(bounds);
  dropExemplars(exemplars);
}

/** Refuses the point when its counts do not fit its bounds, or the bounds do not ascend. */
function isFaulty(): bool {
  const most = limit(LIMIT_BUCKETS);
  if (counts.count > most || bounds.count > most) return refuseBuckets(FAULT_MANY, max(counts.count, bounds.count));
  // Without bounds there is one bucket, or none at all.
  const fits = bounds.count == 0 ? counts.count <= 1 : counts.count == bounds.count + 1;
  if (!fits) return refuseBuckets(FAULT_COUNTS, (<u64>counts.count << 32) | bounds.count);
  const at = bounds.values.data + (bounds.first << 3);
  for (let i: u32 = 0; i < bounds.count; i++) {
    const bound = load<f64>(at + (i << 3));
    if (isNaN(bound) || (i > 0 && !(bound > load<f64>(at + (i << 3) - 8)))) return refuseBuckets(FAULT_BOUNDS, 0);
  }
  return false;
}
