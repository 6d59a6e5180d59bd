// The limits of collector/reader/limits.ts, by their place in LIMIT_NAMES, and how often each was hit in this request.

export const LIMIT_ATTRIBUTES: u32 = 0;
export const LIMIT_VALUE_BYTES: u32 = 1;
export const LIMIT_DEPTH: u32 = 2;
export const LIMIT_EVENTS: u32 = 3;
export const LIMIT_LINKS: u32 = 4;
export const LIMIT_EXEMPLARS: u32 = 5;
export const LIMIT_BUCKETS: u32 = 6;
export const LIMIT_SERIES: u32 = 7;
const COUNT: u32 = 8;

const limits = <u32>memory.data(4 * 8, 4);
const hits = <u32>memory.data(4 * 8, 4);

export function setLimit(which: u32, value: u32): void {
  store<u32>(limits + (which << 2), value);
}

// @ts-ignore: decorator
@inline
export function limit(which: u32): u32 {
  return load<u32>(limits + (which << 2));
}

export function hit(which: u32): void {
  store<u32>(hits + (which << 2), load<u32>(hits + (which << 2)) + 1);
}

export function limitHits(which: u32): u32 {
  return load<u32>(hits + (which << 2));
}

export function clearHits(): void {
  memory.fill(hits, 0, COUNT << 2);
}
