// Points of summaries.

import { array, Column, endArray, fixed, low, newTable, room, Rows, set32, set64, setLow } from './columns';
import { SIGNAL_METRICS } from './host';
import { accept, isFiltered, refuseAge } from './items';
import { limit, LIMIT_BUCKETS } from './limits';
import { beginAttributes, endAttributes, noteAttribute } from './metrics-attributes';
import { FAULT_MANY, refuseBuckets, refuseTimes } from './metrics-faults';
import { metricHash, nameAt, nameSize, nameSymbol } from './metrics-metric';
import { pipelineSymbol, serviceSymbol, tellScope } from './scopes';
import { ADMIT, seriesOf } from './series';
import { turnAway } from './series-diverted';
import { cursor, FIXED64, fixed64, knows, LENGTH, length, other, tag, VARINT, varint32 } from './wire';

const rows: Rows = newTable(7);
const serviceColumn: Column = low(rows, 'ServiceName');
const nameColumn: Column = low(rows, 'MetricName');
const pipelineColumn: Column = low(rows, 'Pipeline');
const seriesColumn: Column = fixed(rows, 8, 'SeriesId', 'UInt64');
const startColumn: Column = fixed(rows, 8, 'StartTime', 'DateTime64(9)');
const timeColumn: Column = fixed(rows, 8, 'Time', 'DateTime64(9)');
const countColumn: Column = fixed(rows, 8, 'Count', 'UInt64');
const sumColumn: Column = fixed(rows, 8, 'Sum', 'Float64');
const quantilesColumn: Column = array(rows, 'Quantiles', 'Array(Tuple(Quantile Float64, Value Float64))');
const quantiles: Rows = quantilesColumn.child;
const quantileColumn: Column = fixed(quantiles, 8, '', '');
const valueColumn: Column = fixed(quantiles, 8, '', '');
const flagsColumn: Column = fixed(rows, 4, 'Flags', 'UInt32');

const KNOWN = knows(2, FIXED64) | knows(3, FIXED64) | knows(4, FIXED64) | knows(5, FIXED64) | knows(6, LENGTH) |
  knows(7, LENGTH) | knows(8, VARINT);
const QUANTILE_KNOWN = knows(1, FIXED64) | knows(2, FIXED64);

export function readSummary(from: u32, end: u32): void {
  let start: u64 = 0;
  let time: u64 = 0;
  let count: u64 = 0;
  let sum: u64 = 0;
  let flags: u32 = 0;
  let several: u32 = 0;
  const before = quantiles.count;
  beginAttributes();
  for (let at = from; at < end; ) {
    const first = at;
    const field = tag(at, end);
    at = cursor;
    if (field == 0x3a) {
      at = length(at, end) + cursor;
      noteAttribute(first, at);
    } else if (field == 0x32) {
      const size = length(at, end);
      at = cursor;
      if (several++ <= limit(LIMIT_BUCKETS)) readQuantile(at, at + size);
      at += size;
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
    } else if (field == 0x40) {
      flags = varint32(at, end);
      at = cursor;
    } else at = other(field, KNOWN, at, end);
  }
  if (
    refuseTimes(time, start, false) || refuseMany(several) || refuseAge(time) ||
    isFiltered(SIGNAL_METRICS, nameAt, nameSize, from, end)
  ) {
    quantiles.count = before;
    return;
  }
  endAttributes(from, end, 7);
  const series = seriesOf(metricHash, time);
  if (series.verdict != ADMIT) {
    quantiles.count = before;
    turnAway(series, from, end, start, time, NaN, flags);
    return;
  }
  room(rows, 1);
  const row = rows.count;
  setLow(serviceColumn, row, serviceSymbol);
  setLow(nameColumn, row, nameSymbol);
  setLow(pipelineColumn, row, pipelineSymbol);
  set64(seriesColumn, row, series.id);
  set64(startColumn, row, start);
  set64(timeColumn, row, time);
  set64(countColumn, row, count);
  set64(sumColumn, row, sum);
  endArray(quantilesColumn, row);
  set32(flagsColumn, row, flags);
  rows.count = row + 1;
  accept();
  tellScope(time);
}

function refuseMany(count: u32): bool {
  return count > limit(LIMIT_BUCKETS) && refuseBuckets(FAULT_MANY, count);
}

function readQuantile(at: u32, end: u32): void {
  let quantile: u64 = 0;
  let value: u64 = 0;
  while (at < end) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x09) {
      quantile = fixed64(at, end);
      at = cursor;
    } else if (field == 0x11) {
      value = fixed64(at, end);
      at = cursor;
    } else at = other(field, QUANTILE_KNOWN, at, end);
  }
  room(quantiles, 1);
  const row = quantiles.count++;
  set64(quantileColumn, row, quantile);
  set64(valueColumn, row, value);
}
