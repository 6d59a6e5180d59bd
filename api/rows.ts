import type { Anomaly } from '../core/anomaly.ts';
import type { Feedback } from '../core/feedback.ts';
import { fingerprint } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import type { AnomalyView, SeriesView } from '../core/view.ts';
import { type Band, known } from './bands.ts';
import { feedbackView } from './feedback-views.ts';

/** An anomaly with what people say of it: `feedback` may hold that of other anomalies and series too. */
export function anomalyView(anomaly: Anomaly, feedback: readonly Feedback[], now: Millis): AnomalyView {
  const {
    id,
    detector,
    labels,
    time,
    firedAt,
    resolvedAt,
    value,
    expected,
    lower,
    upper,
    score,
    threshold,
    severity,
    votes,
    decision,
  } = anomaly;
  return {
    id,
    detector,
    labels,
    onset: onsetOf(anomaly),
    time,
    firedAt,
    resolvedAt,
    value: known(value),
    expected: known(expected),
    lower: known(lower),
    upper: known(upper),
    score: known(score),
    threshold,
    severity,
    votes,
    decision,
    feedback: feedbackView(anomaly, feedback, now),
  };
}

/** The first strange step: the decision keeps it, because an anomaly fires only after it held for a while. */
export function onsetOf(anomaly: Anomaly): Millis {
  const { onset } = anomaly.decision;
  return typeof onset === 'number' && onset > 0 ? Math.min(onset, anomaly.time) : anomaly.time;
}

/** True while an anomaly is open: it fired (or is pending) and has not resolved. */
export function isOpen(anomaly: Anomaly, now: Millis): boolean {
  if (anomaly.firedAt === 0) return now - anomaly.time < 60_000;
  return anomaly.resolvedAt === 0;
}

/** Steps in which one of the anomalies was open. An anomaly that never fired marks its own step only. */
export function anomalousSteps(
  anomalies: readonly Anomaly[],
  grid: { start: Millis; step: Millis; count: number },
  now: Millis,
): boolean[] | null {
  if (anomalies.length === 0) return null;
  const flags = Array<boolean>(grid.count).fill(false);
  for (const anomaly of anomalies) {
    const end = anomaly.firedAt === 0 ? anomaly.time + 1 : anomaly.resolvedAt || now;
    const first = Math.max(0, Math.floor((onsetOf(anomaly) - grid.start) / grid.step));
    const last = Math.min(grid.count, Math.ceil((end - grid.start) / grid.step));
    for (let i = first; i < last; i++) flags[i] = true;
  }
  return flags.includes(true) ? flags : null;
}

export function seriesView(series: Series, band: Band | undefined, anomalous: boolean[] | null): SeriesView {
  return {
    key: fingerprint(series.labels),
    signal: series.labels['signal'] as Signal,
    labels: series.labels,
    values: Array.from(series.values, known),
    expected: band?.expected ?? null,
    lower: band?.lower ?? null,
    upper: band?.upper ?? null,
    anomalous,
  };
}

export function byKey<T extends { readonly labels: Readonly<Record<string, string>> }>(
  items: readonly T[],
): Map<string, T[]> {
  const map = new Map<string, T[]>();
  for (const item of items) {
    const key = fingerprint(item.labels);
    map.set(key, [...(map.get(key) ?? []), item]);
  }
  return map;
}
