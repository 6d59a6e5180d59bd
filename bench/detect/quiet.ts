import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseCells } from '../../core/csv.ts';
import type { BacktestReport } from '../../detector/backtest/report.ts';
import { countAlarms, readAnswer } from './answers.ts';
import type { Measure } from './measures.ts';
import { byHalf } from './split.ts';

/** Rows of alarm that are so near count as one, as in the scoring of events. */
const MERGE_GAP = 10;
const ROWS_PER_HOUR = 3600;

/** Files with a row each second in which nothing is wrong: alarms an hour, of whole rows. */
export function rowAlarms(report: BacktestReport, answers: string): Measure {
  const traces = judgedFiles(report).map((file) => ({ file, ...tally(join(answers, file)) }));
  const pick = (some: readonly (typeof traces)[number][]) => (sum(some, 'alarms') / sum(some, 'rows')) * ROWS_PER_HOUR;
  return { name: 'row alarms an hour', digits: 2, values: byHalf(traces, ({ file }) => file, pick) };
}

/** The same of each column as a series of its own: alarms a day of each column that is not constant. */
export function columnAlarms(report: BacktestReport, answers: string): Measure {
  const series = judgedFiles(report).map((file) => ({
    trace: file.split('/')[0] as string,
    ...tally(join(answers, file)),
  }));
  const traces = [...new Set(series.map(({ trace }) => trace))];
  const pick = (some: readonly string[]) => {
    const those = series.filter(({ trace }) => some.includes(trace));
    return (sum(those, 'alarms') / sum(those, 'rows')) * 24 * ROWS_PER_HOUR;
  };
  const name = 'alarms a series-day, each column alone';
  return { name, digits: 2, values: byHalf(traces, (trace) => trace, pick) };
}

/** Writes each column of the files that is not constant as a file of one column: `<out>/<file>/<column>.csv`. */
export function splitColumns(report: BacktestReport, data: string, out: string): void {
  for (const file of judgedFiles(report, '')) {
    const bytes = readFileSync(join(data, file));
    const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8');
    const [head, ...rows] = text.trimEnd().split('\n').map(parseCells) as [string[], ...string[][]];
    const folder = join(out, file.replace(/\.csv(\.gz)?$/, ''));
    mkdirSync(folder, { recursive: true });
    for (const [i, name] of head.entries()) {
      if (i === 0 || new Set(rows.map((cells) => cells[i])).size < 2) continue;
      const lines = rows.map((cells) => `${cells[0]},${cells[i]}\n`);
      writeFileSync(join(folder, `${name.replaceAll('/', '_')}.csv`), `timestamp,value\n${lines.join('')}`);
    }
  }
}

function judgedFiles(report: BacktestReport, ending = '.csv'): string[] {
  const names = report.files.filter(({ state }) => state === 'judged').map(({ file }) => file);
  return ending === '' ? names : names.map((file) => file.replace(/\.gz$/, ''));
}

function tally(path: string): { alarms: number; rows: number } {
  const { alarm, rows } = readAnswer(path);
  return { alarms: countAlarms(alarm, MERGE_GAP), rows };
}

function sum<K extends string>(some: readonly Readonly<Record<K, number>>[], key: K): number {
  return some.reduce((total, one) => total + one[key], 0);
}
