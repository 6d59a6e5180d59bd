import { formatDuration, type Millis } from '../../core/time.ts';
import type { BadRow } from './rows.ts';
import type { FileReport, JudgedFile } from './series-file.ts';

/** What `backtest.json` holds. */
export interface BacktestReport {
  readonly data: string;
  /** Distance of rows without times, in seconds. */
  readonly interval_seconds: number;
  readonly threads: number;
  readonly judged: number;
  readonly no_series: number;
  readonly failed: number;
  readonly rows: number;
  /** Rows times columns. */
  readonly points: number;
  readonly alarms: number;
  /** Days of all series together, by their usual distance of rows. */
  readonly series_days: number;
  readonly labels: LabelReport | null;
  readonly bad_rows: Readonly<Record<BadRow, number>>;
  readonly missing_values: number;
  readonly gaps: number;
  readonly clock_set_back: number;
  readonly seconds: number;
  readonly points_per_second: number;
  readonly files: readonly FileReport[];
}

/** Alarms of all files that have labels, against those labels. */
export interface LabelReport {
  readonly files: number;
  readonly segments: number;
  readonly found: number;
  readonly alarms: number;
  readonly true_alarms: number;
  /** True alarms over alarms, stretches found over stretches, and 2 P R / (P + R). */
  readonly precision: number;
  readonly recall: number;
  readonly event_f1: number;
  readonly false_alarms_per_series_day: number;
  readonly delay_rows_median: number | null;
}

interface Run {
  readonly data: string;
  readonly interval: Millis;
  readonly jobs: number;
  readonly seconds: number;
}

const REASONS: Readonly<Record<BadRow, string>> = {
  value_unreadable: 'with a cell that is no number (taken as missing)',
  cells_wrong: 'with too few or too many cells (missing ones taken as missing values)',
  time_unreadable: 'with a time that cannot be read (not judged)',
  time_repeated: 'at the time of the row before (not judged)',
  time_backward: 'before the row before (not judged)',
};

/** Sums up the files, in order of their names. */
export function reportOf(reports: readonly FileReport[], run: Run): BacktestReport {
  const files = [...reports].sort((a, b) => (a.file < b.file ? -1 : 1));
  const judged = files.filter((file): file is JudgedFile => file.state === 'judged');
  const sum = (pick: (file: JudgedFile) => number) => judged.reduce((total, file) => total + pick(file), 0);
  const points = sum(({ rows, columns }) => rows * columns);
  const bad = (reason: BadRow) => sum((file) => file.bad_rows[reason]);
  const reasons = Object.keys(REASONS) as BadRow[];
  return {
    data: run.data,
    interval_seconds: run.interval / 1000,
    threads: run.jobs,
    judged: judged.length,
    no_series: files.filter(({ state }) => state === 'no_series').length,
    failed: files.filter(({ state }) => state === 'failed').length,
    rows: sum(({ rows }) => rows),
    points,
    alarms: sum(({ alarms }) => alarms),
    series_days: sum((file) => daysOf(file, file.rows)),
    labels: labelReportOf(judged),
    bad_rows: Object.fromEntries(reasons.map((reason) => [reason, bad(reason)])) as Record<BadRow, number>,
    missing_values: sum((file) => file.missing_values),
    gaps: sum(({ gaps }) => gaps),
    clock_set_back: sum((file) => file.clock_set_back),
    seconds: run.seconds,
    points_per_second: Math.round(points / run.seconds),
    files,
  };
}

const DAY_SECONDS = 86_400;

function daysOf({ interval_seconds }: JudgedFile, rows: number): number {
  return (rows * (interval_seconds ?? 0)) / DAY_SECONDS;
}

function labelReportOf(judged: readonly JudgedFile[]): LabelReport | null {
  const labelled = judged.flatMap((file) => (file.labels === undefined ? [] : [{ file, counts: file.labels }]));
  if (labelled.length === 0) return null;
  const sum = (key: 'segments' | 'found' | 'alarms' | 'true_alarms') =>
    labelled.reduce((total, { counts }) => total + counts[key], 0);
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const [segments, found, alarms, true_alarms] = [sum('segments'), sum('found'), sum('alarms'), sum('true_alarms')];
  const [precision, recall] = [share(true_alarms, alarms), share(found, segments)];
  const quietDays = labelled.reduce((total, { file, counts }) => total + daysOf(file, counts.quiet_rows), 0);
  const delays = labelled.flatMap(({ counts }) => counts.delays).sort((a, b) => a - b);
  return {
    files: labelled.length,
    segments,
    found,
    alarms,
    true_alarms,
    precision,
    recall,
    event_f1: share(2 * precision * recall, precision + recall),
    false_alarms_per_series_day: share(alarms - true_alarms, quietDays),
    delay_rows_median: delays[Math.floor((delays.length - 1) / 2)] ?? null,
  };
}

function labelText(labels: LabelReport): string {
  const { files, segments, found, precision, recall, event_f1, false_alarms_per_series_day, delay_rows_median } =
    labels;
  const delay = delay_rows_median === null ? '' : `, median delay ${delay_rows_median} rows`;
  return (
    `against the labels of ${files} files: ${found} of ${segments} stretches found, event F1 ${event_f1.toFixed(3)} ` +
    `(precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}), ` +
    `${false_alarms_per_series_day.toFixed(3)} false alarms a series-day${delay}`
  );
}

/** The report as text for a terminal: what was read, what was odd about it, and what was said. */
export function reportText(report: BacktestReport, out: string): string {
  const lines = [
    `${report.judged} files judged: ${report.rows} rows, ${report.points} points, ${report.alarms} alarms` +
      (report.series_days > 0 ? ` (${(report.alarms / report.series_days).toFixed(3)} a series-day)` : ''),
    `${report.seconds.toFixed(1)} s on ${report.threads} threads, ${report.points_per_second} points/s`,
  ];
  if (report.labels !== null) lines.push(labelText(report.labels));
  for (const [reason, rows] of Object.entries(report.bad_rows)) {
    if (rows > 0) lines.push(`${rows} rows ${REASONS[reason as BadRow]}`);
  }
  const untimed = report.files.filter((file) => file.state === 'judged' && file.time_column === null).length;
  const distance = formatDuration(report.interval_seconds * 1000);
  if (report.missing_values > 0) lines.push(`${report.missing_values} values missing`);
  if (report.gaps > 0) lines.push(`${report.gaps} gaps in the times`);
  if (report.clock_set_back > 0) lines.push(`${report.clock_set_back} times the clock was set back (days were added)`);
  if (untimed > 0) lines.push(`${untimed} files have no times; their rows are ${distance} apart (--interval)`);
  for (const file of report.files) {
    if (file.state === 'no_series') lines.push(`no series: ${file.file}: ${file.reason}`);
    if (file.state === 'failed') lines.push(`failed: ${file.file}: ${file.reason}`);
  }
  return `${[...lines, `answers in ${out}, counts of each file in ${out}/backtest.json`].join('\n')}\n`;
}
