import { describe, expect, it } from 'vitest';
import { startWebhookServer } from './contract/webhook.ts';
import { detectorLabels, keepFiring, NOON, reasons, resolve, startScenario, webhookConfig } from './harness.ts';

const lag = detectorLabels('lag_seconds', 'enrichment', { topic: 'orders', group: 'enrichment', severity: 'critical' });
const errors = detectorLabels('error_ratio', 'payments');
const slow = detectorLabels('dependency_p95', 'warehouse-sink', { dependency: 'warehouse' });
const foreign = { alertname: 'DiskFull', instance: 'db1', severity: 'critical' };

describe('a fault and its end', () => {
  it('is told once as firing with the stage at fault, and once as resolved', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    story.post(lag, { from: -20, until: 40, annotations: { value: '169', expected: '20' } });
    await story.at(9);
    expect(hook.messages).toHaveLength(0);
    await story.at(11);
    expect(hook.messages).toHaveLength(1);
    expect(hook.messages[0]).toMatchObject({
      status: 'firing',
      receiver: 'hook',
      notification_reason: 'first notification',
      groupLabels: { incident: 'INC-1' },
      incident: { id: 'INC-1', culprit: 'enrichment', title: 'enrichment is falling behind on orders' },
    });
    await keepFiring(story, 120, [lag]);
    expect(hook.messages).toHaveLength(1);
    resolve(story, lag);
    await story.at(200);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
    expect(hook.messages[1]).toMatchObject({ status: 'resolved', alerts: [{ status: 'resolved' }] });
    expect(story.engine.findIncident('INC-1')).toMatchObject({ state: 'resolved', culprit: 'enrichment' });
    expect(hook.violations).toEqual([]);
    await story.at(2000);
    expect(hook.messages).toHaveLength(2);
    expect(story.engine.dispatcher.groups()).toEqual([]);
    expect(story.engine.liveAlerts()).toEqual([]);
  });

  it('that is over within group_wait is told to nobody', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    story.post(lag, { from: 0, until: 40 });
    await story.at(5);
    resolve(story, lag);
    await story.at(300);
    expect(hook.messages).toEqual([]);
    expect(story.engine.findIncident('INC-1')).toMatchObject({ state: 'resolved' });
  });

  it('of several alerts is one notification after group_wait', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    story.post(lag, { from: 0, until: 40, annotations: { value: '42', expected: '1' } });
    await story.at(5);
    story.post(slow, { from: 2, until: 45, annotations: { value: '0.312', expected: '0.02' } });
    await story.at(12);
    expect(hook.messages).toHaveLength(1);
    expect(hook.messages[0]?.alerts).toHaveLength(2);
    expect(hook.messages[0]?.incident?.title).toBe(
      'warehouse-sink waits for warehouse (p95 312\u202fms instead of 20\u202fms)',
    );
  });

  it('that spreads is told again at group_interval, not before', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await keepFiring(story, 20, [lag]);
    await keepFiring(story, 60, [lag], [errors]);
    expect(reasons(hook)).toEqual(['first notification']);
    await keepFiring(story, 80, [lag], [errors]);
    expect(reasons(hook)).toEqual(['first notification', 'new alerts added']);
    resolve(story, errors);
    await keepFiring(story, 150, [lag]);
    expect(reasons(hook)).toEqual(['first notification', 'new alerts added', 'some alerts resolved']);
    expect(hook.messages[2]).toMatchObject({
      status: 'firing',
      alerts: [{ status: 'firing' }, { status: 'resolved' }],
    });
  });
});

describe('repeat_interval', () => {
  it('tells again on the first flush after it has passed', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url, { repeat_interval: '5m' }));
    await keepFiring(story, 300, [lag]);
    expect(reasons(hook)).toEqual(['first notification']);
    await keepFiring(story, 380, [lag]);
    expect(reasons(hook)).toEqual(['first notification', 'repeat interval elapsed']);
  });

  it('is quiet for an acknowledged incident, whose news and end are still told', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url, { repeat_interval: '2m' }));
    await keepFiring(story, 30, [lag]);
    story.engine.acknowledge('INC-1', 'ines');
    await keepFiring(story, 400, [lag]);
    expect(reasons(hook)).toEqual(['first notification']);
    resolve(story, lag);
    await story.at(500);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
  });
});

describe('foreign senders', () => {
  it('resolve by expiry when they fall silent', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await story.at(100);
    await keepFiring(story, 150, [foreign]);
    expect(reasons(hook)).toEqual(['first notification']);
    await story.at(300);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
  });

  it('without endsAt fire on for resolve_timeout', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url, {}, { global: { resolve_timeout: '3m' } }));
    await story.at(100);
    story.post(foreign);
    await story.at(270);
    expect(story.engine.liveAlerts()).toHaveLength(1);
    await story.at(400);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
  });

  it('are told at once when their alert is older than group_wait', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url, { group_wait: '2m' }));
    story.post(foreign, { from: -300, until: 100 });
    await story.at(1);
    expect(hook.messages).toHaveLength(1);
  });
});

describe('a detector that falls silent', () => {
  it('leaves its alerts stale, raises detector_silent, and resolves nothing', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await keepFiring(story, 60, [lag]);
    await story.at(600);
    const stale = story.engine.liveAlerts().find((alert) => alert.labels['alertname'] === 'lag_seconds');
    expect(stale && story.engine.stateOf(stale)).toBe('stale');
    expect(reasons(hook)).toEqual(['first notification', 'first notification']);
    expect(hook.messages[1]?.alerts[0]?.labels).toMatchObject({ alertname: 'detector_silent', severity: 'warning' });
    expect(hook.messages[1]?.incident).toMatchObject({ culprit: 'detector' });
    expect(story.engine.findIncident('INC-1')?.state).toBe('open');
  });

  it('is heard again: detector_silent ends and the alert lives on', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await keepFiring(story, 60, [lag]);
    await story.at(300);
    await keepFiring(story, 420, [lag]);
    const names = hook.messages.map((message) => [message.notification_reason, message.alerts[0]?.labels['alertname']]);
    expect(names).toEqual([
      ['first notification', 'lag_seconds'],
      ['first notification', 'detector_silent'],
      ['all alerts resolved', 'detector_silent'],
    ]);
    resolve(story, lag);
    await story.at(500);
    expect(hook.messages).toHaveLength(4);
    expect(hook.messages[3]).toMatchObject({ status: 'resolved', alerts: [{ labels: { alertname: 'lag_seconds' } }] });
  });

  it('is known to live from an empty batch', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await keepFiring(story, 20, [lag]);
    for (let t = 30; t < 300; t += 10) {
      await story.at(t);
      story.engine.post([], 'weir-detector');
    }
    expect(story.engine.liveAlerts().map((alert) => alert.labels['alertname'])).toEqual(['lag_seconds']);
  });
});

describe('grouping', () => {
  it('by incident keeps two pipelines apart', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    const other = { ...errors, pipeline: 'returns' };
    await keepFiring(story, 30, [lag], [other]);
    expect(hook.messages.map((message) => message.groupLabels['incident']).sort()).toEqual(['INC-1', 'INC-2']);
  });

  it('by labels works as in Alertmanager, and ... makes a group of every label set', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(
      webhookConfig(hook.url, {
        group_by: ['severity'],
        routes: [{ matchers: ['pipeline="returns"'], group_by: ['...'] }],
      }),
    );
    await keepFiring(
      story,
      30,
      [lag],
      [errors],
      [slow],
      [{ ...errors, pipeline: 'returns' }],
      [{ ...slow, pipeline: 'returns' }],
    );
    const groups = hook.messages.map((message) => [message.groupLabels['severity'], message.alerts.length]);
    expect(groups.sort()).toEqual([
      ['critical', 1],
      ['warning', 1],
      ['warning', 1],
      ['warning', 2],
    ]);
  });

  it('with continue tells every receiver, each by its own log', async () => {
    await using first = await startWebhookServer();
    await using second = await startWebhookServer();
    await using story = startScenario({
      route: {
        receiver: 'one',
        routes: [{ matchers: ['severity="critical"'], receiver: 'two', continue: true }, { receiver: 'one' }],
      },
      receivers: [
        { name: 'one', webhook_configs: [{ url: first.url }] },
        { name: 'two', webhook_configs: [{ url: second.url, send_resolved: false }] },
      ],
    });
    await keepFiring(story, 40, [lag]);
    resolve(story, lag);
    await story.at(200);
    expect(reasons(first)).toEqual(['first notification', 'all alerts resolved']);
    expect(reasons(second)).toEqual(['first notification']);
    await keepFiring(story, 260, [lag]);
    expect(reasons(second)).toEqual(['first notification', 'first notification']);
  });
});

describe('delivery', () => {
  it('is retried with back-off until it works, and told once', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    hook.script.push({ status: 503, body: 'later' }, 'drop', { status: 500, body: '' });
    await keepFiring(story, 30, [lag]);
    expect(hook.messages).toHaveLength(1);
    const ledger = story.engine.deliveriesOf('INC-1', 10).map((row) => [row.status, row.attempts]);
    expect(ledger).toEqual([
      ['delivered', 4],
      ['retrying', 3],
      ['retrying', 2],
      ['retrying', 1],
    ]);
    const kinds = story.engine.findIncident('INC-1')?.timeline.map((entry) => entry.kind);
    expect(kinds).toEqual(['opened', 'alert_firing', 'notification_failed', 'notified']);
  });

  it('waits as long as Retry-After asks', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    hook.script.push({ status: 429, body: '', headers: { 'retry-after': '25' } });
    await keepFiring(story, 33, [lag]);
    expect(hook.requests).toHaveLength(1);
    await keepFiring(story, 40, [lag]);
    expect(hook.messages).toHaveLength(1);
  });

  it('refused for good is tried anew at group_interval with what is true then', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    hook.script.push({ status: 404, body: 'gone' });
    await keepFiring(story, 60, [lag]);
    expect(hook.requests).toHaveLength(1);
    await keepFiring(story, 80, [lag], [errors]);
    expect(hook.messages).toHaveLength(1);
    expect(hook.messages[0]).toMatchObject({ notification_reason: 'first notification', alerts: [{}, {}] });
  });

  it('that succeeds only after the alert is over is followed by the resolve', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    hook.script.push(...Array.from({ length: 100 }, () => ({ status: 503, body: '' })));
    await keepFiring(story, 30, [lag]);
    resolve(story, lag);
    await story.at(34);
    hook.script.length = 0;
    await story.at(200);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
  });

  it('that never succeeds while the alert fires is withdrawn when it is over', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    hook.script.push(...Array.from({ length: 100 }, () => ({ status: 503, body: '' })));
    await keepFiring(story, 30, [lag]);
    resolve(story, lag);
    await story.at(75);
    const tried = hook.requests.length;
    hook.script.length = 0;
    await story.at(400);
    expect(hook.requests).toHaveLength(tried);
    expect(hook.messages).toEqual([]);
    expect(story.engine.dispatcher.groups()).toEqual([]);
  });

  it('of a resolve is not given up when the receiver is down for an hour', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await keepFiring(story, 30, [lag]);
    resolve(story, lag);
    hook.script.push(...Array.from({ length: 200 }, () => ({ status: 503, body: '' })));
    await story.at(3600);
    expect(reasons(hook)).toEqual(['first notification']);
    hook.script.length = 0;
    await story.at(3800);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
  });
});

describe('an alert storm', () => {
  it('of 1000 alerts in one pipeline is one incident, one notification, and no stall', async () => {
    const started = Date.now();
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    const storm = Array.from({ length: 1000 }, (_, i) => detectorLabels('lag', `stage-${i}`));
    const iso = (seconds: number) => new Date(NOON + seconds * 1000).toISOString();
    const post = (until: number) =>
      story.engine.post(storm.map((labels) => ({ labels, startsAt: iso(0), endsAt: iso(until) })));
    post(600);
    await story.at(12);
    post(600);
    await story.at(14);
    post(14);
    await story.at(80);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
    expect(hook.messages[0]?.alerts).toHaveLength(1000);
    expect(story.engine.listIncidents(['open', 'resolved'], 10)).toHaveLength(1);
    // Generous, for a busy machine; work that grows with the square of the alerts takes minutes.
    expect(Date.now() - started).toBeLessThan(50_000);
  }, 60_000);
});
