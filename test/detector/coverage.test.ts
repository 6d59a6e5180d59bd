import { describe, expect, test } from 'vitest';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import { coveredSteps, Volumes, valueAt } from '../../detector/coverage.ts';
import { STEP } from './world.ts';

const series = (signal: Signal, values: number[], stage = 'a'): Series => ({
  labels: { signal, pipeline: 'p', stage },
  start: 100_000,
  step: STEP,
  values: Float64Array.from(values),
});
const covered = (...all: Series[]) => [...coveredSteps(all, 100_000, 140_000, STEP)];

describe('coverage', () => {
  test('a flow above 0 and a value that needs data prove that somebody was heard', () => {
    expect(covered(series('throughput', [0, 2, 0, 0]))).toEqual([0, 1, 0, 0]);
    expect(covered(series('latency_p95', [NaN, NaN, 0, NaN]))).toEqual([0, 0, 1, 0]);
    expect(covered(series('throughput', [1, 0, 0, 0]), series('error_ratio', [NaN, NaN, NaN, 0]))).toEqual([
      1, 0, 0, 1,
    ]);
  });

  test('a value carried forward proves nothing until it moves, and freshness never does', () => {
    expect(covered(series('lag', [5, 5, 5, 6]))).toEqual([1, 0, 0, 1]);
    expect(covered(series('freshness', [10, 20, 30, 40]))).toEqual([0, 0, 0, 0]);
  });

  test('steps outside a series are gaps', () => {
    const one = series('throughput', [1, 2]);
    expect(valueAt(one, 110_000)).toBe(2);
    expect(valueAt(one, 90_000)).toBeNaN();
    expect(valueAt(one, 120_000)).toBeNaN();
    expect(valueAt(undefined, 100_000)).toBeNaN();
  });

  test('the volume of a stage is the larger of what comes in and what goes out', () => {
    const volumes = new Volumes([
      series('throughput', [2, 0]),
      series('output', [1, 5]),
      series('output', [9, 9], 'b'),
    ]);
    const own = volumes.placeOf({ signal: 'latency_p95', pipeline: 'p', stage: 'a' });
    expect(volumes.at(own, 100_000, STEP)).toBe(20);
    expect(volumes.at(own, 110_000, STEP)).toBe(50);
    expect(volumes.at(volumes.placeOf({ pipeline: 'p', stage: 'c' }), 100_000, STEP)).toBeNaN();
    // The next answer has the same series in the same places, and other values of the same step.
    volumes.read([series('throughput', [7, 0]), series('output', [1, 0]), series('output', [0, 0], 'b')]);
    expect(volumes.at(own, 100_000, STEP)).toBe(70);
  });
});
