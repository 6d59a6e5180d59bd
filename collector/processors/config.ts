import { z } from 'zod';
import { duration } from '../../core/config-values.ts';
import { patternFault } from './pattern.ts';
import { PERSONAL_DATA } from './personal-data.ts';
import { isReserved } from './reserved.ts';

/** `*` stands for any run of characters. */
const glob = z.string().min(1);

/** Attributes of the resource, of the instrumentation scope, or of the item itself with its events, links and exemplars. */
export const ATTRIBUTE_PLACES = ['resource', 'scope', 'item'] as const;

/** `blocked_values` is the name of the Collector's redaction processor, `delete` and `hash` those of its attributes processor. */
const attributeRule = z
  .strictObject({
    keys: z.array(glob).min(1),
    places: z
      .array(z.enum(ATTRIBUTE_PLACES))
      .min(1)
      .default([...ATTRIBUTE_PLACES]),
    action: z.enum(['delete', 'hash', 'redact', 'mask']),
    /** Of `mask`: regular expressions (Unicode mode); what they match is replaced. */
    blocked_values: z.array(z.string().min(1)).default([]),
    /** Of `mask`: what is recognised without an expression. */
    pii: z.array(z.enum(PERSONAL_DATA)).default([]),
    /** Of `mask` and `redact`. */
    replacement: z.string().min(1).max(256).default('****'),
    /** Of `mask` with `blocked_values`: a longer value is replaced as a whole, so that no search takes long. */
    max_value_length: z.int().min(64).max(65_536).default(4096),
    /** Of `hash`: the HMAC's key. Without it, values of a small set could be found by trying all. */
    salt: z.string().min(16, 'is shorter than 16 characters').optional(),
  })
  .superRefine((rule, context) => {
    const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [i, key] of rule.keys.entries()) {
      const places = rule.places.filter((place) => isReserved(key, place));
      if (places.length > 0) {
        fault(['keys', i], `the pipeline model needs ${key} of the ${places.join(' and the ')}; it must stay as it is`);
      }
    }
    const patterns = rule.blocked_values.length + rule.pii.length;
    if (rule.action === 'mask' && patterns === 0) fault(['action'], 'mask needs blocked_values or pii');
    if (rule.action !== 'mask' && patterns > 0) {
      const key = rule.pii.length > 0 ? 'pii' : 'blocked_values';
      fault([key], `belongs to the action mask, not to ${rule.action}, which takes the whole value`);
    }
    if (rule.action === 'hash' && rule.salt === undefined) fault(['salt'], 'hash needs a salt (or salt_file)');
    if (rule.action !== 'hash' && rule.salt !== undefined) fault(['salt'], 'belongs to the action hash');
    for (const [i, source] of rule.blocked_values.entries()) {
      const wrong = patternFault(source, rule.max_value_length);
      if (wrong !== undefined) fault(['blocked_values', i], wrong);
    }
  });
export type AttributeRule = z.infer<typeof attributeRule>;

export const SEVERITIES = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
export const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export const STATUS_CODES = ['unset', 'ok', 'error'] as const;

type Condition = 'name' | 'kind' | 'status' | 'severity_below' | 'metric';
const CONDITION_SIGNALS: Readonly<Record<Condition, readonly string[]>> = {
  name: ['traces', 'logs'],
  kind: ['traces'],
  status: ['traces'],
  severity_below: ['logs'],
  metric: ['metrics'],
};

/** Items that meet every condition of a rule are dropped. */
const filterRule = z
  .strictObject({
    /** Names the rule in the count of what it dropped; its place in the list when absent. */
    rule: z.string().min(1).max(64).optional(),
    signal: z.enum(['traces', 'metrics', 'logs']),
    service: glob.optional(),
    /** Of a span, or the event name of a log record. */
    name: glob.optional(),
    kind: z.enum(SPAN_KINDS).optional(),
    status: z.enum(STATUS_CODES).optional(),
    /** Log records of a lower severity; those without one stay. */
    severity_below: z.enum(Object.keys(SEVERITIES) as (keyof typeof SEVERITIES)[]).optional(),
    /** Attributes of the item as sent, before they are masked. */
    attributes: z.record(z.string().min(1), z.string()).optional(),
    metric: glob.optional(),
  })
  .superRefine((rule, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [key, signals] of Object.entries(CONDITION_SIGNALS)) {
      if (rule[key as Condition] !== undefined && !signals.includes(rule.signal)) {
        fault([key], `${rule.signal} have none; it is a condition of ${signals.join(' and ')}`);
      }
    }
    const { rule: _, signal, ...conditions } = rule;
    if (Object.values(conditions).every((condition) => condition === undefined)) {
      fault(['signal'], `the rule has no condition; to drop all ${signal}, write service: '*'`);
    }
  });
export type FilterRule = z.infer<typeof filterRule>;

/** Budgets of metric series, so that one source cannot take the store's memory and every query's time. */
const cardinalityConfig = z.strictObject({
  series_per_source: z.int().min(1).max(1_000_000).default(20_000),
  /** Of one metric of a source. */
  series_per_metric: z.int().min(1).max(1_000_000).default(10_000),
  /** How many of the partitions with the largest values keep series of their own when a budget is spent. */
  partition_keep: z.int().min(1).max(1000).default(20),
  /** A series that was not heard of for this long gives its place back. */
  window: duration('1h'),
});
export type CardinalityConfig = z.infer<typeof cardinalityConfig>;

/** What happens to telemetry between receiving and storing, in this order. */
export const processorsConfig = z.strictObject({
  filter: z.array(filterRule).max(100).default([]),
  attributes: z.array(attributeRule).max(100).default([]),
  cardinality: cardinalityConfig.prefault({}),
});
export type ProcessorsConfig = z.infer<typeof processorsConfig>;
