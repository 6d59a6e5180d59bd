import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Buckets,
  bucketIndex,
  bucketSeconds,
  mergeBuckets,
  quantileFromBuckets,
} from '../../../store/queries/buckets.ts';

const histogram = (values: readonly number[]): Buckets =>
  mergeBuckets(values.map((value) => [[bucketIndex(value)], [1]]));
const seconds = fc.double({ min: 1e-9, max: 1e9, noNaN: true });

describe('a bucket', () => {
  test('is never more than 1.1 % away from a value in it', () => {
    fc.assert(
      fc.property(seconds, (value) => {
        expect(Math.abs(bucketSeconds(bucketIndex(value)) / value - 1)).toBeLessThanOrEqual(0.011);
      }),
    );
  });

  test('holds zero, nonsense and the endless at its ends', () => {
    expect(bucketIndex(0)).toBe(-957);
    expect(bucketIndex(-1)).toBe(-957);
    expect(bucketIndex(Number.NaN)).toBe(-957);
    expect(bucketIndex(Infinity)).toBe(1100);
    expect(bucketIndex(1)).toBe(0);
  });
});

describe('quantileFromBuckets', () => {
  test('is the nearest rank of what went in, whatever was merged with what', () => {
    fc.assert(
      fc.property(
        fc.array(seconds, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0, 0.01, 0.5, 0.95, 0.99, 1),
        fc.nat({ max: 60 }),
        (values, q, cut) => {
          const exact = [...values].sort((a, b) => a - b)[
            Math.max(1, Math.ceil(q * values.length - 1e-9)) - 1
          ] as number;
          const merged = mergeBuckets([histogram(values.slice(0, cut)), histogram(values.slice(cut))]);
          expect(Math.abs(quantileFromBuckets(merged, q) / exact - 1)).toBeLessThanOrEqual(0.011);
        },
      ),
    );
  });

  test('of nothing is NaN', () => {
    expect(quantileFromBuckets([[], []], 0.5)).toBeNaN();
    expect(quantileFromBuckets([[3], [0]], 0.5)).toBeNaN();
  });

  test('rank 19 of 20 is p95, not rank 20', () => {
    const twenty = histogram([...new Array<number>(19).fill(0.001), 10]);
    expect(quantileFromBuckets(twenty, 0.95)).toBeCloseTo(0.001, 4);
    expect(quantileFromBuckets(twenty, 0.96)).toBeGreaterThan(9);
  });
});

test('mergeBuckets adds counts of equal buckets and keeps indexes ascending', () => {
  expect(
    mergeBuckets([
      [
        [5, 7],
        [1, 2],
      ],
      [
        [-3, 7],
        [4, 8],
      ],
    ]),
  ).toEqual([
    [-3, 5, 7],
    [4, 1, 10],
  ]);
});
