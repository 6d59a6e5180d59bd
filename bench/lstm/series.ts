import { globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { GridSeries } from '../../detector/lstm/training/segments.ts';

/** A real series of a benchmark, put on an even grid; NaN where a point is missing. */
export interface BenchSeries extends GridSeries {
  readonly set: string;
  readonly name: string;
  /** Every second series of a set, in order of name: what is chosen is chosen on A. */
  readonly half: 'A' | 'B';
}

const SETS = [
  { set: 'nab', pattern: 'nab/data/real*/*.csv.gz' },
  { set: 'kpi', pattern: 'kpi/*.csv.gz' },
  { set: 'mscloud', pattern: 'mscloud/*/*.csv.gz' },
] as const;

/** The first `most` points of every real series under `directory`, those of the made-up files of NAB left out. */
export function readBench(directory: string, most: number): BenchSeries[] {
  return SETS.flatMap(({ set, pattern }) =>
    globSync(pattern, { cwd: directory })
      .sort()
      .map((file, i) => ({
        ...readSeries(join(directory, file), most),
        set,
        name: relative(set, file).replace(/^data\//, '') || basename(file),
        half: i % 2 === 0 ? ('A' as const) : ('B' as const),
      })),
  );
}

/** `timestamp,value` of one gzipped file; times in seconds or as UTC dates. */
export function readSeries(path: string, most: number): GridSeries {
  const times: number[] = [];
  const values: number[] = [];
  for (const line of gunzipSync(readFileSync(path)).toString('utf8').split('\n').slice(1)) {
    const [time, value] = line.split(',');
    if (!time || times.length >= most) continue;
    times.push(/^\d+$/.test(time) ? Number(time) * 1000 : Date.parse(`${time.replace(' ', 'T')}Z`));
    values.push(value === undefined || value === '' ? NaN : Number(value));
  }
  const steps = times.slice(1).map((time, i) => time - (times[i] as number));
  const step = steps.filter((gap) => gap > 0).sort((a, b) => a - b)[Math.floor(steps.length / 2)] as number;
  const start = times[0] as number;
  const cells = Math.min(2 * times.length, Math.round(((times.at(-1) as number) - start) / step) + 1);
  const grid = new Float64Array(cells).fill(NaN);
  for (const [i, time] of times.entries()) {
    const cell = Math.round((time - start) / step);
    if (cell >= 0 && cell < cells) grid[cell] = values[i] as number;
  }
  return { start, step, values: grid };
}
