import type { Vote } from '../core/anomaly.ts';
import { STAGE_STATES } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import type { DetectorEntry } from './config.ts';
import type { Point, Score } from './scorer.ts';
import { passedLimit, scoreOfLimits } from './threshold.ts';
import { ruleVoteOf } from './votes.ts';
import { type Watched, watchOf } from './watched.ts';

const NO_RULES: readonly Vote[] = [];

/** The first rule of an entry that strikes at a point, as `strikingRule` finds it among the votes of `rulesOf`. */
export function ruleStruck({ scorers }: DetectorEntry, point: Point, still: boolean): keyof typeof scorers | undefined {
  const { threshold, state, frozen } = scorers;
  if (threshold && !Number.isNaN(passedLimit(threshold, point.value))) return 'threshold';
  if (Number.isNaN(point.value)) return undefined;
  if (state && point.state !== undefined && state.alert.includes(point.state)) return 'state';
  return frozen && isFrozen(point, still) ? 'frozen' : undefined;
}

/** A flow of nothing has stopped, and is told as that. */
const isFrozen = ({ value }: Point, still: boolean) => still && value !== 0;

/** What the rules of an entry say of a point; `still`: its series repeats one value though it never did. A gap has none. */
export function rulesOf({ scorers }: DetectorEntry, point: Point, still: boolean): readonly Vote[] {
  const { threshold, state, frozen } = scorers;
  if ((!threshold && !state && !frozen) || Number.isNaN(point.value)) return NO_RULES;
  const votes: Vote[] = [];
  if (threshold) votes.push(ruleVoteOf('threshold', scoreOfLimits(threshold, point)));
  if (state && point.state !== undefined) {
    const number = STAGE_STATES.indexOf(point.state);
    votes.push(ruleVoteOf('state', said(state.alert.includes(point.state), { state: number })));
  }
  if (frozen) votes.push(ruleVoteOf('frozen', said(isFrozen(point, still), { value: point.value })));
  return votes;
}

function said(strikes: boolean, inputs: Score['inputs']): Score {
  return { ready: true, score: strikes ? 1 : 0, expected: NaN, lower: NaN, upper: NaN, inputs };
}

/**
 * Whether the state that the pipeline model sees the group in keeps an alert from beginning: while it rebalances, or has
 * nothing to do, a lag is no news, for `hold_for` at most from the first such step on.
 */
export function isHeld({ name, scorers: { state } }: DetectorEntry, watched: Watched, point: Point): boolean {
  if (!state || point.state === undefined) return false;
  if (!state.hold.includes(point.state)) {
    const known = watched.watches.get(name);
    if (known) known.heldSince = 0;
    return false;
  }
  const watch = watchOf(watched, name);
  watch.heldSince ||= point.time;
  return point.time - watch.heldSince < state.hold_for;
}

/** What stands of the state in a decision: the group's, and how long it may hold an alert back. */
export function stateFacts(
  { scorers: { state } }: DetectorEntry,
  point: Point,
): Record<string, number | string> | undefined {
  if (!state || point.state === undefined) return undefined;
  return { state: point.state, hold_for: state.hold_for satisfies Millis };
}
