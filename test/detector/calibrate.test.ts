import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chanceFrom, createTail, exceedance, learnTail, SMALLEST_CHANCE } from '../../detector/calibrate.ts';
import { gauss, seeded } from './world.ts';

function learned(count: number, draw: (random: () => number) => number, seed = 1) {
  const tail = createTail();
  const random = seeded(seed);
  for (let i = 0; i < count; i++) learnTail(tail, draw(random), 1);
  return tail;
}

describe('calibrate', () => {
  test('before any data the tail is Laplace of unit scale: half of exp(-s)', () => {
    const tail = createTail();
    for (const score of [1, 3, 6]) {
      const ratio = exceedance(tail, score).p / (0.5 * Math.exp(-score));
      expect(ratio).toBeGreaterThan(0.7);
      expect(ratio).toBeLessThan(1.6);
    }
    expect(exceedance(tail, 0).p).toBe(1);
    expect(exceedance(tail, -3).p).toBe(1);
  });

  test.each([
    [
      'normal',
      gauss,
      [
        [1, 0.1587],
        [2, 0.02275],
        [3, 0.00135],
      ],
    ],
    [
      'exponential on one side',
      (random: () => number) => -Math.log(1 - random()),
      [
        [1, 0.3679],
        [3, 0.0498],
        [6, 0.00248],
      ],
    ],
  ] as const)('after 10,000 points the chance is that of the data: %s', (_, draw, expected) => {
    const tail = learned(10_000, draw);
    for (const [score, p] of expected) {
      expect(exceedance(tail, score).p / p).toBeGreaterThan(0.6);
      expect(exceedance(tail, score).p / p).toBeLessThan(2.2);
    }
  });

  test('a heavy tail is believed once enough points bear it out', () => {
    const pareto = (random: () => number) => (1 - random()) ** (-1 / 2.5) - 1;
    const few = learned(100, pareto);
    const many = learned(10_000, pareto);
    expect(many.xi).toBeGreaterThan(0.25);
    expect(few.xi).toBeLessThan(many.xi);
    expect(exceedance(many, 20).p).toBeGreaterThan(1e-5);
  });

  test('memory is long: the same noise for days keeps its chance, and counts stay bounded', () => {
    const tail = learned(60_000, gauss);
    expect(tail.total).toBeLessThan(15_100);
    expect(exceedance(tail, 3).p).toBeGreaterThan(0.0006);
    expect(exceedance(tail, 3).p).toBeLessThan(0.003);
  });

  test('strange points that weigh little do not make the next of their kind usual', () => {
    const tail = learned(1_000, gauss);
    for (let i = 0; i < 20; i++) learnTail(tail, 40, 0.02);
    for (let i = 0; i < 50; i++) learnTail(tail, 0.5, 1);
    expect(exceedance(tail, 40).p).toBeLessThan(1e-4);
  });

  test('scores it never saw and scores beyond all buckets have a chance', () => {
    const constant = learned(1_000, () => 0);
    expect(exceedance(constant, 5).p).toBeLessThan(1e-3);
    expect(exceedance(constant, 1e9).p).toBeGreaterThanOrEqual(SMALLEST_CHANCE);
    learnTail(constant, 1e9, 1);
    expect(exceedance(constant, 1e9).p).toBeLessThan(1);
  });

  test('the chance falls with the score, lies in (0, 1], and follows from the stored inputs', () => {
    const tails = [createTail(), learned(70, gauss), learned(5_000, gauss)];
    const score = fc.double({ min: 0.001, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(...tails), score, score, (tail, a, b) => {
        const low = exceedance(tail, Math.min(a, b));
        const high = exceedance(tail, Math.max(a, b));
        expect(high.p).toBeLessThanOrEqual(low.p * 1.35);
        expect(low.p).toBeGreaterThan(0);
        expect(low.p).toBeLessThanOrEqual(1);
        expect(chanceFrom(Math.min(a, b), low.inputs)).toBe(low.p);
      }),
    );
  });

  test('a structured clone goes on exactly as the original', () => {
    const tail = learned(500, gauss);
    const clone = structuredClone(tail);
    for (const score of [0.3, 2, 7]) {
      learnTail(tail, score, 1);
      learnTail(clone, score, 1);
    }
    expect(clone).toEqual(tail);
  });
});
