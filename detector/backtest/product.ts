import { createSeriesJudge } from '../engine/series-judge.ts';
import { createLoneForecasts } from '../lstm/forecast/lone-series.ts';
import { readForecastModel, SHIPPED_MODEL } from '../lstm/forecast/model-json.ts';
import { createRowsJudge } from '../rows/rows-judge.ts';
import type { CreateRowJudge } from './judge.ts';

const { weights } = readForecastModel(SHIPPED_MODEL);

/**
 * The judge of the product: a lone column as a series, with the forecasts of the shipped network; several columns of one
 * thing together.
 */
export const createRowJudge: CreateRowJudge = (columns) =>
  columns === 1 ? createSeriesJudge(undefined, createLoneForecasts(weights)) : createRowsJudge(columns);
