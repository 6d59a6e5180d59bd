import type { Metadata, MetricType } from './exposition.ts';

/** What a sample is within its family. `value` stands for itself. */
export type Role = 'value' | 'bucket' | 'quantile' | 'sum' | 'count' | 'created';

export interface Membership {
  /** Name of the metric its point is stored under: the sample's own, but of histograms and summaries the family's. */
  readonly metric: string;
  /** Name of the family as the comments give it. */
  readonly family: string;
  readonly type: MetricType;
  readonly role: Role;
  readonly metadata: Metadata | undefined;
}

const SUFFIX = /_(?:total|created|bucket|sum|count|info)$/;

const ROLES: Readonly<Partial<Record<MetricType, Readonly<Record<string, Role>>>>> = {
  histogram: { _bucket: 'bucket', _sum: 'sum', _count: 'count', _created: 'created' },
  summary: { '': 'quantile', _sum: 'sum', _count: 'count', _created: 'created' },
  counter: { '': 'value', _total: 'value', _created: 'created' },
  info: { '': 'value', _info: 'value' },
  stateset: { '': 'value' },
  gauge: { '': 'value' },
};

/**
 * The family a sample of this name belongs to: the one that has its name, else the one that has it without its suffix,
 * where the type knows the suffix. A sample of no family is of an unknown type; so is one of a gauge histogram, whose
 * buckets go down too, and each of them is stored as the level it is.
 */
export function membershipOf(name: string, families: ReadonlyMap<string, Metadata>): Membership {
  const suffix = SUFFIX.exec(name)?.[0] ?? '';
  for (const family of suffix === '' ? [name] : [name, name.slice(0, -suffix.length)]) {
    const metadata = families.get(family);
    const role = metadata === undefined ? undefined : ROLES[metadata.type]?.[name.slice(family.length)];
    if (metadata === undefined || role === undefined) continue;
    const metric = metadata.type === 'histogram' || metadata.type === 'summary' ? family : name;
    return { metric, family, type: metadata.type, role, metadata };
  }
  return { metric: name, family: name, type: 'unknown', role: 'value', metadata: families.get(name) };
}

/** OpenMetrics writes units as words, OpenTelemetry as UCUM. Words that stand for nothing there stay as they are. */
const UCUM: ReadonlyMap<string, string> = new Map([
  ['days', 'd'],
  ['hours', 'h'],
  ['minutes', 'min'],
  ['seconds', 's'],
  ['milliseconds', 'ms'],
  ['microseconds', 'us'],
  ['nanoseconds', 'ns'],
  ['bytes', 'By'],
  ['kibibytes', 'KiBy'],
  ['mebibytes', 'MiBy'],
  ['gibibytes', 'GiBy'],
  ['kilobytes', 'KBy'],
  ['megabytes', 'MBy'],
  ['gigabytes', 'GBy'],
  ['meters', 'm'],
  ['volts', 'V'],
  ['amperes', 'A'],
  ['joules', 'J'],
  ['watts', 'W'],
  ['grams', 'g'],
  ['celsius', 'Cel'],
  ['hertz', 'Hz'],
  ['ratio', '1'],
  ['percent', '%'],
]);

export function unitOf(word: string): string {
  return UCUM.get(word) ?? word;
}
