import { isShare, PROBLEM_SIGNALS, type Signal } from '../core/signal.ts';

/** The smallest spread worth believing in, per signal: a share of the expected value and an amount in its unit. */
const FLOORS: Readonly<Record<Signal, { readonly relative: number; readonly absolute: number }>> = {
  throughput: { relative: 0.03, absolute: 0.05 },
  output: { relative: 0.03, absolute: 0.05 },
  error_ratio: { relative: 0.05, absolute: 0.004 },
  latency_p50: { relative: 0.05, absolute: 0.001 },
  latency_p95: { relative: 0.05, absolute: 0.001 },
  latency_p99: { relative: 0.05, absolute: 0.001 },
  dependency_p95: { relative: 0.05, absolute: 0.001 },
  lag: { relative: 0.1, absolute: 5 },
  lag_seconds: { relative: 0.1, absolute: 0.5 },
  loss_seconds: { relative: 0.1, absolute: 60 },
  freshness: { relative: 0.1, absolute: 1 },
  drop_ratio: { relative: 0.05, absolute: 1e-6 },
  slo_burn: { relative: 0.05, absolute: 0.01 },
  dead_letters: { relative: 0.05, absolute: 0.02 },
  dead_letter_depth: { relative: 0.1, absolute: 5 },
  schema_violations: { relative: 0.05, absolute: 0.02 },
  duplicates: { relative: 0.05, absolute: 0.02 },
  late_events: { relative: 0.05, absolute: 0.02 },
  out_of_order: { relative: 0.05, absolute: 0.02 },
  relations: { relative: 0.05, absolute: 0.1 },
  group_state: { relative: 0, absolute: 0.5 },
  custom: { relative: 0.01, absolute: 1e-6 },
};

/** Events per second. */
const COUNTED: ReadonlySet<Signal> = new Set<Signal>(['throughput', 'output', ...PROBLEM_SIGNALS]);

/**
 * Spread below which a deviation is no evidence, in the signal's unit. Rates carry the counting noise of a Poisson
 * process, sqrt(rate / step seconds); ratios that of a binomial, sqrt(p (1 - p) / n), with p of at least 1 %.
 */
export function noiseFloor(signal: Signal, expected: number, volume: number, stepSeconds: number): number {
  const floor = FLOORS[signal];
  const fixed = floor.relative * Math.abs(expected) + floor.absolute;
  if (COUNTED.has(signal)) {
    return Math.max(fixed, Math.sqrt(Math.max(expected, 0) / stepSeconds));
  }
  if (signal === 'error_ratio' && volume > 0) {
    const p = Math.min(Math.max(expected, 0.01), 0.5);
    return Math.max(fixed, Math.sqrt((p * (1 - p)) / volume));
  }
  return fixed;
}

const ANY = { min: -Infinity, max: Infinity } as const;
const SHARE = { min: 0, max: 1 } as const;
const POSITIVE = { min: 0, max: Infinity } as const;

/** The values a signal can take; bands are cut to this. */
export function signalRange(signal: Signal): { readonly min: number; readonly max: number } {
  if (signal === 'custom') return ANY;
  return isShare(signal) ? SHARE : POSITIVE;
}
