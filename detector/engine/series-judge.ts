import type { Millis } from '../../core/time.ts';
import { ONSET, type RowJudge, type RowJudgement } from '../backtest/judge.ts';
import type { LoneForecasts } from '../lstm/forecast/lone-series.ts';
import { createCalibrations } from './calibration.ts';
import { createEngine } from './engine.ts';
import { createIncidents, thresholdFor } from './incident.ts';

/** Score of a series that is stuck. */
const STUCK_SCORE = 3;

/**
 * Judges rows of one number each, for so many expected false alarms a week, with the misses of `forecasts` as two more
 * streams where there are any. The contribution of its column is the score as the engine has it.
 */
export function createSeriesJudge(falseAlarmsPerWeek = 0.5, forecasts?: LoneForecasts): RowJudge {
  const threshold = thresholdFor(falseAlarmsPerWeek);
  const engine = createEngine(1);
  const incidents = createIncidents(1);
  const calibrations = createCalibrations(1);
  const judgement: RowJudgement = { score: 0, alarm: false, contributions: new Float64Array(1) };
  return {
    judge(time: Millis, values: Float64Array): RowJudgement {
      const value = values[0] as number;
      const off = forecasts?.residuals(time, value);
      const verdict = engine.judge(0, time, value, off?.one, off?.five);
      const score = verdict.stuck ? Math.max(STUCK_SCORE, verdict.score) : verdict.score;
      // That it is stuck is a rule, with no peaks of noise to be held against.
      const shift = verdict.stuck ? 0 : calibrations.shift(0, threshold, verdict.interval);
      const { onset, alarm, held } = incidents.decide(0, score, threshold, shift);
      calibrations.tell(0, score);
      forecasts?.add(time, value, verdict.interval);
      judgement.alarm = alarm;
      judgement.score = onset ? ONSET + ONSET * shareOf(score) : ONSET * shareOf(held);
      judgement.contributions[0] = Math.max(0, score);
      return judgement;
    },
  };
}

/** Scores from 0 up, in the order they have, on 0 to 1. */
function shareOf(score: number): number {
  return score > 0 ? score / (score + 1) : 0;
}
