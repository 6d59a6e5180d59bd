import { expect, test } from 'vitest';
import { reportedValue } from '../../detector/history.ts';
import { refusalOf } from '../../detector/traits.ts';
import { createWatched } from '../../detector/watched.ts';
import { EPOCH, STEP } from './world.ts';

test('shares lie in 0..1, durations and counts are not below 0, and nothing is infinite', () => {
  expect(refusalOf('error_ratio', 1.2)).toBe('above_range');
  expect(refusalOf('drop_ratio', -0.1)).toBe('below_range');
  expect(refusalOf('latency_p95', -0.001)).toBe('below_range');
  expect(refusalOf('lag', -1)).toBe('below_range');
  expect(refusalOf('throughput', Infinity)).toBe('infinite');
  expect(refusalOf('custom', -Infinity)).toBe('infinite');
});

test('what can be is not refused, and a gap is no bad value', () => {
  expect(refusalOf('error_ratio', 1 + 1e-12)).toBeUndefined();
  expect(refusalOf('error_ratio', 0)).toBeUndefined();
  expect(refusalOf('lag_seconds', 1e6)).toBeUndefined();
  expect(refusalOf('custom', -40)).toBeUndefined();
  expect(refusalOf('latency_p50', NaN)).toBeUndefined();
});

test('a refused value is a gap, told by signal and reason; a flow that was refused has not stopped', () => {
  const told: string[] = [];
  const value = (signal: string, of: number) => {
    const watched = createWatched({ signal, pipeline: 'p', stage: 's' }, EPOCH, EPOCH);
    watched.seenAt = EPOCH - STEP;
    const series = { labels: watched.labels, start: EPOCH, step: STEP, values: Float64Array.of(of) };
    return reportedValue(watched, series, EPOCH, 3_600_000, (...of) => told.push(of.join(' ')));
  };
  expect(value('latency_p95', -3)).toBeNaN();
  expect(value('throughput', -1)).toBeNaN();
  expect(value('throughput', NaN)).toBe(0);
  expect(value('error_ratio', 0.5)).toBe(0.5);
  expect(told).toEqual(['latency_p95 below_range', 'throughput below_range']);
});
