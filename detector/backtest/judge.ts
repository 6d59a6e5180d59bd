import type { Millis } from '../../core/time.ts';

/** What is said of one row. The object and its array are used again for the next row: copy what must stay. */
export interface RowJudgement {
  /**
   * Strangeness, 0 to 1, monotone. The row that opens an alarm, and one that makes an open alarm clearly worse, has
   * `ONSET` or more and no other row has; rows held after an onset stay below it and above ordinary rows.
   */
  score: number;
  /** True from the row that opens the alarm until it is closed. */
  alarm: boolean;
  /** Part of each column in the row's strangeness, from 0; larger is stranger. One number per column. */
  readonly contributions: Float64Array;
}

/** Scores from here on open an alarm. */
export const ONSET = 0.5;

/** Judges the rows of one file or one stage, strictly in order of time. */
export interface RowJudge {
  /** `values` holds one number per column, NaN where there is none. `time` is greater than that of the row before. */
  judge(time: Millis, values: Float64Array): RowJudgement;
}

/** Makes a judge for rows of `columns` numbers. A judge knows nothing of the file: no name, no label, no later row. */
export type CreateRowJudge = (columns: number) => RowJudge;
