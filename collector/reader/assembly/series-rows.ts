// Rows of metric_series, and what hooks say about series.

import { appendMap, beginItem, hasHot, hotPair, pairSize, pairText, addPair } from './attributes';
import {
  appendText, Column, fixed, low, map, newTable, room, Rows, set32, set64, set8, setLow, text,
} from './columns';
import { PLACE_ITEM } from './host';
import {
  GROUP, MESSAGING_DESTINATION, MESSAGING_DESTINATION_NAME, MESSAGING_GROUP, MESSAGING_KAFKA_GROUP, MESSAGING_PARTITION,
  PARTITION, TOPIC,
} from './hot';
import {
  descriptionAt, descriptionSize, isMonotonic, metricEnd, metricFrom, metricType, nameSymbol, temporality, unitAt, unitSize,
} from './metrics-metric';
import { pipelineSymbol, scopeId, serviceSymbol } from './scopes';
import { ADMIT, Series } from './series';
import { admitSeries } from './series-host';
import { canonical } from './series-derived';
import { intern } from './symbols';
import { cursor, LENGTH, length, other, tag } from './wire';

const rows: Rows = newTable(1);
const idColumn: Column = fixed(rows, 8, 'SeriesId', 'UInt64');
const seenColumn: Column = fixed(rows, 4, 'Seen', 'DateTime');
const nameColumn: Column = low(rows, 'MetricName');
const serviceColumn: Column = low(rows, 'ServiceName');
const pipelineColumn: Column = low(rows, 'Pipeline');
const scopeColumn: Column = fixed(rows, 8, 'ScopeId', 'UInt64');
const typeColumn: Column = fixed(rows, 1, 'Type',
  "Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5)");
const temporalityColumn: Column = fixed(rows, 1, 'Temporality', 'UInt8');
const monotonicColumn: Column = fixed(rows, 1, 'IsMonotonic', 'Bool');
const descriptionColumn: Column = text(rows, 'Description');
const unitColumn: Column = low(rows, 'Unit');
const metadataColumn: Column = map(rows, 'Metadata');
const attributesColumn: Column = map(rows, 'Attributes');
const signalColumn: Column = low(rows, 'Signal');
const topicColumn: Column = text(rows, 'Topic');
const groupColumn: Column = text(rows, 'ConsumerGroup');
const partitionColumn: Column = text(rows, 'Partition');

const METADATA: u32 = (12 << 3) | LENGTH;

let hooked: bool = false;
let silent: bool = false;

/** Whether the host decides which series are taken. */
export function setAdmission(value: bool): void {
  hooked = value;
}

/** Whether no rows are to be told, because the request's are not wanted. */
export function setSeriesSilent(value: bool): void {
  silent = value;
}

/** What becomes of the points of a series, whose pairs lie in `canonical` in order. */
export function askSeries(series: Series): u32 {
  return hooked ? admitSeries(series.id, canonical.ptr, canonical.length) : ADMIT;
}

/** Writes the row of a series whose pairs are gathered. */
export function tellSeries(series: Series, time: u64): void {
  if (silent) return;
  room(rows, 1);
  const row = rows.count;
  set64(idColumn, row, series.id);
  set32(seenColumn, row, <u32>(time / 1_000_000_000));
  setLow(nameColumn, row, nameSymbol);
  setLow(serviceColumn, row, serviceSymbol);
  setLow(pipelineColumn, row, pipelineSymbol);
  set64(scopeColumn, row, scopeId);
  set8(typeColumn, row, metricType);
  set8(temporalityColumn, row, temporality);
  set8(monotonicColumn, row, <u32>isMonotonic);
  appendText(descriptionColumn, descriptionAt, descriptionSize);
  setLow(unitColumn, row, intern(unitAt, unitSize));
  appendMap(attributesColumn, row, 0);
  setLow(signalColumn, row, series.signal);
  appendFirst(topicColumn, TOPIC, MESSAGING_DESTINATION_NAME, MESSAGING_DESTINATION);
  appendFirst(groupColumn, GROUP, MESSAGING_GROUP, MESSAGING_KAFKA_GROUP);
  appendFirst(partitionColumn, PARTITION, MESSAGING_PARTITION, MESSAGING_PARTITION);
  readMetadata();
  appendMap(metadataColumn, row, 0);
  beginItem();
  rows.count = row + 1;
}

function appendFirst(into: Column, a: u32, b: u32, c: u32): void {
  const key = hasHot(a) ? a : hasHot(b) ? b : c;
  if (!hasHot(key)) appendText(into, unitAt, 0);
  else {
    const pair = hotPair(key);
    appendText(into, pairText(pair), pairSize(pair));
  }
}

function readMetadata(): void {
  beginItem();
  const end = metricEnd;
  for (let at = metricFrom; at < end; ) {
    const field = tag(at, end);
    at = cursor;
    if (field != METADATA) {
      at = other(field, 0, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    addPair(at, at + size, 0, PLACE_ITEM, false);
    at += size;
  }
}
