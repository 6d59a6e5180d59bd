import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NOTIFICATION_REASONS } from '../../../alerting/notification.ts';
import { createWebhook, webhookConfig, webhookPayload } from '../../../alerting/notifiers/webhook.ts';
import type { WeirError } from '../../../core/errors.ts';
import { startWebhookServer, webhookViolation } from '../contract/webhook.ts';
import { NOON } from '../harness.ts';
import { incident, monstrous, notificationOf, resolved, slow } from '../notifications.ts';

describe('webhook', () => {
  it('sends the payload of version 4, with the zero time for alerts that fire', () => {
    const payload = webhookPayload(notificationOf(), 0);
    expect(payload).toEqual({
      version: '4',
      groupKey: '{}:{incident="INC-7"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'team',
      groupLabels: { incident: 'INC-7' },
      commonLabels: slow.labels,
      commonAnnotations: slow.annotations,
      routeLabels: {},
      externalURL: 'http://weir.example',
      notification_reason: 'first notification',
      alerts: [
        {
          status: 'firing',
          labels: slow.labels,
          annotations: slow.annotations,
          startsAt: '2026-11-17T11:59:30.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: slow.fingerprint,
        },
      ],
      incident: {
        id: 'INC-7',
        title: incident.title,
        severity: 'critical',
        pipeline: 'orders',
        culprit: 'warehouse-sink',
        reason: incident.reason,
        openedAt: '2026-11-17T11:59:30.000Z',
        url: 'http://weir.example/incidents/INC-7',
      },
    });
  });

  it('max_alerts truncates and says by how many', () => {
    expect(webhookPayload(monstrous, 10)).toMatchObject({ truncatedAlerts: 2990, alerts: { length: 10 } });
  });

  it('sends credentials, from a file that may change', async () => {
    await using server = await startWebhookServer();
    const dir = mkdtempSync(join(tmpdir(), 'weir-secret-'));
    const file = join(dir, 'token');
    writeFileSync(file, 'first\n');
    const config = webhookConfig.parse({ url: server.url, http_config: { authorization: { credentials_file: file } } });
    const notifier = createWebhook(config, () => NOON);
    await notifier.notify(notificationOf(), '');
    writeFileSync(file, 'second\n');
    await notifier.notify(notificationOf(), '');
    rmSync(dir, { recursive: true });
    expect(server.requests.map((request) => request.headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
    const error = (await notifier.notify(notificationOf(), '').catch((thrown: unknown) => thrown)) as WeirError;
    expect([error.code, error.retryable]).toEqual(['alerting_secret_unreadable', true]);
    const basic = webhookConfig.parse({
      url: server.url,
      http_config: { basic_auth: { username: 'u', password: 'p' } },
    });
    await createWebhook(basic, () => NOON).notify(notificationOf(), '');
    expect(server.requests[2]?.headers.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
  });

  it('the contract refuses what it forbids', () => {
    const good = webhookPayload(notificationOf(), 0) as Record<string, unknown>;
    expect(webhookViolation(good)).toBeUndefined();
    const bad = [
      { version: 4 },
      { status: 'resolved' },
      { alerts: [] },
      { groupLabels: { a: 1 } },
      { notification_reason: 'because' },
    ];
    for (const change of bad) expect(webhookViolation({ ...good, ...change })).toBeDefined();
  });
});

it.each(NOTIFICATION_REASONS)('the reason "%s" is one of the contract', (reason) => {
  const notification = reason === 'all alerts resolved' ? resolved : notificationOf({ reason });
  expect(webhookViolation(webhookPayload(notification, 0) as Record<string, unknown>)).toBeUndefined();
});
