/**
 * Histograms of durations as `red_10s.Buckets` keeps them: `index = ceil(log2(seconds) * 32)`. Bucket `i` covers
 * (2^((i-1)/32), 2^(i/32)]; a value is read back as the geometric middle, at most 2^(1/64) - 1 = 1.09 % off.
 */
export const BUCKETS_PER_DOUBLING = 32;
const LOWEST = -957;
const HIGHEST = 1100;

/** Indexes, ascending, and the count of each. */
export type Buckets = readonly [indexes: readonly number[], counts: readonly number[]];

export function bucketIndex(seconds: number): number {
  if (!(seconds > 0)) return LOWEST;
  return Math.min(Math.max(Math.ceil(Math.log2(seconds) * BUCKETS_PER_DOUBLING), LOWEST), HIGHEST);
}

/** The value a bucket stands for, in seconds. */
export function bucketSeconds(index: number): number {
  return 2 ** ((index - 0.5) / BUCKETS_PER_DOUBLING);
}

/** Sum of histograms, as `sumMap` adds them. */
export function mergeBuckets(histograms: Iterable<Buckets>): Buckets {
  const sums = new Map<number, number>();
  for (const [indexes, counts] of histograms) {
    indexes.forEach((index, i) => {
      sums.set(index, (sums.get(index) ?? 0) + (counts[i] ?? 0));
    });
  }
  const sorted = [...sums].sort(([a], [b]) => a - b);
  return [sorted.map(([index]) => index), sorted.map(([, count]) => count)];
}

/**
 * The value at rank ceil(q * n) of the n values in the histogram, in seconds (nearest rank, no interpolation), or NaN
 * of an empty one.
 */
export function quantileFromBuckets([indexes, counts]: Buckets, q: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return Number.NaN;
  const rank = q * total - RANK_SLACK * total;
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    seen += count;
    if (seen >= rank && count > 0) return bucketSeconds(indexes[i] as number);
  }
  return Number.NaN;
}

/** Keeps 0.95 * 20 from asking for rank 20 because the product came out a hair above 19. */
const RANK_SLACK = 1e-12;

/**
 * `quantileFromBuckets` of several levels as an aggregate over `red_10s.Buckets`, of the rows where `condition` holds: an
 * Array(Float64) in the order of `levels`, NaN without calls. It takes the rows' arrays as they are, which costs a third of
 * adding them up with sumMap first.
 */
export function quantilesSql(levels: readonly number[], condition = '1'): string {
  if (levels.length === 0) return "CAST([], 'Array(Float64)')";
  const indexes = `quantilesExactWeightedArrayIf(${levels.join(', ')})(Buckets.1, Buckets.2, ${condition})`;
  const empty = `sumIf(length(Buckets.2), ${condition}) = 0`;
  return `arrayMap(i -> if(${empty}, nan, exp2((i - 0.5) / ${BUCKETS_PER_DOUBLING})), ${indexes})`;
}
