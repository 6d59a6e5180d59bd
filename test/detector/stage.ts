import type { Labels } from '../../core/labels.ts';
import type { Signal } from '../../core/signal.ts';
import { daily, gauss, poisson, type Source, seeded, type World } from './world.ts';

/** What becomes of a stage's signals: factors on them, by time. */
export interface Trouble {
  readonly output?: (time: number) => number;
  readonly latency?: (time: number) => number;
  readonly dependency?: (time: number) => number;
}

/**
 * A stage as they are: 20 events a second and half as many at night, a load that wanders and doubles for a moment now
 * and then, an output that follows the input, latencies that follow the load, and a dependency that makes most of them.
 */
export function addStage(world: World, stage: string, from: number, seed: number, trouble: Trouble = {}): void {
  const random = seeded(seed);
  const rates = new Map<number, number>();
  let wander = 0;
  let next = from;
  const load = (time: number): number => {
    for (; next <= time; next += 10_000) {
      wander = 0.995 * wander + 0.012 * gauss(random);
      rates.set(next, (1 + 0.5 * daily(next)) * Math.exp(wander) * (random() < 2e-4 ? 2 : 1));
    }
    return rates.get(time) ?? 1;
  };
  const counts = new Map<number, number>();
  const counted = (time: number): number => {
    const known = counts.get(time) ?? poisson(random, 200 * load(time)) / 10;
    counts.set(time, known);
    return known;
  };
  const middle = (time: number) => 0.02 * (0.7 + 0.3 * load(time)) * (trouble.latency?.(time) ?? 1);
  const add = (signal: Signal, source: Source, labels: Labels = {}) =>
    world.add(signal, stage, source, { from, labels, seed: seed * 31 + signal.length });
  add('throughput', counted);
  add('output', (time) => counted(time) * (trouble.output?.(time) ?? 1));
  add('error_ratio', (time, own) => poisson(own, counted(time) * 0.1) / Math.max(1, counted(time) * 10));
  add('latency_p50', (time, own) => middle(time) * Math.exp(0.05 * gauss(own)));
  add('latency_p95', (time, own) => 2.3 * middle(time) * Math.exp(0.12 * gauss(own)));
  add(
    'dependency_p95',
    (time, own) => 1.2 * middle(time) * (trouble.dependency?.(time) ?? 1) * Math.exp(0.12 * gauss(own)),
    { dependency: 'postgres' },
  );
  add('lag', (time, own) => poisson(own, 1.5 * counted(time)), { topic: 'orders', group: stage });
}
