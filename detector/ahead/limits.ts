import { type DeclaredSlo, NO_PIPELINE, type PipelineDefinition } from '../../core/definition.ts';
import type { Labels } from '../../core/labels.ts';
import type { Signal } from '../../core/signal.ts';
import type { TopicRetention } from '../../store/queries/retentions.ts';
import { type DetectorEntry, isWatched } from '../config.ts';

export const LIMIT_KINDS = ['threshold', 'slo', 'retention', 'capacity'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];

/** A value that a series should not reach, in the unit of its signal. */
export interface Limit {
  readonly kind: LimitKind;
  readonly side: 'above' | 'below';
  readonly value: number;
  /** Whose limit it is: the detector's name, or the SLO's; empty of a retention. */
  readonly of: string;
}

/** The limits of all series. */
export interface LimitBook {
  /** Signals of which series can have one. */
  readonly signals: readonly Signal[];
  /** The limits of a series; none for most. Remembered for the object `labels`. */
  of(labels: Labels): readonly Limit[];
  /** What is known of retention now: its limits hold until the next call. */
  retain(retentions: readonly TopicRetention[]): void;
}

/** Values that are judgements already, or forecasts: nothing is to be foretold of these. */
const JUDGED: ReadonlySet<Signal> = new Set<Signal>(['loss_seconds', 'drop_ratio', 'slo_burn']);
const NONE: readonly Limit[] = [];

/** The limits of `entries` and of the SLOs that `definitions` declare. */
export function createLimitBook(
  entries: readonly DetectorEntry[],
  definitions: readonly PipelineDefinition[] = [],
): LimitBook {
  const limited = entries.filter(
    ({ ahead, capacity, scorers, query }) =>
      ahead && !JUDGED.has(query.signal) && (capacity !== undefined || scorers.threshold !== undefined),
  );
  const targets = definitions.flatMap(({ name, slos }) => slos.flatMap((slo) => targetOf(name, slo) ?? []));
  const signals = new Set<Signal>([
    ...limited.map(({ query }) => query.signal),
    ...targets.map(({ signal }) => signal),
    'lag_seconds',
  ]);
  let retentions = new Map<string, number>();
  let known = new WeakMap<Labels, readonly Limit[]>();

  function find(labels: Labels): readonly Limit[] {
    const signal = labels['signal'] as Signal;
    if (!signals.has(signal)) return NONE;
    const limits: Limit[] = [];
    for (const entry of limited) {
      if (!isWatched(entry, labels)) continue;
      const { name, scorers, capacity } = entry;
      const { above, below } = scorers.threshold ?? {};
      if (above !== undefined) limits.push({ kind: 'threshold', side: 'above', value: above, of: name });
      if (below !== undefined) limits.push({ kind: 'threshold', side: 'below', value: below, of: name });
      if (capacity !== undefined) limits.push({ kind: 'capacity', side: 'above', value: capacity, of: name });
    }
    for (const { pipeline, node, slo, value, ...target } of targets) {
      if (target.signal !== signal) continue;
      // What telemetry that names no pipeline says of a part counts for the pipeline that declares it.
      if (labels['pipeline'] !== pipeline && labels['pipeline'] !== NO_PIPELINE) continue;
      if (labels['stage'] !== node && labels['dataset'] !== node) continue;
      limits.push({ kind: 'slo', side: 'above', value, of: slo });
    }
    const kept = signal === 'lag_seconds' ? retentions.get(readerKey(labels['group'], labels['topic'])) : undefined;
    if (kept !== undefined) limits.push({ kind: 'retention', side: 'above', value: kept, of: '' });
    return limits.length === 0 ? NONE : limits;
  }

  return {
    signals: [...signals],
    of(labels) {
      // Most series have no limits by their signal alone: nothing is remembered of those.
      if (!signals.has(labels['signal'] as Signal)) return NONE;
      const found = known.get(labels);
      if (found) return found;
      const limits = find(labels);
      known.set(labels, limits);
      return limits;
    },
    retain(read) {
      retentions = new Map(read.map(({ group, topic, seconds }) => [readerKey(group, topic), seconds]));
      known = new WeakMap();
    },
  };
}

/** No limits at all. */
export const NO_LIMITS: LimitBook = { signals: [], of: () => NONE, retain: () => {} };

const readerKey = (group: string | undefined, topic: string | undefined) => `${group ?? ''}\u0000${topic ?? ''}`;

/** Latencies by the share of records they hold for, the largest first. */
const LATENCIES = [
  { share: 0.99, signal: 'latency_p99' },
  { share: 0.95, signal: 'latency_p95' },
  { share: 0.5, signal: 'latency_p50' },
] as const;

/**
 * Which series tells of an SLO's target. Of a latency it is the quantile with the largest share that is not above the objective: once
 * that lies beyond the target, the objective is missed.
 */
function targetOf(pipeline: string, slo: DeclaredSlo) {
  const { indicator, node, target, objective, name } = slo;
  if (Number.isNaN(target)) return undefined;
  const latency = LATENCIES.find(({ share }) => share <= objective + 1e-9);
  const signal: Signal | undefined =
    indicator === 'freshness' ? 'freshness' : indicator === 'latency' ? latency?.signal : undefined;
  return signal && { pipeline, node, slo: name, value: target, signal };
}
