/** Seeded randomness: history and live pipeline draw from the same functions, and a test sees the same numbers twice. */
export type Random = () => number;

/** Mulberry32: 32 bits of state, uniform in [0, 1). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A number in [0, 1) that belongs to an index (a minute, a step), whatever is asked before. */
export function noiseAt(index: number, salt: number): number {
  return seededRandom(Math.imul(index | 0, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b))();
}

/** Standard normal by Box and Muller. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Poisson: Knuth's product for small means, the rounded normal beyond 30. */
export function poisson(random: Random, mean: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let product = random();
  let count = 0;
  while (product > limit) {
    count++;
    product *= random();
  }
  return count;
}

/** Waiting time of a Poisson process, in the inverse unit of `rate`. */
export function exponential(random: Random, rate: number): number {
  return -Math.log(1 - random()) / rate;
}
