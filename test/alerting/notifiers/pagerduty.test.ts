import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../alerting/notification.ts';
import { createPagerduty, dedupKey, pagerdutyConfig, pagerdutyEvent } from '../../../alerting/notifiers/pagerduty.ts';
import { pagerdutyViolations, startPagerdutyServer } from '../contract/pagerduty.ts';
import { NOON } from '../harness.ts';
import { alertOf, incident, notificationOf, resolved } from '../notifications.ts';

const KEY = 'a'.repeat(32);

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
