import { expect } from 'vitest';
import type { Store } from '../../store/client.ts';

const DIMENSIONS = [
  ...['Pipeline', 'Service', 'Kind', 'Operation', 'Destination', 'DestinationSystem', 'DestinationKind'],
  ...['ConsumerGroup', 'Source'],
];
/** Sums of doubles are rounded, since the order of adding shows in their last bits. */
const RED = `toUInt32(sum(Count)) AS count, toUInt32(sum(Errors)) AS errors, toUInt32(sum(Messages)) AS messages,
    round(sum(DurationSum), 6) AS seconds, max(EventTimeMax) AS eventTime, sumMap(Buckets) AS buckets`;
const RED_LEVELS = [
  { table: 'red_1m', start: 'toStartOfMinute', dimensions: DIMENSIONS },
  { table: 'red_1h', start: 'toStartOfHour', dimensions: DIMENSIONS },
  { table: 'edges_1m', start: 'toStartOfMinute', dimensions: DIMENSIONS.filter((name) => name !== 'Operation') },
  { table: 'edges_5m', start: 'toStartOfFiveMinutes', dimensions: DIMENSIONS.filter((name) => name !== 'Operation') },
  { table: 'edges_1h', start: 'toStartOfHour', dimensions: DIMENSIONS.filter((name) => name !== 'Operation') },
] as const;

const SERIES = ['MetricName', 'MetricKind', 'Signal', 'Pipeline', 'Service', 'SeriesId'];
const GAUGE = `toString(max(Last).1) AS lastAt, max(Last).2 AS last, min(Min) AS min, max(Max) AS max, round(sum(Sum), 6) AS sum,
    toUInt32(sum(Count)) AS count`;
const GAUGE_LEVELS = [
  { fine: 'gauge_10s', table: 'gauge_1m', start: 'toStartOfMinute' },
  { fine: 'gauge_10s', table: 'gauge_1h', start: 'toStartOfHour' },
  { fine: 'gauge_1m', table: 'gauge_1h', start: 'toStartOfHour' },
] as const;

interface Summed {
  readonly count: number;
}

/**
 * Expects every level to hold what the ten-second rows of the same time add up to, series by series; returns how many calls and
 * samples each table counts. `gauge_10s` has some metrics only, in which all levels must agree.
 */
export async function expectLevelsAgree(store: Store): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const note = (table: string, rows: readonly Summed[]) => {
    counts[table] = rows.reduce((sum, { count }) => sum + count, 0);
  };
  const summed = async (table: string, time: string, names: readonly string[], sums: string, where = '1') => {
    const keys = names.map((name) => `toString(s.${name})`).join(', ');
    return store.rows<Summed>(
      `SELECT toUnixTimestamp(${time}) AS at, [${keys}] AS of, ${sums} FROM ${table} AS s WHERE ${where} GROUP BY at, of ORDER BY at, of`,
    );
  };
  note('red_10s', await summed('red_10s', 's.Time', DIMENSIONS, RED));
  for (const { table, start, dimensions } of RED_LEVELS) {
    const rows = await summed(table, 's.Time', dimensions, RED);
    expect(rows, table).toEqual(await summed('red_10s', `${start}(s.Time)`, dimensions, RED));
    note(table, rows);
  }
  for (const { fine, table, start } of GAUGE_LEVELS) {
    const rows = await summed(table, 's.Time', SERIES, GAUGE, `MetricName IN (SELECT MetricName FROM ${fine})`);
    const finer = await summed(fine, `${start}(s.Time)`, SERIES, GAUGE);
    expect(rows, `${table} of ${fine}`).toEqual(finer);
    note(fine, finer);
    note(table, rows);
  }
  return counts;
}
