import fc from 'fast-check';
import { expect, test } from 'vitest';
import { meanOfStrongest } from '../../../detector/rows/strongest.ts';

test('the mean of the largest, as sorting would give it', () => {
  const room = new Float64Array(10);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 10 }),
      (values, k) => {
        const largest = [...values].sort((a, b) => b - a).slice(0, k);
        const mean = largest.reduce((sum, one) => sum + one, 0) / largest.length;
        expect(meanOfStrongest(Float64Array.from(values), k, room)).toBeCloseTo(mean, 9);
      },
    ),
  );
});

test('of fewer than wanted, all', () => {
  expect(meanOfStrongest(Float64Array.of(1, 3), 10, new Float64Array(10))).toBe(2);
});
