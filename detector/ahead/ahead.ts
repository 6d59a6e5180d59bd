import type { Signal } from '../../core/signal.ts';
import type { Millis } from '../../core/time.ts';
import type { DetectorEntry } from '../config.ts';
import { nextStanding } from '../decide.ts';
import { type FeedbackBook, thresholdAt } from '../feedback.ts';
import type { Foresight } from '../foresight.ts';
import type { Point } from '../scorer.ts';
import type { Verdict } from '../verdict.ts';
import { type Catalogue, type Watched, watchOf } from '../watched.ts';
import { scoreOfChance } from './entry.ts';
import type { Limit } from './limits.ts';
import {
  beginWarning,
  createLookout,
  endWarning,
  hasCrossed,
  historyOf,
  type Lookout,
  type Outlook,
  outlookOf,
  watchOut,
} from './lookout.ts';
import { newestOf } from './trend.ts';
import { votesAhead } from './votes.ts';

const SIDES = ['above', 'below'] as const;
/** A warning that stands is kept up by half of the decades that opened it. */
const HOLD_SHARE = 0.5;
/** Once the limit is crossed its own alert speaks; until that fires the warning keeps the incident open. */
const AFTER_CROSSING_MS = 60_000;

interface Asked {
  readonly lookout: Lookout;
  readonly outlook: Outlook | undefined;
}

/**
 * Looks ahead of one point of a series that has limits, and says once an interval whether one is to be warned of what lies
 * there. Undefined for a series without limits, without a network, and within an interval.
 */
export function lookAhead(
  catalogue: Catalogue,
  watched: Watched,
  point: Point,
  stepMs: Millis,
  feedback: FeedbackBook,
): Verdict | undefined {
  const { limits: book, foresight } = catalogue;
  const limits = book.of(watched.labels);
  const { above, below } = watched.lookouts;
  if (foresight === undefined || (limits.length === 0 && above === undefined && below === undefined)) return undefined;
  const entry = catalogue.aheadOf(watched.labels['signal'] as Signal);
  const sides = SIDES.map((side) => ({ side, own: limits.filter((limit) => limit.side === side) }));
  const asked: Asked[] = [];
  for (const { side, own } of sides) {
    const lookout = watched.lookouts[side];
    // The network has run since the interval was closed: once, over all series.
    if (lookout?.fresh) asked.push({ lookout, outlook: ask(lookout, foresight, own, entry) });
  }
  const verdict = asked.length === 0 ? undefined : decide(entry, watched, asked, foresight, feedback);
  for (const { side, own } of sides) {
    // A limit that is gone (retention is not known any more) leaves a warning that has to end.
    if (own.length === 0 && watched.lookouts[side] === undefined) continue;
    watchOut(lookoutOf(watched, side, stepMs), foresight, own, {
      time: point.time,
      value: point.value,
      length: stepMs,
    });
  }
  return verdict;
}

function ask(lookout: Lookout, foresight: Foresight, limits: readonly Limit[], entry: DetectorEntry) {
  lookout.fresh = false;
  return historyOf(lookout) < entry.decision.min_history ? undefined : outlookOf(lookout, foresight, limits);
}

function lookoutOf(watched: Watched, side: Limit['side'], stepMs: Millis): Lookout {
  const known = watched.lookouts[side];
  if (known) return known;
  const lookout = createLookout(side, stepMs);
  watched.lookouts = { ...watched.lookouts, [side]: lookout };
  return lookout;
}

const chanceOf = ({ outlook }: Asked) => outlook?.chances.at(-1) ?? -1;

function decide(
  entry: DetectorEntry,
  watched: Watched,
  asked: readonly Asked[],
  foresight: Foresight,
  feedback: FeedbackBook,
): Verdict {
  const { decision } = entry;
  const watch = watchOf(watched, entry.name);
  const before = watch.standing;
  const firing = before.phase === 'firing';
  const { lookout, outlook } = asked.reduce((first, one) => (chanceOf(one) > chanceOf(first) ? one : first));
  const end = lookout.openAt;
  const people = feedback.of(watched.key, entry.name);
  const moved = people && thresholdAt(people, decision.score, end);
  const threshold = moved?.threshold ?? decision.score;
  const score = outlook === undefined ? NaN : scoreOfChance(outlook.chances.at(-1) as number);
  const crossed = firing && asked.some((one) => hasCrossed(one.lookout));
  const breach = !crossed && score >= threshold * (firing ? HOLD_SHARE : 1);
  const known = !Number.isNaN(newestOf(lookout.trend));
  const { standing, transition } = nextStanding(
    {
      for: decision.for,
      keep_firing_for: crossed ? Math.min(decision.keep_firing_for, AFTER_CROSSING_MS) : decision.keep_firing_for,
    },
    before,
    { start: end - lookout.interval, end, breach: known ? breach : undefined },
  );
  watch.standing = standing;
  if (transition === 'fired' && outlook) beginWarning(outlook);
  for (const one of asked) endWarning(one.lookout, end, standing.phase === 'firing');
  const strange = breach || standing.phase === 'firing';
  return {
    watcher: { entry },
    votes: strange && outlook ? votesAhead(outlook, foresight) : [],
    inputs: undefined,
    score,
    ...{ expected: NaN, lower: NaN, upper: NaN, noise: NaN },
    breach: breach ? 'ahead' : 'none',
    moved,
    held: !breach && !firing && score >= decision.score ? 'noise' : undefined,
    transition,
    standing: transition === 'resolved' ? before : standing,
    outlook,
  };
}
