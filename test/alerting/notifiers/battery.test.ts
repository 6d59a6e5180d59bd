import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../alerting/notification.ts';
import type { Notifier } from '../../../alerting/notifier.ts';
import { createPagerduty, pagerdutyConfig } from '../../../alerting/notifiers/pagerduty.ts';
import { createSlack, slackConfig } from '../../../alerting/notifiers/slack.ts';
import { createWebhook, webhookConfig } from '../../../alerting/notifiers/webhook.ts';
import type { WeirError } from '../../../core/errors.ts';
import { startPagerdutyServer } from '../contract/pagerduty.ts';
import { SLACK_TOKEN, startSlackServer } from '../contract/slack.ts';
import { startWebhookServer } from '../contract/webhook.ts';
import { NOON } from '../harness.ts';
import { alertOf, incident, monstrous, notificationOf, resolved } from '../notifications.ts';

/** Notifications with odd contents that every notifier must bring through its contract. */
const ODDITIES: readonly [string, Notification][] = [
  ['an ordinary one', notificationOf()],
  ['a resolved one', resolved],
  ['one without an incident', notificationOf({ incident: undefined, groupLabels: {} })],
  [
    'one without known severity, stage or summary',
    notificationOf({ incident: undefined, alerts: [{ alert: alertOf({ a: 'b' }), resolvedAt: 0 }] }),
  ],
  [
    'one with an unknown severity',
    notificationOf({ alerts: [{ alert: alertOf({ alertname: 'x', severity: 'sev1' }), resolvedAt: 0 }] }),
  ],
  ['one with empty texts', notificationOf({ incident: { ...incident, culprit: '', reason: '' } })],
  ['a monstrous one', monstrous],
];

interface Bench {
  readonly notifier: Notifier;
  readonly server: { script: unknown[]; requests: readonly unknown[]; violations: readonly string[] } & AsyncDisposable;
}

const KEY = 'a'.repeat(32);
const BATTERY: readonly [string, (timeout?: string) => Promise<Bench>][] = [
  [
    'webhook',
    async (timeout = '10s') => {
      const server = await startWebhookServer();
      return { server, notifier: createWebhook(webhookConfig.parse({ url: server.url, timeout }), () => NOON) };
    },
  ],
  [
    'slack incoming webhook',
    async (timeout = '10s') => {
      const server = await startSlackServer();
      return { server, notifier: createSlack(slackConfig.parse({ api_url: server.webhookUrl, timeout }), () => NOON) };
    },
  ],
  [
    'slack bot',
    async (timeout = '10s') => {
      const server = await startSlackServer();
      const config = slackConfig.parse({
        app_token: SLACK_TOKEN,
        app_url: server.apiUrl,
        channel: '#orders-data',
        timeout,
      });
      return { server, notifier: createSlack(config, () => NOON) };
    },
  ],
  [
    'pagerduty',
    async (timeout = '10s') => {
      const server = await startPagerdutyServer();
      const config = pagerdutyConfig.parse({ routing_key: KEY, url: `${server.url}/v2/enqueue`, timeout });
      return { server, notifier: createPagerduty(config, () => NOON) };
    },
  ],
];

/** Which HTTP statuses are worth another attempt: the same for every notifier. */
const RETRIED: readonly [number, boolean][] = [
  ...[301, 302, 400, 401, 403, 404, 405, 410, 413, 415, 422].map((status): [number, boolean] => [status, false]),
  ...[408, 429, 500, 502, 503, 504, 507, 599].map((status): [number, boolean] => [status, true]),
];

describe.each(BATTERY)('%s', (_name, open) => {
  it.each(ODDITIES)('delivers %s within the contract', async (_what, notification) => {
    const { notifier, server } = await open();
    await using _closed = server;
    await notifier.notify(notification, '');
    expect(server.violations).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it.each(RETRIED)('status %i: retryable %s', async (status, retryable) => {
    const { notifier, server } = await open();
    await using _closed = server;
    server.script.push({ status, body: '{"ok":false}', headers: { 'retry-after': '7' } });
    const error = (await notifier.notify(notificationOf(), '').catch((thrown: unknown) => thrown)) as WeirError;
    expect(error.code).toBe('alerting_notify_refused');
    expect(error.message).not.toContain('127.0.0.1');
    expect([error.retryable, error.retryAfterMs]).toEqual([retryable, 7000]);
  });

  it('a connection that breaks or cannot be made is retryable, and names no address', async () => {
    const { notifier, server } = await open();
    server.script.push('drop');
    const broken = (await notifier.notify(notificationOf(), '').catch((thrown: unknown) => thrown)) as WeirError;
    expect([broken.code, broken.retryable]).toEqual(['alerting_notify_unreachable', true]);
    await server[Symbol.asyncDispose]();
    const refused = (await notifier.notify(notificationOf(), '').catch((thrown: unknown) => thrown)) as WeirError;
    expect([refused.code, refused.retryable]).toEqual(['alerting_notify_unreachable', true]);
    expect(refused.message).not.toContain('http');
  });

  it('no answer in time is retryable', async () => {
    const { notifier, server } = await open('100ms');
    await using _closed = server;
    server.script.push('hang');
    const error = (await notifier.notify(notificationOf(), '').catch((thrown: unknown) => thrown)) as WeirError;
    expect([error.retryable, error.message]).toEqual([true, 'no answer within 100 ms']);
  });
});
