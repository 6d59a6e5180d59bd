import { parseCells, parseTimestamp } from '../../core/csv.ts';
import type { Millis } from '../../core/time.ts';
import { createRowClock, type OutOfOrder } from './clock.ts';
import { type Layout, parseValue } from './layout.ts';

/** What can be wrong with a row, each counted once a row. */
export type BadRow =
  /** Cells that are neither a number nor empty: they count as missing. */
  | 'value_unreadable'
  /** Fewer or more cells than the header: missing ones count as missing values, further ones are not read. */
  | 'cells_wrong'
  /** A time that cannot be read: the row is not judged. */
  | 'time_unreadable'
  /** At the time of the row before, or before it: the row is not judged. */
  | OutOfOrder;

export interface RowCounts {
  /** Rows, blank lines apart: each has a line in the answer. */
  rows: number;
  blank_lines: number;
  /** Cells without a value (empty, NaN), no fault of the row. */
  missing_values: number;
  readonly bad_rows: Record<BadRow, number>;
}

/** A row, used again for the next one. */
export interface Row {
  /** The time as the file has it, or the number of the row, from 0. */
  stamp: string;
  /** The time for the judge, NaN where the row cannot be judged. */
  time: Millis;
  readonly values: Float64Array;
  /** The text of the label, empty where there is none. */
  label: string;
}

export interface RowReader {
  /** Starts a file that goes on where the one before ended. */
  startFile(layout: Layout): void;
  /** Reads a line; undefined where it is blank. */
  read(line: string): Row | undefined;
  readonly counts: RowCounts;
  readonly interval: Millis;
  readonly gaps: number;
  readonly setBacks: number;
}

/** Reads rows of files of as many columns; rows without a time get one each `interval`. */
export function createRowReader(columns: number, interval: Millis): RowReader {
  const clock = createRowClock();
  const row: Row = { stamp: '', time: Number.NaN, values: new Float64Array(columns), label: '' };
  let layout: Layout | undefined;
  let counts = noRows();
  /** Rows without a time in all files so far. */
  let untimed = 0;

  function readTime(cells: readonly string[], at: number): Millis {
    row.stamp = (cells[at] ?? '').trim();
    const time = parseTimestamp(row.stamp);
    if (Number.isNaN(time)) {
      counts.bad_rows.time_unreadable++;
      return time;
    }
    const placed = clock.place(time);
    if (typeof placed === 'number') return placed;
    counts.bad_rows[placed]++;
    return Number.NaN;
  }

  function readValues(cells: readonly string[], indexes: readonly number[]): void {
    let unreadable = false;
    for (let i = 0; i < indexes.length; i++) {
      const cell = cells[indexes[i] as number];
      const value = cell === undefined ? Number.NaN : parseValue(cell);
      if (value === undefined) unreadable = true;
      else if (Number.isNaN(value)) counts.missing_values++;
      row.values[i] = value ?? Number.NaN;
    }
    if (unreadable) counts.bad_rows.value_unreadable++;
  }

  return {
    startFile(next) {
      layout = next;
      counts = noRows();
      clock.startFile();
    },
    read(line) {
      if (layout === undefined) throw new Error('a file is started before its lines are read');
      if (isBlank(line)) {
        counts.blank_lines++;
        return undefined;
      }
      // Most lines have no quotes, and the numbers among their cells may keep their blanks.
      const cells = line.includes('"') ? parseCells(line) : line.split(',');
      if (cells.length !== layout.cells) counts.bad_rows.cells_wrong++;
      if (layout.time >= 0) row.time = readTime(cells, layout.time);
      else {
        row.stamp = String(counts.rows);
        row.time = clock.place(untimed++ * interval) as Millis;
      }
      row.label = cells[layout.label] ?? '';
      counts.rows++;
      readValues(cells, layout.values);
      return row;
    },
    get counts() {
      return counts;
    },
    get interval() {
      return clock.interval;
    },
    get gaps() {
      return clock.gaps;
    },
    get setBacks() {
      return clock.setBacks;
    },
  };
}

function isBlank(line: string): boolean {
  return line.charCodeAt(0) > 32 ? false : line.trim() === '';
}

function noRows(): RowCounts {
  const bad_rows = { value_unreadable: 0, cells_wrong: 0, time_unreadable: 0, time_repeated: 0, time_backward: 0 };
  return { rows: 0, blank_lines: 0, missing_values: 0, bad_rows };
}
