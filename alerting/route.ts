import { z } from 'zod';
import { errorMessage } from '../core/errors.ts';
import { type Labels, labelOf } from '../core/labels.ts';
import { type Millis, parseDuration } from '../core/time.ts';
import { formatMatcher, type Matcher, matchersConfig, matchesAll } from './matchers.ts';

/** A node of the tree as written; what is absent is taken from the parent. */
export interface RouteConfig {
  readonly receiver?: string | undefined;
  readonly matchers: readonly Matcher[];
  readonly group_by?: readonly string[] | undefined;
  readonly group_wait?: Millis | undefined;
  readonly group_interval?: Millis | undefined;
  readonly repeat_interval?: Millis | undefined;
  readonly continue: boolean;
  readonly mute_time_intervals: readonly string[];
  readonly active_time_intervals: readonly string[];
  readonly routes: readonly RouteConfig[];
}

/** Absent stays absent, because a child inherits; `core/config-values.ts` durations have a default instead. */
const inheritedDuration = z
  .string()
  .transform((text, context): Millis => {
    try {
      return parseDuration(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: errorMessage(error) });
      return z.NEVER;
    }
  })
  .optional();
const positiveDuration = inheritedDuration.refine((value) => value === undefined || value > 0, 'must be longer than 0');

export const routeConfig: z.ZodType<RouteConfig> = z.strictObject({
  receiver: z.string().min(1).optional(),
  matchers: matchersConfig.default([]),
  group_by: z
    .array(z.string().min(1))
    .refine((names) => new Set(names).size === names.length, 'names a label twice')
    .refine((names) => !names.includes('...') || names.length === 1, 'has "..." (every label) beside other labels')
    .optional(),
  group_wait: inheritedDuration,
  group_interval: positiveDuration,
  repeat_interval: positiveDuration,
  continue: z.boolean().default(false),
  mute_time_intervals: z.array(z.string()).default([]),
  active_time_intervals: z.array(z.string()).default([]),
  get routes() {
    return z.array(routeConfig).default([]);
  },
});

/** A node with everything inherited filled in. */
export interface Route {
  /** Path from the root, unique in the tree: `{}/{severity="critical"}/0`. */
  readonly id: string;
  readonly receiver: string;
  readonly matchers: readonly Matcher[];
  readonly groupBy: readonly string[];
  readonly groupByAll: boolean;
  readonly groupWait: Millis;
  readonly groupInterval: Millis;
  readonly repeatInterval: Millis;
  readonly continue: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly Route[];
}

export const ROUTE_DEFAULTS = {
  receiver: 'default',
  groupBy: ['incident'] as readonly string[],
  groupWait: 10_000,
  groupInterval: 60_000,
  repeatInterval: 4 * 3_600_000,
} as const;

type Inherited = Pick<Route, 'receiver' | 'groupBy' | 'groupWait' | 'groupInterval' | 'repeatInterval'>;

/** The tree with options handed down. Matchers, `continue` and time intervals are not inherited. */
export function buildRoute(config: RouteConfig, parent: Inherited = ROUTE_DEFAULTS, prefix = '', index = ''): Route {
  const own: Inherited = {
    receiver: config.receiver ?? parent.receiver,
    groupBy: config.group_by ?? parent.groupBy,
    groupWait: config.group_wait ?? parent.groupWait,
    groupInterval: config.group_interval ?? parent.groupInterval,
    repeatInterval: config.repeat_interval ?? parent.repeatInterval,
  };
  const id = `${prefix}{${config.matchers.map(formatMatcher).join(',')}}${index}`;
  return {
    ...own,
    id,
    matchers: config.matchers,
    groupByAll: own.groupBy[0] === '...',
    continue: config.continue,
    muteTimeIntervals: config.mute_time_intervals,
    activeTimeIntervals: config.active_time_intervals,
    routes: config.routes.map((child, i) => buildRoute(child, own, `${id}/`, `/${i}`)),
  };
}

/**
 * The routes that take an alert: depth first, in order; the first matching child takes it, and its siblings see it
 * too if that child says `continue`; a node none of whose children match takes it itself.
 */
export function matchRoutes(route: Route, labels: Labels): Route[] {
  if (!matchesAll(route.matchers, labels)) return [];
  const taken: Route[] = [];
  for (const child of route.routes) {
    const found = matchRoutes(child, labels);
    taken.push(...found);
    if (found.length > 0 && !child.continue) break;
  }
  return taken.length > 0 ? taken : [route];
}

/** Every node of the tree, root first. */
export function eachRoute(route: Route): Route[] {
  return [route, ...route.routes.flatMap(eachRoute)];
}

/** The labels an alert is grouped by on a route. A label it does not have is left out. */
export function groupLabels(route: Route, labels: Labels): Labels {
  const names = route.groupByAll ? Object.keys(labels) : route.groupBy;
  return Object.fromEntries(
    [...names].sort().flatMap((name) => {
      const value = labelOf(labels, name);
      return value === '' ? [] : [[name, value]];
    }),
  );
}
