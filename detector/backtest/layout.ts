import { LABEL_COLUMNS, NO_VALUE, parseCells, parseTimestamp, TIME_COLUMNS } from '../../core/csv.ts';

/** Which cells of a line are what. */
export interface Layout {
  /** Cells that a line must have. */
  readonly cells: number;
  /** Whether the first line names the columns. */
  readonly header: boolean;
  /** Index of the cell with the time, -1 where the rows have none. */
  readonly time: number;
  readonly timeName: string | undefined;
  /** Indexes of the cells with values, and their names, each of which is there once. */
  readonly values: readonly number[];
  readonly names: readonly string[];
  /** Index of the cell with the label, -1 where there is none. It is for comparing alarms with; no judge sees it. */
  readonly label: number;
  /** Names of columns that are not read: labels, texts, and further columns of times. */
  readonly unread: readonly string[];
}

export interface NoSeries {
  /** Why the file holds no series, for the summary. */
  readonly reason: string;
}

/** Lines that decide what a file is. */
export const SAMPLE = 200;
/** Rows that numbers without times must have to count as a series; a shorter table is a list of something. */
export const FEWEST_ROWS = 100;
/** Names that the columns of the answer have; a column of the file that is called so gets a number behind it. */
const TAKEN = ['timestamp', 'score', 'alarm'];

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * What the columns of a file are, told by its first `SAMPLE` lines and by nothing else; neither the file's name nor its
 * folder counts. A file is a series when
 * - it has a column of times (`timeColumn`, else one of the usual names, else a first column of dates, or of unix times
 *   where it has no name), nine of ten of its cells can be read, more often than not they grow, and a column of numbers
 *   stands beside it; or
 * - it has no column of times, at least `FEWEST_ROWS` rows, and every column but labels is numeric.
 * A column is numeric when more than half of the cells that are not empty are numbers; one that is empty throughout is.
 */
export function readLayout(lines: readonly string[], timeColumn?: string): Layout | NoSeries {
  const rows = lines.filter((line) => line.trim() !== '').map(parseCells);
  const first = rows[0];
  if (first === undefined) return { reason: 'the file is empty' };
  const header = !first.every((cell) => NO_VALUE.test(cell) || isNumberOrTime(cell));
  const body = header ? rows.slice(1) : rows;
  if (body.length === 0) return { reason: 'there is a header and no row' };
  const names = uniqueNames(first, header);
  const lower = first.map((name) => (header ? name.toLowerCase() : ''));
  const wanted = timeColumn?.toLowerCase();
  if (wanted !== undefined && !lower.includes(wanted)) return { reason: `there is no column "${timeColumn}"` };

  const column = (index: number) => body.map((cells) => cells[index] ?? '');
  const usual = TIME_COLUMNS.flatMap((name) => (lower.includes(name) ? [lower.indexOf(name)] : []));
  const named = wanted === undefined ? usual : [lower.indexOf(wanted)];
  const dated = named.length === 0 && column(0).every(lower[0] === '' ? isDateOrUnixTime : isDate) ? [0] : [];
  const time = [...named, ...dated].find((index) => timesGrow(column(index))) ?? -1;
  if (named.length > 0 && time < 0) {
    return { reason: `the times in column ${names[named[0] as number]} cannot be read or do not grow` };
  }

  const chosen = first.map((_, index) => {
    if (index === time) return 'time';
    if (LABEL_COLUMNS.includes(lower[index] as string)) return 'label';
    if (named.includes(index)) return 'text';
    return isNumeric(column(index)) ? 'value' : 'text';
  });
  const indexes = (kind: string) => chosen.flatMap((what, index) => (what === kind ? [index] : []));
  const values = indexes('value');
  if (values.length === 0) return { reason: 'there is no column of numbers' };
  if (time < 0 && (indexes('text').length > 0 || body.length < FEWEST_ROWS)) {
    const why = indexes('text').length > 0 ? 'not all of it is numbers' : `it has fewer than ${FEWEST_ROWS} rows`;
    return { reason: `there is no column of times, and ${why}` };
  }
  const name = (index: number) => names[index] as string;
  return {
    cells: first.length,
    header,
    time,
    timeName: time < 0 ? undefined : first[time] || name(time),
    values,
    names: values.map(name),
    label: indexes('label')[0] ?? -1,
    unread: [...indexes('label'), ...indexes('text')].sort((a, b) => a - b).map((index) => first[index] || name(index)),
  };
}

/** Larger numbers are nothing that was measured, and their squares and sums would overflow. */
const LARGEST = 1e30;

/** A cell as a number: NaN where it says that there is none, and undefined where it is not one, or beyond `LARGEST`. */
export function parseValue(cell: string): number | undefined {
  const value = Number(cell);
  // An empty cell counts as 0 for `Number`.
  if (value !== 0 && Math.abs(value) <= LARGEST) return value;
  const text = cell.trim();
  if (NO_VALUE.test(text)) return Number.NaN;
  return value === 0 ? 0 : undefined;
}

function isDate(cell: string): boolean {
  return !NUMBER.test(cell) && !Number.isNaN(parseTimestamp(cell));
}

/** Numbers of no name are unix times where they fall into the years 2000 to 2100. */
function isDateOrUnixTime(cell: string): boolean {
  const time = parseTimestamp(cell);
  return isDate(cell) || (time > 946_684_800_000 && time < 4_102_444_800_000);
}

function isNumberOrTime(cell: string): boolean {
  return NUMBER.test(cell) || isDate(cell);
}

function timesGrow(cells: readonly string[]): boolean {
  const times = cells.map(parseTimestamp).filter((time) => !Number.isNaN(time));
  if (times.length === 0 || times.length < 0.9 * cells.length) return false;
  const grown = times.filter((time, i) => i > 0 && time > (times[i - 1] as number)).length;
  return grown >= (times.length - 1) / 2;
}

function isNumeric(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => !NO_VALUE.test(cell));
  return 2 * filled.filter((cell) => parseValue(cell) !== undefined).length > filled.length || filled.length === 0;
}

function uniqueNames(first: readonly string[], header: boolean): string[] {
  const used = new Set(TAKEN);
  return first.map((cell, index) => {
    const name = header && cell !== '' ? cell : `column_${index + 1}`;
    let unique = name;
    for (let n = 2; used.has(unique); n++) unique = `${name}_${n}`;
    used.add(unique);
    return unique;
  });
}
