import type { Millis } from '../../../core/time.ts';

interface Sample {
  /** Log end offset. */
  readonly offset: number;
  readonly time: Millis;
}

const DEFAULT_LIMIT = 720;

/**
 * End offsets of one partition over time, from which the age of any record that is not too old follows: record `o`
 * was appended between the last sample whose end was at most `o` and the first whose end lay beyond it.
 *
 * After the idea of kafka-lag-exporter's lookup table, with three changes: a flat stretch keeps its last time, so
 * that a record that ends a quiet hour is not taken for an hour old; a record from before the first sample is as old
 * as that sample at least, and nothing is extrapolated; a full table gives up every second sample of its older half
 * instead of its oldest ones, so that memory is bounded and the window is not.
 */
export class OffsetTimes {
  readonly #limit: number;
  #samples: Sample[] = [];

  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** Keeps an observation. An end that fell means another log (topic made anew, truncated): the past is void. */
  add(offset: number, time: Millis): void {
    const last = this.#samples.at(-1);
    if (last !== undefined) {
      if (time <= last.time) return;
      if (offset < last.offset) this.#samples = [];
      else if (offset === last.offset && this.#samples.at(-2)?.offset === offset) this.#samples.pop();
    }
    this.#samples.push({ offset, time });
    if (this.#samples.length > this.#limit) this.#thin();
  }

  /** Age in seconds, at `now`, of the record at `offset`: the oldest one a group has not committed. 0 beyond the end. */
  ageOf(offset: number, now: Millis): number {
    const appended = this.#appendedAt(offset);
    return appended === undefined ? 0 : Math.max(0, now - appended) / 1000;
  }

  get size(): number {
    return this.#samples.length;
  }

  #appendedAt(offset: number): Millis | undefined {
    const samples = this.#samples;
    let low = 0;
    let high = samples.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((samples[middle] as Sample).offset > offset) high = middle;
      else low = middle + 1;
    }
    const right = samples[low];
    if (right === undefined) return undefined;
    const left = samples[low - 1];
    if (left === undefined) return right.time;
    // The middle of the record's share of the interval: record left.offset was the first to come in it.
    const share = (offset - left.offset + 0.5) / (right.offset - left.offset);
    return left.time + (right.time - left.time) * share;
  }

  #thin(): void {
    const half = this.#samples.length >>> 1;
    this.#samples = this.#samples.filter((_, i) => i === 0 || i >= half || i % 2 === 0);
  }
}
