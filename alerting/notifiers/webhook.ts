import { z } from 'zod';
import { positiveDuration } from '../duration.ts';
import {
  commonAnnotations,
  commonLabels,
  type Notification,
  type NotifiedAlert,
  notificationUrl,
} from '../notification.ts';
import type { Notifier } from '../notifier.ts';
import { readSecret } from '../secret.ts';
import { assertAccepted, postJson } from './http.ts';

const httpConfig = z
  .strictObject({
    authorization: z
      .strictObject({
        type: z.string().default('Bearer'),
        credentials: z.string().optional(),
        credentials_file: z.string().optional(),
      })
      .refine((one) => (one.credentials === undefined) !== (one.credentials_file === undefined), {
        message: 'needs exactly one of credentials and credentials_file',
      })
      .optional(),
    basic_auth: z
      .strictObject({ username: z.string(), password: z.string().optional(), password_file: z.string().optional() })
      .refine((one) => (one.password === undefined) !== (one.password_file === undefined), {
        message: 'needs exactly one of password and password_file',
      })
      .optional(),
  })
  .refine((one) => one.authorization === undefined || one.basic_auth === undefined, {
    message: 'authorization and basic_auth exclude each other',
  });

export const webhookConfig = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).optional(),
    url_file: z.string().optional(),
    send_resolved: z.boolean().default(true),
    /** Most alerts in one message, 0 for all. */
    max_alerts: z.int().min(0).default(0),
    timeout: positiveDuration('10s'),
    http_config: httpConfig.prefault({}),
  })
  .refine((one) => (one.url === undefined) !== (one.url_file === undefined), {
    message: 'needs exactly one of url and url_file',
  });
export type WebhookConfig = z.infer<typeof webhookConfig>;

const NO_TIME = '0001-01-01T00:00:00Z';

function alertPayload({ alert, resolvedAt }: NotifiedAlert) {
  return {
    status: resolvedAt === 0 ? 'firing' : 'resolved',
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: new Date(alert.startsAt).toISOString(),
    endsAt: resolvedAt === 0 ? NO_TIME : new Date(resolvedAt).toISOString(),
    generatorURL: alert.generatorURL,
    fingerprint: alert.fingerprint,
  };
}

/** Alertmanager's webhook body, version 4, and beside it `incident`: the incident's name, culprit and reason. */
export function webhookPayload(notification: Notification, maxAlerts: number): object {
  const { alerts, incident } = notification;
  const shown = maxAlerts > 0 ? alerts.slice(0, maxAlerts) : alerts;
  return {
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: alerts.length - shown.length,
    status: notification.status,
    receiver: notification.receiver,
    groupLabels: notification.groupLabels,
    commonLabels: commonLabels(notification),
    commonAnnotations: commonAnnotations(notification),
    routeLabels: {},
    externalURL: notification.externalUrl,
    notification_reason: notification.reason,
    alerts: shown.map(alertPayload),
    ...(incident === undefined
      ? {}
      : {
          incident: {
            id: incident.id,
            title: incident.title,
            severity: incident.severity,
            pipeline: incident.pipeline,
            culprit: incident.culprit,
            reason: incident.reason,
            openedAt: new Date(incident.openedAt).toISOString(),
            url: notificationUrl(notification),
          },
        }),
  };
}

function authorization(config: WebhookConfig): Record<string, string> {
  const { authorization: bearer, basic_auth: basic } = config.http_config;
  if (bearer !== undefined) {
    const credentials = readSecret({ value: bearer.credentials, file: bearer.credentials_file }, 'credentials_file');
    return { authorization: `${bearer.type} ${credentials}` };
  }
  if (basic === undefined) return {};
  const password = readSecret({ value: basic.password, file: basic.password_file }, 'password_file');
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${password}`).toString('base64')}` };
}

export function createWebhook(config: WebhookConfig, now: () => number): Notifier {
  return {
    integration: 'webhook',
    sendResolved: config.send_resolved,
    async notify(notification, _reference, signal) {
      const url = readSecret({ value: config.url, file: config.url_file }, 'url_file');
      const body = JSON.stringify(webhookPayload(notification, config.max_alerts));
      assertAccepted(
        await postJson({ url, body, headers: authorization(config), timeoutMs: config.timeout, signal }, now()),
      );
      return '';
    },
  };
}
