import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backtestCommand } from '../../cli/backtest.ts';

describe('weir backtest', () => {
  let folder: string;
  let printed: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-backtest-cli-'));
    printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += text;
      return true;
    });
    process.exitCode = undefined;
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  function place(name: string, text: string): void {
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(join(folder, 'data', name), text, 'latin1');
  }
  const run = (...more: string[]) => {
    const args = ['--data', join(folder, 'data'), '--out', join(folder, 'out'), '--jobs', '1', ...more];
    return backtestCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parseAsync(args, { from: 'user' });
  };
  const series = (columns: number, rows = 120) =>
    Array.from({ length: rows }, (_, i) => [i * 60, ...Array(columns).fill(i % 7)].join(',')).join('\n');

  it('judges a folder with the judge of the product and says what it did', async () => {
    place('cpu.csv', `timestamp,value\n${series(1)}\n`);
    place('machine.csv', `timestamp,a,b,c\n${series(3)}\n`);
    place('index.csv', 'file,rows\ncpu.csv,120\nmachine.csv,120\n');
    await run();
    expect(printed).toContain('2 files judged: 240 rows, 480 points');
    expect(printed).toContain('no series: index.csv');
    expect(process.exitCode).toBeUndefined();
    const lines = (name: string) =>
      readFileSync(join(folder, 'out', name), 'utf8')
        .trimEnd()
        .split('\n');
    expect([lines('cpu.csv').length, lines('cpu.csv')[0]]).toEqual([121, 'timestamp,score,alarm']);
    expect(lines('machine.csv')[0]).toBe('timestamp,score,alarm,a,b,c');
    expect(JSON.parse(readFileSync(join(folder, 'out/backtest.json'), 'utf8'))).toMatchObject({
      judged: 2,
      threads: 1,
    });
  });

  it('takes the distance of rows and the column of times', async () => {
    place('untimed.csv', `a,b\n${series(1)}\n`);
    await run('--interval', '5m');
    expect(printed).toContain('1 files have no times; their rows are 5m apart');
    await run('--time-column', 'A');
    expect(printed).toContain('1 files judged: 120 rows, 120 points');
  });

  it('puts alarms beside labels where it is asked to', async () => {
    place('cpu.csv', `t,v,label\n${series(1).replaceAll('\n', ',0\n')},0\n`);
    await run();
    expect(printed).not.toContain('against the labels');
    await run('--against-labels');
    expect(printed).toContain('against the labels of 1 files: 0 of 0 stretches found');
  });

  it('exits with 1 when a file could not be read to its end', async () => {
    place('good.csv', `t,v\n${series(1)}\n`);
    place('bad.csv.gz', '\x1f\x8b\x08broken');
    await run();
    expect(printed).toMatch(/failed: bad\.csv\.gz: .*bad\.csv\.gz:1: /);
    expect(process.exitCode).toBe(1);
  });

  it.each([
    [['--interval', '0'], 'above 0'],
    [['--interval', 'soon'], 'is not a duration'],
    [['--jobs', '0'], 'number of threads'],
    [['--jobs', 'many'], 'number of threads'],
    [['--days', '0'], 'number of days'],
    [['--days', '1e9'], 'number of days'],
  ])('refuses %j', async (args, message) => {
    place('cpu.csv', `t,v\n${series(1)}\n`);
    await expect(run(...args)).rejects.toThrow(message);
  });

  it('asks for both folders when files are judged', async () => {
    const command = () => backtestCommand().exitOverride();
    await expect(command().parseAsync([], { from: 'user' })).rejects.toMatchObject({ code: 'cli_backtest_incomplete' });
    await expect(command().parseAsync(['--data', folder], { from: 'user' })).rejects.toThrow('--days for the store');
  });
});
