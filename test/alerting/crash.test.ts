import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPagerdutyServer } from './contract/pagerduty.ts';
import { SLACK_TOKEN, startSlackServer } from './contract/slack.ts';
import { startWebhookServer } from './contract/webhook.ts';
import { detectorLabels, startScenario } from './harness.ts';

let dir: string;
let hook: Awaited<ReturnType<typeof startWebhookServer>>;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weir-alerting-crash-'));
  hook = await startWebhookServer();
});
afterEach(async () => {
  for (const child of children) await kill(child);
  await hook[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

async function startChild(): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), dir, hook.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { url: chunk.toString().trim(), child };
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function post(url: string, labels: Record<string, string>, endsIn: number): Promise<void> {
  const endsAt = new Date(Date.now() + endsIn).toISOString();
  const startsAt = new Date(Date.now() - 5000).toISOString();
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels, startsAt, endsAt }]),
  });
  expect(response.status).toBe(200);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 45_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in time; told: ${JSON.stringify(told())}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const told = () => hook.messages.map((message) => message.notification_reason);
const lag = detectorLabels('lag_seconds', 'enrichment', { topic: 'orders' });

describe('kill -9', () => {
  it('neither tells a firing alert twice nor loses its resolve', async () => {
    const first = await startChild();
    await post(first.url, lag, 60_000);
    await until(() => told().length === 1);
    // The delivery is written to the log just after the receiver has answered, then to the ledger.
    await until(async () => ((await (await fetch(`${first.url}/api/notifications`)).json()) as object[]).length === 1);
    await kill(first.child);

    const second = await startChild();
    await post(second.url, lag, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(told()).toEqual(['first notification']);
    // Answered with 200 and killed at once: the resolve is on disk, and nobody was told yet.
    await post(second.url, lag, 0);
    await kill(second.child);
    expect(told()).toEqual(['first notification']);

    const third = await startChild();
    await until(() => told().length === 2);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(told()).toEqual(['first notification', 'all alerts resolved']);
    const incidents = (await (await fetch(`${third.url}/api/incidents`)).json()) as { id: string; state: string }[];
    expect(incidents).toMatchObject([{ id: 'INC-1', culprit: 'enrichment' }]);
  }, 120_000);

  it('at any moment loses no accepted alert and no accepted silence', async () => {
    const silences: string[] = [];
    for (let round = 0; round < 3; round++) {
      const { url, child } = await startChild();
      const response = await fetch(`${url}/api/v2/silences`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          matchers: [{ name: 'round', value: `x${round}`, isRegex: false }],
          startsAt: new Date().toISOString(),
          endsAt: new Date(Date.now() + 3_600_000).toISOString(),
          createdBy: 'test',
          comment: '',
        }),
      });
      silences.push(((await response.json()) as { silenceID: string }).silenceID);
      await post(url, { ...lag, round: String(round) }, 3_600_000);
      await new Promise((resolve) => setTimeout(resolve, round * 150));
      await kill(child);
    }
    const { url } = await startChild();
    const alerts = (await (await fetch(`${url}/api/v2/alerts`)).json()) as { labels: Record<string, string> }[];
    expect(alerts.map((alert) => alert.labels['round']).sort()).toEqual(['0', '1', '2']);
    const kept = (await (await fetch(`${url}/api/v2/silences`)).json()) as { id: string }[];
    expect(kept.map((silence) => silence.id).sort()).toEqual([...silences].sort());
    const rounds = () =>
      new Set(hook.messages.flatMap((message) => message.alerts.map((alert) => alert.labels['round'])));
    await until(() => rounds().size === 3);
    expect(hook.violations).toEqual([]);
  }, 120_000);
});

describe('a restart', () => {
  function config(url: string, route: object = {}) {
    return { route: { receiver: 'hook', ...route }, receivers: [{ name: 'hook', webhook_configs: [{ url }] }] };
  }

  it('keeps the time of repeat_interval', async () => {
    await using story = startScenario(config(hook.url, { repeat_interval: '5m' }));
    const endsLate = { from: 0, until: 10_000 };
    story.post(lag, endsLate);
    await story.at(20);
    story.skip(200);
    await story.restart();
    await story.at(290);
    expect(told()).toEqual(['first notification']);
    await story.at(400);
    expect(told()).toEqual(['first notification', 'repeat interval elapsed']);
  });

  it('gives foreign senders a minute to repeat what expired meanwhile', async () => {
    const disk = { alertname: 'DiskFull', instance: 'db1' };
    await using story = startScenario(config(hook.url));
    story.post(disk, { from: 0, until: 60 });
    await story.at(20);
    story.skip(600);
    await story.restart();
    await story.at(630);
    story.post(disk, { from: 0, until: 720 });
    await story.at(700);
    expect(told()).toEqual(['first notification']);
    await story.at(900);
    expect(told()).toEqual(['first notification', 'all alerts resolved']);
  });

  it('sends the resolve of an alert whose route has gone from the configuration', async () => {
    await using before = startScenario(
      config(hook.url, { routes: [{ matchers: ['stage="enrichment"'], group_by: ['stage'] }] }),
    );
    before.post(lag, { from: 0, until: 10_000 });
    await before.at(20);
    await before.engine.close();
    await using after = startScenario(config(hook.url), { dir: before.dir, from: 60 });
    await after.at(200);
    expect(hook.messages.map((message) => [message.notification_reason, Object.keys(message.groupLabels)])).toEqual([
      ['first notification', ['stage']],
      ['all alerts resolved', ['stage']],
      ['first notification', ['incident']],
    ]);
  });

  it('goes on counting incidents and can reopen one within the window', async () => {
    await using story = startScenario(config(hook.url));
    story.post(lag, { from: 0, until: 10_000 });
    await story.at(20);
    story.post(lag, { from: 0, until: 20 });
    await story.at(100);
    expect(story.engine.findIncident('INC-1')?.state).toBe('resolved');
    await story.restart();
    story.post(lag, { from: 110, until: 10_000 });
    await story.at(130);
    expect(story.engine.findIncident('INC-1')).toMatchObject({ state: 'open' });
    expect(story.engine.findIncident('INC-1')?.timeline.map((entry) => entry.kind)).toContain('reopened');
    story.post(detectorLabels('lag', 'sorting', { pipeline: 'returns' }), { from: 120, until: 10_000 });
    await story.at(140);
    expect(story.engine.listIncidents(['open'], 10).map((incident) => incident.id)).toEqual(['INC-2', 'INC-1']);
  });

  it('finds a group again whose label values look like the end of a key', async () => {
    const odd = { ...lag, stage: 'a:{b="c"}:{}' };
    await using story = startScenario(config(hook.url, { group_by: ['stage'], repeat_interval: '2m' }));
    story.post(odd, { from: 0, until: 10_000 });
    await story.at(20);
    await story.restart();
    await story.at(100);
    expect(told()).toEqual(['first notification']);
    await story.at(200);
    expect(told()).toEqual(['first notification', 'repeat interval elapsed']);
  });

  it('goes on with the Slack message that follows the incident, and with the PagerDuty alert', async () => {
    await using slack = await startSlackServer();
    await using pagerduty = await startPagerdutyServer();
    await using story = startScenario({
      global: {
        slack_app_token: SLACK_TOKEN,
        slack_app_url: slack.apiUrl,
        pagerduty_url: `${pagerduty.url}/v2/enqueue`,
      },
      route: { receiver: 'team' },
      receivers: [
        {
          name: 'team',
          slack_configs: [{ channel: '#orders-data' }],
          pagerduty_configs: [{ routing_key: 'k'.repeat(32) }],
        },
      ],
    });
    story.post(lag, { from: 0, until: 10_000, annotations: { value: '90', expected: '2' } });
    await story.at(20);
    expect(slack.messages).toMatchObject([{ text: '*Firing:* enrichment is falling behind on orders', updates: 0 }]);
    expect([...pagerduty.open.values()]).toMatchObject([{ payload: { source: 'enrichment', severity: 'warning' } }]);
    await story.restart();
    story.post(detectorLabels('error_ratio', 'payments'), {
      from: 20,
      until: 10_000,
      annotations: { value: '0.31', expected: '0' },
    });
    await story.at(100);
    expect(slack.messages).toMatchObject([{ text: '*Firing:* payments fails 31\u202f% of its work', updates: 1 }]);
    await story.restart();
    story.post(lag, { from: 0, until: 100 });
    story.post(detectorLabels('error_ratio', 'payments'), { from: 20, until: 100 });
    await story.at(250);
    expect(slack.messages).toMatchObject([{ text: '*Resolved:* payments fails 31\u202f% of its work', updates: 2 }]);
    expect(pagerduty.open.size).toBe(0);
    expect([...slack.violations, ...pagerduty.violations]).toEqual([]);
  });

  it('a second process on the same folder is refused with a sentence', async () => {
    await using story = startScenario(config(hook.url));
    expect(() => startScenario(config(hook.url), { dir: story.dir })).toThrow(
      /cannot be used: another process has it open/,
    );
  });
});
