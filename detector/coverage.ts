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

/** No place: nobody counts the events of the stage, nobody tells of the state of the group. */
export const NOWHERE = -1;

/** Events per step of each stage, from its throughput or, where larger, its output. */
export class Volumes {
  /** Places of stages, by pipeline, then by stage. */
  readonly #places = new Map<string, Map<string, number>>();
  /** By place: which of the series are flows of the stage, the step asked about last, and its events. */
  readonly #flows: number[][] = [];
  readonly #times: Float64Array;
  readonly #events: Float64Array;
  #series: readonly Series[];

  constructor(series: readonly Series[]) {
    this.#series = series;
    for (const [index, { labels }] of series.entries()) {
      if (!FLOWS.has(labels['signal'] ?? '')) continue;
      const { pipeline = '', stage = '' } = labels;
      const stages = this.#places.get(pipeline) ?? new Map<string, number>();
      this.#places.set(pipeline, stages);
      const place = stages.get(stage) ?? this.#flows.push([]) - 1;
      stages.set(stage, place);
      (this.#flows[place] as number[]).push(index);
    }
    this.#times = new Float64Array(this.#flows.length).fill(NaN);
    this.#events = new Float64Array(this.#flows.length);
  }

  /** Goes on with values of the same series in the same order. */
  read(series: readonly Series[]): void {
    this.#series = series;
    this.#times.fill(NaN);
  }

  /** Where the stage of a series stands, for as long as the series are the same. */
  placeOf(labels: Labels): number {
    return this.#places.get(labels['pipeline'] ?? '')?.get(labels['stage'] ?? '') ?? NOWHERE;
  }

  /** Events of the stage at `place` in the step of length `step` at `time`; NaN where nobody counts them. */
  at(place: number, time: Millis, step: Millis): number {
    if (place === NOWHERE) return NaN;
    if (this.#times[place] !== time) {
      let most = NaN;
      for (const index of this.#flows[place] as number[]) {
        const events = (valueAt(this.#series[index], time) * step) / 1000;
        if (!(events <= most)) most = events;
      }
      this.#times[place] = time;
      this.#events[place] = most;
    }
    return this.#events[place] as number;
  }
}

/** States of consumer groups on their topics, by the series of their lag. */
export class States {
  readonly #places = new Map<string, number>();
  #series: readonly Series[];

  constructor(series: readonly Series[]) {
    this.#series = series;
    for (const [index, { labels }] of series.entries()) {
      if (labels['signal'] === 'group_state') this.#places.set(groupOf(labels), index);
    }
  }

  /** Goes on with values of the same series in the same order. */
  read(series: readonly Series[]): void {
    this.#series = series;
  }

  /** Where the group that `labels` are of stands, for as long as the series are the same. */
  placeOf(labels: Labels): number {
    if (this.#places.size === 0 || labels['group'] === undefined) return NOWHERE;
    return this.#places.get(groupOf(labels)) ?? NOWHERE;
  }

  /** The state in the step at `time` of the group at `place`; undefined where it is not known. */
  at(place: number, time: Millis): StageState | undefined {
    return place === NOWHERE ? undefined : STAGE_STATES[valueAt(this.#series[place], time)];
  }
}

const groupOf = ({ pipeline = '', stage = '', topic = '', group = '' }: Labels) =>
  JSON.stringify([pipeline, stage, topic, group]);
