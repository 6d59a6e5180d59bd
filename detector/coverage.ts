import type { Labels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import { PROBLEM_SIGNALS, type Signal } from '../core/signal.ts';
import { STAGE_STATES, type StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';

const FLOWS: ReadonlySet<string> = new Set<Signal>(['throughput', 'output']);
/** Counts of what went wrong: 0 where nothing was counted, so only more than that proves anything. */
const PROBLEMS: ReadonlySet<string> = new Set<Signal>(PROBLEM_SIGNALS);
/** What the pipeline model judged says nothing of what came in. */
const JUDGED: ReadonlySet<string> = new Set<Signal>([
  'group_state',
  'freshness',
  'drop_ratio',
  'slo_burn',
  'dead_letter_depth',
]);
/** Read as "last value carried forward", so that a value alone proves nothing. */
const CARRIED: ReadonlySet<string> = new Set<Signal>(['lag', 'lag_seconds', 'loss_seconds', 'custom']);

/** Whether a signal counts the events of a stage. */
export function isFlow(signal: string): boolean {
  return FLOWS.has(signal);
}

/**
 * Which steps of `[from, to)` anything was received in: 1 where some series has a flow above 0, a value that exists
 * only with data (latency, error ratio), or a carried one that moved. In the others nobody was heard, so a throughput
 * of 0 there says nothing of a stage.
 */
export function coveredSteps(series: readonly Series[], from: Millis, to: Millis, step: Millis): Uint8Array {
  const covered = new Uint8Array(Math.max(0, Math.round((to - from) / step)));
  for (const { labels, start, values } of series) {
    const signal = labels['signal'] ?? '';
    if (JUDGED.has(signal)) continue;
    const offset = Math.round((from - start) / step);
    for (let i = 0; i < covered.length; i++) {
      const value = values[i + offset];
      if (value === undefined || Number.isNaN(value)) continue;
      if (FLOWS.has(signal) || PROBLEMS.has(signal)) covered[i] ||= value > 0 ? 1 : 0;
      else if (CARRIED.has(signal)) covered[i] ||= value !== values[i + offset - 1] ? 1 : 0;
      else covered[i] = 1;
    }
  }
  return covered;
}

/** Value of a series in the step that starts at `time`; NaN outside its grid. */
export function valueAt(series: Series | undefined, time: Millis): number {
  return series?.values[Math.round((time - series.start) / series.step)] ?? NaN;
}

/** Flows of one stage, and what they came to in the step asked about last. */
interface StageFlows {
  readonly flows: Series[];
  time: Millis;
  events: number;
}

/** Events per step of each stage, from its throughput or, where larger, its output. */
export class Volumes {
  /** By pipeline, then by stage. */
  readonly #flows = new Map<string, Map<string, StageFlows>>();

  constructor(series: readonly Series[]) {
    for (const one of series) {
      if (!FLOWS.has(one.labels['signal'] ?? '')) continue;
      const { pipeline = '', stage = '' } = one.labels;
      const stages = this.#flows.get(pipeline) ?? new Map<string, StageFlows>();
      this.#flows.set(pipeline, stages);
      const known = stages.get(stage);
      if (known === undefined) stages.set(stage, { flows: [one], time: NaN, events: NaN });
      else known.flows.push(one);
    }
  }

  /** Events of the stage of `series` in the step of length `step` at `time`; NaN where nobody counts them. */
  at({ labels }: Pick<Series, 'labels'>, time: Millis, step: Millis): number {
    const stage = this.#flows.get(labels['pipeline'] ?? '')?.get(labels['stage'] ?? '');
    if (stage === undefined) return NaN;
    if (stage.time !== time) {
      stage.time = time;
      stage.events = NaN;
      for (const flow of stage.flows) {
        const events = (valueAt(flow, time) * step) / 1000;
        if (!(events <= stage.events)) stage.events = events;
      }
    }
    return stage.events;
  }
}

/** States of consumer groups on their topics, by the series of their lag. */
export class States {
  readonly #series = new Map<string, Series>();
  readonly #keys: WeakMap<Labels, string>;

  /** `keys`: what was made of the labels of watched series before; one map serves all answers of the store. */
  constructor(series: readonly Series[], keys: WeakMap<Labels, string>) {
    this.#keys = keys;
    for (const one of series) if (one.labels['signal'] === 'group_state') this.#series.set(placeOf(one.labels), one);
  }

  /** The state in the step at `time` of the group that `labels` are of; undefined where it is not known. */
  at(labels: Labels, time: Millis): StageState | undefined {
    if (this.#series.size === 0 || labels['group'] === undefined) return undefined;
    let key = this.#keys.get(labels);
    if (key === undefined) {
      key = placeOf(labels);
      this.#keys.set(labels, key);
    }
    return STAGE_STATES[valueAt(this.#series.get(key), time)];
  }
}

const placeOf = ({ pipeline = '', stage = '', topic = '', group = '' }: Labels) =>
  JSON.stringify([pipeline, stage, topic, group]);
