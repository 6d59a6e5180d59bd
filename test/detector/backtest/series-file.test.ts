import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CreateRowJudge } from '../../../detector/backtest/judge.ts';
import { type JudgedFile, judgeFiles } from '../../../detector/backtest/series-file.ts';
import { createRowJudge } from './tiny-judge.ts';

describe('judgeFiles', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-series-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function place(name: string, text: string | Buffer) {
    writeFileSync(join(folder, name), text);
    return { name, input: join(folder, name), output: join(folder, `${name}.out`) };
  }
  const answer = (name: string) =>
    readFileSync(join(folder, `${name}.out`), 'utf8')
      .trimEnd()
      .split('\n');
  const judge = async (create: CreateRowJudge, ...files: ReturnType<typeof place>[]) =>
    judgeFiles(files, create, { interval: 60_000 });

  test('one line for each row, with the time as it was', async () => {
    const file = place('cpu.csv', 'timestamp,value,label\n10,1,0\n20,1,0\n30,31,1\n40,61,1\n50,61,0\n');
    const [report] = (await judge(createRowJudge, file)) as [JudgedFile];
    expect(answer('cpu.csv')).toEqual([
      'timestamp,score,alarm',
      '10,0.000000,0',
      '20,0.000000,0',
      '30,0.750000,1',
      '40,0.400000,1',
      '50,0.000000,0',
    ]);
    expect(report).toMatchObject({ state: 'judged', rows: 5, columns: 1, alarms: 1, interval_seconds: 10, gaps: 0 });
    expect(report).toMatchObject({ time_column: 'timestamp', unread_columns: ['label'] });
  });

  test('the label changes nothing', async () => {
    const rows = (label: (i: number) => number) =>
      Array.from({ length: 50 }, (_, i) => `${i},${i % 7 === 0 ? 99 : 1},${label(i)}\n`).join('');
    const head = 'timestamp,value,label\n';
    const files = [place('one.csv', head + rows(() => 0)), place('two.csv', head + rows((i) => i % 2))];
    for (const file of files) await judge(createRowJudge, file);
    expect(answer('one.csv')).toEqual(answer('two.csv'));
  });

  test('alarms are put beside labels where that is asked for, and the answer stays the same', async () => {
    const text = 'timestamp,value,label\n10,1,0\n20,1,0\n30,31,1\n40,61,1\n50,61,0\n';
    const [plain, compared] = [place('plain.csv', text), place('compared.csv', text)];
    const [without] = await judge(createRowJudge, plain);
    const [report] = await judgeFiles([compared], createRowJudge, { interval: 60_000, againstLabels: true });
    expect(without).not.toHaveProperty('labels');
    expect(report).toMatchObject({
      labels: { segments: 1, found: 1, delays: [0], alarms: 1, true_alarms: 1, quiet_rows: 3 },
    });
    expect(answer('compared.csv')).toEqual(answer('plain.csv'));
  });

  test('no later row changes what was said of an earlier one', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => `${i * 60},${(i * 37) % 50}`);
    await judge(createRowJudge, place('all.csv', `t,value\n${rows.join('\n')}`));
    await judge(createRowJudge, place('half.csv', `t,value\n${rows.slice(0, 250).join('\n')}`));
    expect(answer('half.csv')).toEqual(answer('all.csv').slice(0, 251));
  });

  test('rows that cannot be judged repeat what was said, below an onset, and leave the alarm as it is', async () => {
    const text = 't,value\nnoon,1\n10,1\n20,91\n20,5\n15,5\nnoon,5\n30,91\n40,x\n50,91,7\n';
    const [report] = (await judge(createRowJudge, place('odd.csv', text))) as [JudgedFile];
    // Nine in ten of the times must be readable at the start of a file; here they are not, so it is no series.
    expect(report.state).toBe('no_series');
    const start = Array.from({ length: 30 }, (_, i) => `${i - 30},1\n`).join('');
    const [second] = (await judge(createRowJudge, place('odd.csv', text.replace('\n', `\n${start}`)))) as [JudgedFile];
    expect(answer('odd.csv').slice(31)).toEqual([
      'noon,0.000000,0',
      '10,0.000000,0',
      '20,0.900000,1',
      '20,0.499000,1',
      '15,0.499000,1',
      'noon,0.499000,1',
      '30,0.000000,0',
      '40,0.000000,0',
      '50,0.000000,0',
    ]);
    expect(second.bad_rows).toEqual({
      value_unreadable: 1,
      cells_wrong: 1,
      time_unreadable: 2,
      time_repeated: 1,
      time_backward: 1,
    });
    expect(second).toMatchObject({ rows: 39, alarms: 1 });
  });

  test('a wide file has a part for each column of values, by name', async () => {
    const rows = Array.from({ length: 120 }, (_, i) => `1,${i === 110 ? 41 : 1},0`).join('\n');
    const [report] = (await judge(createRowJudge, place('wide.csv', `c01,c02,label\n${rows}\n`))) as [JudgedFile];
    const lines = answer('wide.csv');
    expect([lines[0], lines[111]]).toEqual(['timestamp,score,alarm,c01,c02', '110,0.800000,1,0,40']);
    expect(report).toMatchObject({ time_column: null, columns: 2, rows: 120, interval_seconds: 60 });
  });

  test('a history is fed first: its answer is its own, and the judge goes on knowing it', async () => {
    const rows = (value: number) => Array.from({ length: 120 }, (_, i) => `${i},${value}`).join('\n');
    const train = place('m.train.csv', `t,value\n${rows(1)}`);
    const test = place('m.test.csv', `t,value,label\n${rows(51).replaceAll('\n', ',0\n')},0`);
    const [, after] = (await judge(createRowJudge, train, test)) as [JudgedFile, JudgedFile];
    expect(answer('m.train.csv')).toHaveLength(121);
    // The first row is far from the history, whose times the second file starts again.
    expect(answer('m.test.csv')[1]).toBe('0,0.833333,1');
    expect(after).toMatchObject({ history: 'm.train.csv', rows: 120, alarms: 1 });
    expect(after.bad_rows.time_backward + after.bad_rows.time_repeated).toBe(0);
    const alone = (await judge(createRowJudge, train)) as [JudgedFile];
    expect(alone[0]).not.toHaveProperty('history');
  });

  test('a history of other columns is not used', async () => {
    const train = place('m.train.csv', 't,a\n1,1\n2,1\n');
    const [, after] = await judge(createRowJudge, train, place('m.test.csv', 't,b\n3,99\n4,99\n'));
    expect(after).not.toHaveProperty('history');
    expect(answer('m.test.csv')[1]).toBe('3,0.000000,0');
  });

  test('a list is told apart and gets no answer', async () => {
    const [report] = await judge(createRowJudge, place('index.csv', 'file,rows\na.csv,1\nb.csv,2\n'));
    expect(report).toMatchObject({ file: 'index.csv', state: 'no_series' });
    expect(existsSync(join(folder, 'index.csv.out'))).toBe(false);
  });

  test('a file that breaks off is reported with its line, leaves no half answer, and what follows starts afresh', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${Math.sin(i)}`).join('\n');
    const bytes = gzipSync(`t,value\n${rows}`);
    const train = place('m.train.csv', bytes.subarray(0, bytes.length - 1000));
    const reports = await judge(createRowJudge, train, place('m.test.csv', 't,value\n1,7\n2,7\n'));
    expect(reports[0]).toMatchObject({ state: 'failed', reason: expect.stringMatching(/m\.train\.csv:\d+: /) });
    expect(existsSync(`${train.output}`) || existsSync(`${train.output}.part`)).toBe(false);
    expect(reports[1]).toMatchObject({ state: 'judged' });
    expect(reports[1]).not.toHaveProperty('history');
  });

  test('a score that is none is a bug that is named with its row', async () => {
    const broken: CreateRowJudge = () => ({
      judge: (time) => ({ score: time > 15_000 ? Number.NaN : 0, alarm: false, contributions: new Float64Array(1) }),
    });
    const [report] = await judge(broken, place('cpu.csv', 't,value\n10,1\n20,2\n'));
    expect(report).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('cpu.csv: row 2 got the score NaN'),
    });
  });

  test('blank lines are no rows, before the header neither', async () => {
    await judge(createRowJudge, place('gaps.csv', '\n\nt,value\n\n10,1\n\n20,2\n\n'));
    expect(answer('gaps.csv').map((line) => line.split(',')[0])).toEqual(['timestamp', '10', '20']);
  });
});
