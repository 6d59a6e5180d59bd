import type { Labels } from '../core/labels.ts';
import { normalizeLabels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Signal } from '../core/signal.ts';
import { columnName } from '../core/stage-column.ts';
import type { Millis } from '../core/time.ts';
import { isFlow, valueAt } from './coverage.ts';
import { noiseFloor } from './noise.ts';
import { createRowsJudge, type RowsJudge } from './rows/rows-judge.ts';
import { refusalOf } from './traits.ts';
import { createWatched, type Watched } from './watched.ts';

/** One signal of a stage, and what came in of it since the last row. */
export interface StageColumn {
  readonly name: string;
  readonly signal: Signal;
  sum: number;
  count: number;
}

/** A stage whose signals are judged together: a row a minute, of the mean of each signal in it. Made for a structured clone. */
export interface StageRows {
  /** Standing with the detectors; `labels` are pipeline, stage and the signal `relations`. */
  readonly watched: Watched;
  readonly columns: StageColumn[];
  /** What the judge of its rows remembers (`RowsJudge.snapshot`); undefined until there are two columns. */
  state: Uint8Array | undefined;
  /** Columns that the judge knows: those that came since the last row are not among them. */
  width: number;
  /** Steps that were heard since the last row. */
  steps: number;
  /** Events of the stage since the last row, NaN while nobody counts them. */
  volume: number;
  /** Starts of the newest rows in which an alert of one of the stage's signals fired. */
  busy: readonly Millis[];
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

const NEVER: readonly Millis[] = [];

/** A stage of which nothing was seen, to be learned from `from` on. */
export function createStageRows(labels: Labels, from: Millis, metAt: Millis): StageRows {
  const watched = createWatched(labels, from, metAt);
  return { watched, columns: [], state: undefined, width: 0, steps: 0, volume: NaN, busy: NEVER };
}

/** For each series of an answer of the store its place among the columns of its stage; `UNSEATED` until that was found. */
export type Seats = Int8Array;
export const UNSEATED = -1;

/**
 * Takes in one step of those of the `series` that are of the stage (`members`: their places in the answer). Signals come and go: one not seen before becomes a column, one without
 * a value is a gap. Returns how many signals found no place.
 */
export function gather(
  stage: StageRows,
  series: readonly Series[],
  members: readonly number[],
  seats: Seats,
  time: Millis,
  step: Millis,
): number {
  stage.steps++;
  let refused = 0;
  let volume = NaN;
  for (const index of members) {
    const one = series[index] as Series;
    const signal = one.labels['signal'] as Signal;
    const value = valueAt(one, time);
    if (Number.isNaN(value) || refusalOf(signal, value)) continue;
    if (isFlow(signal)) volume = Math.max(volume || 0, (value * step) / 1000);
    if (seats[index] === UNSEATED) seats[index] = seatOf(stage, one);
    const column = stage.columns[seats[index] as number];
    if (!column) {
      refused++;
      continue;
    }
    column.sum += value;
    column.count++;
  }
  if (!Number.isNaN(volume)) stage.volume = (stage.volume || 0) + volume;
  return refused;
}

/** The place of a series among the columns of its stage, made where there is room; `UNSEATED` where there is none. */
function seatOf({ columns }: StageRows, { labels }: Series): number {
  const name = columnName(labels);
  const known = columns.findIndex((column) => column.name === name);
  if (known >= 0) return known;
  if (columns.length >= MOST_COLUMNS) return UNSEATED;
  return columns.push({ name, signal: labels['signal'] as Signal, sum: 0, count: 0 }) - 1;
}

/** One judge for all stages of as many columns: a stage's state is put in for each row, and written back after it. */
const judges = new Map<number, RowsJudge>();

function judgeOf(columns: number): RowsJudge {
  const judge = judges.get(columns) ?? createRowsJudge(columns);
  judges.set(columns, judge);
  return judge;
}

/** The state of a stage that has more columns by now than its judge knows. */
function widened(state: Uint8Array | undefined, from: number, columns: number): Uint8Array {
  if (state === undefined) return createRowsJudge(columns).snapshot();
  const judge = judgeOf(from);
  judge.restore(state);
  return judge.widened(columns).snapshot();
}

/**
 * Ends the row that began at `start`: judges it and learns it. Returns the judge, which speaks of this row until another one
 * is closed; undefined where there was nothing to judge: fewer than two signals, or too little of the row was heard.
 */
export function closeRow(stage: StageRows, start: Millis, step: Millis): RowsJudge | undefined {
  const length = rowLength(step);
  const { columns, volume } = stage;
  const heard = stage.steps * step >= LEAST_SHARE * length;
  const values = Float64Array.from(columns, ({ signal, sum, count }) =>
    count === 0 || (volume < LEAST_EVENTS && OF_EVENTS.has(signal)) ? NaN : sum / count,
  );
  for (const column of columns) column.sum = column.count = 0;
  stage.volume = NaN;
  stage.steps = 0;
  if (!heard || values.filter((value) => !Number.isNaN(value)).length < 2) return undefined;
  if (stage.width < columns.length) {
    stage.state = widened(stage.state, stage.width, columns.length);
    stage.width = columns.length;
  }
  const judge = judgeOf(stage.width);
  const state = stage.state as Uint8Array;
  judge.restore(state);
  for (const [j, { signal }] of columns.entries()) {
    judge.setNoise(j, noiseFloor(signal, judge.levelOf(j), volume, length / 1000));
  }
  judge.judge(start, values);
  judge.snapshot(state);
  stage.watched.history += length;
  return judge;
}
