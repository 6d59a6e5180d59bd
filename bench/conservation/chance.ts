/** Numbers that are the same for one seed. */
export interface Chance {
  /** In [0, 1). */
  uniform(): number;
  normal(): number;
  poisson(mean: number): number;
  binomial(n: number, p: number): number;
}

const EXACT_BELOW = 30;

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (mean: number) => {
    if (mean > EXACT_BELOW) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = uniform(); product > limit; product *= uniform()) count++;
    return count;
  };
  const binomial = (n: number, p: number): number => {
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    if (p > 0.5) return n - binomial(n, 1 - p);
    if (n * p > EXACT_BELOW) {
      const drawn = Math.round(n * p + Math.sqrt(n * p * (1 - p)) * normal());
      return Math.min(n, Math.max(0, drawn));
    }
    if (n > 200) return Math.min(n, poisson(n * p));
    let count = 0;
    for (let i = 0; i < n; i++) if (uniform() < p) count++;
    return count;
  };
  return { uniform, normal, poisson, binomial };
}
