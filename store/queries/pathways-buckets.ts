import { type Buckets, mergeBuckets } from './buckets.ts';

/**
 * Histograms of pathways' latencies as `pathways_10s.Buckets` keeps them, of scale 6: `index = ceil(log2(seconds) * 64)`. Bucket `i`
 * covers (2^((i-1)/64), 2^(i/64)]; a value is read back as the geometric middle, at most 2^(1/128) - 1 = 0.54 % off.
 */
export const PATHWAY_BUCKETS_PER_DOUBLING = 64;
/** The bucket of no time at all, and of clocks that disagree. */
export const ZERO_BUCKET = -1914;
const HIGHEST = 2200;

export function pathwayBucket(seconds: number): number {
  if (!(seconds > 0)) return ZERO_BUCKET;
  const index = Math.ceil(Math.log2(seconds) * PATHWAY_BUCKETS_PER_DOUBLING);
  return Math.min(Math.max(index, ZERO_BUCKET + 1), HIGHEST);
}

/** The value a bucket stands for, in seconds. */
export function pathwaySeconds(index: number): number {
  return index <= ZERO_BUCKET ? 0 : 2 ** ((index - 0.5) / PATHWAY_BUCKETS_PER_DOUBLING);
}

/** The histogram of single values, in seconds. */
export function pathwayBuckets(values: Iterable<number>): Buckets {
  const counts = new Map<number, number>();
  for (const value of values) {
    const index = pathwayBucket(value);
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return [sorted.map(([index]) => index), sorted.map(([, count]) => count)];
}

/** The value at rank ceil(q * n) of the n values, in seconds, as `quantileFromBuckets` takes it; NaN of an empty histogram. */
export function pathwayQuantile([indexes, counts]: Buckets, q: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return Number.NaN;
  const rank = q * total * (1 - RANK_SLACK);
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    seen += count;
    if (count > 0 && seen >= rank) return pathwaySeconds(indexes[i] as number);
  }
  return Number.NaN;
}

/** Keeps a product that came out a hair above a whole rank from asking for the next one. */
const RANK_SLACK = 1e-12;

/**
 * `pathwayQuantile` of several levels as an aggregate over a column of histograms, of the rows where `condition` holds: an
 * Array(Float64) in the order of `levels`, NaN without values.
 */
export function pathwayQuantilesSql(column: string, levels: readonly number[], condition = '1'): string {
  const indexes = `quantilesExactWeightedArrayIf(${levels.join(', ')})(${column}.1, ${column}.2, ${condition})`;
  const empty = `sumIf(length(${column}.2), ${condition}) = 0`;
  const value = `if(i <= ${ZERO_BUCKET}, 0, exp2((i - 0.5) / ${PATHWAY_BUCKETS_PER_DOUBLING}))`;
  return `arrayMap(i -> if(${empty}, nan, ${value}), ${indexes})`;
}

/** Pairs of buckets one addition of two histograms may look at: a few milliseconds of work. */
const MOST_PAIRS = 40_000;

/**
 * The histogram of the sum of two values that know nothing of each other, drawn from the two histograms: their convolution,
 * with a total of one. Histograms of very many buckets are made coarser first, by pairs, so that the cost is bounded.
 */
export function convolve(left: Buckets, right: Buckets): Buckets {
  let [a, b] = [normalized(left), normalized(right)];
  for (let width = 2; a.size * b.size > MOST_PAIRS; width *= 2) [a, b] = [coarser(a, width), coarser(b, width)];
  const sums = new Map<number, number>();
  for (const [i, p] of a) {
    const seconds = pathwaySeconds(i);
    for (const [j, q] of b) {
      const index = pathwayBucket(seconds + pathwaySeconds(j));
      sums.set(index, (sums.get(index) ?? 0) + p * q);
    }
  }
  return mergeBuckets([[[...sums.keys()], [...sums.values()]]]);
}

function normalized([indexes, counts]: Buckets): Map<number, number> {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shares = new Map<number, number>();
  for (const [i, count] of counts.entries()) {
    const index = indexes[i] as number;
    if (count > 0) shares.set(index, (shares.get(index) ?? 0) + count / total);
  }
  return shares;
}

/** Each `width` neighbours as one, at the middle of them. */
function coarser(shares: ReadonlyMap<number, number>, width: number): Map<number, number> {
  const sums = new Map<number, number>();
  for (const [index, share] of shares) {
    const at = index <= ZERO_BUCKET ? index : Math.floor(index / width) * width + width / 2;
    sums.set(at, (sums.get(at) ?? 0) + share);
  }
  return sums;
}
