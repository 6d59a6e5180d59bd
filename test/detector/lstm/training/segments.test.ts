import { expect, test } from 'vitest';
import { FEATURES, HORIZONS } from '../../../../detector/lstm/forecast/features.ts';
import { createChance } from '../../../../detector/lstm/training/chance.ts';
import {
  cutSegments,
  joinSegments,
  SEGMENT,
  traceSeries,
  WARM_UP,
} from '../../../../detector/lstm/training/segments.ts';
import { EPOCH, gauss, STEP, seeded } from '../../world.ts';

function noise(length: number, gaps: readonly number[] = []) {
  const random = seeded(1);
  const values = Float64Array.from({ length }, () => 10 + gauss(random));
  for (const gap of gaps) values[gap] = NaN;
  return { start: EPOCH, step: STEP, values };
}
const H = HORIZONS.length;

test('targets are the squashed changes to the points that follow, missing where those are', () => {
  const series = noise(200, [50]);
  const { points, x, y } = traceSeries(series);
  expect(points).toBe(199);
  // The point at 49 is followed by a gap; the one at 51 stands in row 50.
  expect(y[49 * H]).toBeNaN();
  const change = (series.values[52] as number) - (series.values[51] as number);
  expect(Math.sign(y[50 * H] as number)).toBe(Math.sign(change));
  // The same change is a feature of the next row, in the same unit.
  expect(x[51 * FEATURES + 1]).toBeCloseTo(y[50 * H] as number, 5);
  expect(y[45 * H + 1]).toBeNaN();
  for (const row of [194, 195, 198]) expect(y[row * H + 1]).toBeNaN();
  expect(y[193 * H + 1]).not.toBeNaN();
  expect(y.subarray(0, 199 * H).every((value) => Number.isNaN(value) || Math.abs(value) <= 10)).toBe(true);
});

test('segments are stretches of one series; their first points are not learnt from', () => {
  const series = noise(1000);
  const { x } = traceSeries(series);
  const segments = cutSegments(series, 40, createChance(1));
  expect(segments.count).toBe(40);
  const ages = Array.from({ length: 40 }, (_, k) => 2 ** (10 * (segments.x[k * SEGMENT * FEATURES + 13] as number)));
  expect(ages.filter((age) => age === 1).length).toBeGreaterThan(3);
  expect(ages.filter((age) => age > 1).length).toBeGreaterThan(20);
  for (const [k, age] of ages.entries()) {
    const from = Math.round(age) - 1;
    expect(segments.x.slice(k * SEGMENT * FEATURES, (k + 1) * SEGMENT * FEATURES)).toEqual(
      x.slice(from * FEATURES, (from + SEGMENT) * FEATURES),
    );
    const first = segments.y.subarray(k * SEGMENT * H, (k * SEGMENT + WARM_UP) * H);
    expect(first.every(Number.isNaN)).toBe(true);
    expect(segments.y[(k * SEGMENT + WARM_UP) * H]).not.toBeNaN();
  }
});

test('a short series yields one segment or none; parts are joined in order', () => {
  expect(cutSegments(noise(SEGMENT - 1), 5, createChance(1)).count).toBe(0);
  expect(cutSegments(noise(SEGMENT), 5, createChance(1)).count).toBe(1);
  const parts = [cutSegments(noise(300), 2, createChance(1)), cutSegments(noise(SEGMENT), 1, createChance(1))];
  const both = joinSegments(parts);
  expect(both.count).toBe(3);
  expect(both.x.slice(-SEGMENT * FEATURES)).toEqual(parts[1]?.x);
});
