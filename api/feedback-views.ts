import type { Anomaly } from '../core/anomaly.ts';
import {
  expectedWindow,
  type Feedback,
  isMovable,
  judgedOf,
  thresholdInForce,
  thresholdShift,
} from '../core/feedback.ts';
import type { FeedbackView, JudgedView, OpinionView } from '../core/feedback-view.ts';
import { fingerprint } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readFeedback } from '../store/queries/feedback.ts';

/** What people say of the series of `anomalies`. A store that does not answer leaves it out: the anomalies stay readable. */
export async function readFeedbackOf(store: Store, anomalies: readonly Anomaly[]): Promise<readonly Feedback[]> {
  const series = [...new Set(anomalies.map(({ labels }) => fingerprint(labels)))];
  if (series.length === 0) return [];
  try {
    return await readFeedback(store, { series });
  } catch {
    return [];
  }
}

/** What of an anomaly tells how feedback acts on the alerts that follow it. */
export type FeedbackSubject = Pick<Anomaly, 'id' | 'detector' | 'labels'> & {
  readonly decision: Anomaly['decision'];
  readonly threshold: number | null;
};

/** What people say of `anomaly`, and what that and all they say of its series and detector changes at `now`. */
export function feedbackView(anomaly: FeedbackSubject, feedback: readonly Feedback[], now: Millis): FeedbackView {
  const { detector, decision } = anomaly;
  const key = fingerprint(anomaly.labels);
  const own = judgedOf(feedback.filter((one) => one.detector === detector && fingerprint(one.labels) === key));
  const counting = own.find(({ anomalyId }) => anomalyId === anomaly.id);
  const configured = typeof decision['score'] === 'number' ? decision['score'] : anomaly.threshold;
  return {
    opinions: opinionsOf(anomaly.id, feedback),
    counts: counting?.verdict ?? '',
    movable: isMovable({ breach: String(decision['breach'] ?? '') }),
    configured,
    threshold: configured === null ? null : thresholdInForce(configured, thresholdShift(own, now)),
    window: (counting && expectedWindow(counting)) ?? null,
  };
}

/** Everything somebody has judged and not taken back, judged last in front. */
export function judgedViews(feedback: readonly Feedback[]): JudgedView[] {
  return judgedOf(feedback)
    .reverse()
    .map((one) => ({
      anomalyId: one.anomalyId,
      detector: one.detector,
      labels: one.labels,
      onset: one.onset,
      counts: one.verdict,
      opinions: opinionsOf(one.anomalyId, feedback),
      window: expectedWindow(one) ?? null,
    }));
}

function opinionsOf(anomalyId: string, feedback: readonly Feedback[]): OpinionView[] {
  return feedback
    .filter((one) => one.anomalyId === anomalyId)
    .map(({ by, verdict, note, time }) => ({ by, verdict, note, time }))
    .sort((a, b) => b.time - a.time);
}
