import type { Labels } from '../core/labels.ts';
import { normalizeLabels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { isFlow, valueAt } from './coverage.ts';
import { noiseFloor } from './noise.ts';
import { createRowsJudge, type RowsJudge } from './rows/rows-judge.ts';
import { refusalOf } from './traits.ts';
import { createWatched, type Watched } from './watched.ts';

/** One signal of a stage, and what came in of it since the last row. */
export interface StageColumn {
  readonly name: string;
  readonly place: number;
  readonly labels: Labels;
  sum: number;
  count: number;
}

/** A stage whose signals are judged together: a row a minute, of the mean of each signal in it. */
export interface StageRows {
  /** Standing with the detectors; `labels` are pipeline, stage and the signal `relations`. */
  readonly watched: Watched;
  readonly columns: StageColumn[];
  /** Undefined until there are two columns. */
  judge: RowsJudge | undefined;
  /** Columns that `judge` knows: those that came since the last row are not among them. */
  width: number;
  /** Steps that were heard since the last row. */
  steps: number;
  /** Events of the stage since the last row, NaN while nobody counts them. */
  volume: number;
  /** Starts of the newest rows in which an alert of one of the stage's signals fired. */
  readonly busy: Set<Millis>;
}

/** Length of a row. What rows have to say is how signals keep together, and a minute takes the noise of counts out of it. */
const ROW_MS = 60_000;
/** Signals of a stage that are looked at; the matrices grow with the square of it. */
export const MOST_COLUMNS = 24;
/** Verdicts of the pipeline model and its forecasts: rules watch them, and mostly they are one number. */
const JUDGED: ReadonlySet<string> = new Set<Signal>([
  ...(['loss_seconds', 'drop_ratio', 'slo_burn', 'relations', 'group_state'] as const),
]);
/** Signals that say little of few events, and how many events of a row they need. */
const OF_EVENTS: ReadonlySet<string> = new Set<Signal>([
  ...(['error_ratio', 'latency_p50', 'latency_p95', 'latency_p99', 'dependency_p95'] as const),
]);
const LEAST_EVENTS = 20;
/** A row is one only when most of its steps were heard. */
const LEAST_SHARE = 0.5;

/** Length of the rows of series with this step. */
export function rowLength(step: Millis): Millis {
  return step * Math.max(1, Math.round(ROW_MS / step));
}

/** Start of the row that holds the step at `time`. */
export function rowStart(time: Millis, step: Millis): Millis {
  const length = rowLength(step);
  return Math.floor(time / length) * length;
}

/** Labels of the stage that a series belongs to; undefined for one that belongs to none, or is a verdict already. */
export function stageLabels(labels: Labels): Labels | undefined {
  const { pipeline, stage, signal } = labels;
  if (!stage || !signal || JUDGED.has(signal)) return undefined;
  return normalizeLabels({ signal: 'relations', pipeline: pipeline ?? '', stage });
}

/** A stage of which nothing was seen, to be learned from `from` on. */
export function createStageRows(labels: Labels, from: Millis, metAt: Millis): StageRows {
  const watched = createWatched(labels, from, metAt);
  return { watched, columns: [], judge: undefined, width: 0, steps: 0, volume: NaN, busy: new Set() };
}

/** Where a series of the stage stands in an answer of the store, and its column once that was found. */
export interface Seat {
  readonly index: number;
  readonly name: string;
  column: StageColumn | undefined;
}

/**
 * Takes in one step of those of the `series` that are `seated` in the stage. Signals come and go: one not seen before becomes a column, one without
 * a value is a gap. Returns how many signals found no place.
 */
export function gather(
  stage: StageRows,
  series: readonly Series[],
  seated: readonly Seat[],
  time: Millis,
  step: Millis,
): number {
  stage.steps++;
  let refused = 0;
  let volume = NaN;
  for (const seat of seated) {
    const one = series[seat.index] as Series;
    const signal = one.labels['signal'] as Signal;
    const value = valueAt(one, time);
    if (Number.isNaN(value) || refusalOf(signal, value)) continue;
    if (isFlow(signal)) volume = Math.max(volume || 0, (value * step) / 1000);
    let { column } = seat;
    if (column === undefined || stage.columns[column.place] !== column) {
      column = stage.columns.find(({ name }) => name === seat.name);
      seat.column = column;
    }
    if (!column) {
      if (stage.columns.length >= MOST_COLUMNS) {
        refused++;
        continue;
      }
      column = { name: seat.name, place: stage.columns.length, labels: one.labels, sum: 0, count: 0 };
      stage.columns.push(column);
    }
    column.sum += value;
    column.count++;
  }
  if (!Number.isNaN(volume)) stage.volume = (stage.volume || 0) + volume;
  return refused;
}

/**
 * Ends the row that began at `start`: judges it and learns it. False where there was nothing to judge: fewer than two
 * signals, or too little of the row was heard.
 */
export function closeRow(stage: StageRows, start: Millis, step: Millis): boolean {
  const length = rowLength(step);
  const { columns, volume } = stage;
  const heard = stage.steps * step >= LEAST_SHARE * length;
  const values = Float64Array.from(columns, ({ labels, sum, count }) =>
    count === 0 || (volume < LEAST_EVENTS && OF_EVENTS.has(labels['signal'] ?? '')) ? NaN : sum / count,
  );
  for (const column of columns) column.sum = column.count = 0;
  stage.volume = NaN;
  stage.steps = 0;
  if (!heard || values.filter((value) => !Number.isNaN(value)).length < 2) return false;
  if (stage.width < columns.length) {
    stage.judge = stage.judge?.widened(columns.length) ?? createRowsJudge(columns.length);
    stage.width = columns.length;
  }
  const judge = stage.judge as RowsJudge;
  for (const [j, { labels }] of columns.entries()) {
    judge.setNoise(j, noiseFloor(labels['signal'] as Signal, judge.levelOf(j), volume, length / 1000));
  }
  judge.judge(start, values);
  stage.watched.history += length;
  return true;
}
