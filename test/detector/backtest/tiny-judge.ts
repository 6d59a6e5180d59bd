import type { CreateRowJudge, RowJudgement } from '../../../detector/backtest/judge.ts';

/**
 * A judge that can be followed by hand: the part of a column is how far it is from its last value, an alarm opens when
 * the largest is over 10 and is held until it is not, and a score is `part / (part + 10)`, below the onset while held.
 */
export const createRowJudge: CreateRowJudge = (columns) => {
  const before = new Float64Array(columns).fill(Number.NaN);
  const judgement: RowJudgement = { score: 0, alarm: false, contributions: new Float64Array(columns) };
  return {
    judge(_, values) {
      for (let i = 0; i < columns; i++) {
        const step = Math.abs((values[i] as number) - (before[i] as number));
        judgement.contributions[i] = Number.isNaN(step) ? 0 : step;
        if (!Number.isNaN(values[i] as number)) before[i] = values[i] as number;
      }
      const most = Math.max(...judgement.contributions);
      const open = judgement.alarm;
      judgement.alarm = most > 10;
      judgement.score = most / (most + 10);
      if (judgement.alarm && open) judgement.score = 0.4;
      return judgement;
    },
  };
};
