import type { Direction } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import type { DecisionConfig } from './config.ts';

/** What is known of a point when it is decided upon. `NaN` means unknown. */
export interface Evidence {
  readonly value: number;
  readonly expected: number;
  /** Ensemble score. */
  readonly score: number;
  readonly volume: number;
  /** Time the series has been observed. */
  readonly history: Millis;
  /** A rule strikes: the mean of the scorers does not matter. */
  readonly rule: boolean;
  /** The rule knows more than the series: how long that was watched does not matter. */
  readonly known?: boolean;
  /** Chance of so low a value, for `stopped_below`. */
  readonly pDown: number;
}

/** Why a point is strange; `none` when it is not. */
export type Breach = 'none' | 'rule' | 'stopped' | 'score' | 'ahead' | 'relations';

/** While firing, half of what opened the alert keeps it open, so that it does not flap around its threshold. */
const HOLD_SHARE = 0.5;
/** A stop is one only where so low a value is rare: pauses that are ordinary for a series are no news. */
const STOPPED_CHANCE = 0.01;

/** Whether `evidence` is strange by `decision`; `firing` halves the demands. A gap is not a breach. */
export function breachOf(decision: DecisionConfig, direction: Direction, evidence: Evidence, firing: boolean): Breach {
  const { value, expected, score, volume, history } = evidence;
  if (Number.isNaN(value) || (history < decision.min_history && !evidence.known)) return 'none';
  if (evidence.rule) return 'rule';
  if (decision.stopped_below !== undefined && expected >= decision.min_expected) {
    const rare = firing || evidence.pDown <= STOPPED_CHANCE;
    if (rare && value <= decision.stopped_below * expected) return 'stopped';
  }
  const share = firing ? HOLD_SHARE : 1;
  if (!(score >= decision.score * share)) return 'none';
  const change = value - expected;
  if (direction === 'up' && change <= 0) return 'none';
  if (direction === 'down' && change >= 0) return 'none';
  if (Math.abs(change) < decision.min_change * Math.abs(expected) * share) return 'none';
  if (Math.abs(change) < decision.min_difference * share) return 'none';
  if (change > 0 && value < decision.min_value * share) return 'none';
  if (change < 0 && expected < decision.min_expected) return 'none';
  if (!firing && volume < decision.min_volume) return 'none';
  return 'score';
}

export const PHASES = ['inactive', 'pending', 'firing'] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Where one detector stands with one series. `onset`: start of the step whose breach began it. `brokeAt`: end of the
 * last step in breach. `firedAt`: end of the step that made it fire. `judgedAt`: end of the last step with data.
 */
export interface Standing {
  readonly phase: Phase;
  readonly onset: Millis;
  readonly brokeAt: Millis;
  readonly firedAt: Millis;
  readonly judgedAt: Millis;
}

export const INACTIVE: Standing = { phase: 'inactive', onset: 0, brokeAt: 0, firedAt: 0, judgedAt: 0 };

export type Transition = 'none' | 'pending' | 'fired' | 'resolved' | 'dropped';

export interface StepVerdict {
  readonly start: Millis;
  readonly end: Millis;
  /** Undefined: the step has no data for this series, so nothing is known. */
  readonly breach: boolean | undefined;
}

/** How long the absence of data holds a state before it counts as "no breach". */
const HOLD_GAP_MS = 300_000;

/**
 * The alert state machine, as in Prometheus' rules: inactive, pending, firing.
 *
 * A breach makes it pending; when the breach has lasted longer than `for` (measured from the end of the first step in
 * breach to the end of the last) it fires. One step without breach drops a pending one. A firing one resolves when
 * no step was in breach for longer than `keep_firing_for`. Steps without data change nothing for five minutes, then
 * they count as steps without breach.
 */
export function nextStanding(
  decision: Pick<DecisionConfig, 'for' | 'keep_firing_for'>,
  standing: Standing,
  step: StepVerdict,
): { readonly standing: Standing; readonly transition: Transition } {
  if (step.breach === undefined) {
    if (standing.phase === 'inactive' || step.end - standing.judgedAt <= HOLD_GAP_MS) {
      return { standing, transition: 'none' };
    }
    return advance(decision, standing, { ...step, breach: false }, standing.judgedAt);
  }
  return advance(decision, standing, { ...step, breach: step.breach }, step.end);
}

function advance(
  decision: Pick<DecisionConfig, 'for' | 'keep_firing_for'>,
  standing: Standing,
  step: { readonly start: Millis; readonly end: Millis; readonly breach: boolean },
  judgedAt: Millis,
): { readonly standing: Standing; readonly transition: Transition } {
  if (!step.breach) {
    if (standing.phase === 'pending') return { standing: INACTIVE, transition: 'dropped' };
    if (standing.phase === 'inactive') return { standing, transition: 'none' };
    if (step.end - standing.brokeAt <= decision.keep_firing_for) {
      return { standing: { ...standing, judgedAt }, transition: 'none' };
    }
    return { standing: INACTIVE, transition: 'resolved' };
  }
  const begun = standing.phase === 'inactive';
  const held: Standing = begun
    ? { phase: 'pending', onset: step.start, brokeAt: step.end, firedAt: 0, judgedAt }
    : { ...standing, brokeAt: step.end, judgedAt };
  const stepMs = step.end - step.start;
  if (held.phase === 'pending' && step.end - (held.onset + stepMs) >= decision.for) {
    return { standing: { ...held, phase: 'firing', firedAt: step.end }, transition: 'fired' };
  }
  return { standing: held, transition: begun ? 'pending' : 'none' };
}
