// Known series. A series is found by a hash of its metric and of the bytes of its attributes as the sender writes them; its
// entry says what its points need: the id, the derived columns, and between which times the series needs no telling. A
// series whose sender changes the order of its attributes has an entry for each order, and one id.

import { readAttributes, hashAttributes, hashCheck, hashKey, attributesEnd, attributesFrom } from './metrics-attributes';
import { hit, limit, LIMIT_SERIES } from './limits';
import { allocate, Bytes, capacityFor, clear, newBytes, release, reserve } from './memory';
import { canonicalId, deriveSeries } from './series-derived';
import { askSeries, tellSeries } from './series-rows';
import { symbolEra } from './symbols';

/** What becomes of a series' points. */
export const ADMIT: u32 = 0;
export const REJECT: u32 = 1;
export const DIVERT: u32 = 2;

@unmanaged
export class Series {
  key: u64;
  id: u64;
  /** Points between these times (unix nanoseconds) need no telling. */
  quietFrom: u64;
  quietTo: u64;
  check: u32;
  size: u32;
  /** In which era the symbols below are good. */
  era: u32;
  signal: u32;
  operation: u32;
  destination: u32;
  system: u32;
  group: u32;
  kind: u32;
  destinationKind: u8;
  isError: u8;
  verdict: u8;
}

const ENTRY: u32 = offsetof<Series>();
/** Nanoseconds that a point may lie outside the told range before its series is told again. */
const TELL_AGAIN: u64 = 3_600_000_000_000;
const NEVER: u64 = 0xffffffffffffffff;

// Entries lie in chunks that stay where they are; slots (open addressing) hold the place + 1 and the key's high bits.
const CHUNK_BITS: u32 = 10;
const chunks: Bytes = newBytes();
let count: u32 = 0;
let slots: u32 = 0;
let slotCount: u32 = 0;

// What was told for entries before the request: place u32, and the two times u64, 24 bytes.
const undo: Bytes = newBytes();

// @ts-ignore: decorator
@inline
function entryAt(place: u32): Series {
  const chunk = load<u32>(chunks.ptr + ((place >> CHUNK_BITS) << 2));
  return changetype<Series>(<usize>(chunk + (place & ((1 << CHUNK_BITS) - 1)) * ENTRY));
}

// Keeps senders from making two series share an entry on purpose.
let seed: u64 = 0;

export function seedSeries(value: u64): void {
  seed = value;
}

/** Forgets all series. */
export function forgetSeries(): void {
  for (let i: u32 = 0; i < chunks.length; i += 4) {
    release(load<u32>(chunks.ptr + i), capacityFor(ENTRY << CHUNK_BITS));
  }
  chunks.length = 0;
  clear(chunks);
  count = 0;
  undo.length = 0;
  if (slotCount > 1 << 16) {
    release(slots, capacityFor(slotCount << 3));
    slotCount = 0;
  }
  if (slotCount == 0) {
    slotCount = 4096;
    slots = allocate(slotCount << 3);
  }
  memory.fill(slots, 0, slotCount << 3);
}

export function beginSeries(): void {
  undo.length = 0;
}

/** Puts back what was told as it was before the request. */
export function untellSeries(): void {
  while (undo.length > 0) {
    undo.length -= 24;
    const before = undo.ptr + undo.length;
    const series = entryAt(load<u32>(before));
    series.quietFrom = load<u64>(before, 8);
    series.quietTo = load<u64>(before, 16);
  }
}

/**
 * The series of the current point, whose attributes are noted, for a point of `time`; `metric` is the hash of all else that
 * makes a series. Tells the series where that is due.
 */
// @ts-ignore: decorator
@inline
export function seriesOf(metric: u64, time: u64): Series {
  hashAttributes(metric ^ seed);
  const key = hashKey;
  const mask = slotCount - 1;
  const high = <u32>(key >> 32);
  let slot = <u32>key & mask;
  let held = load<u64>(slots + (slot << 3));
  while (held != 0) {
    if (<u32>(held >> 32) == high) {
      const series = entryAt(<u32>held - 1);
      if (series.key == key && series.check == hashCheck && series.size == attributesEnd - attributesFrom) {
        if (time >= series.quietFrom && time <= series.quietTo && series.era == symbolEra) return series;
        return meetAgain(series, <u32>held - 1, metric, time);
      }
    }
    slot = (slot + 1) & mask;
    held = load<u64>(slots + (slot << 3));
  }
  return meet(metric, time);
}

/** A series for the first time. */
function meet(metric: u64, time: u64): Series {
  const key = hashKey;
  const check = hashCheck;
  if (count >= limit(LIMIT_SERIES)) {
    hit(LIMIT_SERIES);
    forgetSeries();
  }
  const place = count++;
  if (place >> CHUNK_BITS >= chunks.length >> 2) {
    const chunk = allocate(ENTRY << CHUNK_BITS);
    reserve(chunks, 4);
    store<u32>(chunks.ptr + chunks.length, chunk);
    chunks.length += 4;
  }
  const series = entryAt(place);
  series.key = key;
  series.check = check;
  series.size = attributesEnd - attributesFrom;
  series.quietFrom = NEVER;
  series.quietTo = 0;
  series.id = 0;
  series.era = 0;
  insert(place, key);
  if (count << 1 > slotCount) growSlots();
  // Reading the attributes may fail; the entry is then one that was never told.
  readAttributes();
  series.id = canonicalId(metric);
  tell(series, place, time);
  return series;
}

function meetAgain(series: Series, place: u32, metric: u64, time: u64): Series {
  readAttributes();
  if (series.quietFrom == NEVER || time < series.quietFrom || time > series.quietTo) {
    // The request in which it was met may have failed before it had an id.
    series.id = canonicalId(metric);
    tell(series, place, time);
  } else {
    deriveSeries(series);
    series.era = symbolEra;
  }
  return series;
}

function tell(series: Series, place: u32, time: u64): void {
  reserve(undo, 24);
  const before = undo.ptr + undo.length;
  store<u32>(before, place);
  store<u64>(before, series.quietFrom, 8);
  store<u64>(before, series.quietTo, 16);
  undo.length += 24;
  deriveSeries(series);
  series.era = symbolEra;
  series.verdict = <u8>askSeries(series);
  // A diverted series is asked about with each of its points: it may be given a place at any time.
  if (series.verdict == DIVERT) return;
  const from = time - min(time, TELL_AGAIN);
  series.quietFrom = min(series.quietFrom, from);
  series.quietTo = max(series.quietTo, time + TELL_AGAIN);
  if (series.verdict == ADMIT) tellSeries(series, time);
}

function insert(place: u32, key: u64): void {
  const mask = slotCount - 1;
  let slot = <u32>key & mask;
  while (load<u64>(slots + (slot << 3)) != 0) slot = (slot + 1) & mask;
  store<u64>(slots + (slot << 3), (key & 0xffffffff00000000) | (place + 1));
}

function growSlots(): void {
  release(slots, capacityFor(slotCount << 3));
  slotCount <<= 1;
  slots = allocate(slotCount << 3);
  memory.fill(slots, 0, slotCount << 3);
  for (let place: u32 = 0; place < count; place++) insert(place, entryAt(place).key);
}
