import { globSync } from 'node:fs';
import { join } from 'node:path';
import { readCsvSeries } from '../../detector/lstm/training/csv-series.ts';
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
export async function readBench(directory: string, most: number): Promise<BenchSeries[]> {
  const all: BenchSeries[] = [];
  for (const { set, pattern } of SETS) {
    for (const [i, file] of globSync(pattern, { cwd: directory }).sort().entries()) {
      const [series] = await readCsvSeries(join(directory, file), most);
      if (series) all.push({ ...series, set, name: file, half: i % 2 === 0 ? 'A' : 'B' });
    }
  }
  return all;
}
