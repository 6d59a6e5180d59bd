import type { LiveAlert } from '../../alerting/alerts.ts';
import type { Notification } from '../../alerting/notification.ts';
import type { Incident } from '../../core/incident.ts';
import { fingerprint } from '../../core/labels.ts';
import { detectorLabels, NOON } from './harness.ts';

export function alertOf(labels: Record<string, string>, annotations: Record<string, string> = {}): LiveAlert {
  return {
    fingerprint: fingerprint(labels),
    labels,
    annotations,
    context: { incident: 'INC-7' },
    startsAt: NOON - 30_000,
    endsAt: NOON + 40_000,
    updatedAt: NOON,
    timeout: false,
    generatorURL: '',
    dismissedAt: 0,
    recordedState: 'firing',
  };
}

export const incident: Incident = {
  id: 'INC-7',
  title: 'warehouse-sink waits for warehouse (p95 312\u202fms instead of 20\u202fms)',
  pipeline: 'orders',
  state: 'open',
  severity: 'critical',
  openedAt: NOON - 30_000,
  updatedAt: NOON,
  resolvedAt: 0,
  acknowledgedBy: '',
  culprit: 'warehouse-sink',
  reason: 'Calls to warehouse take 312\u202fms at p95, expected 20\u202fms, since 11:59:30 UTC.',
  alerts: [],
  timeline: [],
};

export const slow = alertOf(detectorLabels('dependency_p95', 'warehouse-sink', { severity: 'critical' }), {
  summary: 'warehouse is slow & <late>',
});

export function notificationOf(more: Partial<Notification> = {}): Notification {
  return {
    groupKey: '{}:{incident="INC-7"}',
    receiver: 'team',
    status: 'firing',
    reason: 'first notification',
    groupLabels: { incident: 'INC-7' },
    alerts: [{ alert: slow, resolvedAt: 0 }],
    incident,
    externalUrl: 'http://weir.example',
    time: NOON,
    ...more,
  };
}

export const resolved = notificationOf({
  status: 'resolved',
  reason: 'all alerts resolved',
  alerts: [{ alert: slow, resolvedAt: NOON + 60_000 }],
  incident: { ...incident, state: 'resolved' },
});

/** Everything as long and as hostile as it gets. */
export const monstrous = notificationOf({
  incident: { ...incident, title: '<&>"'.repeat(5000), reason: '&'.repeat(100_000) },
  alerts: Array.from({ length: 3000 }, (_, i) => ({
    alert: alertOf({ ...detectorLabels('lag', `stage-${i}`), huge: '€'.repeat(200) }, { summary: '<&😀>'.repeat(300) }),
    resolvedAt: 0,
  })),
});
