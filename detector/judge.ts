import { LIMIT_AHEAD } from '../core/alert.ts';
import type { Direction, Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { lookAhead } from './ahead/ahead.ts';
import { type DetectorEntry, directionOf } from './config.ts';
import { type Breach, breachOf, INACTIVE, nextStanding, type Standing, type Transition } from './decide.ts';
import type { Band } from './engine/profile.ts';
import { type FeedbackBook, isExpected, NO_FEEDBACK, thresholdAt } from './feedback.ts';
import { isHabitual, rememberIncident } from './habit.ts';
import { noiseFloor, signalRange } from './noise.ts';
import { isHeld, ruleStruck, rulesOf, stateFacts } from './rules.ts';
import type { Point } from './scorer.ts';
import type { Slots } from './slots.ts';
import type { PointVerdicts, Verdict } from './verdict.ts';
import { strikingRule, votesOf } from './votes.ts';
import { type Catalogue, type Group, slotOf, type Watch, type Watched, type Watcher, watchOf } from './watched.ts';

/** Share of their way that baselines go for a point in an anomaly. */
const FIRING_TRUST = 0.05;
const BREACH_TRUST = 0.3;
/** From this share of the threshold on a point is trusted as if it were strange: the first of a fault often is no more. */
const DOUBTFUL_SHARE = 0.5;
/** Share of a point in an anomaly that the tails learn, unless anomalies are how the series is. */
const BREACH_WEIGHT = 0.02;
/** Units of a whole point, as the engine's tails count. */
const WHOLE = 4;
/** Recent firings from which on a breach becomes a habit. */
const HABIT = 4;
const HALF_LIFE_MS = 172_800_000;
/** Points before which nothing is expected of a series. */
const FIRST_POINTS = 3;
/** The band reaches at least this many noise floors to either side. */
const BAND_FLOORS = 3;

/** Deviations below this share of the noise floor say nothing to the engine, whose tails begin well within a spread. */
const FLOOR_SHARE = 0.5;

const STILL_INACTIVE = { standing: INACTIVE, transition: 'none' } as const;

/** What the ensemble says of a point in one direction. */
interface Said {
  score: number;
  expected: number;
  lower: number;
  upper: number;
  noise: number;
  still: boolean;
}

const UNSAID: Readonly<Said> = { score: NaN, expected: NaN, lower: NaN, upper: NaN, noise: NaN, still: false };
// One of each for all points: they are read before the next point is looked at.
const spoken: Said = { ...UNSAID };
const around = { direction: 'both' as Direction, noise: 0, forecast: NaN, farForecast: NaN };
const evidence = { value: 0, expected: 0, score: 0, volume: 0, history: 0, rule: false, known: false, pDown: NaN };

const NO_VERDICTS: readonly Verdict[] = [];
const judged: PointVerdicts = { expected: NaN, lower: NaN, upper: NaN, score: NaN, verdicts: NO_VERDICTS };

/**
 * Looks at one point: score, decide, then learn. Advances the state of the series by one step and returns what was
 * expected of it and the verdicts of the detectors for which it is not as ever. A gap (NaN) is no breach. Each direction
 * in which detectors watch the series has its own place in the engine.
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
): Readonly<PointVerdicts> {
  const { slots } = catalogue;
  const gap = Number.isNaN(point.value);
  let verdicts: Verdict[] | undefined;
  judged.expected = judged.lower = judged.upper = judged.score = NaN;
  for (const group of catalogue.groupsOf(watched.labels)) {
    const said = group.direction === undefined ? UNSAID : ask(catalogue, group, watched, point, stepMs);
    let firing = false;
    let breach = false;
    for (const watcher of group.watchers) {
      const verdict = decide(slots, watcher, watched, point, said, stepMs, feedback);
      if (verdict === undefined) continue;
      verdicts ??= [];
      verdicts.push(verdict);
      if (verdict.standing.phase === 'firing' || verdict.held !== undefined) firing = true;
      if (verdict.breach !== 'none') breach = true;
    }
    if (group.direction === undefined || gap) continue;
    keepStrangest(said, group);
    firing ||= isFiring(watched);
    const doubtful = firing || breach || said.score > DOUBTFUL_SHARE * group.least;
    if (doubtful && isHabitual(watched, point.time)) {
      slots.learn(1, WHOLE, false);
      continue;
    }
    const units = Math.round(WHOLE * (doubtful ? breachWeight(watched, point.time) : 1));
    slots.learn(
      firing ? FIRING_TRUST : doubtful ? BREACH_TRUST : 1,
      breach || firing ? units : Math.max(1, units),
      firing,
    );
  }
  if (!gap) {
    foresee(catalogue, watched, point);
    watched.history += stepMs;
  }
  const warning = lookAhead(catalogue, watched, point, stepMs, feedback);
  if (warning) {
    verdicts ??= [];
    verdicts.push(warning);
  }
  watched.next = point.time + stepMs;
  judged.verdicts = verdicts ?? NO_VERDICTS;
  return judged;
}

/** Of the directions in which something is expected, that with the highest score is what is told of the point. */
function keepStrangest(said: Said, { least }: Group): void {
  if (Number.isNaN(said.expected)) return;
  // Who watches by rules alone has no score.
  const score = least === Infinity ? NaN : said.score;
  if (!Number.isNaN(judged.score) && !(score > judged.score)) return;
  judged.expected = said.expected;
  judged.lower = said.lower;
  judged.upper = said.upper;
  judged.score = score;
}

const band: Band = { lower: NaN, upper: NaN };

const clamp = (value: number, min: number, max: number) => Math.min(Math.max(value, min), max);

/** Scores a point. The noise floor is that of what was expected last: it may not depend on the point itself. */
function ask(catalogue: Catalogue, group: Group, watched: Watched, point: Point, stepMs: Millis): Said {
  const { slots, foresight } = catalogue;
  const signal = watched.labels['signal'] as Signal;
  const { min, max } = signalRange(signal);
  const usual = Number.isNaN(watched.expected) ? Math.abs(point.value) : watched.expected;
  const noise = Number.isNaN(usual) ? 0 : noiseFloor(signal, usual, point.volume, stepMs / 1000);
  const direction = group.direction ?? 'both';
  if (foresight) watched.forecast ??= foresight.take(stepMs);
  const forecast = foresight?.residuals(watched.forecast as number, point.time, point.value);
  around.direction = direction;
  around.noise = FLOOR_SHARE * noise;
  around.forecast = forecast?.one ?? NaN;
  around.farForecast = forecast?.five ?? NaN;
  const { score, expected, stuck } = slots.score(slotOf(slots, watched, direction), point.time, point.value, around);
  spoken.score = score;
  spoken.still = stuck;
  spoken.expected = NaN;
  spoken.lower = NaN;
  spoken.upper = NaN;
  spoken.noise = noise;
  if (watched.history < FIRST_POINTS * stepMs || Number.isNaN(expected)) return spoken;
  slots.edges(band);
  const middle = clamp(expected, min, max);
  watched.expected = middle;
  spoken.expected = middle;
  spoken.lower = clamp(Math.min(band.lower, middle - BAND_FLOORS * noise), min, max);
  spoken.upper = clamp(Math.max(band.upper, middle + BAND_FLOORS * noise), min, max);
  return spoken;
}

/** One detector's word, which advances where it stands with the series; undefined while all is as ever. */
function decide(
  slots: Slots,
  watcher: Watcher,
  watched: Watched,
  point: Point,
  said: Said,
  stepMs: Millis,
  feedback: FeedbackBook,
): Verdict | undefined {
  const { entry } = watcher;
  const { decision } = entry;
  const before = watched.watches.get(entry.name)?.standing ?? INACTIVE;
  const firing = before.phase === 'firing';
  const rule = ruleStruck(entry, point, said.still);
  const score = entry.scorers.ensemble ? said.score : NaN;
  const low = decision.stopped_below !== undefined && point.value <= decision.stopped_below * said.expected;
  evidence.value = point.value;
  evidence.expected = said.expected;
  evidence.score = score;
  evidence.volume = point.volume;
  evidence.history = watched.history;
  evidence.rule = rule !== undefined;
  evidence.known = rule === 'state';
  evidence.pDown = low ? slots.chanceBelow() : NaN;
  const plain = breachOf(decision, directionOf(entry), evidence, firing);
  const people = feedback.of(watched.key, entry.name);
  const moved = people && thresholdAt(people, decision.score, point.time);
  let breach = plain;
  let held: Verdict['held'];
  if (people && moved) {
    breach = breachOf({ ...decision, score: moved.threshold }, directionOf(entry), evidence, firing);
    if (breach === 'none' && plain !== 'none') held = 'noise';
    // What fires already goes on until it is over: only what would begin now was to be expected.
    const mild = breach === 'score' || breach === 'stopped';
    if (mild && !firing && isExpected(people, point.time, point.value, said.expected)) {
      breach = 'none';
      held = 'expected';
    }
  }
  if (isHeld(entry, watched, point) && breach !== 'none' && !firing) {
    breach = 'none';
    held = 'state';
  }
  const calm = before.phase === 'inactive' && breach === 'none';
  // As nearly all is at nearly all times.
  if (calm && held === undefined) return undefined;
  const { standing, transition } = calm
    ? STILL_INACTIVE
    : advance(watched, entry, point.time, stepMs, breach, point.value);
  const strange = breach !== 'none' || standing.phase === 'firing';
  const inputs = strange && !Number.isNaN(point.value) && entry.scorers.ensemble ? slots.inputs() : undefined;
  const facts = strange ? stateFacts(entry, point) : undefined;
  const rules = rulesOf(entry, point, said.still);
  const struck = strikingRule(rules);
  return {
    watcher,
    votes: inputs ? [...rules, ...votesOf(inputs)] : rules,
    inputs,
    ...(facts ? { facts } : {}),
    score,
    expected: said.expected,
    lower: Number.isNaN(said.expected) ? (struck?.lower ?? NaN) : said.lower,
    upper: Number.isNaN(said.expected) ? (struck?.upper ?? NaN) : said.upper,
    noise: said.noise,
    breach,
    moved,
    held,
    transition,
    standing: transition === 'resolved' ? before : standing,
  };
}

/** Takes a step in: where the detector stands with the series from now on, and what became of it. */
function advance(
  watched: Watched,
  { name, decision }: DetectorEntry,
  start: Millis,
  stepMs: Millis,
  breach: Breach,
  value: number,
): { readonly standing: Standing; readonly transition: Transition } {
  const watch = watchOf(watched, name);
  const before = watch.standing;
  const end = start + stepMs;
  const next = nextStanding(
    { for: decision.for * patience(watch, start), keep_firing_for: decision.keep_firing_for },
    before,
    { start, end, breach: Number.isNaN(value) ? undefined : breach !== 'none' },
  );
  watch.standing = next.standing;
  if (next.transition === 'resolved') rememberIncident(watched, before.onset, end);
  if (next.transition === 'fired') {
    watch.firings = firings(watch, start) + 1;
    watch.firedAt = start;
  }
  return next;
}

/** What lies ahead is no part of what is: a warning alone leaves trust as it was. */
function isFiring(watched: Watched): boolean {
  if (watched.watches.size === 0) return false;
  for (const [name, { standing }] of watched.watches) {
    if (standing.phase === 'firing' && name !== LIMIT_AHEAD) return true;
  }
  return false;
}

/** Shows a point to the network, unless it is part of an incident: what comes after is not to be expected from it. */
function foresee({ foresight, forecasts }: Catalogue, watched: Watched, { time, value }: Point): void {
  if (!foresight || watched.forecast === undefined) return;
  if (isFiring(watched)) return;
  const miss = foresight.add(watched.forecast, time, value);
  if (miss) forecasts.take(watched.labels['signal'] as Signal, time, miss);
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
  let most = 0;
  for (const watch of watched.watches.values()) most = Math.max(most, firings(watch, time));
  return Math.min(1, BREACH_WEIGHT * Math.max(1, 2 * (most - HABIT)) ** 2);
}
