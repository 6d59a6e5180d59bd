import { describe, expect, test } from 'vitest';
import {
  CORRECTION_WIDTH,
  clearCorrection,
  forecastFrom,
  judgeForecasts,
  keepForecasts,
  type Miss,
  medianFor,
} from '../../../../detector/lstm/forecast/correction.ts';
import { HORIZONS } from '../../../../detector/lstm/forecast/features.ts';
import { OUTPUTS } from '../../../../detector/lstm/forecast/model-json.ts';
import { gauss, seeded } from '../../world.ts';

const AT = 3;
function fresh() {
  const slab = new Float32Array(CORRECTION_WIDTH + AT + 2).fill(9);
  clearCorrection(slab, AT);
  return slab;
}
/** The same three quantiles at every horizon. */
const answers = (low: number, middle: number, high: number) =>
  Float32Array.from({ length: OUTPUTS }, (_, i) => [low, middle, high][i % 3] as number);
const out = new Float64Array(3);
const unread: Miss = { error: 0, naive: 0, inside: false };

/** Feeds noise around 0 of deviation 1 to a network that always answers the same, and returns the share inside at each horizon. */
function coverage(quantiles: Float32Array, points: number, from: number, value: (i: number) => number) {
  const slab = fresh();
  const values = Array.from({ length: points }, (_, i) => value(i));
  const inside = HORIZONS.map(() => [0, 0]);
  for (let tick = 0; tick < points; tick++) {
    judgeForecasts(slab, AT, tick, values[tick] as number, unread);
    keepForecasts(slab, AT, tick, values[tick] as number, 1, quantiles, 0);
    for (const [h, horizon] of HORIZONS.entries()) {
      forecastFrom(slab, AT, h, values[tick] as number, 1, out);
      const later = values[tick + horizon];
      if (tick < from || later === undefined) continue;
      const count = inside[h] as [number, number];
      count[1]++;
      if (later >= (out[0] as number) && later <= (out[2] as number)) count[0]++;
    }
  }
  expect([slab[0], slab.at(-1)]).toEqual([9, 9]);
  return inside.map(([hits, all]) => (hits as number) / (all as number));
}

describe('the correction', () => {
  test('of the first point is a little room to either side of the quantiles of the network, in units of change, on top of the value', () => {
    const slab = fresh();
    keepForecasts(slab, AT, 0, 100, 2, answers(-1, 0.5, 2), 0);
    forecastFrom(slab, AT, 0, 100, 2, out);
    expect([...out]).toEqual([-1.07, 0.5, 2.07].map((q) => expect.closeTo(100 + 2 * Math.sinh(q), 5)));
  });

  test('keeps quantiles in order when a network has them crossed', () => {
    const slab = fresh();
    keepForecasts(slab, AT, 0, 0, 1, answers(1, 0, -1), 0);
    forecastFrom(slab, AT, 2, 0, 1, out);
    expect(out[0]).toBeLessThanOrEqual(0);
    expect(out[1]).toBe(0);
    expect(out[2]).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ['far too narrow', answers(-0.05, 0, 0.05)],
    ['far too wide', answers(-6, 0, 6)],
    ['far too high', answers(3, 4, 5)],
  ])('brings a band that is %s to nine in ten points inside, at every horizon', (_, quantiles) => {
    const random = seeded(1);
    for (const share of coverage(quantiles, 12_000, 4000, () => gauss(random))) {
      expect(share).toBeGreaterThan(0.87);
      expect(share).toBeLessThan(0.93);
    }
  });

  test('follows noise that grows threefold', () => {
    const random = seeded(2);
    const shares = coverage(answers(-1.4, 0, 1.4), 12_000, 9000, (i) => gauss(random) * (i < 6000 ? 1 : 3));
    expect(Math.min(...shares)).toBeGreaterThan(0.86);
  });

  test('a series that stands still lies inside, and a band around it opens when it moves', () => {
    expect(Math.min(...coverage(answers(0.2, 0.3, 0.4), 4000, 2000, () => 5))).toBeGreaterThan(0.85);
    const random = seeded(3);
    const shares = coverage(answers(0, 0, 0), 12_000, 6000, (i) => (i > 4000 && random() < 0.3 ? 50 : 0));
    expect(Math.min(...shares)).toBeGreaterThan(0.8);
  });

  test('forecasts for a tick are found while they are due, at the strides at which they are kept', () => {
    const slab = fresh();
    for (let tick = 0; tick < 40; tick++) keepForecasts(slab, AT, tick, 1000 + tick, 1, answers(-1, 0, 1), 0);
    const found = HORIZONS.map((_, h) =>
      Array.from({ length: 80 }, (__, tick) => tick).filter((tick) => !Number.isNaN(medianFor(slab, AT, h, tick))),
    );
    expect(found).toEqual([[40], [40, 41, 42, 43, 44], [40, 45, 50], [40, 50, 60]]);
    expect(medianFor(slab, AT, 1, 42)).toBe(1037);
  });

  test('tells what the forecast of five steps before was worth, in the unit it was made with', () => {
    const slab = fresh();
    const miss = { ...unread };
    keepForecasts(slab, AT, 0, 100, 2, answers(-1, 0.5, 2), 0);
    expect(judgeForecasts(slab, AT, 4, 103, miss)).toBe(false);
    expect(miss).toEqual(unread);
    expect(judgeForecasts(slab, AT, 5, 103, miss)).toBe(true);
    expect(miss).toEqual({ naive: 1.5, error: expect.closeTo(1.5 - Math.sinh(0.5), 6), inside: true });
    for (const [value, inside] of [
      [100 + 2 * Math.sinh(2.1), true],
      [100 + 2 * Math.sinh(2.2), false],
      [100 - 2 * Math.sinh(1.1), true],
      [100 - 2 * Math.sinh(1.2), false],
    ] as const) {
      const again = fresh();
      keepForecasts(again, AT, 0, 100, 2, answers(-1, 0.5, 2), 0);
      judgeForecasts(again, AT, 5, value, miss);
      expect(miss.inside).toBe(inside);
    }
  });
});
