// Points of gauges and sums.

import { Column, fixed, low, newTable, room, Rows, set32, set64, set8, setDouble, setLow } from './columns';
import { REASON_VALUE, reject, SIGNAL_METRICS } from './host';
import { accept, isFiltered, refuseAge } from './items';
import { attributesEnd, beginAttributes, endAttributes, noteAttribute } from './metrics-attributes';
import { beginExemplars, dropExemplars, Exemplars, exemplarsOf, readExemplar } from './metrics-exemplars';
import { FAULT_NO_VALUE, refuseTimes } from './metrics-faults';
import { isMonotonic, metricHash, metricType, nameAt, nameSize, nameSymbol, temporality } from './metrics-metric';
import { pipelineSymbol, serviceSymbol, tellScope } from './scopes';
import { ADMIT, seriesOf } from './series';
import { turnAway } from './series-diverted';
import { endArray } from './columns';
import { cursor, FIXED64, fixed64, knows, LENGTH, length, other, tag, VARINT, varint32 } from './wire';

const rows: Rows = newTable(4);
const serviceColumn: Column = low(rows, 'ServiceName');
const nameColumn: Column = low(rows, 'MetricName');
const pipelineColumn: Column = low(rows, 'Pipeline');
const signalColumn: Column = low(rows, 'Signal');
const typeColumn: Column = fixed(rows, 1, 'Type', "Enum8('gauge' = 1, 'sum' = 2)");
const temporalityColumn: Column = fixed(rows, 1, 'Temporality', 'UInt8');
const monotonicColumn: Column = fixed(rows, 1, 'IsMonotonic', 'Bool');
const seriesColumn: Column = fixed(rows, 8, 'SeriesId', 'UInt64');
const startColumn: Column = fixed(rows, 8, 'StartTime', 'DateTime64(9)');
const timeColumn: Column = fixed(rows, 8, 'Time', 'DateTime64(9)');
const valueColumn: Column = fixed(rows, 8, 'Value', 'Float64');
const flagsColumn: Column = fixed(rows, 4, 'Flags', 'UInt32');
const exemplars: Exemplars = exemplarsOf(rows);

const KNOWN = knows(2, FIXED64) | knows(3, FIXED64) | knows(4, FIXED64) | knows(5, LENGTH) | knows(6, FIXED64) |
  knows(7, LENGTH) | knows(8, VARINT);

/** Flag: the series has no value at this time (a staleness marker). */
const NO_RECORDED_VALUE: u32 = 1;

export function readNumber(from: u32, end: u32): void {
  let start: u64 = 0;
  let time: u64 = 0;
  let value: f64 = 0;
  let hasValue = false;
  let flags: u32 = 0;
  beginAttributes();
  beginExemplars(exemplars);
  for (let at = from; at < end; ) {
    const first = at;
    const field = tag(at, end);
    at = cursor;
    if (field == 0x3a) {
      at = length(at, end) + cursor;
      noteAttribute(first, at);
    } else if (field == 0x19) {
      time = fixed64(at, end);
      at = cursor;
    } else if (field == 0x11) {
      start = fixed64(at, end);
      at = cursor;
    } else if (field == 0x21) {
      value = reinterpret<f64>(fixed64(at, end));
      hasValue = true;
      at = cursor;
    } else if (field == 0x31) {
      value = <f64>(<i64>fixed64(at, end));
      hasValue = true;
      at = cursor;
    } else if (field == 0x40) {
      flags = varint32(at, end);
      at = cursor;
    } else if (field == 0x2a) {
      const size = length(at, end);
      at = cursor;
      readExemplar(exemplars, at, at + size);
      at += size;
    } else at = other(field, KNOWN, at, end);
  }
  // The value of a staleness marker is NaN, which no average and no rollup takes for a measurement.
  if (!hasValue && flags & NO_RECORDED_VALUE) {
    value = NaN;
    hasValue = true;
  }
  if (
    refuseTimes(time, start, exemplars.late) || refuseValue(hasValue) || refuseAge(time) ||
    isFiltered(SIGNAL_METRICS, nameAt, nameSize, from, end)
  ) {
    dropExemplars(exemplars);
    return;
  }
  endAttributes(from, end, 7);
  const series = seriesOf(metricHash, time);
  if (series.verdict != ADMIT) {
    dropExemplars(exemplars);
    turnAway(series, from, end, start, time, value, flags);
    return;
  }
  room(rows, 1);
  const row = rows.count;
  setLow(serviceColumn, row, serviceSymbol);
  setLow(nameColumn, row, nameSymbol);
  setLow(pipelineColumn, row, pipelineSymbol);
  setLow(signalColumn, row, series.signal);
  set8(typeColumn, row, metricType);
  set8(temporalityColumn, row, temporality);
  set8(monotonicColumn, row, <u32>isMonotonic);
  set64(seriesColumn, row, series.id);
  set64(startColumn, row, start);
  set64(timeColumn, row, time);
  setDouble(valueColumn, row, value);
  set32(flagsColumn, row, flags);
  endArray(exemplars.column, row);
  rows.count = row + 1;
  accept();
  tellScope(time);
}

// @ts-ignore: decorator
@inline
function refuseValue(hasValue: bool): bool {
  if (hasValue) return false;
  reject(REASON_VALUE, FAULT_NO_VALUE, 0, 1);
  return true;
}
