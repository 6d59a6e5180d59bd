import { fingerprint, type Labels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Millis } from '../core/time.ts';
import type { FeedbackBook } from './feedback.ts';
import { judgeRow } from './stage-judge.ts';
import {
  closeRow,
  createStageRows,
  gather,
  rowLength,
  rowStart,
  type Seats,
  type StageRows,
  stageLabels,
  UNSEATED,
} from './stage-rows.ts';
import type { Verdict } from './verdict.ts';
import type { Catalogue } from './watched.ts';

/** What was said of a row of a stage: the row's start, and the verdicts of those who watch the stage. */
export interface RowVerdicts {
  readonly stage: StageRows;
  readonly start: Millis;
  readonly verdicts: readonly Verdict[];
}

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

export function createStages(catalogue: Catalogue, restored: readonly StageRows[] = []): Stages {
  const all = new Map<string, StageRows>(restored.map((stage) => [stage.watched.key, stage]));
  function keyOf(labels: Labels): string {
    const stage = stageLabels(labels);
    return stage === undefined ? '' : fingerprint(stage);
  }

  let seatedBy: readonly string[] | undefined;
  /** Places in the answer of the series of each stage. */
  let members = new Map<string, number[]>();
  let seats: Seats = new Int8Array(0);

  /** Finds which series belong to which stage, again only when the series are others than before. */
  function seat({ series, keys }: StageRange): void {
    if (keys !== undefined && keys === seatedBy) return;
    seatedBy = keys;
    members = new Map();
    seats = new Int8Array(series.length).fill(UNSEATED);
    for (const [index, { labels }] of series.entries()) {
      const key = keyOf(labels);
      if (key === '') continue;
      const known = members.get(key);
      if (known === undefined) members.set(key, [index]);
      else known.push(index);
    }
  }

  function run(stage: StageRows, range: StageRange): RowVerdicts[] {
    const { series, from, until, step, heard, feedback } = range;
    const { watched } = stage;
    const own = members.get(watched.key) ?? [];
    const length = rowLength(step);
    const said: RowVerdicts[] = [];
    for (let time = Math.max(from, watched.next); time < until; time += step) {
      watched.next = time + step;
      if (heard === undefined || heard[Math.round((time - from) / step)] === 1) {
        const refused = gather(stage, series, own, seats, time, step);
        if (refused > 0) range.onRefused?.(refused);
        if (own.length > 0) watched.seenAt = time;
      }
      const start = rowStart(time, step);
      if (time + step !== start + length) continue;
      const rows = closeRow(stage, start, step);
      if (rows !== undefined) {
        const verdicts = judgeRow(stage, rows, catalogue.watchersOf(watched.labels), start, step, feedback);
        said.push({ stage, start, verdicts });
      }
      if (stage.busy.length > 0) stage.busy = stage.busy.filter((busy) => start - busy <= FORGOTTEN_ROWS * length);
    }
    return said;
  }

  return {
    all,
    put(stage) {
      const { key } = stage.watched;
      all.set(key, stage);
      // Its columns stand in an order of their own.
      for (const index of members.get(key) ?? []) seats[index] = UNSEATED;
    },
    delete: (key) => all.delete(key),
    fires(labels, time, step) {
      // Verdicts of the pipeline model are no columns, but what they raise speaks for the stage as well.
      const stage = all.get(keyOf({ ...labels, signal: 'throughput' }));
      const start = rowStart(time, step);
      if (stage && !stage.busy.includes(start)) stage.busy = [...stage.busy, start];
    },
    *judge(range) {
      seat(range);
      for (const stage of [...all.values()]) yield* run(stage, range);
    },
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
