import type { Millis } from '../../core/time.ts';

interface Generations {
  current: Set<number>;
  previous: Set<number>;
}

/**
 * The series of one source that were heard of lately, counted by metric. A series is forgotten when nothing was heard
 * of it for one window at least and two at most; about 40 bytes each.
 */
export class SeriesWindow {
  readonly #window: Millis;
  #turned: Millis;
  #metrics = new Map<string, Generations>();
  size = 0;

  constructor(window: Millis, now: Millis) {
    this.#window = window;
    this.#turned = now;
  }

  /** Whether the series is known; then it is now known for another window. */
  touch(metric: string, id: number): boolean {
    const known = this.#metrics.get(metric);
    if (known === undefined) return false;
    if (known.current.has(id)) return true;
    if (!known.previous.delete(id)) return false;
    known.current.add(id);
    return true;
  }

  add(metric: string, id: number): void {
    let known = this.#metrics.get(metric);
    if (known === undefined) {
      known = { current: new Set(), previous: new Set() };
      this.#metrics.set(metric, known);
    }
    known.current.add(id);
    this.size++;
  }

  sizeOf(metric: string): number {
    const known = this.#metrics.get(metric);
    return known === undefined ? 0 : known.current.size + known.previous.size;
  }

  /** The metric with most series; '' when there is none. */
  largest(): string {
    let name = '';
    for (const metric of this.#metrics.keys())
      if (name === '' || this.sizeOf(metric) > this.sizeOf(name)) name = metric;
    return name;
  }

  /** Forgets what is old; how many series that were. */
  turn(now: Millis): number {
    if (now - this.#turned < this.#window) return 0;
    const before = this.size;
    // After a silence of two windows nothing in either generation is young enough.
    const silent = now - this.#turned >= 2 * this.#window;
    this.#turned = now;
    this.size = 0;
    for (const [metric, known] of this.#metrics) {
      known.previous = silent ? new Set() : known.current;
      known.current = new Set();
      this.size += known.previous.size;
      if (known.previous.size === 0) this.#metrics.delete(metric);
    }
    return before - this.size;
  }
}
