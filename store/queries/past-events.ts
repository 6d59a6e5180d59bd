import type { Anomaly } from '../../core/anomaly.ts';
import type { Feedback } from '../../core/feedback.ts';
import { fingerprint } from '../../core/labels.ts';
import type { PastEvent } from '../../core/past-event.ts';
import { type Millis, STEP_MS } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { readAnomaliesBefore } from './anomalies.ts';
import { readExpectations } from './expectations.ts';
import { readFeedback } from './feedback.ts';

const MOST = 5;

/**
 * What happened before that is like `anomaly`: alerts of the same series or of the same detector on the same stage, the
 * newest first, at most `most`. Of what is still open the course up to `now` counts.
 */
export async function readPastEvents(store: Store, anomaly: Anomaly, now: Millis, most = MOST): Promise<PastEvent[]> {
  const before = await readAnomaliesBefore(store, anomaly, most);
  if (before.length === 0) return [];
  const series = [...new Set(before.map(({ labels }) => fingerprint(labels)))];
  const feedback = await readFeedback(store, { series });
  const own = fingerprint(anomaly.labels);
  return Promise.all(before.map((one) => eventOf(store, one, own, feedback, now)));
}

async function eventOf(
  store: Store,
  anomaly: Anomaly,
  own: string,
  feedback: readonly Feedback[],
  now: Millis,
): Promise<PastEvent> {
  const { id, detector, labels, firedAt, resolvedAt, time, value, expected } = anomaly;
  const key = fingerprint(labels);
  const said = Number(anomaly.decision['onset'] ?? 0);
  const onset = said > 0 ? Math.min(said, time) : time;
  const seen = await readExpectations(store, key, onset, Math.max(resolvedAt || now, time + STEP_MS));
  const worst = seen.value.reduce(value < expected ? smaller : larger, value);
  const score = seen.score.reduce(larger, anomaly.score);
  return {
    id,
    detector,
    labels,
    sameSeries: key === own,
    onset,
    firedAt,
    resolvedAt,
    peak: Number.isNaN(worst) ? null : worst,
    score: Number.isNaN(score) ? null : score,
    opinions: feedback
      .filter(({ anomalyId }) => anomalyId === id)
      .map(({ by, verdict, note }) => ({ by, verdict, note })),
  };
}

/** Of two numbers; what is NaN does not count where the other is known. */
const larger = (most: number, one: number) => (Number.isNaN(one) || one <= most ? most : one);
const smaller = (least: number, one: number) => (Number.isNaN(one) || one >= least ? least : one);
