import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backtest } from '../../../detector/backtest/backtest.ts';
import type { BacktestReport } from '../../../detector/backtest/report.ts';

const TINY = new URL('./tiny-judge.ts', import.meta.url);

describe('backtest', () => {
  let data: string;
  let out: string;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'weir-backtest-'));
    out = join(data, 'answers');
  });
  afterEach(() => rmSync(data, { recursive: true, force: true }));

  function place(name: string, text: string): void {
    mkdirSync(dirname(join(data, name)), { recursive: true });
    writeFileSync(join(data, name), name.endsWith('.gz') ? gzipSync(text) : text);
  }
  const answer = (name: string) => readFileSync(join(out, name), 'utf8');
  const series = (seed: number) =>
    `timestamp,value\n${Array.from({ length: 50 }, (_, i) => `${i * 60},${(i * seed) % 23}\n`).join('')}`;

  test('every series gets its answer, whatever the number of threads', async () => {
    for (let i = 1; i <= 5; i++) place(`folder-${i % 2}/s${i}.csv.gz`, series(i));
    place('index.csv', 'file,rows\na,1\n');
    const alone = await backtest({ data, out, jobs: 1, judge: TINY });
    const answers = [1, 2, 3, 4, 5].map((i) => answer(`folder-${i % 2}/s${i}.csv`));
    const shared = await backtest({ data, out, jobs: 3, judge: TINY });
    expect([1, 2, 3, 4, 5].map((i) => answer(`folder-${i % 2}/s${i}.csv`))).toEqual(answers);
    expect(answers[3]?.split('\n')).toHaveLength(52);
    const told = ({ files, ...rest }: BacktestReport) => [
      rest.judged,
      rest.no_series,
      rest.rows,
      rest.alarms,
      files.length,
    ];
    expect(told(alone)).toEqual(told(shared));
    expect([alone.threads, shared.threads]).toEqual([1, 3]);
    expect(told(alone).slice(0, 3)).toEqual([5, 1, 250]);
  });

  test('the report is kept beside the answers, by file, in order of names', async () => {
    for (const name of ['b.csv', 'a.csv']) place(name, series(3));
    const report = await backtest({ data, out, judge: TINY });
    expect(JSON.parse(answer('backtest.json'))).toEqual(report);
    expect(report.files.map(({ file }) => file)).toEqual(['a.csv', 'b.csv']);
    expect(report).toMatchObject({ points: 100, failed: 0, data });
  });

  test('the interval reaches files without times, the column of times those that have it', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},${i}`).join('\n');
    place('untimed.csv', `a,b\n${rows}`);
    expect((await backtest({ data, out, interval: 5000, judge: TINY })).files[0]).toMatchObject({
      interval_seconds: 5,
    });
    place('timed.csv', `when,b\n${rows}`);
    const named = await backtest({ data, out, timeColumn: 'when', judge: TINY });
    expect(named.files).toMatchObject([{ time_column: 'when', interval_seconds: 1 }, { state: 'no_series' }]);
  });

  test('what fails is reported beside what does not', async () => {
    place('good.csv', series(2));
    place('bad.csv.gz', series(2));
    writeFileSync(join(data, 'bad.csv.gz'), readFileSync(join(data, 'bad.csv.gz')).subarray(0, 40));
    place('good.csv.gz', series(2));
    const report = await backtest({ data, out, judge: TINY });
    expect(report).toMatchObject({ judged: 1, failed: 2 });
    expect(report.files.map(({ file, state }) => `${file} ${state}`)).toEqual([
      'bad.csv.gz failed',
      'good.csv judged',
      'good.csv.gz failed',
    ]);
  });

  test('a thread that breaks ends the run with its error', async () => {
    place('a.csv', series(1));
    const broken = join(data, 'broken.ts');
    writeFileSync(broken, 'export const createRowJudge = () => ({ judge: () => process.exit(3) });');
    await expect(backtest({ data, out, judge: pathToFileURL(broken) })).rejects.toMatchObject({
      code: 'backtest_thread_ended',
      message: expect.stringContaining('a.csv ended with 3'),
    });
    await expect(backtest({ data, out, judge: pathToFileURL(join(data, 'none.ts')) })).rejects.toThrow('none.ts');
  });

  test('a folder without tables is refused', async () => {
    place('notes.txt', 'x');
    await expect(backtest({ data, out })).rejects.toMatchObject({ code: 'backtest_data_empty' });
  });
});
