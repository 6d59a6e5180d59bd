import { z } from 'zod';
import { listenConfig } from '../core/listen.ts';
import { maintenanceConfig, ownerConfig } from './context.ts';
import { positiveDuration } from './duration.ts';
import { inhibitRuleConfig } from './inhibit.ts';
import { namedIntervalConfig } from './intervals.ts';
import { pagerdutyConfig } from './notifiers/pagerduty.ts';
import { slackConfig } from './notifiers/slack.ts';
import { webhookConfig } from './notifiers/webhook.ts';
import { ROUTE_DEFAULTS, type RouteConfig, routeConfig } from './route.ts';

const globalConfig = z
  .strictObject({
    /** How long an alert posted without `endsAt` fires on. */
    resolve_timeout: positiveDuration('5m'),
    slack_api_url: z.url({ protocol: /^https?$/ }).optional(),
    slack_api_url_file: z.string().optional(),
    slack_app_token: z.string().optional(),
    slack_app_token_file: z.string().optional(),
    slack_app_url: z.url({ protocol: /^https?$/ }).optional(),
    pagerduty_url: z.url({ protocol: /^https?$/ }).optional(),
  })
  .refine(
    (one) =>
      [one.slack_api_url, one.slack_api_url_file, one.slack_app_token, one.slack_app_token_file].filter(
        (given) => given !== undefined,
      ).length <= 1,
    { message: 'takes only one of slack_api_url, slack_api_url_file, slack_app_token and slack_app_token_file' },
  );
type GlobalConfig = z.infer<typeof globalConfig>;

const receiverConfig = z.strictObject({
  name: z.string().min(1),
  webhook_configs: z.array(webhookConfig).default([]),
  slack_configs: z.array(slackConfig).default([]),
  pagerduty_configs: z.array(pagerdutyConfig).default([]),
});
export type ReceiverConfig = z.infer<typeof receiverConfig>;

const incidentsConfig = z.strictObject({
  /** Alerts of a pipeline within this time of each other are one incident; so long it can reopen. */
  window: positiveDuration('10m'),
  /** How long all alerts must be resolved before the incident is. */
  resolve_hold: positiveDuration('30s'),
  /** Alerts that began within this of the first one can name the culprit. */
  onset: positiveDuration('60s'),
});

/** A file with YAML aliases can refer to itself; such a tree has no end and no meaning. */
function hasCycle(value: unknown, above: readonly object[] = []): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.includes(value)) return true;
  return Object.values(value).some((inner) => hasCycle(inner, [...above, value]));
}

function withGlobals(receiver: ReceiverConfig, global: GlobalConfig): ReceiverConfig {
  return {
    ...receiver,
    slack_configs: receiver.slack_configs.map((one) => {
      const own = one.api_url ?? one.api_url_file ?? one.app_token ?? one.app_token_file;
      const app_url = one.app_url ?? global.slack_app_url;
      if (own !== undefined) return { ...one, app_url };
      return {
        ...one,
        app_url,
        api_url: global.slack_api_url,
        api_url_file: global.slack_api_url_file,
        app_token: global.slack_app_token,
        app_token_file: global.slack_app_token_file,
      };
    }),
    pagerduty_configs: receiver.pagerduty_configs.map((one) => ({ ...one, url: one.url ?? global.pagerduty_url })),
  };
}

const shape = z
  .strictObject({
    listen: listenConfig(9093).prefault({}),
    /** Address of the user interface, for links in messages. */
    external_url: z
      .url({ protocol: /^https?$/ })
      .default('http://127.0.0.1:8080')
      .transform((url) => url.replace(/\/+$/, '')),
    global: globalConfig.prefault({}),
    route: routeConfig.default({
      matchers: [],
      continue: false,
      mute_time_intervals: [],
      active_time_intervals: [],
      routes: [],
    }),
    receivers: z.array(receiverConfig).default([]),
    time_intervals: z.array(namedIntervalConfig).default([]),
    inhibit_rules: z.array(inhibitRuleConfig).default([]),
    incidents: incidentsConfig.prefault({}),
    maintenance: z.array(maintenanceConfig).default([]),
    owners: z.array(ownerConfig).default([]),
    /** Name of the time interval that is business time; alerts then carry `business_hours` in their context. */
    business_hours: z.string().optional(),
  })
  .superRefine((config, context) => {
    const report = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    const receivers = new Set<string>([ROUTE_DEFAULTS.receiver]);
    const seen = new Set<string>();
    config.receivers.forEach((receiver, i) => {
      if (seen.has(receiver.name)) report(['receivers', i, 'name'], `"${receiver.name}" is defined twice`);
      seen.add(receiver.name);
      receivers.add(receiver.name);
      withGlobals(receiver, config.global).slack_configs.forEach((one, j) => {
        const path = ['receivers', i, 'slack_configs', j];
        const token = one.app_token ?? one.app_token_file;
        if (token === undefined && (one.api_url ?? one.api_url_file) === undefined) {
          report(path, 'needs api_url, api_url_file, app_token or app_token_file, here or in global');
        }
        if (token !== undefined && one.channel === undefined)
          report([...path, 'channel'], 'is needed with a bot token');
      });
    });
    const intervals = new Set<string>();
    config.time_intervals.forEach((interval, i) => {
      if (intervals.has(interval.name)) report(['time_intervals', i, 'name'], `"${interval.name}" is defined twice`);
      intervals.add(interval.name);
    });
    const known = (name: string | undefined, path: (string | number)[]) => {
      if (name !== undefined && !intervals.has(name)) report(path, `no time interval is named "${name}"`);
    };
    const visit = (route: RouteConfig, path: (string | number)[]) => {
      if (route.receiver !== undefined && !receivers.has(route.receiver)) {
        report([...path, 'receiver'], `no receiver is named "${route.receiver}"; known: ${[...receivers].join(', ')}`);
      }
      route.mute_time_intervals.forEach((name, i) => void known(name, [...path, 'mute_time_intervals', i]));
      route.active_time_intervals.forEach((name, i) => void known(name, [...path, 'active_time_intervals', i]));
      route.routes.forEach((child, i) => void visit(child, [...path, 'routes', i]));
    };
    for (const key of ['matchers', 'mute_time_intervals', 'active_time_intervals'] as const) {
      if (config.route[key].length > 0) report(['route', key], 'the root route takes every alert at any time');
    }
    if (config.route.continue) report(['route', 'continue'], 'the root route has no siblings to continue with');
    visit(config.route, ['route']);
    config.maintenance.forEach((window, i) => void known(window.time_interval, ['maintenance', i, 'time_interval']));
    known(config.business_hours, ['business_hours']);
  })
  .transform((config) => {
    const named = config.receivers.map((receiver) => withGlobals(receiver, config.global));
    if (named.some((receiver) => receiver.name === ROUTE_DEFAULTS.receiver)) return { ...config, receivers: named };
    const empty: ReceiverConfig = {
      name: ROUTE_DEFAULTS.receiver,
      webhook_configs: [],
      slack_configs: [],
      pagerduty_configs: [],
    };
    return { ...config, receivers: [empty, ...named] };
  });

/**
 * The `alerting` part of the file, spelled as Alertmanager's. `{}` gives one root route by incident to the receiver
 * `default`, which has no destinations: alerts are kept and shown, nobody is told.
 */
export const alertingConfig = z
  .unknown()
  .superRefine((value, context) => {
    if (hasCycle(value))
      context.addIssue({ code: 'custom', message: 'refers to itself: a YAML alias stands inside its own anchor' });
  })
  .pipe(shape);
export type AlertingConfig = z.infer<typeof alertingConfig>;
