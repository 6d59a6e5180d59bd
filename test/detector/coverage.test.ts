import { describe, expect, test } from 'vitest';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import { heardSteps, Volumes, valueAt } from '../../detector/coverage.ts';
import { STEP } from './world.ts';

const series = (signal: Signal, values: number[], stage = 'a'): Series => ({
  labels: { signal, pipeline: 'p', stage },
  start: 100_000,
  step: STEP,
  values: Float64Array.from(values),
});
const heard = async (...received: number[]) => {
  const port = {
    readReceived: async (from: number, to: number) => received.filter((time) => time >= from && time < to),
  };
  return [...(await heardSteps(port, [], { from: 100_000, to: 140_000, step: STEP }))].join('');
};

describe('coverage', () => {
  test('a step was heard in which telemetry was received, and between two of it a minute apart at most', async () => {
    expect(await heard()).toBe('0000');
    expect(await heard(110_000)).toBe('0100');
    expect(await heard(119_999, 130_000)).toBe('0111');
    expect(await heard(100_000, 139_999)).toBe('1111');
    expect(await heard(90_000, 150_000)).toBe('1111');
    expect(await heard(80_000, 150_000)).toBe('0000');
    expect(await heard(60_000, 110_000)).toBe('1100');
    expect(await heard(40_000, 110_000)).toBe('0100');
    expect(await heard(120_000, 190_000)).toBe('0010');
  });

  test('the store is asked only where no flow says it already', async () => {
    let asked = 0;
    const port = {
      async readReceived() {
        asked += 1;
        return [100_000];
      },
    };
    const of = async (...all: Series[]) =>
      [...(await heardSteps(port, all, { from: 100_000, to: 140_000, step: STEP }))].join('');
    expect(await of(series('throughput', [2, 0, 1, 1]), series('output', [0, 3, 0, 0]))).toBe('1111');
    expect(asked).toBe(0);
    expect(await of(series('throughput', [0, 2, 0, 0]), series('lag', [5, 6, 7, 8]))).toBe('1100');
    expect(asked).toBe(1);
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
