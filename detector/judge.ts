import type { Vote } from '../core/anomaly.ts';
import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { exceedance, learnTail } from './calibrate.ts';
import { directionOf } from './config.ts';
import { type Breach, breachOf, type Evidence, nextStanding, type Standing, type Transition } from './decide.ts';
import { chanceOf, ensembleScore, leadingVote, ruleVoteOf, type Sides, strikingRule, voteOf } from './ensemble.ts';
import { type FeedbackBook, isExpected, NO_FEEDBACK, type ThresholdInForce, thresholdAt } from './feedback.ts';
import type { Point, Score } from './scorer.ts';
import { type Catalogue, type Stream, type Watch, type Watched, type Watcher, watchOf } from './watched.ts';

/** One detector's word on one point of one series. */
export interface Verdict {
  readonly watcher: Watcher;
  readonly votes: readonly Vote[];
  readonly score: number;
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  readonly breach: Breach;
  /** The threshold the score was held against, where people have moved it; as configured where absent. */
  readonly moved: ThresholdInForce | undefined;
  /** What people said that keeps a point from being strange which else were. */
  readonly held: 'noise' | 'expected' | undefined;
  readonly transition: Transition;
  readonly standing: Standing;
}

/** Weight of points in an anomaly, for the scorers and for calibration. */
const FIRING_TRUST = 0.05;
const BREACH_TRUST = 0.3;
/** Scores rarer than this are no evidence of what is ordinary (as in SPOT, Siffer 2017), so they hardly count. */
const PEAK_CHANCE = 1e-4;
const PEAK_WEIGHT = 0.1;
const BREACH_WEIGHT = 0.02;
/** Recent firings from which on a breach becomes a habit. */
const HABIT = 4;
const HALF_LIFE_MS = 172_800_000;

/**
 * Looks at one point: score, calibrate, decide, then learn. Advances the state of the series by one step and returns
 * one verdict per detector that watches it. A gap (NaN) yields verdicts without votes.
 *
 * `decided: false` (history being replayed) runs the same decisions to know which points to trust, and the caller
 * throws them away.
 *
 * What people said of alerts acts on what is decided, never on a score. A point that `feedback` keeps from being strange
 * is trusted no more than without it: what else the series is judged by stays sharp, and what is taken back leaves no trace.
 */
export function judge(
  catalogue: Catalogue,
  watched: Watched,
  point: Point,
  stepMs: Millis,
  feedback: FeedbackBook = NO_FEEDBACK,
): readonly Verdict[] {
  const scorers = catalogue.scorersOf(watched.labels['signal'] as Signal);
  const gap = Number.isNaN(point.value);
  const seasonal = scorers.seasonal.score(watched.seasonal.state, point);
  const lstm = scorers.lstm.score(watched.lstm.state, point);
  const verdicts = catalogue.watchersOf(watched.labels).map((watcher): Verdict => {
    const votes = gap ? [] : votesOf(watcher, point, watched, seasonal, lstm);
    return decide(watcher, watched, point, votes, seasonal, stepMs, feedback);
  });
  const firing = verdicts.some(({ standing, held }) => standing.phase === 'firing' || held === 'expected');
  const breach = verdicts.some((verdict) => verdict.breach !== 'none' || verdict.held !== undefined);
  const trust = firing ? FIRING_TRUST : breach ? BREACH_TRUST : 1;
  const weight = firing || breach ? breachWeight(watched, point.time) : 1;
  calibrate(watched.seasonal, seasonal, weight);
  calibrate(watched.lstm, lstm, weight);
  scorers.seasonal.learn(watched.seasonal.state, point, trust);
  scorers.lstm.learn(watched.lstm.state, point, trust);
  if (!gap) watched.history += stepMs;
  watched.next = point.time + stepMs;
  return verdicts;
}

function votesOf(watcher: Watcher, point: Point, watched: Watched, seasonal: Score, lstm: Score): Vote[] {
  const { entry, threshold } = watcher;
  const direction = directionOf(entry);
  const votes: Vote[] = [];
  if (threshold) votes.push(ruleVoteOf('threshold', threshold.score({}, point)));
  const add = (name: 'seasonal' | 'lstm', score: Score, sides: Sides) => {
    const weight = entry.scorers[name]?.weight;
    if (weight === undefined || !score.ready) return;
    votes.push(voteOf(name, score, chanceOf(sides, score.score, direction), weight));
  };
  add('seasonal', seasonal, watched.seasonal.sides);
  add('lstm', lstm, watched.lstm.sides);
  return votes;
}

function decide(
  watcher: Watcher,
  watched: Watched,
  point: Point,
  votes: readonly Vote[],
  seasonal: Score,
  stepMs: Millis,
  feedback: FeedbackBook,
): Verdict {
  const { entry } = watcher;
  const watch = watchOf(watched, entry.name);
  const leading = leadingVote(votes);
  const expected = leading?.expected ?? NaN;
  const score = ensembleScore(votes);
  const firing = watch.standing.phase === 'firing';
  const evidence: Evidence = {
    value: point.value,
    expected,
    score,
    volume: point.volume,
    history: watched.history,
    rule: strikingRule(votes) !== undefined,
    pDown: seasonal.ready ? exceedance(watched.seasonal.sides.down, -seasonal.score).p : NaN,
  };
  const plain = breachOf(entry.decision, directionOf(entry), evidence, firing);
  const said = feedback.of(watched.key, entry.name);
  const moved = said && thresholdAt(said, entry.decision.score, point.time);
  let breach = plain;
  let held: Verdict['held'];
  if (said && moved) {
    breach = breachOf({ ...entry.decision, score: moved.threshold }, directionOf(entry), evidence, firing);
    if (breach === 'none' && plain !== 'none') held = 'noise';
    // What fires already goes on until it is over: only what would begin now was to be expected.
    const mild = breach === 'score' || breach === 'stopped';
    if (mild && !firing && isExpected(said, point.time, point.value, expected)) {
      breach = 'none';
      held = 'expected';
    }
  }
  const waits = { ...entry.decision, for: entry.decision.for * patience(watch, point.time) };
  const next = nextStanding(waits, watch.standing, {
    start: point.time,
    end: point.time + stepMs,
    breach: Number.isNaN(point.value) ? undefined : breach !== 'none',
  });
  const before = watch.standing;
  watch.standing = next.standing;
  if (next.transition === 'fired') {
    watch.firings = firings(watch, point.time) + 1;
    watch.firedAt = point.time;
  }
  const band = leading ?? strikingRule(votes);
  return {
    watcher,
    votes,
    score,
    expected,
    lower: band?.lower ?? NaN,
    upper: band?.upper ?? NaN,
    breach,
    moved,
    held,
    transition: next.transition,
    standing: next.transition === 'resolved' ? before : next.standing,
  };
}

/** Firings of the last days, halved with every two days that pass. */
function firings(watch: Watch, time: Millis): number {
  return watch.firings * 0.5 ** ((time - watch.firedAt) / HALF_LIFE_MS);
}

/**
 * Factor on `for`: 1 + a quarter per recent firing beyond two, at most 5. A series that stops or jumps briefly again and again
 * does so ordinarily, and soon fires only when it lasts longer than it used to.
 */
function patience(watch: Watch, time: Millis): number {
  return Math.min(5, 1 + Math.max(0, firings(watch, time) - 2) / 4);
}

/** What fires again and again, several times a day, is how this series is: its scores count as ordinary ones do. */
function breachWeight(watched: Watched, time: Millis): number {
  const most = Math.max(0, ...[...watched.watches.values()].map((watch) => firings(watch, time)));
  return Math.min(1, BREACH_WEIGHT * Math.max(1, 2 * (most - HABIT)) ** 2);
}

function calibrate(stream: Stream<unknown>, score: Score, trust: number): void {
  if (!score.ready) return;
  const { up, down } = stream.sides;
  const p = Math.min(exceedance(up, score.score).p, exceedance(down, -score.score).p);
  const weight = trust < 1 ? trust : p < PEAK_CHANCE ? PEAK_WEIGHT : 1;
  learnTail(up, score.score, weight);
  learnTail(down, -score.score, weight);
}
