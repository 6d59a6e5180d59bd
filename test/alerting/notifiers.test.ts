import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LiveAlert } from '../../alerting/alerts.ts';
import type { Notification, NotificationReason } from '../../alerting/notification.ts';
import type { Notifier } from '../../alerting/notifier.ts';
import { parseRetryAfter } from '../../alerting/notifiers/http.ts';
import { createPagerduty, dedupKey, pagerdutyConfig, pagerdutyEvent } from '../../alerting/notifiers/pagerduty.ts';
import { createSlack, escapeMrkdwn, slackConfig, slackMessage } from '../../alerting/notifiers/slack.ts';
import { createWebhook, webhookConfig, webhookPayload } from '../../alerting/notifiers/webhook.ts';
import type { WeirError } from '../../core/errors.ts';
import type { Incident } from '../../core/incident.ts';
import { fingerprint } from '../../core/labels.ts';
import { pagerdutyViolations, startPagerdutyServer } from './contract/pagerduty.ts';
import { blocksViolation, SLACK_TOKEN, startSlackServer } from './contract/slack.ts';
import { startWebhookServer, webhookViolation } from './contract/webhook.ts';
import { detectorLabels, NOON } from './harness.ts';

function alertOf(labels: Record<string, string>, annotations: Record<string, string> = {}): LiveAlert {
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

const incident: Incident = {
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

const slow = alertOf(detectorLabels('dependency_p95', 'warehouse-sink', { severity: 'critical' }), {
  summary: 'warehouse is slow & <late>',
});

function notificationOf(more: Partial<Notification> = {}): Notification {
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

const resolved = notificationOf({
  status: 'resolved',
  reason: 'all alerts resolved',
  alerts: [{ alert: slow, resolvedAt: NOON + 60_000 }],
  incident: { ...incident, state: 'resolved' },
});

/** Everything as long and as hostile as it gets. */
const monstrous = notificationOf({
  incident: { ...incident, title: '<&>"'.repeat(5000), reason: '&'.repeat(100_000) },
  alerts: Array.from({ length: 3000 }, (_, i) => ({
    alert: alertOf({ ...detectorLabels('lag', `stage-${i}`), huge: '€'.repeat(200) }, { summary: '<&😀>'.repeat(300) }),
    resolvedAt: 0,
  })),
});

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

describe('slack', () => {
  it('with a bot token keeps one message that follows the incident', async () => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({ app_token: SLACK_TOKEN, app_url: server.apiUrl, channel: '#orders-data' });
    const notifier = createSlack(config, () => NOON);
    let reference = await notifier.notify(notificationOf(), '');
    reference = await notifier.notify(notificationOf({ reason: 'new alerts added' }), reference);
    reference = await notifier.notify(resolved, reference);
    expect(server.messages).toHaveLength(1);
    expect(server.messages[0]).toMatchObject({ channel: 'C0ORDERS', updates: 2 });
    expect(server.messages[0]?.text).toMatch(/^\*Resolved:\* warehouse-sink waits/);
    // Fires again: an update would reach nobody's attention.
    await notifier.notify(notificationOf(), reference);
    expect(server.messages.map((message) => message.updates)).toEqual([2, 0]);
    expect(server.violations).toEqual([]);
  });

  it('posts anew when the message it followed is gone', async () => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({ app_token: SLACK_TOKEN, app_url: server.apiUrl, channel: 'C0ORDERS' });
    const notifier = createSlack(config, () => NOON);
    const reference = await notifier.notify(resolved, JSON.stringify({ channel: 'C0ORDERS', ts: '1.0' }));
    expect(server.messages).toHaveLength(1);
    expect(JSON.parse(reference)).toEqual({ channel: 'C0ORDERS', ts: server.messages[0]?.ts });
  });

  it.each([
    ['ratelimited', true],
    ['internal_error', true],
    ['channel_not_found', false],
    ['invalid_auth', false],
    ['is_archived', false],
  ])('ok: false with %s: retryable %s', async (name, retryable) => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({ app_token: SLACK_TOKEN, app_url: server.apiUrl, channel: 'C0ORDERS' });
    server.script.push({ status: 200, body: JSON.stringify({ ok: false, error: name }) });
    const error = (await createSlack(config, () => NOON)
      .notify(notificationOf(), '')
      .catch((thrown: unknown) => thrown)) as WeirError;
    expect([error.retryable, error.message]).toEqual([retryable, `Slack answers ${name}`]);
  });

  it('takes the address of chat.postMessage for the base of the API', async () => {
    await using server = await startSlackServer();
    const config = slackConfig.parse({
      app_token: SLACK_TOKEN,
      app_url: `${server.apiUrl}chat.postMessage`,
      channel: 'C0ORDERS',
    });
    const notifier = createSlack(config, () => NOON);
    await notifier.notify(resolved, await notifier.notify(notificationOf(), ''));
    expect(server.messages).toMatchObject([{ updates: 1 }]);
  });

  it('escapes markup, and cuts before escaping', () => {
    expect(escapeMrkdwn('a & <b> "c"')).toBe('a &amp; &lt;b&gt; "c"');
    const { text, blocks } = slackMessage(monstrous);
    expect(text.length).toBeLessThan(4000);
    expect(blocksViolation(blocks)).toBeUndefined();
    expect(JSON.stringify(blocks)).toContain('and 2990 more');
  });

  it('says how long it took when it is over', () => {
    expect(JSON.stringify(slackMessage(resolved).blocks)).toContain('11:59:30 UTC, over after 1\u202fmin 30\u202fs');
  });

  it('the contract refuses what it forbids', async () => {
    expect(blocksViolation([{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }])).toBe('invalid_blocks');
    expect(blocksViolation([{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }])).toBe(
      'invalid_blocks',
    );
    expect(blocksViolation([{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3001) } }])).toBe(
      'invalid_blocks',
    );
    const long = { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(2900) } };
    expect(blocksViolation([long, long, long, long, long])).toBe('msg_blocks_too_long');
    await using server = await startSlackServer();
    const call = async (method: string, body: unknown, type = 'application/json', token = SLACK_TOKEN) => {
      const headers = { 'content-type': type, authorization: `Bearer ${token}` };
      return (await (
        await fetch(`${server.apiUrl}${method}`, { method: 'POST', headers, body: JSON.stringify(body) })
      ).json()) as object;
    };
    expect(await call('chat.update', { channel: '#orders-data', ts: '1', text: 'x' })).toEqual({
      ok: false,
      error: 'channel_not_found',
    });
    expect(await call('chat.postMessage', { channel: 'C0ORDERS' })).toEqual({ ok: false, error: 'no_text' });
    expect(await call('chat.postMessage', { channel: 'C0ORDERS', text: 'x' }, 'text/plain')).toEqual({
      ok: false,
      error: 'invalid_json',
    });
    expect(await call('chat.postMessage', { channel: 'C0ORDERS', text: 'x' }, 'application/json', 'no')).toEqual({
      ok: false,
      error: 'invalid_auth',
    });
  });
});

describe('pagerduty', () => {
  const config = pagerdutyConfig.parse({ routing_key: KEY });
  const event = (notification: Notification) =>
    JSON.parse(pagerdutyEvent(notification, config, KEY)) as Record<string, never>;

  it('opens one alert per group and closes the same one', async () => {
    await using server = await startPagerdutyServer();
    const notifier = createPagerduty(
      pagerdutyConfig.parse({ routing_key: KEY, url: `${server.url}/v2/enqueue` }),
      () => NOON,
    );
    await notifier.notify(notificationOf(), '');
    await notifier.notify(notificationOf({ reason: 'new alerts added' }), '');
    expect([...server.open.values()]).toHaveLength(1);
    expect(server.events[0]).toMatchObject({
      dedup_key: dedupKey('{}:{incident="INC-7"}'),
      payload: {
        summary: incident.title,
        source: 'warehouse-sink',
        severity: 'critical',
        group: 'orders',
        class: 'dependency_p95',
      },
      links: [{ href: 'http://weir.example/incidents/INC-7' }],
    });
    await notifier.notify(resolved, '');
    expect(server.open.size).toBe(0);
    expect(Object.keys(server.events[2] as object).sort()).toEqual(['dedup_key', 'event_action', 'routing_key']);
  });

  it.each([
    ['critical', 'critical'],
    ['warning', 'warning'],
    ['notice', 'info'],
    ['page', 'error'],
    ['', 'error'],
  ])('severity %s becomes %s', (given, expected) => {
    const alert = alertOf({ alertname: 'x', severity: given });
    expect(event(notificationOf({ alerts: [{ alert, resolvedAt: 0 }] }))['payload']).toMatchObject({
      severity: expected,
    });
  });

  it('the configured severity, class and group win', () => {
    const own = pagerdutyConfig.parse({
      routing_key: KEY,
      severity: 'info',
      class: 'c',
      group: 'g',
      component: 'k',
      details: { team: 'data' },
    });
    const body = JSON.parse(pagerdutyEvent(notificationOf(), own, KEY)) as object;
    expect(body).toMatchObject({
      payload: { severity: 'info', class: 'c', group: 'g', component: 'k', custom_details: { team: 'data' } },
    });
  });

  it('a body over 512 KiB loses its details, not its summary', () => {
    const huge = pagerdutyConfig.parse({ routing_key: KEY, details: { all: 'x'.repeat(600_000) } });
    const body = JSON.parse(pagerdutyEvent(notificationOf(), huge, KEY)) as { payload: Record<string, unknown> };
    expect(body.payload['custom_details']).toBeUndefined();
    expect(body.payload['summary']).toBe(incident.title);
  });

  it('the contract refuses what it forbids', () => {
    const good = event(notificationOf());
    expect(pagerdutyViolations(good)).toEqual([]);
    const payload = good['payload'] as unknown as object;
    const bad = [
      { routing_key: 'short' },
      { event_action: 'fire' },
      { dedup_key: 'x'.repeat(256) },
      { payload: { ...payload, summary: 'x'.repeat(1025) } },
      { payload: { ...payload, source: '' } },
      { payload: { ...payload, severity: 'notice' } },
      { event_action: 'resolve', dedup_key: undefined },
    ];
    for (const change of bad) expect(pagerdutyViolations({ ...good, ...change })).toHaveLength(1);
  });
});

describe('parseRetryAfter', () => {
  it.each([
    ['30', 30_000],
    ['0', 0],
    [new Date(NOON + 5000).toUTCString(), 5000],
    [new Date(NOON - 5000).toUTCString(), 0],
    ['99999999', 3_600_000],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s is %s ms', (header, expected) => {
    expect(parseRetryAfter(header, NOON)).toBe(expected);
  });
});

it('reasons are a closed set that the webhook contract shares', () => {
  const reasons: readonly NotificationReason[] = [
    'first notification',
    'new alerts added',
    'some alerts resolved',
    'repeat interval elapsed',
  ];
  for (const reason of reasons)
    expect(webhookViolation(webhookPayload(notificationOf({ reason }), 0) as Record<string, unknown>)).toBeUndefined();
});
