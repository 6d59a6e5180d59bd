import { Readable } from 'node:stream';
import type { Labels } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import { STEP_MS } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { labelValues, nativeBlock, numberValues, textValues } from '../native-block.ts';
import { floatCell, numberOf, secondsCell } from './cells.ts';

/** A series and what it is known by. */
export interface KeyedLabels {
  /** `fingerprint(labels)`. */
  readonly key: string;
  readonly labels: Labels;
}

/** Judged points as columns: when (unix milliseconds), what came, and what was expected. NaN where a scorer has no band. */
export interface ExpectationColumns {
  readonly time: Float64Array;
  readonly value: Float64Array;
  readonly expected: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly score: Float64Array;
}

/** Judged points of any series, and whose each is. */
export interface Expectations extends ExpectationColumns {
  readonly series: readonly KeyedLabels[];
}

/** Writes points as one Native block: a tenth of what rows of JSON cost. All are stored or none. */
export async function writeExpectations(store: Store, points: Expectations): Promise<void> {
  const { series, time, value, expected, lower, upper, score } = points;
  if (series.length === 0) return;
  const numbers = { Value: value, Expected: expected, Lower: lower, Upper: upper, Score: score };
  const block = nativeBlock(
    [
      { name: 'Time', type: 'DateTime', values: numberValues(Uint32Array.from(time, secondsCell)) },
      { name: 'SeriesKey', type: 'String', values: textValues(series.map(({ key }) => key)) },
      {
        name: 'Labels',
        type: 'Map(LowCardinality(String), String)',
        values: labelValues(series.map(({ labels }) => labels)),
      },
      ...Object.entries(numbers).map(([name, values]) => ({ name, type: 'Float64', values: numberValues(values) })),
    ],
    series.length,
  );
  const { stream } = await store.client.exec({
    query: 'INSERT INTO expectations FORMAT Native',
    values: Readable.from([block], { objectMode: false }),
  });
  for await (const _ of stream);
}

/**
 * What was expected of one series (key: `fingerprint(labels)`) in [from, to), ascending in time. With `step` (milliseconds) the last point of each step is
 * returned, with the time of the step's start. Of a point judged twice the wider band counts.
 */
export async function readExpectations(
  store: Store,
  seriesKey: string,
  from: Millis,
  to: Millis,
  step: Millis = STEP_MS,
): Promise<ExpectationColumns> {
  const rows = await store.rows<ExpectationRow>(
    `
SELECT intDiv(toUnixTimestamp(Time), {step:UInt32}) * {step:UInt32} AS time, Value AS value, Expected AS expected,
    Lower AS lower, Upper AS upper, Score AS score
FROM expectations
WHERE SeriesKey = {key:String} AND Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32})
ORDER BY Time DESC, Upper - Lower DESC
LIMIT 1 BY time`,
    { key: seriesKey, from: secondsCell(from), to: Math.ceil(to / 1000), step: Math.max(1, Math.round(step / 1000)) },
  );
  rows.reverse();
  const column = (read: (row: ExpectationRow) => number | null) =>
    Float64Array.from(rows, (row) => numberOf(read(row)));
  return {
    time: column((row) => row.time * 1000),
    value: column((row) => row.value),
    expected: column((row) => row.expected),
    lower: column((row) => row.lower),
    upper: column((row) => row.upper),
    score: column((row) => row.score),
  };
}

interface ExpectationRow {
  readonly time: number;
  readonly value: number | null;
  readonly expected: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly score: number | null;
}

/** Quantiles of one series for the steps after `time` (when the forecast was made); element 0 is one step ahead. */
export interface Forecast {
  readonly seriesKey: string;
  readonly time: Millis;
  readonly p10: Float64Array;
  readonly p50: Float64Array;
  readonly p90: Float64Array;
}

export async function writeForecasts(store: Store, forecasts: readonly Forecast[]): Promise<void> {
  const rows = forecasts.flatMap((forecast) =>
    Array.from(forecast.p50, (p50, i) => ({
      Time: secondsCell(forecast.time),
      SeriesKey: forecast.seriesKey,
      Horizon: i + 1,
      P10: floatCell(forecast.p10[i] ?? Number.NaN),
      P50: floatCell(p50),
      P90: floatCell(forecast.p90[i] ?? Number.NaN),
    })),
  );
  if (rows.length > 0) await store.insert('forecasts', rows);
}

/** The newest forecast of a series made at or before `at`, or undefined. */
export async function readForecast(store: Store, seriesKey: string, at: Millis): Promise<Forecast | undefined> {
  const rows = await store.rows<{ time: number; p10: number | null; p50: number | null; p90: number | null }>(
    `
SELECT toUnixTimestamp(Time) AS time, P10 AS p10, P50 AS p50, P90 AS p90
FROM forecasts
WHERE SeriesKey = {key:String} AND Time = (
    SELECT max(Time) FROM forecasts WHERE SeriesKey = {key:String} AND Time <= toDateTime({at:UInt32}))
ORDER BY Horizon
LIMIT 1 BY Horizon`,
    { key: seriesKey, at: secondsCell(at) },
  );
  const [first] = rows;
  if (!first) return undefined;
  return {
    seriesKey,
    time: first.time * 1000,
    p10: Float64Array.from(rows, (row) => numberOf(row.p10)),
    p50: Float64Array.from(rows, (row) => numberOf(row.p50)),
    p90: Float64Array.from(rows, (row) => numberOf(row.p90)),
  };
}
