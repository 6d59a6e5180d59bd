import { describe, expect, test } from 'vitest';
import { createChance } from '../../../../detector/lstm/training/chance.ts';
import { makeSeries, SERIES_KINDS } from '../../../../detector/lstm/training/generator.ts';

const made = Array.from({ length: 400 }, (_, seed) => makeSeries(seed, 1500));

describe('made series', () => {
  test('every kind is among them, on grids from ten seconds to an hour', () => {
    expect(new Set(made.map(({ kind }) => kind))).toEqual(new Set(SERIES_KINDS));
    const steps = made.map(({ step }) => step);
    expect([Math.min(...steps), Math.max(...steps)]).toEqual([10_000, 3_600_000]);
    for (const { start, step, values } of made) {
      expect(start % step).toBe(0);
      expect(values.length).toBe(1500);
    }
  });

  test('the same seed makes the same series, another seed another', () => {
    expect(makeSeries(7, 1500)).toEqual(made[7]);
    expect(makeSeries(7, 1500).values).not.toEqual(made[8]?.values);
  });

  test('numbers are finite or missing, few are missing, and sizes differ by many powers of ten', () => {
    const sizes = made.map(({ values }) => {
      const there = values.filter((value) => !Number.isNaN(value));
      expect(there.every(Number.isFinite)).toBe(true);
      expect(there.length).toBeGreaterThan(0.6 * values.length);
      return Math.max(...there.map(Math.abs));
    });
    expect(Math.max(...sizes) / Math.min(...sizes.filter((size) => size > 0))).toBeGreaterThan(1e8);
    expect(made.filter(({ values }) => values.some(Number.isNaN)).length).toBeGreaterThan(20);
  });

  const ofKind = (kind: string) =>
    made.filter((series) => series.kind === kind).map(({ values }) => values.filter((v) => !Number.isNaN(v)));

  test('counters only grow, but for the starts of their processes', () => {
    for (const values of ofKind('counter')) {
      const falls = values.filter((value, i) => i > 0 && value < (values[i - 1] as number)).length;
      expect(falls).toBeLessThan(30);
    }
  });

  test('freshness climbs evenly between its falls', () => {
    const climbing = ofKind('freshness').map(
      (values) => values.filter((value, i) => i > 0 && value > (values[i - 1] as number)).length / values.length,
    );
    expect(climbing.sort()[climbing.length >> 1]).toBeGreaterThan(0.6);
  });

  test('sparse series rest at one value most of the time', () => {
    const resting = ofKind('sparse').map((values) => {
      const counts = new Map<number, number>();
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
      return Math.max(...counts.values()) / values.length;
    });
    expect(resting.sort()[resting.length >> 1]).toBeGreaterThan(0.5);
  });
});

describe('chance', () => {
  const chance = createChance(1);
  const draw = (one: () => number) => Array.from({ length: 20_000 }, one);
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const variance = (numbers: readonly number[]) => mean(numbers.map((number) => number ** 2)) - mean(numbers) ** 2;

  test('has the moments of its distributions', () => {
    const normal = draw(chance.gauss);
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(variance(normal)).toBeCloseTo(1, 1);
    expect(mean(draw(chance.exponential))).toBeCloseTo(1, 1);
    for (const events of [0.3, 4, 80]) {
      const counts = draw(() => chance.poisson(events));
      expect(mean(counts) / events).toBeCloseTo(1, 1);
      expect(variance(counts) / events).toBeCloseTo(1, 1);
    }
    expect(mean(draw(() => (chance.chance(0.2) ? 1 : 0)))).toBeCloseTo(0.2, 1);
    const decades = draw(() => chance.logBetween(1, 100));
    expect(decades.filter((number) => number < 10).length / 20_000).toBeCloseTo(0.5, 1);
    expect(new Set(draw(() => chance.whole(2, 4)))).toEqual(new Set([2, 3, 4]));
    expect(Math.max(...draw(() => chance.student(3)))).toBeGreaterThan(6);
  });
});
