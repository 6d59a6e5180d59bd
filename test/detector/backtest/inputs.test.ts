import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findInputs } from '../../../detector/backtest/inputs.ts';

describe('findInputs', () => {
  let data: string;
  let out: string;

  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'weir-inputs-'));
    out = mkdtempSync(join(tmpdir(), 'weir-outputs-'));
  });
  afterEach(() => {
    for (const folder of [data, out]) rmSync(folder, { recursive: true, force: true });
  });

  function place(name: string, size = 1): void {
    mkdirSync(dirname(join(data, name)), { recursive: true });
    writeFileSync(join(data, name), 'x'.repeat(size));
  }

  const names = () => findInputs(data, out).groups.map((group) => group.map(({ name }) => name));

  test('csv files at any depth, plain and packed; nothing else', () => {
    for (const name of [
      'a.csv',
      'deep/b.csv.gz',
      'deep/er/c.CSV',
      'notes.md',
      'd.csv.bak',
      '.hidden.csv',
      '.git/e.csv',
    ]) {
      place(name);
    }
    expect(names().flat().sort()).toEqual(['a.csv', 'deep/b.csv.gz', 'deep/er/c.CSV']);
  });

  test('the answer lies at the same relative path, unpacked', () => {
    place('deep/b.csv.gz');
    expect(findInputs(data, out).groups[0]?.[0]).toEqual({
      name: 'deep/b.csv.gz',
      input: join(data, 'deep/b.csv.gz'),
      output: join(out, 'deep/b.csv'),
    });
  });

  test('a history and what comes after it are one group, in that order', () => {
    for (const name of [
      'm.train.csv.gz',
      'm.test.csv.gz',
      'n.test.csv',
      'n.train.csv.gz',
      'o.train.csv',
      'p.test.csv',
    ]) {
      place(name);
    }
    expect(names().sort()).toEqual([
      ['m.train.csv.gz', 'm.test.csv.gz'],
      ['n.train.csv.gz', 'n.test.csv'],
      ['o.train.csv'],
      ['p.test.csv'],
    ]);
  });

  test('histories of other folders are not taken', () => {
    place('one/m.train.csv');
    place('two/m.test.csv');
    expect(names().sort()).toEqual([['one/m.train.csv'], ['two/m.test.csv']]);
  });

  test('the largest group comes first', () => {
    place('a.csv', 10);
    place('b.train.csv', 20);
    place('b.test.csv', 5);
    place('c.csv', 15);
    expect(names()).toEqual([['b.train.csv', 'b.test.csv'], ['c.csv'], ['a.csv']]);
  });

  test('of two files with one answer the second is named and not judged', () => {
    place('a.csv');
    place('a.csv.gz');
    expect(findInputs(data, out)).toMatchObject({ groups: [[{ name: 'a.csv' }]], doubles: ['a.csv.gz'] });
  });

  test('answers below the data are no data; links are followed, round ones once', () => {
    place('a.csv');
    place('answers/a.csv');
    symlinkSync(data, join(data, 'round'));
    symlinkSync(join(data, 'a.csv'), join(data, 'linked.csv'));
    symlinkSync(join(data, 'nowhere'), join(data, 'broken.csv'));
    const found = findInputs(data, join(data, 'answers')).groups.flat();
    expect(found.map(({ name }) => name).sort()).toEqual(['a.csv', 'linked.csv']);
  });

  test('answers may not replace the data, and the data must be there', () => {
    expect(() => findInputs(data, `${data}/.`)).toThrow(expect.objectContaining({ code: 'backtest_out_invalid' }));
    expect(() => findInputs(join(data, 'none'), out)).toThrow(
      expect.objectContaining({ code: 'backtest_data_unreadable', message: expect.stringContaining('--data') }),
    );
  });
});
