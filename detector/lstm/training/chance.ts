import { seededRandom } from '../../random.ts';

/** Random numbers of one seed, in the shapes that series are made of. */
export interface Chance {
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** exp of a uniform number between the logarithms. */
  logBetween(low: number, high: number): number;
  /** Standard normal. */
  gauss(): number;
  /** Heavy-tailed and symmetric: a normal over the root of a chi-square with `freedom` degrees. */
  student(freedom: number): number;
  /** Exponential of mean 1. */
  exponential(): number;
  /** Number of events where `mean` are expected; a rounded normal above 50. */
  poisson(mean: number): number;
  chance(p: number): boolean;
  /** Whole number in [low, high]. */
  whole(low: number, high: number): number;
}

export function createChance(seed: number): Chance {
  const random = seededRandom(seed);
  const between = (low: number, high: number) => low + (high - low) * random();
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const exponential = () => -Math.log(1 - random());
  return {
    between,
    logBetween: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    gauss,
    student(freedom) {
      let square = 0;
      for (let i = 0; i < freedom; i++) square += gauss() ** 2;
      return gauss() / Math.sqrt(square / freedom);
    },
    exponential,
    poisson(mean) {
      if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss()));
      const least = Math.exp(-mean);
      let events = 0;
      for (let product = random(); product > least; product *= random()) events++;
      return events;
    },
    chance: (p) => random() < p,
    whole: (low, high) => low + Math.floor(random() * (high - low + 1)),
  };
}
