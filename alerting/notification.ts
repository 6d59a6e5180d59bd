import { annotatedPriority } from '../core/alert.ts';
import type { Incident } from '../core/incident.ts';
import type { Labels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import { alertView, type LiveAlert } from './alerts.ts';

/** Why a notification is sent; the same words stand in the webhook, the ledger, logs and metrics. */
export const NOTIFICATION_REASONS = [
  'first notification',
  'new alerts added',
  'some alerts resolved',
  'all alerts resolved',
  'repeat interval elapsed',
] as const;
export type NotificationReason = (typeof NOTIFICATION_REASONS)[number];

/** One alert of a notification; `resolvedAt` is 0 while it fires. */
export interface NotifiedAlert {
  readonly alert: LiveAlert;
  readonly resolvedAt: Millis;
}

/** Everything a notifier may say, as one typed value. */
export interface Notification {
  readonly groupKey: string;
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly reason: NotificationReason;
  readonly groupLabels: Labels;
  /** Firing first, each part by start. */
  readonly alerts: readonly NotifiedAlert[];
  readonly incident: Incident | undefined;
  /** Address of the user interface, without a slash at the end. */
  readonly externalUrl: string;
  readonly time: Millis;
}

/** Pairs all given maps share. */
function shared(maps: readonly Labels[]): Labels {
  const [first = {}, ...rest] = maps;
  return Object.fromEntries(Object.entries(first).filter(([name, value]) => rest.every((map) => map[name] === value)));
}

export function commonLabels(notification: Notification): Labels {
  return shared(notification.alerts.map((entry) => entry.alert.labels));
}

export function commonAnnotations(notification: Notification): Labels {
  return shared(notification.alerts.map((entry) => entry.alert.annotations));
}

/** One line that says what it is about: the incident's title, else the common summary, else names and count. */
export function notificationTitle(notification: Notification): string {
  if (notification.incident !== undefined) return notification.incident.title;
  const summary = commonAnnotations(notification)['summary'];
  if (summary) return summary;
  const names = [...new Set(notification.alerts.map((entry) => entry.alert.labels['alertname'] ?? 'alert'))];
  const firing = notification.alerts.filter((entry) => entry.resolvedAt === 0).length;
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''} (${firing || notification.alerts.length})`;
}

/** What one alert says: its summary, else its name and place. */
export function alertLine(alert: LiveAlert): string {
  const view = alertView(alert);
  return (
    alert.annotations['summary'] ||
    [view['alertname'] ?? 'alert', view['stage'] ?? view['instance']].filter(Boolean).join(' of ')
  );
}

/** Where the user interface shows it. */
export function notificationUrl(notification: Notification): string {
  return notification.incident === undefined
    ? notification.externalUrl
    : `${notification.externalUrl}/incidents/${notification.incident.id}`;
}

/** At most `limit` UTF-16 units, ending in an ellipsis when cut, never in half a character. */
export function truncate(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let cut = text.slice(0, limit - 1);
  if (/[\uD800-\uDBFF]$/.test(cut)) cut = cut.slice(0, -1);
  return `${cut}…`;
}

/** The worst severity of the firing alerts (of all, when none fires), as labels or priorities spell it; empty if none has one. */
export function worstSeverity(notification: Notification): string {
  const firing = notification.alerts.filter((entry) => entry.resolvedAt === 0);
  const of = (firing.length > 0 ? firing : notification.alerts).flatMap(({ alert: { labels, annotations } }) => [
    annotatedPriority(annotations) ?? '',
    labels['severity'] ?? '',
  ]);
  return ['critical', 'error', 'warning', 'notice', 'info'].find((severity) => of.includes(severity)) ?? of[1] ?? '';
}
