import type { Labels } from './labels.ts';
import type { Millis } from './time.ts';

/** One element of `POST /api/v2/alerts`, times as RFC 3339. */
export interface PostableAlert {
  readonly labels: Labels;
  readonly annotations?: Labels;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly generatorURL?: string;
}

export const ALERT_STATES = ['firing', 'resolved', 'stale'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** Severities, mildest first. The label `severity` of our own alerts is one of these. */
export const SEVERITIES = ['notice', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The worst of some severities; undefined of none. */
export function worstOf(severities: readonly Severity[]): Severity | undefined {
  return SEVERITIES.findLast((severity) => severities.includes(severity));
}

/** An alert as alerting keeps it. Identity is `labels` alone; `context` is beside identity and never hashed. */
export interface Alert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly context: Labels;
  readonly startsAt: Millis;
  readonly endsAt: Millis;
  readonly updatedAt: Millis;
  /** True when `endsAt` was filled in by us (`resolve_timeout`), not sent. */
  readonly timeout: boolean;
  readonly generatorURL: string;
}

/**
 * Labels of an alert of our own detector: `alertname` (the detector's name), `severity`, `signal`, `pipeline`,
 * `stage`, and `topic`, `group`, `dependency` where they apply, plus `weir_source="detector"`.
 * Annotations: `summary` (one sentence), `description`, `anomaly_id`, `value`, `expected`.
 */
export const DETECTOR_SOURCE = 'detector';

/** Name of the detector's warnings that a limit will be crossed: they speak of what is to come, all other alerts of what is. */
export const LIMIT_AHEAD = 'LimitAhead';

/**
 * What an alert has come to be worth, by its annotation `priority`; undefined where its severity stands. It is no label: a
 * changed label is another alert to everything that speaks Alertmanager.
 */
export function annotatedPriority(annotations: Labels): Severity | undefined {
  return SEVERITIES.find((severity) => severity === annotations['priority']);
}
