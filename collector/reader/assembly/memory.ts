// All memory of the reader: pieces of 2^k bytes, handed out from the end of the linear memory and kept in one free list for
// each k. Nothing is collected; who takes a piece gives it back with the capacity it was given.

import { FAIL_MEMORY, fail } from './host';

/** Every piece can be read and written this many bytes past what was asked for, so that copies go 16 bytes at a time. */
export const SLACK: u32 = 32;

const SMALLEST: u32 = 64;
const LARGEST: u32 = 1 << 30;
const freeLists = <u32>memory.data(4 * 32);
// The language's own allocator begins at __heap_base; it puts together texts of column types at the start, nothing else.
const RUNTIME: u32 = 1 << 16;
let top: u32 = (<u32>__heap_base + RUNTIME + 63) & ~63;

/** What is kept free while requests are read, so that blocks can be closed however full the memory is. */
const MOST: u64 = <u64>2 << 30;
const KEPT_FREE: u64 = <u64>256 << 20;
let ceiling: u64 = MOST - KEPT_FREE;

/** Whether all of the memory may be used: to close blocks, not to read. */
export function useAll(value: bool): void {
  ceiling = value ? MOST : MOST - KEPT_FREE;
}

/** The capacity of the piece that `allocate(size)` returns. */
export function capacityFor(size: u32): u32 {
  const wanted = size + SLACK;
  return wanted <= SMALLEST ? SMALLEST : 1 << (32 - clz(wanted - 1));
}

export function allocate(size: u32): u32 {
  if (size > LARGEST - SLACK) fail(FAIL_MEMORY, 0, 0, 0, 0);
  const capacity = capacityFor(size);
  const list = freeLists + (ctz(capacity) << 2);
  const free = load<u32>(list);
  if (free != 0) {
    store<u32>(list, load<u32>(free));
    return free;
  }
  const piece = top;
  const end = <u64>piece + capacity;
  if (end > ceiling) fail(FAIL_MEMORY, 0, 0, 0, 0);
  const pages = <i32>((end + 0xffff) >> 16);
  const present = memory.size();
  if (pages > present) {
    // Some pages ahead, so that small pieces do not each ask the engine for one.
    if (memory.grow(max(pages - present, min(present >> 2, 1024))) < 0 && memory.grow(pages - present) < 0) {
      fail(FAIL_MEMORY, 0, 0, 0, 0);
    }
  }
  top = <u32>end;
  return piece;
}

export function release(piece: u32, capacity: u32): void {
  if (piece == 0) return;
  const list = freeLists + (ctz(capacity) << 2);
  store<u32>(piece, load<u32>(list));
  store<u32>(list, piece);
}

/** A growing run of bytes. */
@unmanaged
export class Bytes {
  ptr: u32;
  length: u32;
  /** Of the piece, slack included. */
  capacity: u32;
}

export function newBytes(): Bytes {
  const bytes = allocate(offsetof<Bytes>());
  memory.fill(bytes, 0, offsetof<Bytes>());
  return changetype<Bytes>(<usize>bytes);
}

/** Makes room for `more` bytes after the last one. */
// @ts-ignore: decorator
@inline
export function reserve(bytes: Bytes, more: u32): void {
  if (bytes.length + more + SLACK > bytes.capacity) enlarge(bytes, more);
}

function enlarge(bytes: Bytes, more: u32): void {
  const size = max(bytes.length + more, bytes.length << 1);
  const piece = allocate(size);
  if (bytes.ptr != 0) {
    memory.copy(piece, bytes.ptr, bytes.length);
    release(bytes.ptr, bytes.capacity);
  }
  bytes.ptr = piece;
  bytes.capacity = capacityFor(size);
}

/** Empties `bytes`, and gives most of its memory back when far less of it was needed. */
export function clear(bytes: Bytes): void {
  if (bytes.capacity > 1 << 20 && bytes.length < bytes.capacity >> 3) {
    release(bytes.ptr, bytes.capacity);
    bytes.ptr = 0;
    bytes.capacity = 0;
  }
  bytes.length = 0;
}

/** Copies `size` bytes; both sides may be touched up to 15 bytes past their ends. */
// @ts-ignore: decorator
@inline
export function copyLoose(to: u32, from: u32, size: u32): void {
  if (size > 256) memory.copy(to, from, size);
  else for (let i: u32 = 0; i < size; i += 16) v128.store(to + i, v128.load(from + i));
}

// Sixteen bytes of ones and sixteen of zeros: read at 16 - n it is a mask of n leading bytes.
const masks = <u32>memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);

/** A mask of the first `n` bytes, n <= 16. */
// @ts-ignore: decorator
@inline
export function leading(n: u32): v128 {
  return v128.load(masks + 16 - n);
}

/** Whether two runs of `size` bytes are equal; both may be read up to 15 bytes past their ends. */
// @ts-ignore: decorator
@inline
export function equal(a: u32, b: u32, size: u32): bool {
  let i: u32 = 0;
  for (; i + 16 <= size; i += 16) {
    if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
  }
  if (i == size) return true;
  return !v128.any_true(v128.and(v128.xor(v128.load(a + i), v128.load(b + i)), leading(size - i)));
}

/** Orders two runs by their bytes: below, at or above 0. */
export function compare(a: u32, aSize: u32, b: u32, bSize: u32): i32 {
  const size = min(aSize, bSize);
  for (let i: u32 = 0; i < size; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (difference != 0) return difference;
  }
  return aSize < bSize ? -1 : aSize > bSize ? 1 : 0;
}
