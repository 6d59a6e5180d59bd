import { METRIC } from '../../../core/semconv.ts';
import type { Millis } from '../../../core/time.ts';
import type { Point } from './points.ts';

/** Facts that only grow, unless a log begins anew or a group is set back. */
const GROWING: ReadonlySet<string> = new Set([METRIC.kafkaPartitionOffset, METRIC.kafkaGroupOffset]);
/** For how many intervals a target's word counts that is not heard of any more. */
const HOLD_INTERVALS = 4;
const PRUNE_MS = 600_000;

interface Word {
  owner: string;
  value: number;
  until: Millis;
}

export interface FactLedger {
  /**
   * The facts of one target with those withheld that another target knows better. `target` names it; `interval` is
   * that of its scrapes.
   */
  claim(target: string, interval: Millis, facts: readonly Point[], time: Millis): readonly Point[];
}

/**
 * Two targets may tell of the same partition: exporters that run in pairs, brokers that follow the leader. Each is behind by
 * time of its own, and told in turns they would make a log shrink and a group step back again and again. So the target
 * that was furthest tells of a partition, and of a group on it, until another one is further or it is not heard of any more;
 * when that one tells less, it is true.
 */
export function createFactLedger(): FactLedger {
  const words = new Map<string, Word>();
  let pruned = 0;

  /** Whether the target may tell this fact. */
  function takes(target: string, hold: Millis, { key, data, time }: Point): boolean {
    const value = 'value' in data ? data.value : Number.NaN;
    const word = words.get(key);
    if (word === undefined) {
      words.set(key, { owner: target, value, until: time + hold });
      return true;
    }
    if (word.owner !== target && value <= word.value && time <= word.until) return false;
    word.owner = target;
    word.value = value;
    word.until = time + hold;
    return true;
  }

  function prune(time: Millis): void {
    if (time - pruned < PRUNE_MS) return;
    pruned = time;
    for (const [key, { until }] of words) if (until < time) words.delete(key);
  }

  return {
    claim(target, interval, facts, time) {
      prune(time);
      const hold = HOLD_INTERVALS * interval;
      const withheld = new Set<string>();
      const claimed = facts.map((fact) => {
        if (!GROWING.has(fact.name) || takes(target, hold, fact)) return fact;
        withheld.add(fact.key);
        return { ...fact, isWithheld: true };
      });
      if (withheld.size === 0) return claimed;
      // A lag is as old as the offset it was told with.
      return claimed.map((fact) => {
        if (fact.name !== METRIC.kafkaLag) return fact;
        const offset = fact.key.replace(METRIC.kafkaLag, METRIC.kafkaGroupOffset);
        return withheld.has(offset) ? { ...fact, isWithheld: true } : fact;
      });
    },
  };
}
