import { ATTR, ATTR_ALIASES } from '../../core/semconv.ts';
import type { Millis } from '../../core/time.ts';

/** The value of the partition attribute that stands for all partitions without a series of their own. */
export const OTHER = 'other';
const PARTITION_KEYS = ['partition', ATTR.messagingPartition, ...(ATTR_ALIASES[ATTR.messagingPartition] ?? [])];
/** A partition takes a place of its own only when it is so many times larger than the smallest that has one. */
const HYSTERESIS = 2;

/** The attribute that names the partition, with its value. */
export function partitionOf(
  attributes: ReadonlyMap<string, string>,
): { readonly key: string; readonly value: string } | undefined {
  for (const key of PARTITION_KEYS) {
    const value = attributes.get(key);
    if (value !== undefined && value !== '') return { key, value };
  }
  return undefined;
}

/** Names the series of a metric that differ in the partition alone. */
export function familyKey(metric: string, attributes: ReadonlyMap<string, string>, partitionKey: string): string {
  let text = metric;
  for (const [key, value] of attributes) if (key !== partitionKey) text += `\u0000${key}\u0000${value}`;
  return text;
}

/** Which partitions of a family have series of their own although the budget is spent. */
export class Family {
  /** Partition, and its value when it got its place. It keeps the place: its points are not seen here any more. */
  readonly #hot = new Map<string, number>();
  #promoted = 0;
  /** When a point was last diverted. */
  seen: Millis;
  #window: Millis;

  constructor(now: Millis) {
    this.seen = now;
    this.#window = now;
  }

  has(partition: string): boolean {
    return this.#hot.has(partition);
  }

  /** Series of the family above the budget, that of all other partitions included. */
  get size(): number {
    return this.#hot.size + 1;
  }

  /**
   * Gives places to the hottest of `values` (partition to last value): `keep` at first, and later as many again per
   * window to partitions that became much hotter, `allowance` at most. `settled`: nothing may leave the sum any more,
   * because a cumulative sum that shrinks would look like a restart. The number of places given.
   */
  promote(
    values: ReadonlyMap<string, number>,
    limits: { keep: number; allowance: number; settled: boolean; window: Millis; now: Millis },
  ): number {
    const { keep, now, window } = limits;
    const first = this.#hot.size === 0;
    if (now - this.#window >= window) {
      this.#window = now;
      this.#promoted = 0;
    }
    this.seen = now;
    if (limits.settled && !first) return 0;
    const places = Math.min(limits.allowance, first ? keep : keep - this.#promoted);
    if (places <= 0) return 0;
    const floor = first ? Number.NEGATIVE_INFINITY : HYSTERESIS * Math.max(0, Math.min(...this.#hot.values()));
    const hottest = [...values]
      .filter(([partition, value]) => value > floor && !this.#hot.has(partition))
      .sort(([, a], [, b]) => b - a)
      .slice(0, places);
    for (const [partition, value] of hottest) this.#hot.set(partition, value);
    if (!first) this.#promoted += hottest.length;
    return hottest.length;
  }
}
