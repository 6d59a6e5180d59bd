import { expect, test } from 'vitest';
import { createForecastRecord } from '../../detector/forecast-record.ts';
import { EPOCH } from './world.ts';

const HOUR = 3_600_000;
const fill = (
  record: ReturnType<typeof createForecastRecord>,
  time: number,
  error: number,
  inside: boolean,
  n = 200,
) => {
  for (let i = 0; i < n; i++) record.take('lag', time, { error, naive: 2, inside });
};

test('nothing is said before a hundred forecasts were judged, nor of another signal', () => {
  const record = createForecastRecord();
  expect(record.of('lag')).toEqual({ loss: Number.NaN, coverage: Number.NaN, count: 0 });
  fill(record, EPOCH, 1, true, 99);
  expect(record.of('lag')).toEqual({ loss: Number.NaN, coverage: Number.NaN, count: 99 });
  fill(record, EPOCH, -1, false, 1);
  expect(record.of('lag')).toEqual({ loss: 0.5, coverage: 0.99, count: 100 });
  expect(record.of('throughput').count).toBe(0);
  expect([...record.signals]).toEqual(['lag']);
});

test('what is six hours old counts half', () => {
  const record = createForecastRecord();
  fill(record, EPOCH, 1, true);
  fill(record, EPOCH + 6 * HOUR, 2, false);
  expect(record.of('lag').loss).toBeCloseTo((100 * 1 + 200 * 2) / (300 * 2), 10);
  expect(record.of('lag').coverage).toBeCloseTo(100 / 300, 10);
  expect(record.of('lag').count).toBeCloseTo(300, 10);
});

test('older points that are told later count what would be left of them', () => {
  const [forwards, backwards] = [createForecastRecord(), createForecastRecord()];
  fill(forwards, EPOCH, 1, true);
  fill(forwards, EPOCH + 3 * HOUR, 3, false);
  fill(backwards, EPOCH + 3 * HOUR, 3, false);
  fill(backwards, EPOCH, 1, true);
  expect(backwards.of('lag').loss).toBeCloseTo(forwards.of('lag').loss, 10);
  expect(backwards.of('lag').count).toBeCloseTo(forwards.of('lag').count, 10);
});

test('one wild miss is ten units, and a series that stands still has no ratio', () => {
  const record = createForecastRecord();
  fill(record, EPOCH, 0, true, 99);
  record.take('lag', EPOCH, { error: 1e9, naive: 1e9, inside: false });
  expect(record.of('lag').loss).toBeCloseTo(10 / (99 * 2 + 10), 10);
  for (let i = 0; i < 200; i++) record.take('output', EPOCH, { error: 0, naive: 0, inside: true });
  expect(record.of('output')).toMatchObject({ loss: Number.NaN, coverage: 1 });
});
