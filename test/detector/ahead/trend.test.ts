import { describe, expect, test } from 'vitest';
import {
  breakTrend,
  createTrend,
  extendTrend,
  highestOf,
  intervalsTo,
  regimeOf,
  type Trend,
  trendChance,
  trendQuantile,
} from '../../../detector/ahead/trend.ts';
import { seededRandom } from '../../../detector/random.ts';
import { gauss } from '../world.ts';

/** 15 and 30 intervals. */
const [SOONER, LATER] = [0, 1];

function fed(values: Iterable<number>): Trend {
  const trend = createTrend();
  for (const value of values) extendTrend(trend, value);
  return trend;
}
const made = (length: number, value: (i: number) => number) => Array.from({ length }, (_, i) => value(i));
const noisy = (length: number, value: (i: number) => number, seed = 1) => {
  const random = seededRandom(seed);
  return made(length, (i) => value(i) + gauss(random));
};

describe('the line', () => {
  test('follows a climb, whatever a few wild values say', () => {
    const trend = fed(made(40, (i) => (i % 7 === 3 ? 1e6 : 10 + 2 * i)));
    expect(intervalsTo(trend, 10 + 2 * 39 + 50)).toBeCloseTo(25, 6);
  });

  test('reaches nothing while it falls or stands still', () => {
    expect(intervalsTo(fed(made(40, (i) => 100 - i)), 200)).toBeNaN();
    expect(intervalsTo(fed(made(40, () => 5)), 200)).toBeNaN();
  });

  test('is there from the fifth value on, and not before', () => {
    expect(trendChance(fed([1, 2, 3, 4]), LATER, 20)).toBeNaN();
    expect(trendQuantile(fed([1, 2, 3, 4]), LATER, 0.5)).toBeNaN();
    expect(trendChance(fed([1, 2, 3, 4, 5]), LATER, 20)).toBeGreaterThan(0);
    expect(trendChance(createTrend(), LATER, 20)).toBeNaN();
  });

  test('passes over gaps', () => {
    const trend = fed(made(40, (i) => (i % 3 === 0 ? Number.NaN : 2 * i)));
    expect(intervalsTo(trend, 2 * 39 + 20)).toBeCloseTo(10, 6);
    expect(highestOf(fed([1, 9, Number.NaN, 3]), 2)).toBe(3);
    expect(highestOf(fed([1, 9, Number.NaN]), 1)).toBeNaN();
  });

  test('begins anew after a break, with what was learnt of errors', () => {
    const trend = fed(noisy(600, () => 50));
    const errors = trend.errors.slice();
    breakTrend(trend);
    expect(trendChance(trend, LATER, 60)).toBeNaN();
    expect(trend.errors).toEqual(errors);
    for (const value of [50, 51, 50, 49, 50]) extendTrend(trend, value);
    expect(trendChance(trend, LATER, 60)).toBeLessThan(0.1);
  });
});

describe('the chance', () => {
  test('of a first climb: likely where the line goes well beyond the limit, not where it falls short', () => {
    const trend = fed(noisy(400, (i) => Math.max(0, i - 385) * 20));
    const level = 14 * 20;
    expect(trendChance(trend, LATER, level + 0.5 * 600)).toBeGreaterThan(0.75);
    expect(trendChance(trend, LATER, level + 1.3 * 600)).toBeLessThan(0.1);
    expect(trendChance(trend, SOONER, level + 0.5 * 600)).toBeLessThan(0.5);
  });

  test('falls as the limit rises, within 0 and 1, far beyond the bins too', () => {
    const trend = fed(noisy(500, () => 50));
    let before = 1;
    for (let limit = 20; limit < 1000; limit += 3) {
      const chance = trendChance(trend, LATER, limit);
      expect(chance).toBeLessThanOrEqual(before);
      expect(chance).toBeGreaterThanOrEqual(0);
      before = chance;
    }
    expect(before).toBeLessThan(1e-3);
  });

  test('is less where climbs have always ended below the limit', () => {
    // Batches of an hour that rise to 590.
    const sawtooth = made(1440, (i) => (i % 60) * 10);
    const trend = fed([...sawtooth, ...made(55, (i) => i * 10)]);
    expect(regimeOf(trend, LATER)).toBe('long');
    const first = fed([...made(1440, () => 0), ...made(55, (i) => i * 10)]);
    for (const limit of [595, 640]) {
      expect(trendChance(trend, LATER, limit)).toBeLessThan(trendChance(first, LATER, limit));
    }
  });

  test('is as often right as it says on a series that wanders', () => {
    const random = seededRandom(3);
    const trend = createTrend();
    let value = 0;
    const values: number[] = [];
    const stated: { at: number; limit: number; chance: number }[] = [];
    for (let i = 0; i < 6000; i++) {
      value = 0.995 * value + gauss(random);
      values.push(value);
      extendTrend(trend, value);
      if (i > 2000) stated.push({ at: i, limit: value + 4, chance: trendChance(trend, LATER, value + 4) });
    }
    const known = stated.filter(({ at }) => at + 30 < values.length);
    const happened = known.map(({ at, limit }) => (Math.max(...values.slice(at + 1, at + 31)) > limit ? 1 : 0));
    const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
    expect(Math.abs(mean(known.map(({ chance }) => chance)) - mean(happened))).toBeLessThan(0.08);
  });
});

describe('quantiles and regimes', () => {
  test('the limit at a quantile is crossed with the chance that is left', () => {
    const trend = fed(noisy(900, (i) => 50 + 10 * Math.sin(i / 40)));
    for (const q of [0.05, 0.5, 0.95]) {
      expect(trendChance(trend, LATER, trendQuantile(trend, LATER, q))).toBeCloseTo(1 - q, 3);
    }
    expect(trendQuantile(trend, LATER, 0.05)).toBeLessThan(trendQuantile(trend, LATER, 0.95));
  });

  test('noise is calm, a climb is steep, and long after twenty intervals; a short rest does not end it', () => {
    const quiet = noisy(300, () => 20);
    expect(regimeOf(fed(quiet), LATER)).toBe('calm');
    const climb = (length: number) => noisy(length, (i) => 20 + 15 * i, 9);
    expect(regimeOf(fed([...quiet, ...climb(15)]), LATER)).toBe('steep');
    expect(regimeOf(fed([...quiet, ...climb(40)]), LATER)).toBe('long');
    expect(regimeOf(fed(quiet.map((value) => -value).concat(noisy(40, (i) => -15 * i))), LATER)).toBe('calm');
  });

  test('a series that never moved has no chance to reach anything', () => {
    const trend = fed(made(300, () => 7));
    expect(trendChance(trend, LATER, 8)).toBeLessThan(0.01);
  });
});
