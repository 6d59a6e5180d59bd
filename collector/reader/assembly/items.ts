// What items of all signals share: their times, their counts, and where in the request the reader is.

import { REASON_FILTERED, REASON_TIME, REASON_TOO_NEW, REASON_TOO_OLD, dropItem, filterScope, reject } from './host';
import { serviceSymbol } from './scopes';
import { symbolSize, symbolText } from './symbols';

/** The places of the current resource, scope, metric and item in their lists. */
export let resourceIndex: u32 = 0;
export let scopeIndex: u32 = 0;
export let metricIndex: u32 = 0;
export let itemIndex: u32 = 0;

/** Items that became rows. */
export let accepted: u32 = 0;
/** Whether all log records had a time of their own. */
export let dated: bool = true;

/** Unix nanoseconds: the time of arrival, and the times between which items are taken. */
export let now: u64 = 0;
export let oldest: u64 = 0;
export let newest: u64 = 0;

let filters: bool = false;
let filtered: bool = false;

/** Times end in February 2106: what is derived from them keeps seconds in 32 bits. */
const TIME_END: u64 = 4_294_967_296_000_000_000;

export const FAULT_UNSET: i32 = 1;
export const FAULT_LATE: i32 = 2;

export function beginRequest(at: u64, from: u64, to: u64): void {
  now = at;
  oldest = from;
  newest = to;
  accepted = resourceIndex = scopeIndex = metricIndex = itemIndex = 0;
  dated = true;
}

export function setFilters(value: bool): void {
  filters = value;
}

export function setResourceIndex(index: u32): void {
  resourceIndex = index;
}

/** Starts the items of a scope: whether they are asked about is asked once. */
export function beginScope(index: u32, signal: i32): void {
  scopeIndex = index;
  itemIndex = metricIndex = 0;
  filtered = filters && filterScope(signal, symbolText(serviceSymbol), symbolSize(serviceSymbol)) != 0;
}

export function setMetricIndex(index: u32): void {
  metricIndex = index;
}

export function setItemIndex(index: u32): void {
  itemIndex = index;
}

// @ts-ignore: decorator
@inline
export function accept(): void {
  accepted++;
}

export function undated(): void {
  dated = false;
}

// @ts-ignore: decorator
@inline
export function isStorable(time: u64): bool {
  return time - 1 < TIME_END - 1;
}

// @ts-ignore: decorator
@inline
export function isStorableOrUnset(time: u64): bool {
  return time < TIME_END;
}

/** Refuses the current item when its time cannot be stored; `name` is a name of collector/reader/refusals.ts. */
// @ts-ignore: decorator
@inline
export function refuseTime(time: u64, name: i32): bool {
  if (isStorable(time)) return false;
  reject(REASON_TIME, (time == 0 ? FAULT_UNSET : FAULT_LATE) | (name << 8), time, 1);
  return true;
}

/** Refuses the current item when it is older or newer than what is taken. */
// @ts-ignore: decorator
@inline
export function refuseAge(time: u64): bool {
  if (time >= oldest && time <= newest) return false;
  reject(time < oldest ? REASON_TOO_OLD : REASON_TOO_NEW, 0, time, 1);
  return true;
}

/** Whether a hook drops the current item. */
// @ts-ignore: decorator
@inline
export function isFiltered(signal: i32, name: u32, nameSize: u32, at: u32, end: u32): bool {
  return filtered && askFilter(signal, name, nameSize, at, end);
}

function askFilter(signal: i32, name: u32, nameSize: u32, at: u32, end: u32): bool {
  if (dropItem(signal, name, nameSize, at, end - at) == 0) return false;
  reject(REASON_FILTERED, 0, 0, 1);
  return true;
}

// @ts-ignore: decorator
@inline
export function isZero16(at: u32): bool {
  return (load<u64>(at) | load<u64>(at, 8)) == 0;
}

// @ts-ignore: decorator
@inline
export function isZero8(at: u32): bool {
  return load<u64>(at) == 0;
}
