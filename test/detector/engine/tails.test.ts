import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createTails,
  fitTail,
  halveTail,
  learnTail,
  oddsFrom,
  oddsOf,
  PARAMETERS,
  type Resolution,
  readTail,
  sizeFrom,
  UNITS,
} from '../../../detector/engine/tails.ts';
import { seededRandom } from '../../../detector/random.ts';

/** A tail that has learnt `sizes`, a tenth of them in the tail. */
function learnt(sizes: readonly number[], resolution: Resolution = 4, floor = 0) {
  const tails = createTails(1, resolution);
  for (const size of sizes) learnTail(tails, 0, size, UNITS);
  fitTail(tails, 0, sizes.length * UNITS, 0.1, floor);
  return tails;
}

function draws(count: number, of: (uniform: number) => number, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => of(1 - random()));
}

const exponential = (uniform: number) => -Math.log(uniform);
/** Pareto with index 3: P(S > s) = s^-3 for s over 1. */
const pareto = (uniform: number) => uniform ** (-1 / 3);

function parametersOf(tails: ReturnType<typeof createTails>, slot = 0): [number, number, number, number] {
  const out = new Float32Array(PARAMETERS);
  readTail(tails, slot, out, 0);
  return [...out] as [number, number, number, number];
}

describe('odds', () => {
  test.each([2, 4] as const)(
    'of a known distribution, %i steps an octave: within 0.25 down to 1 in 10,000',
    (steps) => {
      const tails = learnt(draws(10_000, exponential), steps);
      for (const odds of [1.2, 2, 3, 4]) expect(oddsOf(tails, 0, odds * Math.LN10)).toBeCloseTo(odds, 0);
      expect(Math.abs(oddsOf(tails, 0, 3 * Math.LN10) - 3)).toBeLessThan(0.25);
    },
  );

  test('of a heavy tail are lower at the same multiple of its threshold', () => {
    const light = learnt(draws(10_000, exponential));
    const heavy = learnt(draws(10_000, pareto));
    const at = (tails: typeof light) => oddsOf(tails, 0, 6 * parametersOf(tails)[0]);
    expect(at(heavy)).toBeLessThan(at(light) - 1);
  });

  test('of a heavy tail follow it beyond what was seen', () => {
    const tails = learnt(draws(10_000, pareto));
    expect(Math.abs(oddsOf(tails, 0, 100) - 6)).toBeLessThan(1.5);
  });

  test('grow with the size, without a jump at the threshold', () => {
    const tails = learnt(draws(500, exponential));
    const [u, body, sigma, xi] = parametersOf(tails);
    expect(oddsFrom(u * 1.000001, u, body, sigma, xi)).toBeCloseTo(oddsFrom(u, u, body, sigma, xi), 4);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 50, noNaN: true }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        (a, more) => {
          expect(oddsFrom(a + more, u, body, sigma, xi)).toBeGreaterThanOrEqual(oddsFrom(a, u, body, sigma, xi));
        },
      ),
    );
  });

  test('are 0 where nothing is known', () => {
    expect(oddsOf(createTails(1), 0, 5)).toBe(0);
    expect(sizeFrom(2, ...parametersOf(createTails(1)))).toBeNaN();
  });

  test('of a side that has seen nothing say how many points it was seen nothing in', () => {
    const tails = createTails(2);
    fitTail(tails, 0, 1000 * UNITS, 0.1, 0.5);
    expect(oddsOf(tails, 0, 0.5)).toBeCloseTo(3, 2);
  });

  test('of deviations below the floor stay small', () => {
    const tails = learnt(draws(1000, exponential), 4, 100);
    expect(oddsOf(tails, 0, 50)).toBeLessThan(1);
  });
});

test('the size of given odds is the inverse', () => {
  const tails = learnt(draws(2000, pareto));
  const parameters = parametersOf(tails);
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 6, noNaN: true }), (odds) => {
      expect(oddsFrom(sizeFrom(odds, ...parameters), ...parameters)).toBeCloseTo(odds, 6);
    }),
  );
});

test('what is kept in 16 bits is a part in 256 or better of what was fitted', () => {
  for (const unit of [1e-20, 0.37, 1, 8e9]) {
    const tails = learnt(draws(5000, exponential).map((size) => size * unit));
    const [u, body, sigma, xi] = parametersOf(tails);
    expect(body).toBeGreaterThan(0.99);
    expect(body).toBeLessThan(1.3);
    expect(u / unit).toBeGreaterThan(1.9);
    expect(u / unit).toBeLessThan(3.1);
    expect(sigma / unit).toBeGreaterThan(0.8);
    expect(sigma / unit).toBeLessThan(1.2);
    expect(xi).toBeLessThan(0.1);
    // An edge of a bucket, exactly: its mantissa has two bits at most.
    expect((u / 2 ** Math.floor(Math.log2(u))) % 0.25).toBe(0);
  }
  expect(createTails(10).parameters.byteLength).toBe(10 * 8);
});

test('a change of unit changes no odds', () => {
  const sizes = draws(3000, exponential);
  const one = learnt(sizes);
  for (const unit of [1024, 2 ** -20]) {
    const other = learnt(sizes.map((size) => size * unit));
    for (const size of [0.5, 3, 9]) expect(oddsOf(other, 0, size * unit)).toBeCloseTo(oddsOf(one, 0, size), 5);
  }
});

test('a few huge outliers do not blind it to what is ordinary', () => {
  const tails = createTails(1, 2);
  for (const size of draws(300, exponential)) learnTail(tails, 0, size, UNITS);
  learnTail(tails, 0, 1e12, UNITS);
  for (const size of draws(700, exponential, 2)) learnTail(tails, 0, size, UNITS);
  fitTail(tails, 0, 1001 * UNITS, 0.1, 0);
  expect(oddsOf(tails, 0, 1)).toBeLessThan(1);
  expect(oddsOf(tails, 0, 1e9)).toBeGreaterThan(2.5);
});

test('the range follows what becomes much smaller', () => {
  const tails = createTails(1, 2);
  for (const size of draws(100, exponential)) learnTail(tails, 0, size * 1e6, UNITS);
  let total = 100 * UNITS;
  for (let round = 0; round < 30; round++) {
    for (const size of draws(1000, exponential, round)) learnTail(tails, 0, size, UNITS);
    total = (total + 1000 * UNITS) / 2;
    halveTail(tails, 0);
    fitTail(tails, 0, total, 0.1, 0);
  }
  expect(oddsOf(tails, 0, 1)).toBeLessThan(1);
  expect(oddsOf(tails, 0, 50)).toBeGreaterThan(3);
});

test('slots know nothing of each other, and points learnt in quarters weigh a quarter', () => {
  const tails = createTails(3);
  for (let i = 0; i < 100; i++) learnTail(tails, 1, 1, UNITS);
  for (let i = 0; i < 4; i++) learnTail(tails, 1, 64, 1);
  const counts = Array.from({ length: 3 }, (_, slot) =>
    tails.counts.subarray(slot * tails.buckets, (slot + 1) * tails.buckets).reduce((sum, count) => sum + count, 0),
  );
  expect(counts).toEqual([0, 404, 0]);
  fitTail(tails, 1, 404, 0.05, 0);
  expect(parametersOf(tails, 1)[1]).toBeCloseTo(-Math.log10(4 / 404), 3);
});
