/**
 * Chance of a score, by peaks over threshold: the body is a histogram of past scores, the tail a generalised Pareto
 * distribution fitted by moments to what exceeds the threshold u (Pickands 1975; Hosking and Wallis 1987):
 *
 *   P(S > s) = share x (1 + xi (s - u) / sigma)^(-1 / xi)          s > u; exp(-(s - u) / sigma) for xi = 0
 *   xi       = n / (n + 50) x (1 - m^2 / v) / 2, cut to 0 .. 1/2    m, v: mean and variance of the n excesses
 *   sigma    = m (1 - xi)
 *
 * Memory is long and constant: log-spaced buckets, six per octave, whose counts are halved every 15,000 points. Before
 * any data the tail is that of a Laplace distribution of unit scale, worth 60 points, so that scores in units of their
 * own spread mean something from the first point; a heavy tail is believed only as far as points bear it out.
 */
export interface Tail {
  counts: Float64Array;
  total: number;
  sinceFit: number;
  threshold: number;
  share: number;
  sigma: number;
  xi: number;
}

const PER_OCTAVE = 6;
const OCTAVES = 20;
const LOWEST = 2 ** -6;
const BUCKETS = PER_OCTAVE * OCTAVES;
const MEMORY = 15_000;
const REFIT_EVERY = 50;
const PRIOR_POINTS = 60;
/** Share of the points that makes the tail. */
const TAIL_SHARE = 0.1;
/** Excesses at which half of the fitted heaviness is believed. */
const SHAPE_POINTS = 50;
/** Chances are not told apart below this. */
export const SMALLEST_CHANCE = 1e-12;

/** Lower edge of bucket `i`; bucket 0 starts at 0. */
function edge(i: number): number {
  return i === 0 ? 0 : LOWEST * 2 ** (i / PER_OCTAVE);
}

function bucketOf(score: number): number {
  if (score < LOWEST) return 0;
  return Math.min(BUCKETS - 1, Math.floor(PER_OCTAVE * Math.log2(score / LOWEST)));
}

export function createTail(): Tail {
  const counts = new Float64Array(BUCKETS);
  for (let i = 0; i < BUCKETS; i++) {
    counts[i] = (PRIOR_POINTS / 2) * (Math.exp(-edge(i)) - (i === BUCKETS - 1 ? 0 : Math.exp(-edge(i + 1))));
  }
  const tail: Tail = { counts, total: PRIOR_POINTS, sinceFit: 0, threshold: 0, share: 1, sigma: 1, xi: 0 };
  refit(tail);
  return tail;
}

/** A chance with the numbers it follows from; `chanceFrom` computes it again. */
export interface Chance {
  readonly p: number;
  readonly inputs: Readonly<Record<string, number>>;
}

/** Chance that an ordinary point scores at least `score` (a score of 0 or less: 1). Does not change the tail. */
export function exceedance(tail: Readonly<Tail>, score: number): Chance {
  const { threshold, share, sigma, xi, total } = tail;
  if (!(score > 0)) return { p: 1, inputs: {} };
  const inputs = score > threshold ? { threshold, share, sigma, xi } : { threshold, above: above(tail, score), total };
  return { p: chanceFrom(score, inputs), inputs };
}

/** `p` of `exceedance` from its stored inputs. */
export function chanceFrom(score: number, inputs: Readonly<Record<string, number>>): number {
  const { threshold, share, sigma, xi, above: over, total } = inputs;
  if (threshold === undefined) return 1;
  if (over !== undefined && total !== undefined) return Math.min(1, Math.max(SMALLEST_CHANCE, over / total));
  if (share === undefined || sigma === undefined || xi === undefined) return 1;
  const excess = (score - threshold) / sigma;
  const survival = xi < 1e-6 ? Math.exp(-excess) : (1 + xi * excess) ** (-1 / xi);
  return Math.max(SMALLEST_CHANCE, share * survival);
}

/** Points in the bucket of `score` and above: a value that is seen again and again is as usual as all of them. */
function above(tail: Readonly<Tail>, score: number): number {
  let sum = 0;
  for (let i = bucketOf(score); i < BUCKETS; i++) sum += tail.counts[i] as number;
  return sum;
}

/**
 * Adds a score (0 or less counts as "nothing on this side"). `weight` is below 1 for points that are no evidence of
 * what is ordinary: a strange point must not make the next of its kind look usual.
 */
export function learnTail(tail: Tail, score: number, weight: number): void {
  tail.total += weight;
  if (score > 0) {
    const bucket = bucketOf(score);
    tail.counts[bucket] = (tail.counts[bucket] as number) + weight;
  }
  if (tail.total > MEMORY + PRIOR_POINTS) {
    tail.total /= 2;
    for (let i = 0; i < BUCKETS; i++) tail.counts[i] = (tail.counts[i] as number) / 2;
  }
  if (++tail.sinceFit >= REFIT_EVERY) refit(tail);
}

function refit(tail: Tail): void {
  tail.sinceFit = 0;
  let sum = 0;
  let first = BUCKETS - 1;
  for (let i = BUCKETS - 1; i > 0; i--) {
    const next = sum + (tail.counts[i] as number);
    if (next > TAIL_SHARE * tail.total) break;
    sum = next;
    first = i;
  }
  tail.threshold = edge(first);
  tail.share = sum / tail.total;
  let mean = 0;
  let square = 0;
  for (let i = first; i < BUCKETS; i++) {
    const count = tail.counts[i] as number;
    if (count === 0) continue;
    const excess = (edge(i) + edge(i + 1)) / 2 - tail.threshold;
    mean += count * excess;
    square += count * excess * excess;
  }
  if (sum <= 0 || mean <= 0) return;
  mean /= sum;
  const variance = Math.max(square / sum - mean * mean, 1e-12);
  const borneOut = sum / (sum + SHAPE_POINTS);
  tail.xi = borneOut * Math.min(0.5, Math.max(0, (1 - (mean * mean) / variance) / 2));
  tail.sigma = mean * (1 - tail.xi);
}
