import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alertingConfig } from '../../alerting/config.ts';
import { createAlerting } from '../../alerting/main.ts';
import type { Incident } from '../../core/incident.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { readAlertHistory, readIncidents, readNotifications } from '../../store/queries/incidents.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startWebhookServer } from './contract/webhook.ts';
import { detectorLabels, startScenario } from './harness.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-alerting-main-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function until(condition: () => Promise<boolean> | boolean, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const lag = detectorLabels('lag_seconds', 'enrichment', { topic: 'orders', severity: 'critical' });

function alerting(more: object = {}, extra: object = {}) {
  const telemetry = silentTelemetry();
  const config = alertingConfig.parse({ listen: { port: 0 }, ...more });
  return { telemetry, service: createAlerting({ config, dataDir: dir, telemetry, ...extra }) };
}

async function post(url: string, endsIn: number): Promise<void> {
  const alert = {
    labels: lag,
    annotations: { value: '90', expected: '2' },
    endsAt: new Date(Date.now() + endsIn).toISOString(),
  };
  const body = JSON.stringify([alert]);
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(response.status).toBe(200);
}

describe('createAlerting', () => {
  it('runs by its own clock: an alert in, a notification and an incident out', async () => {
    await using hook = await startWebhookServer();
    const route = { receiver: 'hook', group_wait: '100ms', group_interval: '1s' };
    const { service, telemetry } = alerting({
      route,
      receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url }] }],
    });
    expect(service.health()).toMatchObject({ ready: false });
    await service.start();
    await service.start();
    expect(service.health()).toEqual({ ready: true });
    await post(service.url(), 60_000);
    await until(() => hook.messages.length === 1);
    expect(hook.messages[0]?.incident).toMatchObject({
      culprit: 'enrichment',
      title: 'enrichment is falling behind on orders',
    });
    const incidents = (await (await fetch(`${service.url()}/api/incidents`)).json()) as Incident[];
    expect(incidents).toMatchObject([{ id: 'INC-1', state: 'open' }]);
    await post(service.url(), 0);
    await until(() => hook.messages.length === 2);
    expect(hook.messages[1]?.status).toBe('resolved');
    const metrics = await telemetry.registry.metrics();
    expect(metrics).toContain('weir_alerting_notifications_total{integration="webhook",status="delivered"} 2');
    expect(metrics).toContain('weir_alerting_alerts_received_total{status="firing"} 1');
    expect(metrics).toContain('weir_alerting_incidents{state="open"}');
    await service.stop();
    await service.stop();
    expect(service.health().ready).toBe(false);
    // Others who share the registry are not disturbed by what is gone.
    expect(await telemetry.registry.metrics()).not.toContain('weir_alerting');
    await expect(fetch(`${service.url()}/healthz`)).rejects.toThrow();
  });

  it('stop is safe without start', async () => {
    await alerting().service.stop();
  });

  it('stop gives an attempt under way time to finish, and a slow one only so much', async () => {
    await using hook = await startWebhookServer();
    const route = { receiver: 'hook', group_wait: '1ms' };
    const { service } = alerting({
      route,
      receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url, timeout: '1m' }] }],
    });
    hook.script.push('hang');
    await service.start();
    await post(service.url(), 60_000);
    await until(() => hook.requests.length === 1);
    const started = Date.now();
    await service.stop();
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('refuses to listen off loopback without a token, and says what to do', async () => {
    const { service } = alerting({ listen: { host: '0.0.0.0', port: 0 } });
    await expect(service.start()).rejects.toThrow(
      /alerting\.listen would listen on 0\.0\.0\.0 without a token.*Set alerting\.listen\.token/,
    );
  });

  it('lets go of its database when the port is taken', async () => {
    const first = alerting().service;
    await first.start();
    const port = Number(new URL(first.url()).port);
    const other = mkdtempSync(join(tmpdir(), 'weir-alerting-main-'));
    const config = alertingConfig.parse({ listen: { port } });
    const second = createAlerting({ config, dataDir: other, telemetry: silentTelemetry() });
    await expect(second.start()).rejects.toThrow(/EADDRINUSE/);
    await first.stop();
    await second.start();
    expect(second.url()).toBe(`http://127.0.0.1:${port}`);
    await second.stop();
    rmSync(other, { recursive: true });
  });
});

describe('with a store', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await startTestStore();
  });
  afterAll(() => test?.stop());

  it('mirrors incidents, notifications and changes of alerts for history', async () => {
    await using hook = await startWebhookServer();
    const { store } = test;
    const route = { receiver: 'hook', group_wait: '1ms', group_interval: '1s' };
    const incidents = { resolve_hold: '1s' };
    const { service } = alerting(
      { route, incidents, receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url }] }] },
      { store },
    );
    await service.start();
    await post(service.url(), 60_000);
    await until(() => hook.messages.length === 1);
    await post(service.url(), 0);
    await until(async () => (await readIncidents(store))[0]?.state === 'resolved');
    await until(async () => (await readNotifications(store, { incidentId: 'INC-1' })).length === 2);
    const notifications = await readNotifications(store, { incidentId: 'INC-1' });
    expect(notifications.map((row) => [row.reason, row.status, row.receiver]).sort()).toEqual([
      ['all alerts resolved', 'delivered', 'hook'],
      ['first notification', 'delivered', 'hook'],
    ]);
    const history = await readAlertHistory(store, { from: 0, to: Date.now() + 60_000 });
    expect(history.map((row) => row.state)).toEqual(['firing', 'resolved']);
    expect(history[0]).toMatchObject({
      labels: lag,
      context: { incident: 'INC-1', pipeline: 'orders', stage: 'enrichment' },
    });
    await service.stop();
  });
});

describe('the mirror', () => {
  it('never holds up alerting, keeps order, and loses nothing while the store is down', async () => {
    await using hook = await startWebhookServer();
    let down = true;
    const seen: string[] = [];
    const note = async (kind: string, rows: readonly unknown[]): Promise<void> => {
      if (down) throw new Error('the store is down');
      for (const _ of rows) seen.push(kind);
    };
    let last: Incident | undefined;
    const history = {
      writeIncidents: async (incidents: readonly Incident[]) => {
        await note('incident', incidents);
        last = incidents.at(-1);
      },
      writeNotifications: (rows: readonly unknown[]) => note('notification', rows),
      writeAlertHistory: (rows: readonly unknown[]) => note('history', rows),
    };
    const config = { route: { receiver: 'hook' }, receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url }] }] };
    await using story = startScenario(config, { history });
    story.post(lag, { from: 0, until: 100_000 });
    await story.at(30);
    story.post(lag, { from: 0, until: 30 });
    await story.at(200);
    expect(hook.messages).toHaveLength(2);
    expect(seen).toEqual([]);
    await story.restart();
    down = false;
    await story.at(300);
    // Of an incident only its newest state is worth a row.
    expect(seen.sort()).toEqual(['history', 'history', 'incident', 'notification', 'notification']);
    expect(last).toMatchObject({ id: 'INC-1', state: 'resolved' });
    await story.at(400);
    expect(seen).toHaveLength(5);
  });
});
