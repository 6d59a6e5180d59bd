/** Alarms of a file put beside its labels. */
export interface LabelCounts {
  /** Labelled stretches, those with a row in alarm, and after how many rows each of those was. */
  readonly segments: number;
  readonly found: number;
  readonly delays: readonly number[];
  /** Alarms (rows at most `MERGE_GAP` apart are one), and those with a labelled row. */
  readonly alarms: number;
  readonly true_alarms: number;
  /** Rows without label. */
  readonly quiet_rows: number;
}

/** Rows of alarm that are at most so far apart are one alarm. */
export const MERGE_GAP = 10;

export interface Tally {
  add(labelled: boolean, alarm: boolean): void;
  counts(): LabelCounts;
}

/** Counts row by row, with memory for one number of each stretch that was found. */
export function createTally(): Tally {
  const delays: number[] = [];
  let [row, segments, alarms, trueAlarms, quiet] = [0, 0, 0, 0, 0];
  let segmentStart = -1;
  let segmentFound = false;
  let lastAlarm = Number.NEGATIVE_INFINITY;
  let alarmTrue = false;

  return {
    add(labelled, alarm) {
      if (labelled && segmentStart < 0) {
        segmentStart = row;
        segmentFound = false;
        segments++;
      } else if (!labelled) segmentStart = -1;
      if (!labelled) quiet++;
      if (alarm) {
        if (row - lastAlarm - 1 > MERGE_GAP) {
          alarms++;
          alarmTrue = false;
        }
        lastAlarm = row;
        if (labelled && !alarmTrue) {
          alarmTrue = true;
          trueAlarms++;
        }
        if (labelled && !segmentFound) {
          segmentFound = true;
          delays.push(row - segmentStart);
        }
      }
      row++;
    },
    counts() {
      return {
        segments,
        found: delays.length,
        delays: [...delays],
        alarms,
        true_alarms: trueAlarms,
        quiet_rows: quiet,
      };
    },
  };
}

/** Whether a cell of labels says that something is wrong: a number above 0, or true. */
export function isLabelled(cell: string): boolean {
  return Number(cell) > 0 || /^\s*(true|yes)\s*$/i.test(cell);
}
