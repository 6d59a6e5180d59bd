import type { Anomaly } from '../../core/anomaly.ts';
import type { Feedback } from '../../core/feedback.ts';
import type { Incident } from '../../core/incident.ts';
import { type Labels, normalizeLabels } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import { isFlow } from '../../detector/coverage.ts';
import type { DetectorPort } from '../../detector/port.ts';
import { seededRandom as seeded } from '../../detector/random.ts';
import type { DetectorRecord, DetectorState } from '../../store/queries/detector-records.ts';
import type { LimitForecast } from '../../store/queries/limit-forecasts.ts';
import type { TopicRetention } from '../../store/queries/retentions.ts';
import type { SignalQuery } from '../../store/queries/signals.ts';
import { type Expectation, rowsOf } from '../store/queries/expectation-rows.ts';

export const STEP = 10_000;
export { seeded };

/** A Monday, 08:00 UTC. */
export const EPOCH = Date.UTC(2026, 2, 2, 8);

export function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function poisson(random: () => number, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss(random)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

/** -1 .. 1 over a day. */
export function daily(time: number): number {
  return Math.sin((time / 86_400_000) * 2 * Math.PI);
}

/** p95 of `calls` log-normal durations around `middle` seconds. */
export function p95(random: () => number, middle: number, calls: number): number {
  const size = Math.max(1, Math.min(calls, 100));
  const durations = Array.from({ length: size }, () => middle * Math.exp(0.5 * gauss(random))).sort((a, b) => a - b);
  return durations[Math.floor(size * 0.95)] as number;
}

/** Value of a series in the step that starts at `time`; NaN for a gap. */
export type Source = (time: number, random: () => number) => number;

interface Column {
  readonly labels: Labels;
  readonly source: Source;
  readonly from: number;
  until: number;
  readonly random: () => number;
  readonly values: number[];
}

/** Recorded series behind the detector's port, on a clock that the test moves. */
export interface World extends DetectorPort {
  now: number;
  /** Newest telemetry; follows `now` unless set. */
  newest: number | undefined;
  failing: string | undefined;
  readonly anomalies: Map<string, Anomaly>;
  readonly expectations: Expectation[];
  readonly queries: SignalQuery[];
  /** What people say; `deaf` makes only the reading of it fail. */
  readonly feedback: Feedback[];
  deaf: boolean;
  readonly incidents: Incident[];
  readonly records: DetectorRecord[];
  readonly states: DetectorState[];
  readonly retentions: TopicRetention[];
  readonly limitForecasts: LimitForecast[];
  add(
    signal: Signal,
    stage: string,
    source: Source,
    options?: { from?: number; labels?: Labels; seed?: number },
  ): Labels;
  end(labels: Labels, at: number): void;
}

export function createWorld(now: number): World {
  const columns: Column[] = [];
  const valueIn = (column: Column, time: number): number => {
    const index = Math.round((time - column.from) / STEP);
    if (index < 0 || time >= column.until) return NaN;
    for (let i = column.values.length; i <= index; i++) {
      column.values.push(column.source(column.from + i * STEP, column.random));
    }
    return column.values[index] as number;
  };
  const world: World = {
    now,
    newest: undefined,
    failing: undefined,
    anomalies: new Map(),
    expectations: [],
    queries: [],
    feedback: [],
    deaf: false,
    incidents: [],
    records: [],
    states: [],
    retentions: [],
    limitForecasts: [],
    add(signal, stage, source, { from = now - 3_600_000, labels = {}, seed } = {}) {
      const all = normalizeLabels({ signal, pipeline: 'orders', stage, ...labels });
      const random = seeded(seed ?? columns.length * 101 + 7);
      columns.push({ labels: all, source, from, until: Infinity, random, values: [] });
      return all;
    },
    end(labels, at) {
      for (const column of columns) if (column.labels === labels) column.until = at;
    },
    async readSignals(query) {
      if (world.failing) throw new Error(world.failing);
      world.queries.push(query);
      const count = Math.round((query.to - query.from) / STEP);
      return columns
        .filter(({ labels }) => !query.signals || query.signals.includes(labels['signal'] as Signal))
        .filter(({ labels }) => Object.entries(query.match ?? {}).every(([name, value]) => labels[name] === value))
        .map(
          (column): Series => ({
            labels: column.labels,
            start: query.from,
            step: STEP,
            values: Float64Array.from({ length: count }, (_, i) => {
              const time = query.from + i * STEP;
              return time + STEP > world.now ? NaN : valueIn(column, time);
            }),
          }),
        )
        .filter(({ values }) => values.some((value) => !Number.isNaN(value)));
    },
    async newestTelemetry() {
      if (world.failing) throw new Error(world.failing);
      return world.newest ?? world.now;
    },
    async readReceived(from, to) {
      const end = Math.min(to, world.now);
      const times = Array.from({ length: Math.max(0, Math.ceil((end - from) / STEP)) }, (_, i) => from + i * STEP);
      // A flow of nothing is what the store says of a stage that was not heard.
      const tells = ({ labels }: Column, value: number) =>
        isFlow(labels['signal'] ?? '') ? value > 0 : !Number.isNaN(value);
      return times.filter((time) => columns.some((column) => tells(column, valueIn(column, time))));
    },
    async writeAnomalies(anomalies) {
      if (world.failing) throw new Error(world.failing);
      for (const anomaly of anomalies) world.anomalies.set(anomaly.id, anomaly);
    },
    async writeExpectations(points) {
      if (world.failing) throw new Error(world.failing);
      world.expectations.push(...rowsOf(points));
    },
    async readFeedback() {
      if (world.failing || world.deaf) throw new Error(world.failing ?? 'deaf');
      return [...world.feedback];
    },
    async readTroubles() {
      if (world.failing) throw new Error(world.failing);
      return { anomalies: [...world.anomalies.values()], incidents: world.incidents };
    },
    async readRecords() {
      if (world.failing) throw new Error(world.failing);
      return world.records;
    },
    async writeLimitForecasts(forecasts) {
      if (world.failing) throw new Error(world.failing);
      world.limitForecasts.push(...forecasts);
    },
    async readRetentions() {
      if (world.failing) throw new Error(world.failing);
      return world.retentions;
    },
    async writeStates(states) {
      if (world.failing) throw new Error(world.failing);
      world.states.push(...states);
    },
  };
  return world;
}
