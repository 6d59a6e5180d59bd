import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../../../core/errors.ts';
import type { Millis } from '../../../core/time.ts';
import { type Layout, readLayout, SAMPLE } from '../../backtest/layout.ts';
import { readLines } from '../../backtest/lines.ts';
import { createRowReader, type RowReader } from '../../backtest/rows.ts';
import type { GridSeries } from './segments.ts';

const MINUTE: Millis = 60_000;
/** A grid is at most this many times as long as there are rows: longer ones are mostly gaps. */
const MOST_GAPS = 2;

/**
 * The columns of one CSV file, plain or gzipped, as series on the file's usual distance of rows: the first `most` rows, read
 * as `weir backtest` reads them. A file that holds no series yields none. Throws `backtest_file_unreadable`.
 */
export async function readCsvSeries(path: string, most: number): Promise<GridSeries[]> {
  const first: string[] = [];
  let layout: Layout | undefined;
  let reader: RowReader | undefined;
  const times: Millis[] = [];
  let columns: number[][] = [];
  const take = (line: string) => {
    const row = times.length < most ? reader?.read(line) : undefined;
    if (row === undefined || Number.isNaN(row.time)) return;
    times.push(row.time);
    for (const [i, column] of columns.entries()) column.push(row.values[i] as number);
  };
  const begin = () => {
    const found = readLayout(first);
    if ('reason' in found) return false;
    layout = found;
    reader = createRowReader(found.values.length, MINUTE);
    reader.startFile(found);
    columns = found.values.map(() => []);
    for (const line of found.header ? first.slice(1) : first) take(line);
    return true;
  };
  for await (const lines of readLines(path)) {
    for (const line of lines) {
      if (layout !== undefined) take(line);
      else if (first.push(line) === SAMPLE && !begin()) return [];
    }
    if (times.length >= most) break;
  }
  if (layout === undefined && !begin()) return [];
  const step = reader?.interval ?? NaN;
  return Number.isFinite(step) && step > 0 ? columns.map((values) => toGrid(times, values, step)) : [];
}

function toGrid(times: readonly Millis[], column: readonly number[], step: Millis): GridSeries {
  const start = times[0] as Millis;
  const cells = Math.min(MOST_GAPS * times.length, Math.round(((times.at(-1) as Millis) - start) / step) + 1);
  const values = new Float64Array(cells).fill(NaN);
  for (const [i, time] of times.entries()) {
    const cell = Math.round((time - start) / step);
    if (cell < cells) values[cell] = column[i] as number;
  }
  return { start, step, values };
}

/** All series of the CSV files under `folder`, in order of path, the first `most` rows of each. Throws `detector_folder_empty`. */
export async function readCsvFolder(folder: string, most: number): Promise<GridSeries[]> {
  const there = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const files = there ? globSync('**/*.{csv,csv.gz}', { cwd: folder }).sort() : [];
  const all: GridSeries[] = [];
  for (const file of files) all.push(...(await readCsvSeries(join(folder, file), most)));
  if (all.length === 0) throw new WeirError('detector_folder_empty', `${folder} holds no CSV file with a series`);
  return all;
}
