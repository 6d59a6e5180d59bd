import { createSeriesJudge } from '../engine/series-judge.ts';
import { createRowsJudge } from '../rows/rows-judge.ts';
import type { CreateRowJudge } from './judge.ts';

/** The judge of the product: a lone column as a series, several of one thing together. */
export const createRowJudge: CreateRowJudge = (columns) =>
  columns === 1 ? createSeriesJudge() : createRowsJudge(columns);
