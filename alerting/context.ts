import { z } from 'zod';
import { type Alert, annotatedPriority } from '../core/alert.ts';
import { NO_PIPELINE, type Ownership } from '../core/definition.ts';
import type { Labels } from '../core/labels.ts';
import { normalizeLabels } from '../core/labels.ts';
import type { Millis } from '../core/time.ts';
import { holdingInterval, type NamedIntervals } from './intervals.ts';
import { type Matcher, matchersConfig, matchesAll } from './matchers.ts';

const instant = z.union([z.iso.datetime({ offset: true }), z.date()]).transform((value) => new Date(value).getTime());

/** Planned work: from `starts_at` to `ends_at`, or whenever a named time interval holds. */
export const maintenanceConfig = z
  .strictObject({
    matchers: matchersConfig.default([]),
    starts_at: instant.optional(),
    ends_at: instant.optional(),
    time_interval: z.string().optional(),
    comment: z.string().default(''),
  })
  .refine(
    (window) =>
      (window.time_interval === undefined) !== (window.starts_at === undefined || window.ends_at === undefined),
    {
      message: 'needs either starts_at and ends_at, or time_interval',
    },
  )
  .refine(
    (window) => window.starts_at === undefined || window.ends_at === undefined || window.starts_at < window.ends_at,
    {
      message: 'starts_at must lie before ends_at',
    },
  );
export type MaintenanceWindow = z.infer<typeof maintenanceConfig>;

export const ownerConfig = z.strictObject({ matchers: matchersConfig.default([]), owner: z.string().min(1) });
export type OwnerRule = z.infer<typeof ownerConfig>;

export interface ContextRules {
  readonly maintenance: readonly MaintenanceWindow[];
  readonly owners: readonly OwnerRule[];
  /** Name of the time interval that is business time. */
  readonly business_hours?: string | undefined;
}

function windowHolds(window: MaintenanceWindow, view: Labels, named: NamedIntervals, now: Millis): boolean {
  const open =
    window.time_interval !== undefined
      ? holdingInterval(named, [window.time_interval], now) !== undefined
      : now >= (window.starts_at as Millis) && now < (window.ends_at as Millis);
  return open && matchesAll(window.matchers as readonly Matcher[], view);
}

/** Whether planned work is announced for what has these labels, at a time. */
export function maintenanceOf(
  rules: Pick<ContextRules, 'maintenance'>,
  named: NamedIntervals,
): (labels: Labels, time: Millis) => boolean {
  return (labels, time) => rules.maintenance.some((window) => windowHolds(window, labels, named, time));
}

const UNDECLARED: Ownership = { pipeline: '', owner: '', criticality: '' };

/**
 * What is known about an alert beside its identity: `pipeline`, `stage`, `incident`, `owner`, `maintenance` (the
 * comment of the window, or `true`), `business_hours` (`true` or `false`), `criticality` and `priority`
 * (the severity that its sender says it has come to be worth, in the annotation of that name). `declared` is what the definitions of
 * pipelines say of its part: an owner of the rules comes before theirs. Never hashed into the fingerprint.
 */
export function alertContext(
  alert: Alert,
  incident: string,
  rules: ContextRules,
  named: NamedIntervals,
  now: Millis,
  declared: Ownership = UNDECLARED,
): Labels {
  const { labels } = alert;
  const base = {
    pipeline: declared.pipeline || (labels['pipeline'] ?? NO_PIPELINE),
    stage: labels['stage'] ?? labels['service'] ?? '',
    incident,
    business_hours:
      rules.business_hours === undefined
        ? ''
        : String(holdingInterval(named, [rules.business_hours], now) !== undefined),
  };
  const view = { ...base, ...labels };
  const window = rules.maintenance.find((one) => windowHolds(one, view, named, now));
  return normalizeLabels({
    ...base,
    owner: rules.owners.find((one) => matchesAll(one.matchers, view))?.owner ?? declared.owner,
    criticality: declared.criticality,
    priority: annotatedPriority(alert.annotations) ?? '',
    maintenance: window === undefined ? '' : window.comment || 'true',
  });
}
