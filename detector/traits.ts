import type { Signal } from '../core/signal.ts';
import { signalRange } from './noise.ts';

/** Why a value cannot be one of its signal. */
export const REFUSALS = ['infinite', 'below_range', 'above_range'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Shares are worked out from counts of different moments, so that a whole may be a trifle more than one. */
const SLACK = 1e-9;

/**
 * Whether a value cannot be one of its signal: shares lie in 0..1, durations, counts and rates are never below 0, nothing
 * is infinite. Such a value is a gap: it is neither judged nor learnt. A gap itself (NaN) is none of these.
 */
export function refusalOf(signal: Signal, value: number): Refusal | undefined {
  if (Number.isNaN(value)) return undefined;
  if (!Number.isFinite(value)) return 'infinite';
  const { min, max } = signalRange(signal);
  if (value < min - SLACK) return 'below_range';
  if (value > max + SLACK) return 'above_range';
  return undefined;
}
