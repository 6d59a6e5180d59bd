import type { NewSeries } from '../reader/hooks.ts';

const SAMPLE = 256;
const EXAMPLES = 3;

/** The attribute that most likely made a metric explode. */
export interface Suspect {
  readonly attribute: string;
  /** Distinct values among the series looked at. */
  readonly values: number;
  readonly examples: readonly string[];
}

/** The latest new series of a source, to say which attribute has the most values. */
export class Suspects {
  readonly #latest: NewSeries[] = [];
  #next = 0;

  add(series: NewSeries): void {
    this.#latest[this.#next] = series;
    this.#next = (this.#next + 1) % SAMPLE;
  }

  /** Undefined when no series of the metric has been seen lately, or none has attributes. */
  of(metric: string): Suspect | undefined {
    const byKey = new Map<string, Set<string>>();
    for (const series of this.#latest) {
      if (series.metric !== metric) continue;
      for (const [key, value] of series.attributes) {
        const values = byKey.get(key);
        if (values === undefined) byKey.set(key, new Set([value]));
        else values.add(value);
      }
    }
    let worst: Suspect | undefined;
    for (const [attribute, values] of byKey) {
      if (values.size <= (worst?.values ?? 0)) continue;
      worst = { attribute, values: values.size, examples: [...values].slice(0, EXAMPLES) };
    }
    return worst;
  }
}
