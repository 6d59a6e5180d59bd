import { expect, test } from 'vitest';
import { median, quantileOfSorted, robustSpread, sortedFinite } from '../../detector/robust.ts';
import { gauss, seeded } from './world.ts';

test('quantiles are linear between neighbours; nothing has none', () => {
  expect(quantileOfSorted([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantileOfSorted([7], 0.9)).toBe(7);
  expect(quantileOfSorted([], 0.5)).toBeNaN();
  expect(median([3, NaN, 1, 2, Infinity])).toBe(2);
  expect([...sortedFinite([2, NaN, -1])]).toEqual([-1, 2]);
});

test('the spread of normal noise is its standard deviation, whatever a few spikes do', () => {
  const random = seeded(1);
  const values = Array.from({ length: 5000 }, (_, i) => (i % 50 === 0 ? 1e6 : 5 * gauss(random)));
  expect(robustSpread(values, median(values))).toBeGreaterThan(4.6);
  expect(robustSpread(values, median(values))).toBeLessThan(5.5);
});
