import { createHash } from 'node:crypto';
import { z } from 'zod';
import { positiveDuration } from '../duration.ts';
import {
  alertLine,
  type Notification,
  notificationTitle,
  notificationUrl,
  truncate,
  worstSeverity,
} from '../notification.ts';
import type { Notifier } from '../notifier.ts';
import { readSecret } from '../secret.ts';
import { assertAccepted, postJson } from './http.ts';

const PAGERDUTY_SEVERITIES = ['critical', 'error', 'warning', 'info'] as const;
export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

export const pagerdutyConfig = z
  .strictObject({
    routing_key: z.string().length(32, 'must have 32 characters').optional(),
    routing_key_file: z.string().optional(),
    /** The European service has another host: https://events.eu.pagerduty.com/v2/enqueue. */
    url: z.url({ protocol: /^https?$/ }).optional(),
    send_resolved: z.boolean().default(true),
    /** Absent: taken from the alerts' own severity. */
    severity: z.enum(PAGERDUTY_SEVERITIES).optional(),
    client: z.string().default('Weir'),
    client_url: z.string().optional(),
    class: z.string().optional(),
    component: z.string().optional(),
    group: z.string().optional(),
    details: z.record(z.string(), z.string()).default({}),
    timeout: positiveDuration('10s'),
  })
  .refine((one) => (one.routing_key === undefined) !== (one.routing_key_file === undefined), {
    message: 'needs exactly one of routing_key and routing_key_file',
  });
export type PagerdutyConfig = z.infer<typeof pagerdutyConfig>;

const SUMMARY_LIMIT = 1024;
const BODY_LIMIT = 512 * 1024;
const LINES_LIMIT = 50;

/** Our severities and the usual ones of others, as PagerDuty knows them; anything else is an error. */
function severityOf(notification: Notification): (typeof PAGERDUTY_SEVERITIES)[number] {
  const severity = worstSeverity(notification);
  if (severity === 'notice') return 'info';
  return PAGERDUTY_SEVERITIES.find((one) => one === severity) ?? 'error';
}

/** One PagerDuty alert per group: the same key from trigger to resolve. */
export function dedupKey(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex');
}

function lines(notification: Notification, firing: boolean): string[] {
  const some = notification.alerts.filter((entry) => (entry.resolvedAt === 0) === firing);
  return some.slice(0, LINES_LIMIT).map((entry) => truncate(alertLine(entry.alert), 1000));
}

/** Body of a trigger or resolve event. Details are left out when the body would be over 512 KiB. */
export function pagerdutyEvent(notification: Notification, config: PagerdutyConfig, routingKey: string): string {
  const base = { routing_key: routingKey, dedup_key: dedupKey(notification.groupKey) };
  if (notification.status === 'resolved') return JSON.stringify({ ...base, event_action: 'resolve' });
  const { incident } = notification;
  const first = notification.alerts[0]?.alert.labels ?? {};
  const url = notificationUrl(notification);
  const event = (details: object | undefined) =>
    JSON.stringify({
      ...base,
      event_action: 'trigger',
      payload: {
        summary: truncate(notificationTitle(notification), SUMMARY_LIMIT),
        source: incident?.culprit || first['stage'] || first['instance'] || first['job'] || 'weir',
        severity: config.severity ?? severityOf(notification),
        timestamp: new Date(
          incident?.openedAt ?? notification.alerts[0]?.alert.startsAt ?? notification.time,
        ).toISOString(),
        component: config.component ?? (incident?.culprit || first['stage']),
        group: config.group ?? incident?.pipeline ?? first['pipeline'],
        class: config.class ?? first['signal'] ?? first['alertname'],
        custom_details: details,
      },
      client: config.client,
      client_url: config.client_url ?? url,
      links: [{ href: url, text: incident === undefined ? 'Open in Weir' : `${incident.id} in Weir` }],
    });
  const firing = lines(notification, true);
  const body = event({
    ...config.details,
    ...(incident === undefined ? {} : { incident: incident.id, culprit: incident.culprit, reason: incident.reason }),
    num_firing: String(notification.alerts.filter((entry) => entry.resolvedAt === 0).length),
    firing,
    resolved: lines(notification, false),
  });
  return Buffer.byteLength(body) <= BODY_LIMIT ? body : event(undefined);
}

export function createPagerduty(config: PagerdutyConfig, now: () => number): Notifier {
  return {
    integration: 'pagerduty',
    sendResolved: config.send_resolved,
    async notify(notification, _reference, signal) {
      const routingKey = readSecret({ value: config.routing_key, file: config.routing_key_file }, 'routing_key_file');
      const body = pagerdutyEvent(notification, config, routingKey);
      assertAccepted(
        await postJson({ url: config.url ?? PAGERDUTY_URL, body, timeoutMs: config.timeout, signal }, now()),
      );
      return '';
    },
  };
}
