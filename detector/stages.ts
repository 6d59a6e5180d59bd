import { fingerprint, type Labels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import { columnName } from '../core/stage-column.ts';
import type { Millis } from '../core/time.ts';
import type { FeedbackBook } from './feedback.ts';
import { createRowsJudge } from './rows/rows-judge.ts';
import { judgeRow } from './stage-judge.ts';
import {
  closeRow,
  createStageRows,
  gather,
  rowLength,
  rowStart,
  type Seat,
  type StageRows,
  stageLabels,
} from './stage-rows.ts';
import type { Verdict } from './verdict.ts';
import type { Catalogue } from './watched.ts';

/** What was said of a row of a stage: the row's start, and the verdicts of those who watch the stage. */
export interface RowVerdicts {
  readonly stage: StageRows;
  readonly start: Millis;
  readonly verdicts: readonly Verdict[];
}

/** A stage as a snapshot keeps it, made for a structured clone. */
export type StageState = Omit<StageRows, 'judge'> & { readonly judge: Uint8Array | undefined };

/** The stages whose signals are judged together. */
export interface Stages {
  readonly all: ReadonlyMap<string, StageRows>;
  /** Keeps a stage, in place of what was known of it. */
  put(stage: StageRows): void;
  delete(key: string): void;
  /** Told when an alert of a series fires in the step at `time`: rows of its stage then have nothing to add. */
  fires(labels: Labels, time: Millis, step: Millis): void;
  /**
   * Takes the steps of [from, until) that each stage has not seen yet, and judges the rows that end in them. Steps that
   * were not `heard` (1 where something was received; all where undefined) say nothing. Goes on as it is asked for more.
   */
  judge(range: StageRange): Iterable<RowVerdicts>;
  snapshot(): StageState[];
  /** The same, each stage copied when it is asked for. */
  states(): (() => StageState)[];
}

export interface StageRange {
  readonly series: readonly Series[];
  /** Of `SeriesKeys`: the same array as before while the series are the same. */
  readonly keys?: readonly string[];
  readonly from: Millis;
  readonly until: Millis;
  readonly step: Millis;
  readonly heard: Uint8Array | undefined;
  readonly feedback: FeedbackBook;
  /** Told of signals that found no place in their stage's row, once for each step. */
  readonly onRefused?: (signals: number) => void;
}

export function createStages(catalogue: Catalogue, restored: readonly StageState[] = []): Stages {
  const all = new Map<string, StageRows>(restored.map((state) => [state.watched.key, stageFrom(state)]));
  function keyOf(labels: Labels): string {
    const stage = stageLabels(labels);
    return stage === undefined ? '' : fingerprint(stage);
  }

  let seatedBy: readonly string[] | undefined;
  let seats = new Map<string, Seat[]>();

  /** Which series belong to which stage, found again only when the series are others than before. */
  function seatsOf({ series, keys }: StageRange): ReadonlyMap<string, Seat[]> {
    if (keys !== undefined && keys === seatedBy) return seats;
    seatedBy = keys;
    seats = new Map();
    for (const [index, { labels }] of series.entries()) {
      const key = keyOf(labels);
      if (key === '') continue;
      const seat: Seat = { index, name: columnName(labels), column: undefined };
      const known = seats.get(key);
      if (known === undefined) seats.set(key, [seat]);
      else known.push(seat);
    }
    return seats;
  }

  function run(stage: StageRows, seated: readonly Seat[], range: StageRange): RowVerdicts[] {
    const { series, from, until, step, heard, feedback } = range;
    const { watched } = stage;
    const length = rowLength(step);
    const said: RowVerdicts[] = [];
    for (let time = Math.max(from, watched.next); time < until; time += step) {
      watched.next = time + step;
      if (heard === undefined || heard[Math.round((time - from) / step)] === 1) {
        const refused = gather(stage, series, seated, time, step);
        if (refused > 0) range.onRefused?.(refused);
        if (seated.length > 0) watched.seenAt = time;
      }
      const start = rowStart(time, step);
      if (time + step !== start + length) continue;
      if (closeRow(stage, start, step)) {
        const verdicts = judgeRow(stage, catalogue.watchersOf(watched.labels), start, step, feedback);
        said.push({ stage, start, verdicts });
      }
      for (const busy of stage.busy) if (start - busy > FORGOTTEN_ROWS * length) stage.busy.delete(busy);
    }
    return said;
  }

  return {
    all,
    put: (stage) => all.set(stage.watched.key, stage),
    delete: (key) => all.delete(key),
    fires(labels, time, step) {
      // Verdicts of the pipeline model are no columns, but what they raise speaks for the stage as well.
      all.get(keyOf({ ...labels, signal: 'throughput' }))?.busy.add(rowStart(time, step));
    },
    *judge(range) {
      const seated = seatsOf(range);
      for (const stage of [...all.values()]) yield* run(stage, seated.get(stage.watched.key) ?? [], range);
    },
    snapshot: () => [...all.values()].map(stateOf),
    states: () => [...all.values()].map((stage) => () => stateOf(stage)),
  };
}

/** Rows after which it does not matter any more that an alert fired. */
const FORGOTTEN_ROWS = 10;

/** Stages of `series` that somebody watches and `known` has not, to be learned from `from` on. */
export function newStages(
  catalogue: Catalogue,
  series: Iterable<Labels>,
  known: ReadonlyMap<string, StageRows>,
  from: Millis,
  metAt: Millis,
): StageRows[] {
  const found = new Map<string, StageRows>();
  for (const labels of series) {
    const stage = stageLabels(labels);
    if (!stage || catalogue.watchersOf(stage).length === 0) continue;
    const key = fingerprint(stage);
    if (!known.has(key) && !found.has(key)) found.set(key, createStageRows(stage, from, metAt));
  }
  return [...found.values()];
}

const stateOf = (stage: StageRows): StageState => ({ ...stage, judge: stage.judge?.snapshot() });

function stageFrom({ judge: bytes, ...state }: StageState): StageRows {
  if (bytes === undefined) return { ...state, judge: undefined };
  const judge = createRowsJudge(state.width);
  judge.restore(bytes);
  return { ...state, judge };
}
