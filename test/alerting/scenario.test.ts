import { describe, expect, it } from 'vitest';
import { startWebhookServer } from './contract/webhook.ts';
import { detectorLabels, startScenario } from './harness.ts';

function webhookConfig(url: string, route: object = {}, more: object = {}) {
  return {
    route: { receiver: 'hook', ...route },
    receivers: [{ name: 'hook', webhook_configs: [{ url }] }],
    ...more,
  };
}

const lag = detectorLabels('lag_seconds', 'enrichment', { topic: 'orders', group: 'enrichment', severity: 'critical' });
const db = detectorLabels('dependency_p95', 'warehouse-sink', { dependency: 'warehouse' });

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
    for (let t = 20; t < 120; t += 10) {
      story.post(lag, { from: -20, until: t + 40 });
      await story.at(t);
    }
    expect(hook.messages).toHaveLength(1);
    story.post(lag, { from: -20, until: 118 });
    await story.at(200);
    expect(hook.messages.map((message) => message.notification_reason)).toEqual([
      'first notification',
      'all alerts resolved',
    ]);
    expect(hook.messages[1]).toMatchObject({ status: 'resolved', alerts: [{ status: 'resolved' }] });
    expect(story.engine.findIncident('INC-1')).toMatchObject({ state: 'resolved', culprit: 'enrichment' });
    expect(hook.violations).toEqual([]);
    await story.at(2000);
    expect(hook.messages).toHaveLength(2);
    expect(story.engine.dispatcher.groups()).toEqual([]);
    expect(db).toBeDefined();
  });
});
