import type { Millis } from '../core/time.ts';
import type { AlertingConfig } from './config.ts';
import type { Destination } from './dispatch.ts';
import type { Notifier } from './notifier.ts';
import { createPagerduty } from './notifiers/pagerduty.ts';
import { createSlack } from './notifiers/slack.ts';
import { createWebhook } from './notifiers/webhook.ts';

/** The integrations of every receiver, by receiver name. */
export function createDestinations(config: AlertingConfig, now: () => Millis): Map<string, readonly Destination[]> {
  return new Map(
    config.receivers.map(({ name, webhook_configs, slack_configs, pagerduty_configs }) => {
      const destination = (notifier: Notifier, i: number): Destination => ({
        key: `${name}/${notifier.integration}/${i}`,
        receiver: name,
        notifier,
      });
      return [
        name,
        [
          ...webhook_configs.map((one, i) => destination(createWebhook(one, now), i)),
          ...slack_configs.map((one, i) => destination(createSlack(one, now), i)),
          ...pagerduty_configs.map((one, i) => destination(createPagerduty(one, now), i)),
        ],
      ];
    }),
  );
}
