/** The value at quantile `q` (0..1) of ascending `sorted`, linear between neighbours; NaN when empty. */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return NaN;
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const a = sorted[low] as number;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return a + (b - a) * (position - low);
}

/** Finite values, ascending. */
export function sortedFinite(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(Array.from(values).filter(Number.isFinite)).sort();
}

/** Median of the finite values; NaN when there are none. */
export function median(values: ArrayLike<number>): number {
  return quantileOfSorted(sortedFinite(values), 0.5);
}

/** Standard deviation of a normal distribution per unit of median absolute deviation, and per unit of mean absolute deviation. */
export const SIGMA_PER_MAD = 1.4826;
export const SIGMA_PER_MEAN_DEVIATION = 1.2533;

/** Robust standard deviation around `center`: 1.4826 x median |v - center|; NaN when there are no values. */
export function robustSpread(values: ArrayLike<number>, center: number): number {
  return SIGMA_PER_MAD * median(Array.from(values, (value) => Math.abs(value - center)));
}
