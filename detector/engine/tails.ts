/**
 * Chance of a deviation, by peaks over threshold, for many series in flat arrays. Each slot (one side of one stream of
 * one series) keeps the sizes of past deviations in a histogram whose buckets are quarter octaves; the tail over the
 * threshold u is a generalised Pareto distribution fitted by moments to the n excesses (Pickands 1975; Hosking and
 * Wallis 1987), the body below it is an exponential through the same point:
 *
 *   -log10 P(S > s) = L x s / u                                    s <= u, where L = -log10 share over u
 *   -log10 P(S > s) = L + log10(1 + xi (s - u) / sigma) / xi       s > u;  L + (s - u) / (sigma ln 10) for xi = 0
 *   xi    = (n x1 + N0 XI0) / (n + N0),  x1 = (1 - m^2 / v) / 2 cut to 0 .. 1/2;   m, v: mean, variance of the excesses
 *   sigma = m (1 - xi)
 *
 * Counts are 16-bit with four units a point, so that a point may be learnt in quarters, and are halved when the stream
 * has seen `memory` points: long memory is what keeps noisy series quiet.
 */
export const BUCKETS = 64;
const UNITS = 4;
/** Excesses that the prior shape is worth. */
const PRIOR_EXCESSES = 20;
const PRIOR_SHAPE = 0.2;
const LN10 = Math.LN10;
/** Bits of a float below the quarter octave. */
const SHIFT = 21;
/** An outlier moves the range of buckets by two octaves at most. */
const LARGEST_REBASE = 8;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

function bucketOf(size: number): number {
  float[0] = size;
  return (bits[0] as number) >>> SHIFT;
}

function edgeOf(bucket: number): number {
  bits[0] = bucket << SHIFT;
  return float[0] as number;
}

/** Parameters of a slot: u, L, sigma, xi. */
export const PARAMETERS = 4;

export interface Tails {
  readonly counts: Uint16Array;
  readonly bases: Int16Array;
  readonly parameters: Float32Array;
}

export function createTails(slots: number): Tails {
  return {
    counts: new Uint16Array(slots * BUCKETS),
    bases: new Int16Array(slots),
    parameters: new Float32Array(slots * PARAMETERS),
  };
}

/** -log10 of the chance that an ordinary point deviates by `size` or more; 0 where nothing is known. */
export function oddsOf(tails: Tails, slot: number, size: number): number {
  const at = slot * PARAMETERS;
  const p = tails.parameters;
  return oddsFrom(size, p[at] as number, p[at + 1] as number, p[at + 2] as number, p[at + 3] as number);
}

/** `oddsOf` from the parameters themselves. */
export function oddsFrom(size: number, u: number, body: number, sigma: number, xi: number): number {
  if (!(size > 0) || body === 0) return 0;
  if (size <= u) return (body * size) / u;
  const excess = (size - u) / sigma;
  return body + (xi < 1e-4 ? excess / LN10 : Math.log10(1 + xi * excess) / xi);
}

/** Adds a deviation larger than nothing. `units`: 4 for a whole point. */
export function learnTail(tails: Tails, slot: number, size: number, units: number): void {
  let bucket = bucketOf(size);
  const base = tails.bases[slot] as number;
  if (base === 0) {
    tails.bases[slot] = Math.max(1, bucket - BUCKETS / 2);
    bucket = BUCKETS / 2;
  } else {
    bucket -= base;
    if (bucket >= BUCKETS) {
      const by = Math.min(bucket - BUCKETS + 1, LARGEST_REBASE);
      raise(tails, slot, by);
      bucket = BUCKETS - 1;
    } else if (bucket < 0) bucket = 0;
  }
  const at = slot * BUCKETS + bucket;
  tails.counts[at] = Math.min(65_535, (tails.counts[at] as number) + units);
}

function raise(tails: Tails, slot: number, by: number): void {
  const at = slot * BUCKETS;
  const counts = tails.counts;
  let low = 0;
  for (let i = 0; i <= by; i++) low += counts[at + i] as number;
  counts.copyWithin(at, at + by, at + BUCKETS);
  counts[at] = Math.min(65_535, low);
  counts.fill(0, at + BUCKETS - by, at + BUCKETS);
  tails.bases[slot] = (tails.bases[slot] as number) + by;
}

/** Where the upper half of the range has been empty, the range comes down, so that small deviations are told apart. */
function lower(tails: Tails, slot: number, by: number): void {
  const at = slot * BUCKETS;
  const counts = tails.counts;
  if ((tails.bases[slot] as number) <= by) return;
  counts.copyWithin(at + by, at, at + BUCKETS - by);
  counts.fill(0, at, at + by);
  tails.bases[slot] = (tails.bases[slot] as number) - by;
}

export function halveTail(tails: Tails, slot: number): void {
  const at = slot * BUCKETS;
  for (let i = 0; i < BUCKETS; i++) tails.counts[at + i] = (tails.counts[at + i] as number) >> 1;
}

/** Fits the tail. `total`: units of all points of the stream, either side. `tailShare`: share that makes the tail. `floor`: least size that means anything. */
export function fitTail(tails: Tails, slot: number, total: number, tailShare: number, floor: number): void {
  const at = slot * BUCKETS;
  const counts = tails.counts;
  const want = tailShare * total;
  let sum = 0;
  let first = BUCKETS;
  let top = -1;
  for (let i = BUCKETS - 1; i >= 0; i--) {
    const count = counts[at + i] as number;
    if (count === 0) continue;
    if (top < 0) top = i;
    if (sum > 0 && sum + count > want) break;
    sum += count;
    first = i;
    if (sum > want) break;
  }
  const base = tails.bases[slot] as number;
  const p = tails.parameters;
  const to = slot * PARAMETERS;
  if (sum === 0) {
    // Nothing on this side yet: anything beyond the floor is as rare as the points without it are many.
    p[to] = Math.max(floor, 1e-30);
    p[to + 1] = Math.log10(total / UNITS + 1);
    p[to + 2] = p[to] as number;
    p[to + 3] = PRIOR_SHAPE;
    return;
  }
  const u = Math.max(edgeOf(base + first), floor, 1e-30);
  let mean = 0;
  let square = 0;
  for (let i = first; i <= top; i++) {
    const count = counts[at + i] as number;
    if (count === 0) continue;
    const excess = Math.max(0, (edgeOf(base + i) + edgeOf(base + i + 1)) / 2 - u);
    mean += count * excess;
    square += count * excess * excess;
  }
  mean /= sum;
  const n = sum / UNITS;
  const variance = Math.max(square / sum - mean * mean, 1e-12 * mean * mean);
  const shape = mean > 0 ? Math.min(0.5, Math.max(0, (1 - (mean * mean) / variance) / 2)) : 0;
  const xi = (n * shape + PRIOR_EXCESSES * PRIOR_SHAPE) / (n + PRIOR_EXCESSES);
  p[to] = u;
  p[to + 1] = -Math.log10(Math.min(1, sum / total));
  p[to + 2] = Math.max(mean * (1 - xi), 0.05 * u, floor);
  p[to + 3] = xi;
  if (top < BUCKETS / 4) lower(tails, slot, BUCKETS / 4);
}
