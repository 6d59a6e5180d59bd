import type { NewSeries } from '../reader/hooks.ts';

/** Names a series in 53 bits: of a million, two share a name in one case of ten thousand. */
export function seriesNumber(series: NewSeries): number {
  if (series.id !== undefined) return Number(BigInt.asUintN(53, series.id));
  let text = series.metric;
  for (const [key, value] of series.attributes) text += `\u0000${key}\u0000${value}`;
  // Two multiplicative hashes with different seeds, mixed with each other at the end (cyrb53).
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b & 0x1fffff) * 0x100000000 + (a >>> 0);
}
