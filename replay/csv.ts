import { LABEL_COLUMNS, NO_VALUE, parseCells, parseTimestamp, TIME_COLUMNS } from '../core/csv.ts';
import { WeirError } from '../core/errors.ts';
import { ATTR } from '../core/semconv.ts';
import type { Millis } from '../core/time.ts';
import type { Batch, Recording } from './recording.ts';
import type { TimedItem, Timeline } from './timeline.ts';

export interface CsvOptions {
  /** Path for messages, and the name the service and a lone column get. */
  readonly file: string;
  readonly stem: string;
  readonly metric: string;
  readonly service?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly timeColumn?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  /** Distance of the rows of a file without timestamps. */
  readonly interval?: Millis | undefined;
}

const POINTS_PER_REQUEST = 2000;

interface Point {
  readonly time: Millis;
  readonly signal: string;
  readonly value: number;
}

/**
 * A CSV file as gauge points: one column of times, every other column a signal named after it (a lone column called
 * `value` takes the file's name). Empty cells are gaps. Throws `replay_csv_*` with file and line.
 */
export function parseCsv(text: string, options: CsvOptions): Recording {
  const points = readPoints(text, options);
  points.sort((a, b) => a.time - b.time);
  const items: TimedItem[] = [];
  for (const { time } of points) {
    const last = items.at(-1);
    if (last?.time === time) items[items.length - 1] = { time, count: last.count + 1 };
    else items.push({ time, count: 1 });
  }
  let cursor = 0;
  return {
    file: options.file,
    items,
    next: () => points[cursor]?.time ?? Number.NaN,
    take(until) {
      const start = cursor;
      while (cursor < points.length && cursor - start < POINTS_PER_REQUEST && (points[cursor] as Point).time <= until) {
        cursor++;
      }
      return cursor === start ? undefined : gaugeBatch(points.slice(start, cursor), options);
    },
  };
}

function readPoints(text: string, options: CsvOptions): Point[] {
  const lines = text.split(/\r?\n/);
  const header = parseCells((lines[0] ?? '').replace(/^\uFEFF/, ''));
  const timeIndex = timeColumn(header, options);
  const columns = signalColumns(header, timeIndex, options);
  const points: Point[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.trim() === '') continue;
    const cells = parseCells(line);
    const where = `${options.file}:${i + 1}`;
    if (cells.length !== header.length) {
      throw new WeirError(
        'replay_csv_row_invalid',
        `${where}: ${cells.length} cells where the header has ${header.length}`,
      );
    }
    const time = timeIndex < 0 ? (i - 1) * (options.interval as Millis) : parseTimestamp(cells[timeIndex] as string);
    if (Number.isNaN(time)) {
      throw new WeirError(
        'replay_csv_time_invalid',
        `${where}: "${cells[timeIndex]}" is no timestamp; write ISO 8601, "YYYY-MM-DD HH:MM:SS" or a unix time`,
      );
    }
    for (const { index, signal } of columns) {
      const cell = cells[index] as string;
      if (NO_VALUE.test(cell)) continue;
      const value = Number(cell);
      if (!Number.isFinite(value)) {
        throw new WeirError(
          'replay_csv_value_invalid',
          `${where}: column ${header[index]}: "${cell}" is not a number; choose the columns with --columns`,
        );
      }
      points.push({ time, signal, value });
    }
  }
  if (points.length === 0) throw new WeirError('replay_file_empty', `${options.file}: no points`);
  return points;
}

function timeColumn(header: readonly string[], options: CsvOptions): number {
  const names = header.map((name) => name.toLowerCase());
  if (options.timeColumn !== undefined) {
    const index = names.indexOf(options.timeColumn.toLowerCase());
    if (index >= 0) return index;
    throw new WeirError(
      'replay_csv_header_invalid',
      `${options.file}:1: no column "${options.timeColumn}"; the columns are ${header.join(', ')}`,
    );
  }
  for (const name of TIME_COLUMNS) if (names.includes(name)) return names.indexOf(name);
  if (options.interval !== undefined) return -1;
  throw new WeirError(
    'replay_csv_header_invalid',
    `${options.file}:1: no column of times (looked for ${TIME_COLUMNS.join(', ')}); ` +
      'name it with --time-column, or give the distance of the rows with --interval',
  );
}

function signalColumns(header: readonly string[], timeIndex: number, options: CsvOptions) {
  const wanted = options.columns;
  for (const name of wanted ?? []) {
    if (header.includes(name)) continue;
    throw new WeirError(
      'replay_csv_header_invalid',
      `${options.file}:1: no column "${name}"; the columns are ${header.join(', ')}`,
    );
  }
  const chosen = header.flatMap((name, index) => {
    if (index === timeIndex) return [];
    const take = wanted === undefined ? !LABEL_COLUMNS.includes(name.toLowerCase()) : wanted.includes(name);
    return take ? [{ index, name }] : [];
  });
  if (chosen.length === 0) {
    throw new WeirError('replay_csv_header_invalid', `${options.file}:1: no column of values beside the times`);
  }
  return chosen.map(({ index, name }) => ({
    index,
    signal: chosen.length === 1 && /^(value|)$/i.test(name) ? options.stem : name || `column_${index + 1}`,
  }));
}

function gaugeBatch(points: readonly Point[], options: CsvOptions): Batch {
  const resource = [
    attribute(ATTR.serviceName, options.service ?? options.stem),
    attribute(ATTR.origin, 'replayed'),
    ...(options.pipeline === undefined ? [] : [attribute(ATTR.pipeline, options.pipeline)]),
  ];
  return {
    signal: 'metrics',
    contentType: 'application/json',
    count: points.length,
    body: (timeline) => {
      const dataPoints = points.map((point) => jsonPoint(point, timeline));
      const metrics = [{ name: options.metric, gauge: { dataPoints } }];
      const scopeMetrics = [{ scope: { name: 'weir.replay' }, metrics }];
      return Buffer.from(JSON.stringify({ resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics }] }));
    },
  };
}

function jsonPoint({ time, signal, value }: Point, timeline: Timeline) {
  return {
    timeUnixNano: String(BigInt(Math.round(timeline.at(time))) * 1_000_000n),
    asDouble: value,
    attributes: [attribute(ATTR.signal, signal)],
  };
}

function attribute(key: string, value: string) {
  return { key, value: { stringValue: value } };
}
