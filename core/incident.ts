import type { Severity } from './alert.ts';
import type { Labels } from './labels.ts';
import type { Millis } from './time.ts';

export const INCIDENT_STATES = ['open', 'acknowledged', 'resolved'] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];

/** What happened in an incident's life, newest last. `kind` is a closed set. */
export const TIMELINE_KINDS = [
  'opened',
  'alert_firing',
  'alert_resolved',
  'notified',
  'notification_failed',
  'acknowledged',
  'note',
  'resolved',
  'reopened',
] as const;
export interface TimelineEntry {
  readonly time: Millis;
  readonly kind: (typeof TIMELINE_KINDS)[number];
  readonly text: string;
  readonly fingerprint?: string;
}

/** Alerts of one cause. `culprit` is the stage named as faulty, with the reason in words. */
export interface Incident {
  readonly id: string;
  readonly title: string;
  readonly pipeline: string;
  readonly state: IncidentState;
  readonly severity: Severity;
  readonly openedAt: Millis;
  readonly updatedAt: Millis;
  readonly resolvedAt: Millis;
  readonly acknowledgedBy: string;
  readonly culprit: string;
  readonly reason: string;
  readonly alerts: readonly IncidentAlert[];
  readonly timeline: readonly TimelineEntry[];
}

export interface IncidentAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: Millis;
  /** 0 while firing. */
  readonly resolvedAt: Millis;
}
