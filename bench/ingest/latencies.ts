/** Buckets for each doubling: a quantile is off by at most 2.2 %. */
const PER_DOUBLING = 32;
const BUCKETS = 40 * PER_DOUBLING;

/** Durations in milliseconds, from a microsecond to a week, as counts in buckets that double every 32. */
export class Latencies {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  record(milliseconds: number): void {
    const index = Math.ceil(Math.log2(Math.max(milliseconds * 1000, 1)) * PER_DOUBLING);
    const bucket = Math.min(index, BUCKETS - 1);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    if (milliseconds > this.#max) this.#max = milliseconds;
  }

  /** Upper bound of the bucket that holds the quantile, never above the maximum; NaN while nothing was recorded. */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i] as number;
      if (seen >= rank) return Math.min(2 ** (i / PER_DOUBLING) / 1000, this.#max);
    }
    return Number.NaN;
  }

  summary(): LatencySummary {
    return { count: this.count, p50: this.quantile(0.5), p99: this.quantile(0.99), max: this.max };
  }
}

/** Milliseconds; NaN while nothing was recorded. */
export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}
