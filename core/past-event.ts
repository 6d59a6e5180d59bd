import type { FeedbackVerdict } from './feedback.ts';
import type { JudgedPoints } from './judged-points.ts';
import type { Labels } from './labels.ts';
import type { Millis } from './time.ts';

/** An anomaly as one looks back on it: what it came to, how it ended, what people said. */
export interface PastEvent {
  readonly id: string;
  readonly detector: string;
  readonly labels: Labels;
  /** Whether it is of the very same series; else of the same detector and stage. */
  readonly sameSeries: boolean;
  readonly onset: Millis;
  readonly firedAt: Millis;
  /** 0 while it fires. */
  readonly resolvedAt: Millis;
  /** The value furthest to the side it fired on while it lasted, and the highest score; null where there was none. */
  readonly peak: number | null;
  readonly score: number | null;
  readonly opinions: readonly { readonly by: string; readonly verdict: FeedbackVerdict; readonly note: string }[];
}

/** What stands around an anomaly: where its points are to be had, and what happened before that is like it. */
export interface AnomalyContextView {
  readonly now: Millis;
  readonly points: JudgedPoints;
  /** Newest first, five at most. */
  readonly events: readonly PastEvent[];
}
