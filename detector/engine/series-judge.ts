import type { Millis } from '../../core/time.ts';
import type { RowJudge, RowJudgement } from '../backtest/judge.ts';
import { createEngine } from './engine.ts';

const THRESHOLD = 2.3;
const REFRACTORY = 100;
const FATIGUE = 0.1;

/** Judges rows of one number each. */
export function createSeriesJudge(): RowJudge {
  const engine = createEngine(1);
  const judgement: RowJudgement = { score: 0, alarm: false, contributions: new Float64Array(1) };
  let since = Infinity;
  let fatigue = 0;
  return {
    judge(time: Millis, values: Float64Array): RowJudgement {
      const { s } = engine.judge(0, time, values[0] as number);
      since++;
      fatigue *= 1 - 1 / 2000;
      const limit = THRESHOLD + FATIGUE * fatigue;
      judgement.alarm = s >= limit;
      judgement.contributions[0] = Math.max(0, s);
      judgement.score = 0.49 * Math.min(1, Math.max(0, s) / limit);
      if (judgement.alarm && since > REFRACTORY) {
        since = 0;
        fatigue++;
        judgement.score = 1 - 0.5 * (limit / s);
      }
      return judgement;
    },
  };
}
