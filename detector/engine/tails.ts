/**
 * Chance of a deviation, by peaks over threshold, for many series in flat arrays. Each slot (one side of one stream of
 * one series) keeps the sizes of past deviations in a histogram of 16 octaves; the tail over the threshold u is a
 * generalised Pareto distribution fitted by moments to the n excesses (Pickands 1975; Hosking and Wallis 1987), the
 * body below it is an exponential through the same point:
 *
 *   -log10 P(S > s) = L s / u                                   s <= u, where L = -log10 of the share over u
 *   -log10 P(S > s) = L + log10(1 + xi (s - u) / sigma) / xi    s > u;  L + (s - u) / (sigma ln 10) for xi = 0
 *   xi    = (n x + 20 x 0.2) / (n + 20),  x = (1 - m^2 / v) / 2 cut to 0 .. 1/2      m, v: mean, variance of excesses
 *   sigma = m (1 - xi)
 *
 * Buckets are read off the bits of a 32-bit float: equal steps of the mantissa within each octave, which needs no
 * logarithm. Counts are 16-bit with four units a point, so that a point may be learnt in quarters. The caller halves
 * them when the stream has seen its memory: long memory is what keeps noisy series quiet.
 */
export interface Tails {
  readonly counts: Uint16Array;
  readonly bases: Int16Array;
  /** u, L, sigma, xi of each slot in 16 bits each, see `readTail`. */
  readonly parameters: Uint16Array;
  /** Buckets of a slot. */
  readonly buckets: number;
  /** Bits of a float below a bucket's step. */
  readonly shift: number;
}

/** Steps of the histogram within an octave. */
export type Resolution = 2 | 4;

/** Units of a whole point in `learnTail` and `fitTail`. */
export const UNITS = 4;
/** Numbers of a slot in `parameters`: u, L, sigma, xi. Sizes are the upper half of a 32-bit float, L and xi have a fixed point. */
export const PARAMETERS = 4;
const BODY_STEP = 1 / 8192;
const SHAPE_STEP = 1 / 65_536;
const OCTAVES = 16;
const MANTISSA_BITS = 23;
/** Excesses that the prior shape is worth. */
const PRIOR_EXCESSES = 20;
const PRIOR_SHAPE = 0.2;
/** An outlier moves the range of buckets by two octaves at most. */
const LARGEST_RAISE = 2;
/** The range comes down by a quarter when this share of all points is too small to be told apart. */
const TOO_SMALL = 0.4;
/** Units of what was too small that are kept, as the largest they can have been: they stand in until it is known better. */
const CARRIED = 200;
/** Size below which nothing is told apart, whatever the floor. */
const SMALLEST = 1e-30;
const MOST = 65_535;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

function bucketOf(tails: Tails, size: number): number {
  float[0] = size;
  return (bits[0] as number) >>> tails.shift;
}

/** Lower edge of a bucket. */
function edgeOf(tails: Tails, bucket: number): number {
  bits[0] = bucket << tails.shift;
  return float[0] as number;
}

export function createTails(slots: number, resolution: Resolution = 4): Tails {
  const buckets = OCTAVES * resolution;
  return {
    counts: new Uint16Array(slots * buckets),
    bases: new Int16Array(slots),
    parameters: new Uint16Array(slots * PARAMETERS),
    buckets,
    shift: MANTISSA_BITS - Math.log2(resolution),
  };
}

/** The upper half of a positive 32-bit float: sizes to a part in 256, edges of buckets exactly. */
function halfOf(size: number): number {
  float[0] = size;
  return ((bits[0] as number) + 0x8000) >>> 16;
}

function fromHalf(half: number): number {
  bits[0] = half << 16;
  return float[0] as number;
}

function writeTail(tails: Tails, slot: number, u: number, body: number, sigma: number, xi: number): void {
  const at = slot * PARAMETERS;
  const p = tails.parameters;
  p[at] = halfOf(u);
  p[at + 1] = Math.min(MOST, Math.round(body / BODY_STEP));
  p[at + 2] = halfOf(sigma);
  p[at + 3] = Math.round(xi / SHAPE_STEP);
}

/** Writes u, L, sigma and xi of a slot, in the order of `oddsFrom`, to `out` from `to`. L is 0 where nothing is known. */
export function readTail(tails: Tails, slot: number, out: Float32Array | Float64Array, to: number): void {
  const at = slot * PARAMETERS;
  const p = tails.parameters;
  out[to] = fromHalf(p[at] as number);
  out[to + 1] = (p[at + 1] as number) * BODY_STEP;
  out[to + 2] = fromHalf(p[at + 2] as number);
  out[to + 3] = (p[at + 3] as number) * SHAPE_STEP;
}

/** `oddsFrom` of the numbers that `readTail` wrote to `from` at `at`. */
export function oddsAt(size: number, from: Float32Array, at: number): number {
  return oddsFrom(size, from[at] as number, from[at + 1] as number, from[at + 2] as number, from[at + 3] as number);
}

const read = new Float32Array(PARAMETERS);

/** -log10 of the chance that an ordinary point deviates by `size` or more; 0 where nothing is known. */
export function oddsOf(tails: Tails, slot: number, size: number): number {
  readTail(tails, slot, read, 0);
  return oddsAt(size, read, 0);
}

/** `oddsOf` from the parameters themselves. */
export function oddsFrom(size: number, u: number, body: number, sigma: number, xi: number): number {
  if (!(size > 0) || body === 0) return 0;
  if (size <= u) return (body * size) / u;
  const excess = (size - u) / sigma;
  return body + (xi < 1e-4 ? excess / Math.LN10 : Math.log10(1 + xi * excess) / xi);
}

/** `sizeFrom` of the numbers that `readTail` wrote to `from` at `at`. */
export function sizeAt(odds: number, from: Float32Array, at: number): number {
  return sizeFrom(odds, from[at] as number, from[at + 1] as number, from[at + 2] as number, from[at + 3] as number);
}

/** Share of the points learnt that deviated by `size` or more, to a bucket; what `odds` smooths over. `total`: their units. */
export function shareBeyond(tails: Tails, slot: number, size: number, total: number): number {
  const { buckets, bases, counts } = tails;
  const first = Math.max(0, bucketOf(tails, size) - (bases[slot] as number));
  let sum = 0;
  for (let i = first; i < buckets; i++) sum += counts[slot * buckets + i] as number;
  return total > 0 ? sum / total : 0;
}

/** The size whose odds are `odds`, the inverse of `oddsFrom`; NaN where nothing is known. */
export function sizeFrom(odds: number, u: number, body: number, sigma: number, xi: number): number {
  if (body === 0) return NaN;
  if (odds <= body) return (odds * u) / body;
  const beyond = odds - body;
  return u + (xi < 1e-4 ? sigma * beyond * Math.LN10 : (sigma * (Math.exp(Math.LN10 * xi * beyond) - 1)) / xi);
}

/** Adds a deviation larger than nothing. `units`: 4 for a whole point. */
export function learnTail(tails: Tails, slot: number, size: number, units: number): void {
  const { buckets, bases, counts } = tails;
  let bucket = bucketOf(tails, size);
  const base = bases[slot] as number;
  if (base === 0) {
    bases[slot] = Math.max(1, bucket - buckets / 2);
    bucket = buckets / 2;
  } else {
    bucket = Math.max(0, bucket - base);
    if (bucket >= buckets) {
      raise(tails, slot, Math.min(bucket - buckets + 1, (LARGEST_RAISE * buckets) / OCTAVES));
      bucket = buckets - 1;
    }
  }
  const at = slot * buckets + bucket;
  counts[at] = Math.min(MOST, (counts[at] as number) + units);
}

/** Moves the range up: what lay below its new start goes in the lowest bucket. */
function raise(tails: Tails, slot: number, by: number): void {
  const { buckets, counts } = tails;
  const at = slot * buckets;
  let low = 0;
  for (let i = 0; i <= by; i++) low += counts[at + i] as number;
  counts.copyWithin(at, at + by, at + buckets);
  counts[at] = Math.min(MOST, low);
  counts.fill(0, at + buckets - by, at + buckets);
  tails.bases[slot] = (tails.bases[slot] as number) + by;
}

/** Moves the range down, so that small deviations are told apart. */
function lower(tails: Tails, slot: number, by: number): void {
  const { buckets, counts } = tails;
  const at = slot * buckets;
  if ((tails.bases[slot] as number) <= by) return;
  counts.copyWithin(at + by, at, at + buckets - by);
  counts.fill(0, at, at + by);
  counts[at + by] = Math.min(CARRIED, counts[at + by] as number);
  tails.bases[slot] = (tails.bases[slot] as number) - by;
}

export function halveTail(tails: Tails, slot: number): void {
  const end = (slot + 1) * tails.buckets;
  for (let i = slot * tails.buckets; i < end; i++) tails.counts[i] = (tails.counts[i] as number) >> 1;
}

/**
 * Fits the tail of a slot. `total`: units of all points of the stream, whatever their side. `tailShare`: share of them
 * that makes the tail. `floor`: the least size that means anything.
 */
export function fitTail(tails: Tails, slot: number, total: number, tailShare: number, floor: number): void {
  const { buckets, counts } = tails;
  const at = slot * buckets;
  const base = tails.bases[slot] as number;
  const want = tailShare * total;
  let sum = 0;
  let first = buckets;
  let top = -1;
  for (let i = buckets - 1; i >= 0 && sum <= want; i--) {
    const count = counts[at + i] as number;
    if (count === 0) continue;
    if (top < 0) top = i;
    if (sum > 0 && sum + count > want) break;
    sum += count;
    first = i;
  }
  if (sum === 0) {
    // Nothing on this side yet: what exceeds the floor is as rare as the points without it are many.
    const least = Math.max(floor, SMALLEST);
    writeTail(tails, slot, least, Math.log10(total / UNITS + 1), least, PRIOR_SHAPE);
    return;
  }
  const u = Math.max(edgeOf(tails, base + first), floor, SMALLEST);
  let mean = 0;
  let square = 0;
  for (let i = first; i <= top; i++) {
    const count = counts[at + i] as number;
    if (count === 0) continue;
    const excess = Math.max(0, (edgeOf(tails, base + i) + edgeOf(tails, base + i + 1)) / 2 - u);
    mean += count * excess;
    square += count * excess * excess;
  }
  mean /= sum;
  const n = sum / UNITS;
  const variance = Math.max(square / sum - mean * mean, 1e-12 * mean * mean);
  const shape = mean > 0 ? Math.min(0.5, Math.max(0, (1 - (mean * mean) / variance) / 2)) : 0;
  const xi = (n * shape + PRIOR_EXCESSES * PRIOR_SHAPE) / (n + PRIOR_EXCESSES);
  writeTail(tails, slot, u, -Math.log10(Math.min(1, sum / total)), Math.max(mean * (1 - xi), 0.05 * u, floor), xi);
  const by = buckets / 4;
  if ((counts[at] as number) > TOO_SMALL * total && top < buckets - by) lower(tails, slot, by);
}
