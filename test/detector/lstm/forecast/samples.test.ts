import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addSample,
  clearSamples,
  robustScaleOf,
  SAMPLES,
  SAMPLES_WIDTH,
} from '../../../../detector/lstm/forecast/samples.ts';
import { gauss, seeded } from '../../world.ts';

function sampled(values: readonly number[], perDay = 288) {
  const slab = new Float32Array(SAMPLES_WIDTH);
  clearSamples(slab, 0);
  for (const [i, value] of values.entries()) {
    addSample(slab, 0, i + 1, value, Math.abs(value - (values[i - 1] ?? value)), perDay);
  }
  return { slab, ...robustScaleOf(slab, 0) };
}

test('centre and scale of normal noise are near its mean and at least its deviation', () => {
  const random = seeded(1);
  const { center, scale } = sampled(Array.from({ length: 5000 }, () => 50 + 3 * gauss(random)));
  expect(center).toBeGreaterThan(47);
  expect(center).toBeLessThan(53);
  expect(scale).toBeGreaterThan(2);
  expect(scale).toBeLessThan(9);
});

test('the samples stand for the whole past, thinned out as it grows, and then for its last three days', () => {
  const ramp = Array.from({ length: 10_000 }, (_, i) => i);
  const young = sampled(ramp.slice(0, 500), 1e6);
  expect(young.center).toBeGreaterThan(150);
  expect(young.center).toBeLessThan(350);
  const old = sampled(ramp, 288);
  const oldest = Math.min(...old.slab.subarray(0, SAMPLES));
  expect(oldest).toBeGreaterThan(10_000 - 2.5 * 3 * 288);
  expect(oldest).toBeLessThan(10_000 - 288);
  expect(Math.max(...old.slab.subarray(0, SAMPLES))).toBeGreaterThan(9_900);
});

test('a rare movement has a scale where quantiles see none; values all alike have none', () => {
  expect(
    sampled([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]).scale,
  ).toBeGreaterThan(0);
  expect(sampled(new Array(100).fill(3))).toMatchObject({ center: 3, scale: 0 });
});

test('scale and centre follow the unit and the offset of the series', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: -50, max: 50 }),
      fc.integer(),
      (factor, offset, seed) => {
        const random = seeded(seed);
        const values = Array.from({ length: 200 }, () => Math.round(8 * gauss(random)));
        const plain = sampled(values);
        const other = sampled(values.map((value) => factor * value + offset));
        expect(other.center).toBeCloseTo(factor * plain.center + offset, 1);
        expect(other.scale / factor).toBeCloseTo(plain.scale, 3);
      },
    ),
  );
});
