import type { Labels } from './labels.ts';
import type { Millis } from './time.ts';

/** What people say of an alert: it was worth it, it was not, or it was to be expected at that time. */
export const FEEDBACK_VERDICTS = ['useful', 'noise', 'expected'] as const;
export type FeedbackVerdict = (typeof FEEDBACK_VERDICTS)[number];

/** What one person says of one anomaly, with all that must be known of it once its own row is gone. */
export interface Feedback {
  readonly anomalyId: string;
  readonly detector: string;
  /** Labels of the series. */
  readonly labels: Labels;
  readonly by: string;
  readonly verdict: FeedbackVerdict;
  readonly note: string;
  /** When it was said. */
  readonly time: Millis;
  /** What decided the alert: `score`, `rule` or `stopped`; empty where it is not known. */
  readonly breach: string;
  /** The first strange step, and when it was over or, if it was not, when it was spoken of. */
  readonly onset: Millis;
  readonly until: Millis;
  /** What was expected as it fired, and the value furthest from that until `until`. NaN is unknown. */
  readonly expected: number;
  readonly reach: number;
}

/** One anomaly as it counts: the newest of what stands, `people` are those who say the same. */
export interface Judged extends Feedback {
  readonly people: readonly string[];
}

/**
 * Anomalies as they count, in the order in which they were judged. `feedback` holds what stands: at most one entry of
 * a person on an anomaly. When people differ on one, the newest verdict counts.
 */
export function judgedOf(feedback: readonly Feedback[]): Judged[] {
  const newest = new Map<string, Feedback>();
  for (const one of feedback) {
    const known = newest.get(one.anomalyId);
    if (known === undefined || one.time >= known.time) newest.set(one.anomalyId, one);
  }
  return [...newest.values()]
    .map((one) => ({
      ...one,
      people: feedback.filter((other) => sameWord(one, other)).map(({ by }) => by),
    }))
    .sort((a, b) => a.time - b.time || (a.anomalyId < b.anomalyId ? -1 : 1));
}

function sameWord(a: Feedback, b: Feedback): boolean {
  return a.anomalyId === b.anomalyId && a.verdict === b.verdict;
}

/** Decades of the score by which one alert called so moves the threshold of its series and detector. */
export const SHIFT_OF: Readonly<Record<FeedbackVerdict, number>> = { noise: 0.5, useful: -0.25, expected: 0 };
export const LEAST_SHIFT = -0.5;
export const MOST_SHIFT = 1.5;
export const SHIFT_HALF_LIFE_MS = 30 * 86_400_000;
/** However useful its alerts are, a threshold keeps this share of what is configured. */
const LEAST_THRESHOLD_SHARE = 0.5;

/** Whether a verdict on it can move a threshold: one that a plain limit or a stop decided has no score to move. */
export function isMovable({ breach }: Pick<Feedback, 'breach'>): boolean {
  return breach !== 'rule' && breach !== 'stopped';
}

/**
 * Shift of the threshold of one series and detector at `time`, in decades of the score:
 *
 *     s_0 = 0
 *     s_k = min(1.5, max(-0.5, s_(k-1) * 2^(-(t_k - t_(k-1)) / 30 d) + d_k))     d: noise 0.5, useful -0.25
 *     s(t) = s_n * 2^(-max(0, t - t_n) / 30 d)
 *
 * over the alerts judged at t_1 <= t_2 <= ... <= t_n, as `judgedOf` orders them. What is taken back is not among them,
 * so it never happened. Example: three alerts called noise at once give 1.5, and 0.75 thirty days later.
 */
export function thresholdShift(judged: readonly Judged[], time: Millis): number {
  let shift = 0;
  let at = Number.NEGATIVE_INFINITY;
  for (const one of judged) {
    const step = SHIFT_OF[one.verdict];
    if (step === 0 || !isMovable(one)) continue;
    shift = Math.min(MOST_SHIFT, Math.max(LEAST_SHIFT, halved(shift, one.time - at) + step));
    at = one.time;
  }
  return shift === 0 ? 0 : halved(shift, Math.max(0, time - at));
}

function halved(shift: number, age: Millis): number {
  return shift === 0 ? 0 : shift * 2 ** (-age / SHIFT_HALF_LIFE_MS);
}

/** The threshold that holds when one is moved by `shift`: never below half of what is configured. */
export function thresholdInForce(configured: number, shift: number): number {
  return Math.max(configured * LEAST_THRESHOLD_SHARE, configured + shift);
}

/** A time of the week at which values on one side of what is expected, up to a limit, are ordinary for a series. */
export interface ExpectedWindow {
  readonly anomalyId: string;
  /** Milliseconds since Monday, 00:00 UTC. It may run over into the next week. */
  readonly from: Millis;
  readonly length: Millis;
  readonly side: 'above' | 'below';
  readonly limit: number;
}

const WEEK_MS = 7 * 86_400_000;
/** The first Monday after the start of Unix time, a Thursday. */
const MONDAY_MS = 4 * 86_400_000;
/** Weekly work starts a little early or late, and an hour off where clocks are put forward or back. */
const SLACK_MS = 3_600_000;
const LONGEST_MS = 86_400_000;
/** A repetition may go this share of its value further than what was seen. */
const MARGIN = 0.2;

/**
 * What an alert called expected makes ordinary: from an hour before its onset to an hour after its end (a day later
 * at most), each week, values on its side of the expectation up to a fifth of their own size beyond the furthest one seen.
 * Nothing where a plain limit decided, or where it is not known which side it was on.
 */
export function expectedWindow(judged: Feedback): ExpectedWindow | undefined {
  const { verdict, breach, onset, until, expected, reach, anomalyId } = judged;
  if (verdict !== 'expected' || breach === 'rule' || Number.isNaN(reach) || Number.isNaN(expected)) return undefined;
  const side = reach >= expected ? 'above' : 'below';
  const margin = MARGIN * Math.abs(reach) * (side === 'above' ? 1 : -1);
  return {
    anomalyId,
    from: weekTime(onset - SLACK_MS),
    length: Math.min(LONGEST_MS, Math.max(0, until - onset)) + 2 * SLACK_MS,
    side,
    limit: reach + margin,
  };
}

/** Whether a point is one of those that `window` makes ordinary. `expected` is what is expected of this very point. */
export function isCovered(window: ExpectedWindow, time: Millis, value: number, expected: number): boolean {
  if (modulo(weekTime(time) - window.from, WEEK_MS) >= window.length) return false;
  if (window.side === 'above') return value >= expected && value <= window.limit;
  return value <= expected && value >= window.limit;
}

/** Milliseconds since the last Monday, 00:00 UTC. */
function weekTime(time: Millis): Millis {
  return modulo(time - MONDAY_MS, WEEK_MS);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
