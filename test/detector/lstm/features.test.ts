import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FEATURES,
  fillFeatures,
  joinWindows,
  sampleWindows,
  squash,
  unsquash,
  WARM_UP,
  WINDOW,
} from '../../../detector/lstm/features.ts';
import { EPOCH, gauss, STEP, seeded } from '../world.ts';

const scale = { center: 10, scale: 2 };

describe('features', () => {
  test('squash and unsquash are inverse within the range of the network', () => {
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (value) => {
        expect(unsquash(squash(value, scale), scale)).toBeCloseTo(value, 6);
      }),
    );
    expect(squash(1e12, scale)).toBe(8);
  });

  test('value, difference, time of day and gap of each point; gaps carry the value before', () => {
    const out = new Float32Array(4 * FEATURES);
    const last = fillFeatures(out, 0, [10, NaN, 14], 3, 4, EPOCH, STEP, scale);
    const column = (k: number) => [0, 1, 2, 3].map((i) => out[i * FEATURES + k] as number);
    const high = Math.fround(Math.asinh(2));
    expect(column(0)).toEqual([0, 0, 0, high]);
    expect(column(1)).toEqual([0, 0, 0, high]);
    expect(column(4)).toEqual([1, 0, 1, 0]);
    expect(last).toBeCloseTo(high);
    expect(column(2)[3]).toBeCloseTo(Math.sin((2 * Math.PI * 8) / 24));
    expect(column(3)[3]).toBeCloseTo(Math.cos((2 * Math.PI * 8) / 24));
  });

  test('training windows: the target is the change to the next point, without gaps and warm-up', () => {
    const random = seeded(1);
    const values = Float64Array.from({ length: 400 }, (_, i) => (i === 200 ? NaN : 10 + gauss(random)));
    const { count, x, y, weight } = sampleWindows({ start: EPOCH, step: STEP, values }, 50, random);
    expect(count).toBe(50);
    expect([x.length, y.length, weight.length]).toEqual([50 * WINDOW * FEATURES, 50 * WINDOW, 50 * WINDOW]);
    for (let w = 0; w < count; w++) {
      for (let i = 0; i < WINDOW - 1; i++) {
        const at = w * WINDOW + i;
        if (i < WARM_UP) expect(weight[at]).toBe(0);
        if (weight[at] === 0) continue;
        const now = x[at * FEATURES] as number;
        const next = x[(at + 1) * FEATURES] as number;
        expect(y[at]).toBeCloseTo(next - now, 5);
        expect(x[at * FEATURES + 4]).toBe(0);
      }
    }
  });

  test('a series that does not move, or is too short, teaches nothing', () => {
    const flat = { start: EPOCH, step: STEP, values: new Float64Array(400).fill(3) };
    expect(sampleWindows(flat, 10, seeded(1)).count).toBe(0);
    const short = { start: EPOCH, step: STEP, values: new Float64Array(WINDOW) };
    expect(sampleWindows(short, 10, seeded(1))).toMatchObject({ count: 0 });
    const empty = { start: EPOCH, step: STEP, values: new Float64Array(400).fill(NaN) };
    expect(sampleWindows(empty, 10, seeded(1)).count).toBe(0);
  });

  test('windows of several series stand one after the other, reproducible from the seed', () => {
    const values = Float64Array.from({ length: 300 }, (_, i) => Math.sin(i / 5));
    const sample = (seed: number) => sampleWindows({ start: EPOCH, step: STEP, values }, 5, seeded(seed));
    expect(sample(1)).toEqual(sample(1));
    const both = joinWindows([sample(1), sample(2)]);
    expect(both.count).toBe(10);
    expect(both.y.subarray(0, 5 * WINDOW)).toEqual(sample(1).y);
    expect(both.y.subarray(5 * WINDOW)).toEqual(sample(2).y);
    expect(joinWindows([])).toMatchObject({ count: 0 });
  });
});
