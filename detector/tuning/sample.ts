import { fingerprint, type Labels } from '../../core/labels.ts';
import type { Signal } from '../../core/signal.ts';
import type { Millis } from '../../core/time.ts';
import type { GridSeries } from '../lstm/training/segments.ts';
import type { DetectorPort } from '../port.ts';
import { seededRandom } from '../random.ts';
import { type Maintenance, troublesOf, withoutTroubles } from './troubles.ts';

/** What a night learns from at most: series, the stages they are of, and how far back. */
export const MOST_SERIES = 200;
const MOST_STAGES = 40;
export const REACH: Millis = 3 * 86_400_000;
/** What one query reads. */
const CHUNK: Millis = 12 * 3_600_000;
/** Values that a series must have for its last fifth to hold a stretch to judge by. */
const LEAST_VALUES = 1500;
/** A series most of whose values are alike has nothing to tell. */
const LEAST_CHANGES = 0.05;
/** Planned work is asked for once in so many milliseconds. */
const ASKED_EVERY: Millis = 60_000;

export interface Sample {
  readonly series: readonly GridSeries[];
  /** Values left out as incidents, anomalies and maintenance. */
  readonly taken: number;
}

export interface SampleOptions {
  readonly port: Pick<DetectorPort, 'readSignals' | 'readTroubles' | 'readFeedback'>;
  readonly labels: readonly Labels[];
  readonly signals: readonly Signal[];
  readonly step: Millis;
  /** Start of the first step that is not read. */
  readonly until: Millis;
  readonly seed: number;
  readonly maintenance: Maintenance;
}

/**
 * Series to learn from, in the order that `seed` gives them: those of the stages that come first, as the store has them, with gaps
 * where they were not themselves. Short ones and those that hardly ever change are left out. Throws what the store throws.
 */
export async function readSample(options: SampleOptions): Promise<Sample> {
  const { port, step, until, maintenance } = options;
  const chosen = chooseSeries(options.labels, options.seed);
  const wanted = new Map(chosen.flatMap(({ series }) => series).map((labels) => [fingerprint(labels), labels]));
  const from = until - Math.floor(REACH / step) * step;
  const [troubles, feedback] = await Promise.all([port.readTroubles(from, until), port.readFeedback()]);
  const columns = new Map<string, Float64Array>();
  const count = Math.round((until - from) / step);
  for (const { stage } of chosen) {
    for (let at = from; at < until; at += CHUNK) {
      const to = Math.min(until, at + CHUNK);
      for (const { labels, start, values } of await port.readSignals({
        ...{ from: at, to, step, signals: options.signals, match: stage },
      })) {
        const key = fingerprint(labels);
        if (!wanted.has(key)) continue;
        const column = columns.get(key) ?? new Float64Array(count).fill(NaN);
        columns.set(key, column);
        const offset = Math.round((start - from) / step);
        for (const [i, value] of values.entries())
          if (offset + i >= 0 && offset + i < count) column[offset + i] = value;
      }
    }
  }
  const series: GridSeries[] = [];
  let taken = 0;
  for (const [key, labels] of wanted) {
    const values = columns.get(key);
    if (values === undefined) continue;
    const first = values.findIndex((value) => !Number.isNaN(value));
    if (first < 0) continue;
    // From its first value on: the last fifth of what there is of a series is what it is judged by.
    const whole = { start: from + first * step, step, values: values.subarray(first) };
    const cut = withoutTroubles(whole, troublesOf(labels, { ...troubles, feedback }, until), (time) =>
      maintenance(labels, Math.floor(time / ASKED_EVERY) * ASKED_EVERY),
    );
    if (!tells(cut.series.values)) continue;
    taken += cut.taken;
    series.push(cut.series);
  }
  return { series, taken };
}

/** Stages in an order that `seed` gives them, with their series, until there are enough. */
export function chooseSeries(
  all: readonly Labels[],
  seed: number,
): readonly { readonly stage: Labels; readonly series: readonly Labels[] }[] {
  const stages = new Map<string, { stage: Labels; series: Labels[] }>();
  for (const labels of [...all].sort((a, b) => (fingerprint(a) < fingerprint(b) ? -1 : 1))) {
    const stage = { pipeline: labels['pipeline'] ?? '', stage: labels['stage'] ?? '' };
    const key = fingerprint(stage);
    const known = stages.get(key);
    if (known) known.series.push(labels);
    else stages.set(key, { stage, series: [labels] });
  }
  const random = seededRandom(seed);
  const shuffled = [...stages.values()]
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, MOST_STAGES);
  const chosen: { stage: Labels; series: Labels[] }[] = [];
  let left = MOST_SERIES;
  for (const { one } of shuffled) {
    const series = one.series.slice(0, left);
    if (series.length > 0) chosen.push({ stage: one.stage, series });
    left -= series.length;
  }
  return chosen;
}

function tells(values: Float64Array): boolean {
  let there = 0;
  let changes = 0;
  let before = NaN;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    there++;
    if (value !== before) changes++;
    before = value;
  }
  return there >= LEAST_VALUES && changes >= LEAST_CHANGES * there;
}
