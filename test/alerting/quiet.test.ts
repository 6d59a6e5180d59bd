import { describe, expect, it } from 'vitest';
import { startWebhookServer } from './contract/webhook.ts';
import { detectorLabels, keepFiring, NOON, reasons, resolve, startScenario, webhookConfig } from './harness.ts';

const lag = detectorLabels('lag_seconds', 'enrichment', { topic: 'orders', group: 'enrichment', severity: 'critical' });
const errors = detectorLabels('error_ratio', 'payments');
const slow = detectorLabels('dependency_p95', 'warehouse-sink', { dependency: 'warehouse' });

describe('what keeps quiet', () => {
  it('a silence: nothing is told while it lasts, and the alert is told when it ends', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    story.engine.silences.set({
      matchers: [{ name: 'stage', value: 'enrichment', isRegex: false, isEqual: true }],
      startsAt: NOON,
      endsAt: NOON + 100_000,
      createdBy: 'ines',
      comment: 'known',
    });
    await keepFiring(story, 90, [lag], [errors]);
    expect(hook.messages.map((message) => message.alerts.map((alert) => alert.labels['stage']))).toEqual([
      ['payments'],
    ]);
    await keepFiring(story, 200, [lag], [errors]);
    expect(reasons(hook)).toEqual(['first notification', 'new alerts added']);
  });

  it('a silence set after the first word: the end is told all the same', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await keepFiring(story, 30, [lag]);
    story.engine.silences.set({
      matchers: [{ name: 'pipeline', value: 'ord.*', isRegex: true, isEqual: true }],
      startsAt: story.now(),
      endsAt: story.now() + 3_600_000,
      createdBy: 'ines',
      comment: '',
    });
    await keepFiring(story, 100, [lag], [errors]);
    resolve(story, lag);
    resolve(story, errors);
    await story.at(300);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
    expect(hook.messages[1]?.alerts.map((alert) => alert.labels['stage'])).toEqual(['enrichment']);
  });

  it('does not claim that all is resolved while a told alert is only muted', async () => {
    await using hook = await startWebhookServer();
    await using story = startScenario(webhookConfig(hook.url));
    await keepFiring(story, 30, [lag], [errors]);
    story.engine.silences.set({
      matchers: [{ name: 'stage', value: 'enrichment', isRegex: false, isEqual: true }],
      startsAt: story.now(),
      endsAt: story.now() + 3_600_000,
      createdBy: 'ines',
      comment: '',
    });
    resolve(story, errors);
    await keepFiring(story, 200, [lag]);
    expect(reasons(hook)).toEqual(['first notification']);
    resolve(story, lag);
    await story.at(300);
    expect(reasons(hook)).toEqual(['first notification', 'all alerts resolved']);
    expect(hook.messages[1]?.alerts).toHaveLength(2);
  });

  it('a mute time interval of a route', async () => {
    await using hook = await startWebhookServer();
    const lunch = { name: 'lunch', time_intervals: [{ times: [{ start_time: '12:00', end_time: '12:05' }] }] };
    await using story = startScenario(
      webhookConfig(
        hook.url,
        { routes: [{ matchers: ['stage="enrichment"'], mute_time_intervals: ['lunch'] }] },
        { time_intervals: [lunch] },
      ),
    );
    await keepFiring(story, 290, [lag], [errors]);
    expect(hook.messages.map((message) => message.alerts[0]?.labels['stage'])).toEqual(['payments']);
    await keepFiring(story, 370, [lag], [errors]);
    expect(hook.messages.map((message) => message.alerts[0]?.labels['stage'])).toEqual(['payments', 'enrichment']);
  });

  it('an active time interval of a route, by the wall clock of its zone', async () => {
    await using hook = await startWebhookServer();
    const office = {
      name: 'office',
      time_intervals: [
        {
          times: [{ start_time: '07:05', end_time: '18:00' }],
          weekdays: ['monday:friday'],
          location: 'America/New_York',
        },
      ],
    };
    await using story = startScenario(
      webhookConfig(
        hook.url,
        { routes: [{ matchers: ['severity="critical"'], active_time_intervals: ['office'] }] },
        { time_intervals: [office], business_hours: 'office' },
      ),
    );
    await keepFiring(story, 290, [lag]);
    expect(hook.messages).toEqual([]);
    expect(story.engine.liveAlerts()[0]?.context).toMatchObject({
      business_hours: 'false',
      pipeline: 'orders',
      stage: 'enrichment',
    });
    await keepFiring(story, 380, [lag]);
    expect(reasons(hook)).toEqual(['first notification']);
    expect(story.engine.liveAlerts()[0]?.context).toMatchObject({ business_hours: 'true' });
  });

  it('an inhibiting alert, which need not be told itself', async () => {
    await using hook = await startWebhookServer();
    const rule = {
      source_matchers: ['signal="dependency_p95"'],
      target_matchers: ['signal=~"lag.*"'],
      equal: ['pipeline'],
    };
    await using story = startScenario(webhookConfig(hook.url, {}, { inhibit_rules: [rule] }));
    await keepFiring(story, 90, [lag], [slow]);
    expect(hook.messages.map((message) => message.alerts.map((alert) => alert.labels['signal']))).toEqual([
      ['dependency_p95'],
    ]);
    resolve(story, slow);
    await keepFiring(story, 160, [lag]);
    expect(hook.messages[1]?.alerts.map((alert) => [alert.labels['signal'], alert.status])).toEqual([
      ['lag_seconds', 'firing'],
      ['dependency_p95', 'resolved'],
    ]);
  });

  it('planned work: no incident and no word until it is over, and only then', async () => {
    await using hook = await startWebhookServer();
    const work = {
      matchers: ['pipeline="orders"'],
      starts_at: '2026-11-17T12:00:00Z',
      ends_at: '2026-11-17T12:02:00Z',
      comment: 'broker upgrade',
    };
    await using story = startScenario(webhookConfig(hook.url, {}, { maintenance: [work] }));
    await keepFiring(story, 110, [lag]);
    expect(hook.messages).toEqual([]);
    expect(story.engine.liveAlerts()[0]?.context['maintenance']).toBe('broker upgrade');
    expect(story.engine.listIncidents(['open'], 10)).toEqual([]);
    await keepFiring(story, 200, [lag]);
    expect(reasons(hook)).toEqual(['first notification']);
    expect(hook.messages[0]?.groupLabels).toEqual({ incident: 'INC-1' });
  });
});
