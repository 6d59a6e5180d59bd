import { errorMessage } from '../core/errors.ts';
import {
  type ExpectedWindow,
  expectedWindow,
  type Feedback,
  isCovered,
  isMovable,
  type Judged,
  judgedOf,
  thresholdInForce,
  thresholdShift,
} from '../core/feedback.ts';
import { fingerprint } from '../core/labels.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { DetectorMetrics } from './metrics.ts';
import type { DetectorPort } from './port.ts';

/** What people said of the alerts of one series and detector. */
export interface SeriesFeedback {
  /** In the order in which they were judged. */
  readonly judged: readonly Judged[];
  readonly windows: readonly ExpectedWindow[];
}

/** A threshold in force, and what moved it: the inputs that are stored with a decision. */
export interface ThresholdInForce {
  readonly configured: number;
  readonly threshold: number;
  /** Alerts called noise and useful that can move it, and how many people said so. */
  readonly noise: number;
  readonly noisePeople: number;
  readonly useful: number;
  readonly usefulPeople: number;
}

/** What judging asks of feedback; `undefined` where nobody has said anything. */
export interface FeedbackBook {
  of(seriesKey: string, detector: string): SeriesFeedback | undefined;
}

export const NO_FEEDBACK: FeedbackBook = { of: () => undefined };

/**
 * Threshold of the score in force at `time`, in decades:
 *
 *     threshold = max(configured / 2, configured + s(time))
 *
 * with the shift s of `thresholdShift` (core/feedback.ts): +0.5 for each alert called noise, -0.25 for each called useful,
 * between -0.5 and +1.5, halved every 30 days.
 */
export function thresholdAt(feedback: SeriesFeedback, configured: number, time: Millis): ThresholdInForce {
  const shift = thresholdShift(feedback.judged, time);
  const told = (verdict: Feedback['verdict']) => {
    const alerts = feedback.judged.filter((one) => one.verdict === verdict && isMovable(one));
    return { alerts: alerts.length, people: new Set(alerts.flatMap(({ people }) => people)).size };
  };
  const [noise, useful] = [told('noise'), told('useful')];
  return {
    configured,
    threshold: thresholdInForce(configured, shift),
    ...{ noise: noise.alerts, noisePeople: noise.people, useful: useful.alerts, usefulPeople: useful.people },
  };
}

/** Whether a point is one that somebody called expected: the same time of the week, no further than what was seen then. */
export function isExpected(feedback: SeriesFeedback, time: Millis, value: number, expected: number): boolean {
  return feedback.windows.some((window) => isCovered(window, time, value, expected));
}

/** A book of what stands; a verdict on one series and detector says nothing of any other. */
export function bookOf(feedback: readonly Feedback[]): FeedbackBook & { readonly size: number } {
  const bySeries = new Map<string, Judged[]>();
  for (const one of judgedOf(feedback)) {
    const key = `${fingerprint(one.labels)}/${one.detector}`;
    const known = bySeries.get(key);
    if (known === undefined) bySeries.set(key, [one]);
    else known.push(one);
  }
  /** By series, then by detector. */
  const book = new Map<string, Map<string, SeriesFeedback>>();
  for (const [key, judged] of bySeries) {
    const windows = judged.map(expectedWindow).filter((window) => window !== undefined);
    const [seriesKey, detector] = key.split('/', 2) as [string, string];
    const known = book.get(seriesKey) ?? new Map<string, SeriesFeedback>();
    book.set(seriesKey, known.set(detector, { judged, windows }));
  }
  return {
    size: bySeries.size,
    of: (seriesKey, detector) => (book.size === 0 ? undefined : book.get(seriesKey)?.get(detector)),
  };
}

/** A book that is read from the store. */
export interface FeedbackReader extends FeedbackBook {
  /** Reads again when the last reading is a minute old. When the store does not answer, what is known holds. Never throws. */
  refresh(now: Millis): Promise<void>;
}

const EVERY_MS = 60_000;

export function createFeedbackReader(
  port: Pick<DetectorPort, 'readFeedback'>,
  metrics: DetectorMetrics,
  log: Logger,
): FeedbackReader {
  let book: FeedbackBook = NO_FEEDBACK;
  let readAt = Number.NEGATIVE_INFINITY;
  return {
    of: (seriesKey, detector) => book.of(seriesKey, detector),
    async refresh(now) {
      if (now - readAt < EVERY_MS) return;
      readAt = now;
      try {
        const read = bookOf(await port.readFeedback());
        book = read;
        metrics.feedbackSeries.set(read.size);
        metrics.feedbackReads.inc({ result: 'read' });
      } catch (error) {
        metrics.feedbackReads.inc({ result: 'failed' });
        log.warn({ event: 'detector_feedback_unread', error: errorMessage(error) });
      }
    },
  };
}
