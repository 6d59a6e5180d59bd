import type { CreateRowJudge, RowJudgement } from '../../detector/backtest/judge.ts';

const WINDOW = 100;
const LIMIT = 5;

/**
 * The simplest peer: how many standard deviations a value is from the mean of the 100 before it, the largest of the
 * columns for a row, alarm from five on. Nothing of it was tuned.
 */
export const createRowJudge: CreateRowJudge = (columns) => {
  const ring = new Float64Array(columns * WINDOW);
  const count = new Float64Array(columns);
  const judgement: RowJudgement = { score: 0, alarm: false, contributions: new Float64Array(columns) };

  function strangeness(column: number, value: number): number {
    const seen = count[column] as number;
    if (seen < WINDOW) return 0;
    let [sum, squares] = [0, 0];
    const window = ring.subarray(column * WINDOW, (column + 1) * WINDOW);
    for (const one of window) sum += one;
    const mean = sum / WINDOW;
    for (const one of window) squares += (one - mean) ** 2;
    const deviation = Math.sqrt(squares / WINDOW) + 1e-6 * Math.abs(mean) + 1e-12;
    return Math.abs(value - mean) / deviation;
  }

  return {
    judge(_, values) {
      let most = 0;
      for (let i = 0; i < columns; i++) {
        const value = values[i] as number;
        if (Number.isNaN(value)) {
          judgement.contributions[i] = 0;
          continue;
        }
        const z = strangeness(i, value);
        judgement.contributions[i] = z;
        most = Math.max(most, z);
        const seen = count[i] as number;
        ring[i * WINDOW + (seen % WINDOW)] = value;
        count[i] = seen + 1;
      }
      const open = judgement.alarm;
      judgement.alarm = most >= LIMIT;
      // From 0 to 1 over all z; only the first row of an alarm is an onset.
      const strange = most / (most + LIMIT);
      judgement.score = judgement.alarm && open ? Math.min(strange, 0.499) : strange;
      return judgement;
    },
  };
};
