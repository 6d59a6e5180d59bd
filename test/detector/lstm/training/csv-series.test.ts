import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCsvFolder, readCsvSeries } from '../../../../detector/lstm/training/csv-series.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-csv-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const START = 1_700_000_000;
const rows = (length: number, row: (i: number) => string) => Array.from({ length }, (_, i) => row(i)).join('\n');

test('one column on its grid: labels left out, missing rows and values as gaps', async () => {
  const path = join(folder, 'a.csv.gz');
  const body = rows(300, (i) => `${START + 60 * (i < 100 ? i : i + 2)},${i === 50 ? '' : i},0`);
  await writeFile(path, gzipSync(`timestamp,value,label\n${body}\n`));
  const [series, ...others] = await readCsvSeries(path, 1000);
  expect(others).toEqual([]);
  expect(series).toMatchObject({ start: START * 1000, step: 60_000 });
  expect(series?.values.length).toBe(302);
  expect([49, 50, 99, 100, 101, 102].map((i) => series?.values[i])).toEqual([49, NaN, 99, NaN, NaN, 100]);
});

test('each column of a wide file is a series; no more rows are taken than wanted', async () => {
  const path = join(folder, 'wide.csv');
  await writeFile(path, `time,a,b\n${rows(500, (i) => `${START + 10 * i},${i},${-i}`)}\n`);
  const series = await readCsvSeries(path, 250);
  expect(series.map(({ values }) => [values.length, values.at(-1)])).toEqual([
    [250, 249],
    [250, -249],
  ]);
});

test('short files are read too; texts are no series', async () => {
  await writeFile(join(folder, 'short.csv'), `timestamp,value\n${rows(20, (i) => `${START + 60 * i},${i}`)}`);
  await writeFile(join(folder, 'readme.csv'), 'name,what\na,b\nc,d\n');
  expect((await readCsvSeries(join(folder, 'short.csv'), 1000))[0]?.values.length).toBe(20);
  expect(await readCsvSeries(join(folder, 'readme.csv'), 1000)).toEqual([]);
});

test('a folder is read with what lies below it, in order; one without a series is an error', async () => {
  await mkdir(join(folder, 'b'));
  await writeFile(join(folder, 'b/two.csv'), `timestamp,value\n${rows(30, (i) => `${START + 60 * i},2`)}`);
  await writeFile(join(folder, 'one.csv'), `timestamp,value\n${rows(40, (i) => `${START + 60 * i},1`)}`);
  await writeFile(join(folder, 'note.txt'), 'nothing');
  const series = await readCsvFolder(folder, 1000);
  expect(series.map(({ values }) => [values[0], values.length])).toEqual([
    [2, 30],
    [1, 40],
  ]);
  await mkdir(join(folder, 'none'));
  await expect(readCsvFolder(join(folder, 'none'), 10)).rejects.toMatchObject({ code: 'detector_folder_empty' });
  await expect(readCsvFolder(join(folder, 'absent'), 10)).rejects.toMatchObject({ code: 'detector_folder_empty' });
});
