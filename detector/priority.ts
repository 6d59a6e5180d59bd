import { SEVERITIES, type Severity, worstOf } from '../core/alert.ts';
import type { Criticality } from '../core/node.ts';
import type { Millis } from '../core/time.ts';

/** What is known of an alert while it fires. Scores are decades; NaN where a rule decided without one. */
export interface Course {
  readonly severity: Severity;
  /** The highest score so far, and the threshold. */
  readonly peak: number;
  readonly threshold: number;
  /** Since the first strange step. */
  readonly lasts: Millis;
  /** Of the stage, or of its pipeline; empty where nobody has said. */
  readonly criticality: Criticality | '';
}

/** What lasts is worth one severity more, on a critical part sooner; what is a hundred times as rare as asked for, sooner still. */
const LONG_MS = 1_800_000;
const LONG_OF_CRITICAL_MS = 900_000;
const EXTREME_MS = 300_000;
const EXTREME = 2;

/**
 * How much an alert matters by now: the severity of its entry, and the next one up
 *
 *   once it has lasted for 30 minutes, or 15 where the part is of high or critical criticality
 *   once it has lasted for 5 minutes and its score has been 2 decades over the threshold
 *
 * Parts of low criticality stay where they are. `before` is what was said last: it is never less.
 */
export function priorityOf({ severity, peak, threshold, lasts, criticality }: Course, before: Severity): Severity {
  const dear = criticality === 'high' || criticality === 'critical';
  const long = lasts >= (dear ? LONG_OF_CRITICAL_MS : LONG_MS);
  const extreme = lasts >= EXTREME_MS && peak >= threshold + EXTREME;
  const rises = criticality !== 'low' && (long || extreme);
  const place = SEVERITIES.indexOf(severity) + (rises ? 1 : 0);
  const now = SEVERITIES[Math.min(place, SEVERITIES.length - 1)] as Severity;
  return worstOf([before, now]) ?? now;
}
