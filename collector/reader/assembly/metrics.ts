// Metrics: the kind of data is found first, then its points are read one after the other.

import { REASON_NAME, reject } from './host';
import { itemIndex, setItemIndex, setMetricIndex } from './items';
import { readExponential } from './metrics-exponential';
import { FAULT_NAME } from './metrics-faults';
import { readHistogram } from './metrics-histograms';
import { beginMetric, EXPONENTIAL, GAUGE, HISTOGRAM, setTexts, SUM, SUMMARY } from './metrics-metric';
import { readNumber } from './metrics-numbers';
import { readSummary } from './metrics-summaries';
import { beginSeries, forgetSeries, seedSeries, untellSeries } from './series';
import { setSeriesSilent } from './series-rows';
import { cursor, gather, gatheredSize, keptMark, dropKept, knows, LENGTH, length, other, tag, VARINT, varint, varint32 } from './wire';

const KNOWN = knows(1, LENGTH) | knows(2, LENGTH) | knows(3, LENGTH) | knows(5, LENGTH) | knows(7, LENGTH) |
  knows(9, LENGTH) | knows(10, LENGTH) | knows(11, LENGTH) | knows(12, LENGTH);
const SUM_KNOWN = knows(1, LENGTH) | knows(2, VARINT) | knows(3, VARINT);
const HISTOGRAM_KNOWN = knows(1, LENGTH) | knows(2, VARINT);
const POINTS_KNOWN = knows(1, LENGTH);

export function startMetrics(seed: u64): void {
  seedSeries(seed);
  forgetSeries();
}

/** `silent` when rows of metric_series are not wanted. */
export function beginMetrics(silent: bool): void {
  setSeriesSilent(silent);
  beginSeries();
}

export function rollbackMetrics(): void {
  untellSeries();
}

export function forgetMetrics(): void {
  forgetSeries();
}

export function readMetric(from: u32, end: u32): void {
  let name = from;
  let nameSize: u32 = 0;
  let description = from;
  let descriptionSize: u32 = 0;
  let unit = from;
  let unitSize: u32 = 0;
  // The field number of the last kind of data, its message, and where the first run of that kind starts.
  let kind: u32 = 0;
  let data: u32 = 0;
  let dataSize: u32 = 0;
  let runsFrom: u32 = 0;
  for (let at = from; at < end; ) {
    const start = at;
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      nameSize = length(at, end);
      name = cursor;
      at = name + nameSize;
    } else if (field == 0x12) {
      descriptionSize = length(at, end);
      description = cursor;
      at = description + descriptionSize;
    } else if (field == 0x1a) {
      unitSize = length(at, end);
      unit = cursor;
      at = unit + unitSize;
    } else if (field == 0x2a || field == 0x3a || field == 0x4a || field == 0x52 || field == 0x5a) {
      const number = field >> 3;
      dataSize = length(at, end);
      data = cursor;
      at = data + dataSize;
      if (number == kind) {
        data = gather(runsFrom, at, number);
        dataSize = gatheredSize;
      } else {
        kind = number;
        runsFrom = start;
      }
    } else if (field == 0x62) at = length(at, end) + cursor;
    else at = other(field, KNOWN, at, end);
  }
  if (kind == 0) return;
  setTexts(name, nameSize, unit, unitSize, description, descriptionSize);
  setMetricIndex(itemIndex);
  readData(kind, from, end, data, data + dataSize);
}

/** Finds what stands beside the points, which may come behind them, and then reads the points. */
function readData(kind: u32, metric: u32, metricEnd: u32, from: u32, end: u32): void {
  const type = kind == 5 ? GAUGE : kind == 7 ? SUM : kind == 9 ? HISTOGRAM : kind == 10 ? EXPONENTIAL : SUMMARY;
  const known = type == SUM ? SUM_KNOWN : type == HISTOGRAM || type == EXPONENTIAL ? HISTOGRAM_KNOWN : POINTS_KNOWN;
  let points: u32 = 0;
  let temporality: u32 = 0;
  let isMonotonic = false;
  for (let at = from; at < end; ) {
    const field = tag(at, end);
    at = cursor;
    if (field == 0x0a) {
      at = length(at, end) + cursor;
      points++;
    } else if (field == 0x10 && known != POINTS_KNOWN) {
      temporality = varint32(at, end);
      at = cursor;
    } else if (field == 0x18 && type == SUM) {
      isMonotonic = varint(at, end) != 0;
      at = cursor;
    } else at = other(field, known, at, end);
  }
  if (points == 0) return;
  if (!beginMetric(metric, metricEnd, type, temporality, isMonotonic)) {
    reject(REASON_NAME, FAULT_NAME, 0, points);
    return;
  }
  const mark = keptMark();
  let index: u32 = 0;
  for (let at = from; at < end; ) {
    const field = tag(at, end);
    at = cursor;
    if (field != 0x0a) {
      at = other(field, 0, at, end);
      continue;
    }
    const size = length(at, end);
    at = cursor;
    setItemIndex(index++);
    if (type <= SUM) readNumber(at, at + size);
    else if (type == HISTOGRAM) readHistogram(at, at + size);
    else if (type == EXPONENTIAL) readExponential(at, at + size);
    else readSummary(at, at + size);
    dropKept(mark);
    at += size;
  }
}
