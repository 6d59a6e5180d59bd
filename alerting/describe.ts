import { stringify } from 'yaml';
import { formatDuration } from '../core/time.ts';
import type { AlertingConfig } from './config.ts';
import { formatMatcher } from './matchers.ts';
import { buildRoute, type Route } from './route.ts';

function describeRoute(route: Route, root: boolean): object {
  return {
    receiver: route.receiver,
    ...(root ? {} : { matchers: route.matchers.map(formatMatcher) }),
    ...(route.groupBy.length > 0 ? { group_by: route.groupBy } : {}),
    group_wait: formatDuration(route.groupWait),
    group_interval: formatDuration(route.groupInterval),
    repeat_interval: formatDuration(route.repeatInterval),
    ...(root ? {} : { continue: route.continue }),
    ...(route.muteTimeIntervals.length > 0 ? { mute_time_intervals: route.muteTimeIntervals } : {}),
    ...(route.activeTimeIntervals.length > 0 ? { active_time_intervals: route.activeTimeIntervals } : {}),
    ...(route.routes.length > 0 ? { routes: route.routes.map((child) => describeRoute(child, false)) } : {}),
  };
}

/**
 * The configuration in force as Alertmanager's YAML, for tools that read it from `/api/v2/status`: route tree, names
 * of receivers and time intervals. Destinations and their secrets are left out.
 */
export function describeConfig(config: AlertingConfig): string {
  return stringify({
    global: { resolve_timeout: formatDuration(config.global.resolve_timeout) },
    route: describeRoute(buildRoute(config.route), true),
    receivers: config.receivers.map(({ name }) => ({ name })),
    ...(config.time_intervals.length === 0
      ? {}
      : { time_intervals: config.time_intervals.map(({ name }) => ({ name, time_intervals: [] })) }),
    ...(config.inhibit_rules.length === 0
      ? {}
      : {
          inhibit_rules: config.inhibit_rules.map((rule) => ({
            source_matchers: rule.source_matchers.map(formatMatcher),
            target_matchers: rule.target_matchers.map(formatMatcher),
            equal: rule.equal,
          })),
        }),
  });
}
