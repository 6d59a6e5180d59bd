import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  holtWinters,
  pinball,
  RollingErrors,
  smoothing,
  tunedHoltWinters,
  tunedSmoothing,
} from '../../../bench/lstm/baselines.ts';
import { HORIZONS } from '../../../detector/lstm/forecast/features.ts';
import { gauss, seeded } from '../../detector/world.ts';

const expectations = (forecaster: { expect(out: Float64Array): void }) => {
  const out = new Float64Array(HORIZONS.length);
  forecaster.expect(out);
  return [...out];
};

describe('rolling errors', () => {
  test('their quantiles are those of the newest thousand', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 10, maxLength: 1500 }), (errors) => {
        const rolling = new RollingErrors();
        for (const error of errors) rolling.add(error);
        const sorted = errors.slice(-1000).sort((a, b) => a - b);
        expect(rolling.quantile(0)).toBe(sorted[0]);
        expect(rolling.quantile(1)).toBe(sorted.at(-1));
        const place = 0.5 * (sorted.length - 1);
        const [a, b] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
        expect(rolling.quantile(0.5)).toBeCloseTo((a + b) / 2, 9);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the baselines', () => {
  test('smoothing is the exponential mean of each share', () => {
    const forecaster = smoothing([1, 0.5, 0.5, 0.1]);
    for (const value of [10, 20]) forecaster.learn(value);
    expect(expectations(forecaster)).toEqual([20, 15, 15, 11]);
  });

  test('the tuning finds the share: the last value for a random walk, a slow mean for noise', () => {
    const random = seeded(1);
    let level = 0;
    const walk = Array.from({ length: 1500 }, () => {
      level += gauss(random);
      return level;
    });
    const noise = Array.from({ length: 1500 }, () => gauss(random));
    const respond = (past: number[]) => {
      const forecaster = tunedSmoothing(past);
      forecaster.learn(0);
      forecaster.learn(100);
      return expectations(forecaster)[0] as number;
    };
    expect(respond(walk)).toBeGreaterThan(85);
    expect(respond(noise)).toBeLessThan(15);
  });

  test('Holt-Winters learns a season and foretells it at every horizon', () => {
    const season = (i: number) => 100 + 30 * Math.sin((2 * Math.PI * i) / 24);
    const past = Array.from({ length: 600 }, (_, i) => season(i));
    const forecaster = tunedHoltWinters(past, 24);
    for (const value of past) forecaster.learn(value);
    for (const [h, value] of expectations(forecaster).entries()) {
      expect(Math.abs(value - season(599 + (HORIZONS[h] as number)))).toBeLessThan(3);
    }
  });

  test('Holt-Winters carries a trend on, damped, and its season over a gap', () => {
    const forecaster = holtWinters(4, { level: 0.5, trend: 0.3, season: 0.1, damping: 0.9 });
    for (let i = 0; i < 200; i++) forecaster.learn(i % 50 === 49 ? NaN : 5 * i);
    const [one, five] = expectations(forecaster) as [number, number];
    expect(one).toBeGreaterThan(985);
    expect(five).toBeGreaterThan(one);
    expect(five).toBeLessThan(one + 4 * 5);
  });

  test('pinball loss is least where the quantiles are right', () => {
    const random = seeded(2);
    const values = Array.from({ length: 4000 }, () => gauss(random));
    const loss = (low: number, middle: number, high: number) =>
      values.reduce((sum, value) => sum + pinball(value, low, middle, high), 0);
    const right = loss(-1.645, 0, 1.645);
    for (const other of [loss(-1, 0, 1.645), loss(-2.5, 0, 1.645), loss(-1.645, 0.4, 1.645), loss(-1.645, 0, 3)]) {
      expect(other).toBeGreaterThan(right);
    }
  });
});
