import { describe, expect, test } from 'vitest';
import { reportOf, reportText } from '../../../detector/backtest/report.ts';
import type { FileReport, JudgedFile } from '../../../detector/backtest/series-file.ts';

const clean = { value_unreadable: 0, cells_wrong: 0, time_unreadable: 0, time_repeated: 0, time_backward: 0 };

function judged(file: string, more: Partial<JudgedFile> = {}): JudgedFile {
  return {
    file,
    state: 'judged',
    time_column: 't',
    columns: 1,
    unread_columns: [],
    rows: 1000,
    blank_lines: 0,
    missing_values: 0,
    bad_rows: clean,
    interval_seconds: 60,
    gaps: 0,
    clock_set_back: 0,
    alarms: 0,
    seconds: 1,
    ...more,
  };
}

const run = { data: 'recorded', interval: 60_000, jobs: 2, seconds: 2 };

describe('reportOf', () => {
  test('adds up what was judged, in order of names', () => {
    const files: FileReport[] = [
      judged('b.csv', { alarms: 2, gaps: 1, missing_values: 3, bad_rows: { ...clean, time_repeated: 4 } }),
      { file: 'c.csv', state: 'no_series', reason: 'x' },
      judged('a.csv', { columns: 38, alarms: 1, clock_set_back: 1, bad_rows: { ...clean, time_repeated: 1 } }),
      { file: 'd.csv', state: 'failed', reason: 'y' },
    ];
    const report = reportOf(files, run);
    expect(report).toMatchObject({ judged: 2, no_series: 1, failed: 1, rows: 2000, points: 39_000, alarms: 3 });
    expect(report).toMatchObject({ missing_values: 3, gaps: 1, clock_set_back: 1, points_per_second: 19_500 });
    expect(report.bad_rows).toEqual({ ...clean, time_repeated: 5 });
    expect(report.files.map(({ file }) => file)).toEqual(['a.csv', 'b.csv', 'c.csv', 'd.csv']);
    expect([report.interval_seconds, report.threads]).toEqual([60, 2]);
  });
});

describe('alarms against labels', () => {
  const labels = { segments: 4, found: 2, delays: [0, 3], alarms: 4, true_alarms: 3, quiet_rows: 720 };
  const files = [
    judged('a.csv', { labels }),
    judged('b.csv', { labels: { ...labels, segments: 0, found: 0, delays: [], alarms: 1, true_alarms: 0 } }),
    judged('c.csv'),
  ];

  test('are of all files that have them together', () => {
    const { labels: all, series_days } = reportOf(files, run);
    expect(all).toEqual({
      files: 2,
      segments: 4,
      found: 2,
      alarms: 5,
      true_alarms: 3,
      precision: 0.6,
      recall: 0.5,
      event_f1: 0.6 / 1.1,
      false_alarms_per_series_day: 2,
      delay_rows_median: 0,
    });
    expect(series_days).toBeCloseTo(3000 / 1440);
    expect(reportText(reportOf(files, run), 'answers')).toContain(
      '\nagainst the labels of 2 files: 2 of 4 stretches found, event F1 0.545 (precision 0.600, recall 0.500), ' +
        '2.000 false alarms a series-day, median delay 0 rows\n',
    );
  });

  test('say nothing where there are none', () => {
    const report = reportOf([judged('c.csv')], run);
    expect(report.labels).toBeNull();
    expect(reportText(report, 'answers')).not.toContain('labels');
    const silent = { segments: 0, found: 0, delays: [], alarms: 0, true_alarms: 0, quiet_rows: 1000 };
    expect(reportOf([judged('a.csv', { labels: silent })], run).labels).toMatchObject({ event_f1: 0, precision: 0 });
  });
});

describe('reportText', () => {
  test('what went well takes three lines', () => {
    expect(reportText(reportOf([judged('a.csv', { alarms: 2 })], run), 'answers').split('\n')).toEqual([
      '1 files judged: 1000 rows, 1000 points, 2 alarms (2.880 a series-day)',
      '2.0 s on 2 threads, 500 points/s',
      'answers in answers, counts of each file in answers/backtest.json',
      '',
    ]);
  });

  test('every oddity has a line with its count', () => {
    const odd = { value_unreadable: 1, cells_wrong: 2, time_unreadable: 3, time_repeated: 4, time_backward: 5 };
    const files: FileReport[] = [
      judged('a.csv', { bad_rows: odd, missing_values: 6, gaps: 7, clock_set_back: 8, time_column: null }),
      { file: 'index.csv', state: 'no_series', reason: 'there is no column of numbers' },
      { file: 'cut.csv.gz', state: 'failed', reason: 'cut.csv.gz:7: unexpected end of file' },
    ];
    const text = reportText(reportOf(files, { ...run, interval: 300_000 }), 'answers');
    for (const line of [
      '1 rows with a cell that is no number',
      '2 rows with too few or too many cells',
      '3 rows with a time that cannot be read',
      '4 rows at the time of the row before',
      '5 rows before the row before',
      '6 values missing',
      '7 gaps in the times',
      '8 times the clock was set back',
      '1 files have no times; their rows are 5m apart',
      'no series: index.csv: there is no column of numbers',
      'failed: cut.csv.gz: cut.csv.gz:7: unexpected end of file',
    ]) {
      expect(text).toContain(`\n${line}`);
    }
  });
});
