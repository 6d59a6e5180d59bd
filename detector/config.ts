import { z } from 'zod';
import { SEVERITIES } from '../core/alert.ts';
import { duration } from '../core/config-values.ts';
import { type Labels, labelOf } from '../core/labels.ts';
import { SIGNAL_FACTS, SIGNALS } from '../core/signal.ts';
import { STAGE_STATES } from '../core/state.ts';
import { thresholdFor, USUAL_FALSE_ALARMS } from './engine/incident.ts';
import { SHIPPED_DETECTORS } from './shipped.ts';

const decisionKeys = z.strictObject({
  /** Which deviation is bad news; the signal's own where absent. */
  direction: z.enum(['up', 'down', 'both']).optional(),
  /** Scores that are strange without being wrong that one is willing to see, per series and week; or their `score`. */
  false_alarms_per_week: z.number().positive().optional(),
  /** Score of the ensemble (detector/engine/score.ts) from which on a point is strange; one more is ten times as rare. */
  score: z.number().positive().optional(),
  for: duration('20s'),
  keep_firing_for: duration('1m'),
  /** A series is not judged before it was observed this long. */
  min_history: duration('5m'),
  /** Relative change from what was expected, 0.5 = 50 %. */
  min_change: z.number().min(0).default(0.5),
  /** Absolute change from what was expected. */
  min_difference: z.number().min(0).default(0),
  /** An unusually high value below this is no news. */
  min_value: z.number().default(-Infinity),
  /** An unusually low value is no news where less than this was expected. */
  min_expected: z.number().default(-Infinity),
  /** Events in the step, where they are counted. */
  min_volume: z.number().min(0).default(0),
  /** Share of the expected value at or below which the flow counts as stopped, whatever the scorers say. */
  stopped_below: z.number().min(0).max(1).optional(),
});

/** When a score becomes an alert. Values are in the unit of the signal. `score` follows from the false alarms where absent. */
export const decisionConfig = decisionKeys
  .refine(({ score, false_alarms_per_week }) => score === undefined || false_alarms_per_week === undefined, {
    path: ['false_alarms_per_week'],
    message: 'give this or score, not both: each follows from the other',
  })
  .transform(({ false_alarms_per_week = USUAL_FALSE_ALARMS, ...rest }) => ({
    ...rest,
    score: rest.score ?? thresholdFor(false_alarms_per_week),
    /** As the limit of a row of signals, which has no scale but its chance. */
    row_score: rest.score ?? rowThresholdFor(false_alarms_per_week),
  }));
export type DecisionConfig = Omit<z.output<typeof decisionConfig>, 'row_score'>;

const ROWS_OF_A_WEEK = 7 * 24 * 60;

/** The limit of rows of one minute that are this rare. */
function rowThresholdFor(falseAlarmsPerWeek: number): number {
  return Math.log10(ROWS_OF_A_WEEK / falseAlarmsPerWeek);
}

export const scorersConfig = z.strictObject({
  threshold: z.strictObject({ above: z.number().optional(), below: z.number().optional() }).optional(),
  /** All that learn from the series itself: its day, its level, its course, its forecasts. */
  ensemble: z.strictObject({}).optional(),
  /** The state of the consumer group, as the pipeline model sees it (docs/lag-states.md). */
  state: z
    .strictObject({
      /** States that are strange by themselves. */
      alert: z.array(z.enum(STAGE_STATES)).default(['stuck', 'dead']),
      /** States in which an alert does not begin, for `hold_for` at most. */
      hold: z.array(z.enum(STAGE_STATES)).default(['idle', 'rebalancing']),
      hold_for: duration('5m'),
    })
    .optional(),
  /** A series that repeats one value to the last bit though it never did (detector/engine/still.ts). */
  frozen: z.strictObject({}).optional(),
  /** How the signals of a stage keep together (detector/stages.ts); of the signal `relations`, and it alone. */
  relations: z.strictObject({}).optional(),
});

/** One entry: query + scorers + decision. */
export const detectorEntry = z
  .strictObject({
    /** The alert's name. */
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _ only'),
    enabled: z.boolean().default(true),
    query: z.strictObject({
      signal: z.enum(SIGNALS),
      /** Labels that must be equal. */
      match: z.record(z.string(), z.string()).default({}),
    }),
    scorers: scorersConfig.prefault({ ensemble: {} }),
    decision: decisionConfig.prefault({}),
    /** A value that cannot be passed without harm, of a disk or a pool, in the unit of the signal; crossing it raises nothing by itself. */
    capacity: z.number().optional(),
    /** Whether one is warned before the threshold or the capacity is reached. */
    ahead: z.boolean().default(true),
    severity: z.enum(SEVERITIES).default('warning'),
  })
  .refine(({ query, scorers }) => (query.signal === 'relations') === (scorers.relations !== undefined), {
    path: ['scorers', 'relations'],
    message: 'the scorer relations judges the signal relations, and no other does',
  })
  .refine(({ scorers }) => scorers.relations === undefined || Object.keys(scorers).length === 1, {
    path: ['scorers'],
    message: 'the scorer relations stands alone',
  })
  .transform(({ decision: { row_score, ...decision }, ...rest }) => ({
    ...rest,
    decision: rest.scorers.relations ? { ...decision, score: row_score } : decision,
  }));
export type DetectorEntry = z.output<typeof detectorEntry>;

/** `HH:MM`, as milliseconds since midnight. */
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day: write HH:MM, from 00:00 to 23:59')
  .transform((text) => {
    const [hours, minutes] = text.split(':').map(Number) as [number, number];
    return (hours * 60 + minutes) * 60_000;
  });
const THREE = 3 * 3_600_000;

const STEP_MULTIPLE_MS = 10_000;

export const detectorConfig = z.strictObject({
  /** Length of a judged step; a multiple of 10 s. */
  step: duration('10s').refine((ms) => ms > 0 && ms % STEP_MULTIPLE_MS === 0, 'must be a multiple of 10s'),
  /** A step is judged once, this long after its end. */
  lateness: duration('10s'),
  /** What is loaded of a series seen for the first time. */
  history: duration('24h'),
  /** Steps missed (a restart, a store that was away) are judged late up to this age, older ones only learned. */
  judge_late: duration('2m'),
  /** How long a series without any row is still watched. */
  forget_after: duration('6h'),
  /** No telemetry at all for this long raises TelemetryAbsent. */
  absent_after: duration('2m'),
  /** An alert that resolved is sent again for this long. */
  resend_resolved: duration('15m'),
  send_timeout: duration('5s'),
  /** Your entries; one with the name of a shipped entry replaces it. */
  detectors: z.array(detectorEntry).default([]),
  /** Whether the shipped entries are used. */
  shipped: z.boolean().default(true),
  /** Warnings before a limit is reached (detector/ahead). */
  ahead: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Chance, of the limit being crossed within thirty minutes, from which on one is warned. */
      chance: z.number().min(0.05).max(0.99).default(0.7),
      for: duration('1m'),
      keep_firing_for: duration('5m'),
      /** A series is not looked ahead of before it was observed this long. */
      min_history: duration('1h'),
      severity: z.enum(SEVERITIES).default('warning'),
    })
    .prefault({}),
  /** Forecasts of the network (`weir model`), whose misses are two of the ensemble's streams. */
  lstm: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Whether the network learns on from the store's own series, and when each day (UTC). */
      fine_tune: z.strictObject({ enabled: z.boolean().default(true), at: timeOfDay.default(THREE) }).prefault({}),
    })
    .prefault({}),
});
export type DetectorConfig = z.output<typeof detectorConfig>;

/** The entries in force: shipped ones, replaced by name, then the user's own; disabled ones left out. */
export function detectorEntries(config: DetectorConfig): readonly DetectorEntry[] {
  const own = new Map(config.detectors.map((entry) => [entry.name, entry]));
  const shipped = config.shipped ? SHIPPED_DETECTORS.map((entry) => detectorEntry.parse(entry)) : [];
  const replaced = shipped.map((entry) => own.get(entry.name) ?? entry);
  const names = new Set(shipped.map((entry) => entry.name));
  return [...replaced, ...config.detectors.filter((entry) => !names.has(entry.name))].filter((entry) => entry.enabled);
}

/** Whether an entry watches the series with these labels. */
export function isWatched({ query }: Pick<DetectorEntry, 'query'>, labels: Labels): boolean {
  if (query.signal !== labels['signal']) return false;
  return Object.entries(query.match).every(([name, value]) => labelOf(labels, name) === value);
}

/** The direction an entry watches. */
export function directionOf(entry: DetectorEntry) {
  return entry.decision.direction ?? SIGNAL_FACTS[entry.query.signal].direction;
}
