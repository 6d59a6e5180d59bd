// Symbols: short texts that come again and again (keys of attributes, names, values of dictionary columns), each kept once
// and known by a number from then on. They outlive blocks; columns map them to positions in their own dictionaries.

import { allocate, Bytes, capacityFor, clear, copyLoose, equal, newBytes, release, reserve, SLACK } from './memory';
import { isUtf8, repairUtf8, repairedSize } from './utf8';

const ENTRY: u32 = 32;
const CHUNK: u32 = 1 << 18;
/** When more is kept than this, `shrinkSymbols` starts afresh. */
const MOST_SYMBOLS: u32 = 1 << 18;
const MOST_BYTES: u32 = 32 << 20;

/** The empty text. */
export const EMPTY: u32 = 0;

// Entry: text u32 @0, size u32 @4, hash u32 @8, the symbol that followed it last time u32 @12, actions 3 x u8 @16,
// size of the length in front of the text u8 @19, the symbol that followed the time before u32 @20.
const entries: Bytes = newBytes();
let slots: u32 = 0;
let slotCount: u32 = 0;
let seed: u64 = 0;
const chunks: Bytes = newBytes();
let chunkAt: u32 = 0;
let chunkEnd: u32 = 0;
let textBytes: u32 = 0;
/** Counts the fresh starts; a symbol is only good within one. */
export let symbolEra: u32 = 0;

// @ts-ignore: decorator
@inline
export function symbolEntry(symbol: u32): u32 {
  return entries.ptr + symbol * ENTRY;
}

// @ts-ignore: decorator
@inline
export function symbolText(symbol: u32): u32 {
  return load<u32>(symbolEntry(symbol));
}

// @ts-ignore: decorator
@inline
export function symbolSize(symbol: u32): u32 {
  return load<u32>(symbolEntry(symbol), 4);
}

/** Bytes of the length that stands in front of a symbol's text, as ClickHouse writes strings. */
// @ts-ignore: decorator
@inline
export function symbolPrefix(symbol: u32): u32 {
  return load<u8>(symbolEntry(symbol), 19);
}

// @ts-ignore: decorator
@inline
export function symbolCount(): u32 {
  return entries.length / ENTRY;
}

export function seedSymbols(value: u64): void {
  seed = value;
}

/** Forgets all symbols. Whoever holds some must have dropped them. */
export function resetSymbols(): void {
  for (let i: u32 = 0; i < chunks.length; i += 8) {
    release(load<u32>(chunks.ptr + i), load<u32>(chunks.ptr + i + 4));
  }
  chunks.length = 0;
  chunkAt = chunkEnd = textBytes = 0;
  clear(entries);
  if (slotCount > 4096) {
    release(slots, capacityFor(slotCount << 2));
    slotCount = 0;
  }
  if (slotCount == 0) {
    slotCount = 4096;
    slots = allocate(slotCount << 2);
  }
  memory.fill(slots, 0, slotCount << 2);
  symbolEra++;
  intern(slots, 0);
}

export function symbolsAreMany(): bool {
  return symbolCount() > MOST_SYMBOLS || textBytes > MOST_BYTES;
}

function hashText(at: u32, size: u32): u32 {
  let hash = seed ^ (<u64>size * 0x9e3779b97f4a7c15);
  let i: u32 = 0;
  for (; i + 8 <= size; i += 8) {
    hash = (hash ^ load<u64>(at + i)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  if (i < size) {
    const rest = load<u64>(at + i) & ((<u64>1 << (<u64>(size - i) << 3)) - 1);
    hash = (hash ^ rest) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  hash *= 0xc4ceb9fe1a85ec53;
  return <u32>(hash >> 32);
}

/** The symbol of a text, whose memory can be read 15 bytes past its end. */
export function intern(at: u32, size: u32): u32 {
  const hash = hashText(at, size);
  const mask = slotCount - 1;
  let slot = hash & mask;
  for (;;) {
    const found = load<u32>(slots + (slot << 2));
    if (found == 0) break;
    const entry = symbolEntry(found - 1);
    if (load<u32>(entry, 8) == hash && load<u32>(entry, 4) == size && equal(load<u32>(entry), at, size)) {
      return found - 1;
    }
    slot = (slot + 1) & mask;
  }
  if (!isUtf8(at, size)) {
    const fixedSize = repairedSize(at, size);
    const fixed = allocate(fixedSize);
    repairUtf8(at, size, fixed);
    const symbol = intern(fixed, fixedSize);
    release(fixed, capacityFor(fixedSize));
    return symbol;
  }
  return add(at, size, hash, slot);
}

function add(at: u32, size: u32, hash: u32, slot: u32): u32 {
  const symbol = symbolCount();
  reserve(entries, ENTRY);
  const room = roomFor(size + 5);
  let prefix: u32 = 0;
  let rest = size;
  for (; rest >= 0x80; rest >>= 7) store<u8>(room + prefix++, (rest & 0x7f) | 0x80);
  store<u8>(room + prefix++, rest);
  copyLoose(room + prefix, at, size);
  const entry = symbolEntry(symbol);
  memory.fill(entry, 0, ENTRY);
  store<u32>(entry, room + prefix);
  store<u32>(entry, size, 4);
  store<u32>(entry, hash, 8);
  store<u8>(entry, prefix, 19);
  entries.length += ENTRY;
  store<u32>(slots + (slot << 2), symbol + 1);
  if (symbol << 1 > slotCount) rehash();
  return symbol;
}

function roomFor(size: u32): u32 {
  if (size + SLACK > chunkEnd - chunkAt) {
    const wanted = max(CHUNK, size + SLACK);
    const piece = allocate(wanted);
    reserve(chunks, 8);
    store<u32>(chunks.ptr + chunks.length, piece);
    store<u32>(chunks.ptr + chunks.length + 4, capacityFor(wanted));
    chunks.length += 8;
    chunkAt = piece;
    chunkEnd = piece + wanted;
  }
  const room = chunkAt;
  chunkAt += size;
  textBytes += size;
  return room;
}

function rehash(): void {
  const count = slotCount << 1;
  const fresh = allocate(count << 2);
  memory.fill(fresh, 0, count << 2);
  for (let symbol: u32 = 0, symbols = symbolCount(); symbol < symbols; symbol++) {
    let slot = load<u32>(symbolEntry(symbol), 8) & (count - 1);
    while (load<u32>(fresh + (slot << 2)) != 0) slot = (slot + 1) & (count - 1);
    store<u32>(fresh + (slot << 2), symbol + 1);
  }
  release(slots, capacityFor(slotCount << 2));
  slots = fresh;
  slotCount = count;
}

/**
 * The symbol of a text that comes after the symbol `before` in some order: mostly one of the two that came there the last
 * times, which costs a comparison and no hash.
 */
// @ts-ignore: decorator
@inline
export function internAfter(before: u32, at: u32, size: u32): u32 {
  const guess = load<u32>(symbolEntry(before), 12);
  const entry = symbolEntry(guess);
  if (load<u32>(entry, 4) == size && equal(load<u32>(entry), at, size)) return guess;
  return internAfterMiss(before, at, size);
}

function internAfterMiss(before: u32, at: u32, size: u32): u32 {
  const older = load<u32>(symbolEntry(before), 20);
  const entry = symbolEntry(older);
  const hit = load<u32>(entry, 4) == size && equal(load<u32>(entry), at, size);
  const symbol = hit ? older : intern(at, size);
  const own = symbolEntry(before);
  store<u32>(own, load<u32>(own, 12), 20);
  store<u32>(own, symbol, 12);
  return symbol;
}
