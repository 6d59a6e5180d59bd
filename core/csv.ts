import type { Millis } from './time.ts';

/** Names that a column of times usually has, in lower case, the likelier ones first. */
export const TIME_COLUMNS: readonly string[] = ['timestamp', 'time', 'datetime', 'date', 'ts', 't', '_time'];

/** Columns of labelled data sets that say what is strange, in lower case: no signals, and nothing a judge may read. */
export const LABEL_COLUMNS: readonly string[] = ['label', 'is_anomaly', 'anomaly', 'changepoint'];

/** Cells that say that there is no value. */
export const NO_VALUE = /^(|nan|null|none|na|n\/a)$/i;

/** The cells of one line: commas separate, double quotes enclose, a doubled quote inside quotes is a quote. */
export function parseCells(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i] as string;
    if (quoted && char === '"' && line[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += char;
  }
  cells.push(cell.trim());
  return cells;
}

/**
 * A point in time as recorders write it, or NaN: a number is unix seconds, milliseconds, microseconds or nanoseconds by
 * its size (each holds for the years 1973 to 5138); text is ISO 8601, with `T` or a space, in UTC unless it says
 * otherwise.
 */
export function parseTimestamp(text: string): Millis {
  if (/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) {
    const value = Number(text);
    const size = Math.abs(value);
    if (size < 1e11) return value * 1000;
    if (size < 1e14) return value;
    if (size < 1e17) return value / 1000;
    return value / 1e6;
  }
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
  if (!match) return Number.NaN;
  const [, date, clock = '00:00:00', zone = 'Z'] = match;
  const offset = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  return Date.parse(`${date}T${seconds}${offset}`);
}
