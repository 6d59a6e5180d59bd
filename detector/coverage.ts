import type { Labels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Signal } from '../core/signal.ts';
import { STAGE_STATES, type StageState } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import type { DetectorPort } from './port.ts';

const FLOWS: ReadonlySet<string> = new Set<Signal>(['throughput', 'output']);

/** Whether a signal counts the events of a stage. */
export function isFlow(signal: string): boolean {
  return FLOWS.has(signal);
}

/** Telemetry that is further apart has been silent in between: scrapes and exports are a minute apart at most. */
export const GAP_MS = 60_000;

interface Range {
  readonly from: Millis;
  readonly to: Millis;
  readonly step: Millis;
}

/**
 * Which steps of [from, to) were heard: 1 where telemetry was received, and between two times of it at most `GAP_MS` apart. In the
 * others nobody was heard, so that no flow there is no news of a stage. The store is asked only where the flows among `series` leave
 * a step open.
 */
export async function heardSteps(
  port: Pick<DetectorPort, 'readReceived'>,
  series: readonly Series[],
  { from, to, step }: Range,
): Promise<Uint8Array> {
  const heard = flowingSteps(series, { from, to, step });
  if (!heard.includes(0)) return heard;
  let before = Number.NaN;
  for (const time of await port.readReceived(from - GAP_MS, to + GAP_MS)) {
    const since = time - before <= GAP_MS ? before : time;
    heard.fill(1, Math.max(0, Math.floor((since - from) / step)), Math.max(0, Math.floor((time - from) / step) + 1));
    before = time;
  }
  return heard;
}

/** 1 for each step in which something flowed. */
function flowingSteps(series: readonly Series[], { from, to, step }: Range): Uint8Array {
  const flowing = new Uint8Array(Math.max(0, Math.round((to - from) / step)));
  for (const { labels, start, values } of series) {
    if (!isFlow(labels['signal'] ?? '')) continue;
    const offset = Math.round((from - start) / step);
    for (let i = 0; i < flowing.length; i++) if ((values[i + offset] ?? 0) > 0) flowing[i] = 1;
  }
  return flowing;
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
