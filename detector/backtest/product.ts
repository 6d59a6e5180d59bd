import { createSeriesJudge } from '../engine/series-judge.ts';
import type { CreateRowJudge, RowJudge, RowJudgement } from './judge.ts';

/** The judge of the product: a lone column by the engine of series, several of one thing together. */
export const createRowJudge: CreateRowJudge = (columns) => (columns === 1 ? createSeriesJudge() : eachAlone(columns));

/** Each column by a judge of its own; a row is as strange as its strangest column. */
function eachAlone(columns: number): RowJudge {
  const judges = Array.from({ length: columns }, createSeriesJudge);
  const value = new Float64Array(1);
  const judgement: RowJudgement = { score: 0, alarm: false, contributions: new Float64Array(columns) };
  return {
    judge(time, values) {
      judgement.score = 0;
      judgement.alarm = false;
      for (const [i, judge] of judges.entries()) {
        value[0] = values[i] as number;
        const { score, alarm, contributions } = judge.judge(time, value);
        judgement.score = Math.max(judgement.score, score);
        judgement.alarm ||= alarm;
        judgement.contributions[i] = contributions[0] as number;
      }
      return judgement;
    },
  };
}
