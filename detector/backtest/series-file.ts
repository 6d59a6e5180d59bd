import { errorMessage, WeirError } from '../../core/errors.ts';
import type { Millis } from '../../core/time.ts';
import { type Answer, openAnswer } from './answer.ts';
import type { CreateRowJudge, RowJudge, RowJudgement } from './judge.ts';
import { type Layout, readLayout, SAMPLE } from './layout.ts';
import { readLines } from './lines.ts';
import { createRowReader, type RowCounts, type RowReader } from './rows.ts';
import { createTally, isLabelled, type LabelCounts, type Tally } from './tally.ts';

export interface SeriesFile {
  /** Path relative to the data, for messages and the report. */
  readonly name: string;
  readonly input: string;
  readonly output: string;
}

export interface FileOptions {
  /** Distance of rows without times. */
  readonly interval: Millis;
  readonly timeColumn?: string | undefined;
  /** Whether alarms are put beside the labels of files that have them. */
  readonly againstLabels?: boolean | undefined;
}

/** What was done with a file. */
export type FileReport = JudgedFile | UnjudgedFile;

export interface JudgedFile extends RowCounts {
  readonly file: string;
  readonly state: 'judged';
  /** The file whose rows were fed before. */
  readonly history?: string;
  readonly time_column: string | null;
  readonly columns: number;
  readonly unread_columns: readonly string[];
  /** Usual distance of the rows in seconds, null before there are two. */
  readonly interval_seconds: number | null;
  readonly gaps: number;
  readonly clock_set_back: number;
  readonly alarms: number;
  /** Where it was asked for, and the file has labels. */
  readonly labels?: LabelCounts;
  readonly seconds: number;
}

export interface UnjudgedFile {
  readonly file: string;
  /** `no_series`: it holds something else; `failed`: it could not be read to its end. */
  readonly state: 'no_series' | 'failed';
  readonly reason: string;
}

interface Session {
  readonly names: readonly string[];
  readonly reader: RowReader;
  readonly judge: RowJudge;
  readonly last: string;
}

/** Rows that were not judged repeat what was said before them, and open nothing. */
const HELD = 0.499;

/**
 * Judges files that follow each other, one judge for all of them (the history, then what comes after it), and writes an
 * answer for each. A file with other columns than the one before gets a judge of its own. One that fails is reported,
 * and what follows it starts afresh.
 */
export async function judgeFiles(
  files: readonly SeriesFile[],
  createJudge: CreateRowJudge,
  options: FileOptions,
): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  let session: Session | undefined;
  for (const file of files) {
    try {
      const { report, after } = await judgeFile(file, session, createJudge, options);
      reports.push(report);
      session = after;
    } catch (error) {
      reports.push({ file: file.name, state: 'failed', reason: errorMessage(error) });
      session = undefined;
    }
  }
  return reports;
}

async function judgeFile(
  file: SeriesFile,
  before: Session | undefined,
  createJudge: CreateRowJudge,
  options: FileOptions,
): Promise<{ report: FileReport; after: Session | undefined }> {
  const began = performance.now();
  const lines = readLines(file.input);
  const head = await takeSample(lines);
  const layout = readLayout(head.slice(0, SAMPLE), options.timeColumn);
  if ('reason' in layout) {
    await lines.return(undefined);
    return { report: { file: file.name, state: 'no_series', reason: layout.reason }, after: undefined };
  }
  const history = before !== undefined && sameNames(before.names, layout.names) ? before : undefined;
  const reader = history?.reader ?? createRowReader(layout.names.length, options.interval);
  const judge = history?.judge ?? createJudge(layout.names.length);
  reader.startFile(layout);
  const answer = openAnswer(file.output, layout.names);
  const tally = options.againstLabels && layout.label >= 0 ? createTally() : undefined;
  const writer = createRowWriter(file.name, reader, judge, answer, tally, layout);
  try {
    writer.add(layout.header ? withoutHeader(head) : head);
    for await (const batch of lines) writer.add(batch);
    answer.finish();
  } finally {
    answer.discard();
  }
  const report: JudgedFile = {
    file: file.name,
    state: 'judged',
    ...(history === undefined ? {} : { history: history.last }),
    time_column: layout.timeName ?? null,
    columns: layout.names.length,
    unread_columns: layout.unread,
    ...reader.counts,
    interval_seconds: Number.isNaN(reader.interval) ? null : reader.interval / 1000,
    gaps: reader.gaps,
    clock_set_back: reader.setBacks,
    alarms: writer.alarms(),
    ...(tally === undefined ? {} : { labels: tally.counts() }),
    seconds: (performance.now() - began) / 1000,
  };
  return { report, after: { names: layout.names, reader, judge, last: file.name } };
}

function createRowWriter(
  name: string,
  reader: RowReader,
  judge: RowJudge,
  answer: Answer,
  tally: Tally | undefined,
  layout: Layout,
) {
  const nothing = new Float64Array(layout.names.length);
  let last: RowJudgement | undefined;
  let open = false;
  let alarms = 0;

  return {
    add(lines: readonly string[]) {
      for (const line of lines) {
        const row = reader.read(line);
        if (row === undefined) continue;
        if (Number.isNaN(row.time)) {
          answer.add(row.stamp, Math.min(last?.score ?? 0, HELD), open, last?.contributions ?? nothing);
        } else {
          last = judge.judge(row.time, row.values);
          assertSound(last, name, reader.counts.rows);
          if (last.alarm && !open) alarms++;
          open = last.alarm;
          answer.add(row.stamp, last.score, open, last.contributions);
        }
        tally?.add(isLabelled(row.label), open);
      }
    },
    alarms: () => alarms,
  };
}

function assertSound({ score }: RowJudgement, name: string, row: number): void {
  if (score >= 0 && score <= 1) return;
  throw new WeirError('backtest_score_invalid', `${name}: row ${row} got the score ${score}; report this as a bug`);
}

/** The lines that tell what a file is, and what came with them. */
async function takeSample(lines: AsyncGenerator<string[]>): Promise<string[]> {
  let head: string[] = [];
  while (head.length < SAMPLE) {
    const { value, done } = await lines.next();
    if (done) break;
    head = head.concat(value);
  }
  return head;
}

function withoutHeader(lines: readonly string[]): string[] {
  return lines.slice(lines.findIndex((line) => line.trim() !== '') + 1);
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, i) => name === right[i]);
}
