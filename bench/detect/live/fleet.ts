import type { Labels } from '../../../core/labels.ts';
import type { Series } from '../../../core/series.ts';
import type { Signal } from '../../../core/signal.ts';
import type { Millis } from '../../../core/time.ts';
import type { DetectorPort } from '../../../detector/port.ts';
import type { SignalQuery } from '../../../store/queries/signals.ts';

/** What each stage has a series of, with its usual value and how far it scatters. */
const KINDS: readonly (readonly [signal: Signal, middle: number, scatter: number])[] = [
  ['throughput', 200, 15],
  ['output', 190, 15],
  ['error_ratio', 0.01, 0.002],
  ['latency_p50', 0.02, 0.002],
  ['latency_p95', 0.08, 0.01],
  ['latency_p99', 0.2, 0.03],
  ['dependency_p95', 0.05, 0.006],
  ['lag', 400, 60],
  ['lag_seconds', 2, 0.3],
  ['freshness', 5, 1],
];
const FAULTY = KINDS.findIndex(([signal]) => signal === 'lag_seconds');
const FAULT = 600;
const DAY_MS: Millis = 86_400_000;

interface Fault {
  readonly from: Millis;
  readonly until: Millis;
}

/** Made series of many stages that all report in every step, behind the detector's port. */
export interface Fleet extends DetectorPort {
  readonly size: number;
  /** Time of the newest telemetry, and the end of what can be read. */
  now: Millis;
  /** Makes the answer to the next question for one step ahead, so that making it is not timed. */
  prepare(from: Millis): void;
  /** Lets go of what was made ahead, so that it is not taken for memory of the detector. */
  release(): void;
  /** From then on the lag of one more stage is far too long; returns the name of the stage. */
  breakStage(from: Millis, until: Millis): string;
}

/** A number from -1.5 to 1.5 out of the place and the time, always the same: the sum of three even ones. */
function scatterOf(series: number, step: number): number {
  let h = Math.imul(series + 1, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b);
  let sum = 0;
  for (let i = 0; i < 3; i++) {
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    h ^= h >>> 15;
    sum += (h >>> 0) / 2 ** 32 - 0.5;
  }
  return sum;
}

const stageOf = (series: number) => `stage-${Math.floor(series / KINDS.length)}`;

function labelsOf(series: number): Labels {
  const [signal] = KINDS[series % KINDS.length] as (typeof KINDS)[number];
  const stage = stageOf(series);
  const labels = { pipeline: `pipeline-${Math.floor(series / 200)}`, signal, stage };
  if (signal === 'lag' || signal === 'lag_seconds') return { ...labels, group: stage, topic: `into-${stage}` };
  return signal === 'dependency_p95' ? { ...labels, dependency: 'postgresql' } : labels;
}

/** `size` series; labels are new objects in every answer, as they are from the store. */
export function createFleet(size: number, step: Millis, now: Millis): Fleet {
  const faults = new Map<number, Fault>();
  let prepared: { readonly from: Millis; readonly series: readonly Series[] } | undefined;

  function valueAt(series: number, time: Millis): number {
    const fault = faults.get(series);
    if (fault && time >= fault.from && time < fault.until) return FAULT;
    const [, middle, scatter] = KINDS[series % KINDS.length] as (typeof KINDS)[number];
    const day = 1 + 0.2 * Math.sin((2 * Math.PI * (time % DAY_MS)) / DAY_MS);
    return Math.max(0, middle * day + scatter * scatterOf(series, time / step));
  }

  function seriesBetween(from: Millis, to: Millis): Series[] {
    const count = Math.round((to - from) / step);
    return Array.from({ length: size }, (_, i) => {
      const values = new Float64Array(count);
      for (let k = 0; k < count; k++) values[k] = valueAt(i, from + k * step);
      return { labels: labelsOf(i), start: from, step, values };
    });
  }

  const fleet: Fleet = {
    size,
    now,
    prepare(from) {
      prepared = { from, series: seriesBetween(from, from + step) };
    },
    release() {
      prepared = undefined;
    },
    breakStage(from, until) {
      const series = FAULTY + KINDS.length * faults.size * 7;
      if (series >= size) throw new Error(`no stage is left to break after ${faults.size}`);
      faults.set(series, { from, until });
      return stageOf(series);
    },
    async readSignals({ from, to }: SignalQuery) {
      if (prepared?.from === from && to === from + step) return prepared.series;
      return seriesBetween(from, Math.min(to, fleet.now));
    },
    newestTelemetry: async () => fleet.now,
    readReceived: async (from, to) =>
      Array.from(
        { length: Math.max(0, Math.round((Math.min(to, fleet.now) - from) / step)) },
        (_, i) => from + i * step,
      ),
    writeAnomalies: async () => {},
    writeExpectations: async () => {},
    readFeedback: async () => [],
    readTroubles: async () => ({ anomalies: [], incidents: [] }),
    readRecords: async () => [],
    writeStates: async () => {},
    readRetentions: async () => [],
    writeLimitForecasts: async () => {},
  };
  return fleet;
}
