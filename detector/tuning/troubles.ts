import type { Anomaly } from '../../core/anomaly.ts';
import { type Feedback, judgedOf } from '../../core/feedback.ts';
import type { Incident } from '../../core/incident.ts';
import { fingerprint, type Labels } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import type { GridSeries } from '../lstm/training/segments.ts';

/** What is known to have gone wrong in a range of time. */
export interface Troubles {
  readonly anomalies: readonly Anomaly[];
  readonly incidents: readonly Incident[];
  readonly feedback: readonly Feedback[];
}

/** Whether planned work on what has these labels is announced for a time. */
export type Maintenance = (labels: Labels, time: Millis) => boolean;

export const NO_MAINTENANCE: Maintenance = () => false;

/** From the first to the second time, the second left out. */
export type Span = readonly [Millis, Millis];

/** A trouble begins before it is seen, and echoes for a while. */
const LEAD: Millis = 300_000;
const ECHO: Millis = 600_000;
/** An incident that nobody closes is taken to be over after a day. */
const LONGEST: Millis = 86_400_000;

/**
 * When a series was not itself: during its own anomalies, unless people called them noise or expected, and during the
 * incidents of its pipeline that named its stage (or no stage at all). What is not over lasts until `now`, a day at most.
 */
export function troublesOf(labels: Labels, { anomalies, incidents, feedback }: Troubles, now: Millis): readonly Span[] {
  const key = fingerprint(labels);
  const ordinary = new Set(
    judgedOf(feedback)
      .filter(({ verdict }) => verdict !== 'useful')
      .map(({ anomalyId }) => anomalyId),
  );
  const span = (from: Millis, resolvedAt: Millis): Span => [
    from - LEAD,
    (resolvedAt > 0 ? resolvedAt : Math.min(now, from + LONGEST)) + ECHO,
  ];
  const own = anomalies
    .filter((anomaly) => !ordinary.has(anomaly.id) && fingerprint(anomaly.labels) === key)
    .map(({ time, decision, resolvedAt }) => span(Math.min(time, Number(decision['onset'] ?? time)), resolvedAt));
  const shared = incidents
    .filter((incident) => incident.pipeline === (labels['pipeline'] ?? '') && concerns(incident, labels))
    .map(({ openedAt, resolvedAt }) => span(openedAt, resolvedAt));
  return [...own, ...shared];
}

function concerns({ culprit, alerts }: Incident, labels: Labels): boolean {
  const stages = new Set([culprit, ...alerts.map((alert) => alert.labels['stage'] ?? '')]);
  stages.delete('');
  return stages.size === 0 || stages.has(labels['stage'] ?? '');
}

/** A series with gaps where it was not itself or worked on; how many of its values that took. The series is not changed. */
export function withoutTroubles(
  series: GridSeries,
  spans: readonly Span[],
  maintained: (time: Millis) => boolean = () => false,
): { readonly series: GridSeries; readonly taken: number } {
  const values = series.values.slice();
  let taken = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const time = series.start + i * series.step;
    if (!spans.some(([from, to]) => time >= from && time < to) && !maintained(time)) continue;
    values[i] = NaN;
    taken++;
  }
  return { series: { ...series, values }, taken };
}
