import type { Attributes } from '@opentelemetry/api';
import { shared } from './state.ts';

/** One series; whoever adds to it often may hold it while `live`. */
export interface Counter {
  readonly metric: string;
  readonly attributes: Attributes;
  value: number;
  idle: number;
  live: boolean;
}

/** Series at a time; a series without an increment for some flushes is forgotten. */
const MAX_SERIES = 2000;
const IDLE_FLUSHES = 60;

/** Sums with delta temporality, by metric and attributes. */
export class Counters {
  readonly #series = new Map<string, Counter>();
  /** Increments there was no series for. */
  #overflow = 0;

  /**
   * Adds `value` to a series; the attributes' values are the series' identity, absent ones are left out. Returns the
   * series, undefined when there are too many.
   */
  add(metric: string, attributes: Readonly<Record<string, string | undefined>>, value = 1): Counter | undefined {
    let key = metric;
    for (const name in attributes) key += `\0${attributes[name] ?? ''}`;
    let counter = this.#series.get(key);
    if (counter === undefined) {
      if (this.#series.size >= MAX_SERIES) {
        this.#overflow += value;
        return undefined;
      }
      const present = Object.entries(attributes).filter(([, content]) => content !== undefined && content !== '');
      counter = { metric, attributes: Object.fromEntries(present) as Attributes, value: 0, idle: 0, live: true };
      this.#series.set(key, counter);
    }
    counter.value += value;
    return counter;
  }

  /** What was added since the last time. */
  *take(): Generator<{ readonly metric: string; readonly attributes: Attributes; readonly value: number }> {
    for (const [key, counter] of this.#series) {
      if (counter.value > 0) {
        counter.idle = 0;
        const { metric, attributes, value } = counter;
        counter.value = 0;
        yield { metric, attributes, value };
      } else if (++counter.idle > IDLE_FLUSHES) {
        counter.live = false;
        this.#series.delete(key);
      }
    }
  }

  /** Counts what another table of series had no room for. */
  overflow(value: number): void {
    this.#overflow += value;
  }

  takeOverflow(): number {
    const overflow = this.#overflow;
    this.#overflow = 0;
    return overflow;
  }
}

export const counters = shared('counters', () => new Counters());
