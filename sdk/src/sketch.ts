/** Buckets per doubling: OpenTelemetry's scale 6, whose buckets' middles are at most 0.55 % off. */
export const SKETCH_SCALE = 6;

const PER_DOUBLING = 2 ** SKETCH_SCALE;
/** Microseconds to seconds, in buckets. */
const TO_SECONDS = Math.log2(1e-6) * PER_DOUBLING;
/** Longest latency told apart, in microseconds: 35 years, so that no sketch exceeds 3 300 buckets. */
const LONGEST = 2 ** 50;
const GROWTH = PER_DOUBLING;

/** What one interval left in a sketch, as an exponential histogram of seconds at scale 6. */
export interface SketchPoint {
  readonly count: number;
  readonly zeroCount: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Bucket `i` of `counts` holds values in (b^(offset+i), b^(offset+i+1)], b = 2^(1/64). */
  readonly offset: number;
  readonly counts: number[];
}

/**
 * Latencies in an exponential histogram whose scale never gets coarser (bucket boundaries as in OpenTelemetry's data
 * model for metrics). Memory is bounded by the range of latencies a clock can measure, not by their number.
 */
export class Sketch {
  count = 0;
  #zero = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #offset = 0;
  #counts = new Float64Array(0);

  /** Adds `count` latencies of `micros` microseconds; below one they count as zero. */
  add(micros: number, count: number): void {
    this.count += count;
    this.#sum += micros * count;
    if (micros < this.#min) this.#min = micros;
    if (micros > this.#max) this.#max = micros;
    if (micros < 1) {
      this.#zero += count;
      return;
    }
    const index = Math.ceil(Math.log2(Math.min(micros, LONGEST)) * PER_DOUBLING + TO_SECONDS) - 1;
    let at = index - this.#offset;
    if (at < 0 || at >= this.#counts.length) {
      this.#reach(index);
      at = index - this.#offset;
    }
    (this.#counts[at] as number) += count;
  }

  /** Makes room for a bucket, a doubling at a time. */
  #reach(index: number): void {
    const empty = this.#counts.length === 0;
    const first = Math.floor((empty ? index : Math.min(index, this.#offset)) / GROWTH) * GROWTH;
    const end = empty ? index + 1 : Math.max(index + 1, this.#offset + this.#counts.length);
    const grown = new Float64Array(Math.ceil((end - first) / GROWTH) * GROWTH);
    if (!empty) grown.set(this.#counts, this.#offset - first);
    this.#counts = grown;
    this.#offset = first;
  }

  /** What was added since the last time, which starts anew. Buckets are kept for the next interval. */
  take(): SketchPoint {
    let first = 0;
    let end = this.#counts.length;
    while (first < end && this.#counts[first] === 0) first++;
    while (end > first && this.#counts[end - 1] === 0) end--;
    const point = {
      count: this.count,
      zeroCount: this.#zero,
      sum: this.#sum / 1e6,
      min: this.count === 0 ? 0 : this.#min / 1e6,
      max: this.#max / 1e6,
      offset: first === end ? 0 : this.#offset + first,
      counts: Array.from(this.#counts.subarray(first, end)),
    };
    this.count = 0;
    this.#zero = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
    this.#counts.fill(0, first, end);
    return point;
  }
}
