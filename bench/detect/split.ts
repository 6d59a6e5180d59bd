/** Half of the development series: A is where choices are made, B only shows what carries over. */
export type Half = 'A' | 'B';

/**
 * The split of a set, fixed before anything was tuned: in order of name (by code units, so in every locale alike) the
 * 1st, 3rd, 5th ... series are A, the 2nd, 4th ... are B.
 */
export function halves(names: readonly string[]): Map<string, Half> {
  const ordered = [...new Set(names)].sort();
  return new Map(ordered.map((name, i) => [name, i % 2 === 0 ? 'A' : 'B']));
}

/** `pick` for the series of each half and for both. */
export function byHalf<T, R>(
  series: readonly T[],
  nameOf: (one: T) => string,
  pick: (some: readonly T[]) => R,
): Record<Half | 'both', R> {
  const half = halves(series.map(nameOf));
  const of = (which: Half) => series.filter((one) => half.get(nameOf(one)) === which);
  return { A: pick(of('A')), B: pick(of('B')), both: pick(series) };
}
