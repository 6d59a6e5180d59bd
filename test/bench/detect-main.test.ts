import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../../bench/detect/main.ts');

function run(args: readonly string[], path = process.env['PATH']) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
  return { status, stdout, stderr };
}

test('bench/detect/noise.ts says what it is for', () => {
  const { status, stdout } = spawnSync(process.execPath, [main.replace(/main\.ts$/, 'noise.ts'), '--help'], {
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, expect.stringContaining('Alarms told a series-week on made series')]);
});

test('bench/detect/chain.ts prints the rates of one thread and of several', () => {
  const args = [main.replace(/main\.ts$/, 'chain.ts'), '--series', '3000', '--ticks', '60', '--threads', '2'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/\| 500 \| \d+\.\d\d M \| \d+\.\d\d M \|\n\| 3000 \| \d+\.\d\d M \| \d+\.\d\d M \|/);
  expect(stdout).toMatch(/on 2 threads, 3000 series in all, by the clock: \d+\.\d\d M a second/);
});

/** What is missing must be said before anything is judged. */
describe('bench/detect', () => {
  let data: string;
  beforeAll(() => {
    data = mkdtempSync(join(tmpdir(), 'weir-detect-test-'));
    mkdirSync(join(data, 'tools'));
    mkdirSync(join(data, 'bin'));
    writeFileSync(join(data, 'tools/tsad_score.py'), '');
  });
  afterAll(() => rmSync(data, { recursive: true, force: true }));

  /** A python3 that has numpy, or has not. */
  function python(status: number): string {
    writeFileSync(join(data, 'bin/python3'), `#!/bin/sh\nexit ${status}\n`, { mode: 0o755 });
    return join(data, 'bin');
  }

  test('asks for the folder of the data', () => {
    expect(run([])).toMatchObject({ status: 2, stdout: expect.stringContaining('bench/detect/main.ts DATA_DIR') });
    expect(run(['--help']).status).toBe(0);
  });

  test.each([
    ['the scorers', () => run([join(data, 'bin')]), 'no scorers there'],
    ['python3', () => run([data], join(data, 'nowhere')), 'the scorers need python3'],
    ['numpy', () => run([data], python(1)), 'the scorers need numpy'],
    ['a set', () => run([data, '--only', 'kpi'], python(0)), 'the set kpi is not there'],
    [
      'a set that there is not',
      () => run([data, '--only', 'weather'], python(0)),
      'no set weather; there are nab, kpi',
    ],
  ])('says that %s is missing', (_, call, message) => {
    expect(call()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(message) });
  });
});
