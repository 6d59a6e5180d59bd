// The metric that points are read of, and the hash of all that makes its series different from those of others.

import { hash64 } from './hash';
import { scopeId } from './scopes';
import { EMPTY, internAfter, symbolEra } from './symbols';

export const GAUGE: u32 = 1;
export const SUM: u32 = 2;
export const HISTOGRAM: u32 = 3;
export const EXPONENTIAL: u32 = 4;
export const SUMMARY: u32 = 5;

// Metrics that say how calls went; their points have derived columns.
export const NO_CALLS: u32 = 0;
export const HTTP_SERVER: u32 = 1;
export const HTTP_CLIENT: u32 = 2;
export const DATABASE_CLIENT: u32 = 3;
export const MESSAGING_CLIENT: u32 = 4;
export const MESSAGING_PROCESS: u32 = 5;

export let metricHash: u64 = 0;
export let nameSymbol: u32 = EMPTY;
export let nameAt: u32 = 0;
export let nameSize: u32 = 0;
export let unitAt: u32 = 0;
export let unitSize: u32 = 0;
export let descriptionAt: u32 = 0;
export let descriptionSize: u32 = 0;
/** The message Metric, in which the metadata is found when a series is told. */
export let metricFrom: u32 = 0;
export let metricEnd: u32 = 0;
export let metricType: u32 = 0;
export let temporality: u32 = 0;
export let isMonotonic: bool = false;
export let calls: u32 = NO_CALLS;

let nameBefore: u32 = EMPTY;
let era: u32 = 0;

export function setTexts(name: u32, bytes: u32, unit: u32, unitBytes: u32, text: u32, textBytes: u32): void {
  nameAt = name;
  nameSize = bytes;
  unitAt = unit;
  unitSize = unitBytes;
  descriptionAt = text;
  descriptionSize = textBytes;
}

/**
 * Makes a metric the current one, whose texts are set; false when it has no name. A temporality that the protocol does not
 * name is none.
 */
export function beginMetric(from: u32, end: u32, type: u32, aggregation: u32, monotonic: bool): bool {
  if (nameSize == 0) return false;
  if (era != symbolEra) {
    era = symbolEra;
    nameBefore = EMPTY;
  }
  nameBefore = internAfter(nameBefore, nameAt, nameSize);
  nameSymbol = nameBefore;
  metricFrom = from;
  metricEnd = end;
  metricType = type;
  temporality = aggregation > 2 ? 0 : aggregation;
  isMonotonic = monotonic;
  calls = type == HISTOGRAM || type == EXPONENTIAL ? callsOf() : NO_CALLS;
  const kind = (<u64>type << 16) | (<u64>temporality << 8) | <u64>monotonic;
  metricHash = hash64(unitAt, unitSize, hash64(nameAt, nameSize, scopeId ^ (kind * 0x9e3779b185ebca87)));
  return true;
}

function callsOf(): u32 {
  if (is('http.server.request.duration')) return HTTP_SERVER;
  if (is('http.client.request.duration')) return HTTP_CLIENT;
  if (is('db.client.operation.duration')) return DATABASE_CLIENT;
  if (is('messaging.client.operation.duration')) return MESSAGING_CLIENT;
  return is('messaging.process.duration') ? MESSAGING_PROCESS : NO_CALLS;
}

function is(name: string): bool {
  if (nameSize != name.length) return false;
  for (let i = 0; i < name.length; i++) if (<i32>load<u8>(nameAt + i) != name.charCodeAt(i)) return false;
  return true;
}
