import { describe, expect, test } from 'vitest';
import type { Band } from '../../../detector/engine/profile.ts';
import { createStreams, STREAMS } from '../../../detector/engine/streams.ts';
import { MINUTE, noise } from './watch.ts';

const UNKNOWN: Band = { lower: NaN, upper: NaN };
const AROUND_100: Band = { lower: 95, upper: 105 };

/** Streams by name after the values. */
function heard(values: readonly number[], band = UNKNOWN, interval = 5 * MINUTE): Record<string, number> {
  const streams = createStreams(1);
  for (const value of values) streams.read(0, value, band, interval);
  return Object.fromEntries(STREAMS.map((name, i) => [name, streams.values[i] as number]));
}

function noisy(count: number, spread: number, seed = 1): number[] {
  const normal = noise(seed);
  return Array.from({ length: count }, () => 100 + spread * normal());
}

describe('each stream says its own thing', () => {
  test('a spike: step and regression, little else', () => {
    const said = heard([...noisy(500, 1), 150]);
    expect(said['step']).toBeGreaterThan(45);
    expect(said['regression']).toBeGreaterThan(40);
    expect(said['shift']).toBeLessThan(10);
  });

  test('a dip: the same below 0', () => {
    const said = heard([...noisy(500, 1), 50]);
    expect(said['step']).toBeLessThan(-45);
    expect(said['regression']).toBeLessThan(-40);
  });

  test('a level that moved: shift, then slow shift, and the step is over', () => {
    const said = heard([...noisy(900, 1), ...noisy(40, 1, 2).map((value) => value + 20)]);
    expect(said['shift']).toBeGreaterThan(12);
    expect(said['slow_shift']).toBeGreaterThan(12);
    expect(Math.abs(said['step'] as number)).toBeLessThan(5);
  });

  test('spread: above 0 when it gets noisier, below 0 when it stands still', () => {
    expect(heard([...noisy(900, 1), ...noisy(60, 6, 2)])['spread']).toBeGreaterThan(2);
    expect(heard([...noisy(900, 1), ...Array(100).fill(100)])['spread']).toBeLessThan(-0.5);
  });

  test('profile: the distance to the band, 0 inside it', () => {
    const quiet = Array(50).fill(100) as number[];
    expect(heard([...quiet, 104], AROUND_100)['profile']).toBe(0);
    expect(heard([...quiet, 125], AROUND_100)['profile']).toBe(20);
    expect(heard([...quiet, 75], AROUND_100)['profile']).toBe(-20);
    expect(heard([...quiet, 125])['profile']).toBeNaN();
  });

  test('level: what the profile does not explain and has not done for a while', () => {
    const said = heard([...Array(100).fill(100), ...Array(2000).fill(135)], AROUND_100);
    expect(said['profile']).toBe(30);
    expect(said['level']).toBeCloseTo(0, 0);
  });

  test('regression: a smooth curve goes on as it went, a jump in it stands out', () => {
    const curve = Array.from({ length: 600 }, (_, i) => 100 * Math.sin(i / 40));
    const onwards = Math.abs(heard(curve)['regression'] as number);
    const jump = heard([...curve, (curve.at(-1) as number) + 20]);
    expect(onwards).toBeLessThan(1);
    expect(jump['regression']).toBeGreaterThan(10 * onwards);
  });
});

test('streams wait until there is something to compare with', () => {
  expect(Object.values(heard(noisy(12, 1))).every(Number.isNaN)).toBe(true);
  const ready = (count: number) =>
    Object.entries(heard(noisy(count, 1)))
      .filter(([, value]) => !Number.isNaN(value))
      .map(([name]) => name);
  expect(ready(13)).toEqual(['step', 'regression']);
  expect(ready(61)).toEqual(['shift', 'slow_shift', 'spread', 'step', 'regression']);
});

test('windows are shorter where points are rare', () => {
  const values = [...noisy(900, 1), ...noisy(6, 1, 2).map((value) => value + 20)];
  const fast = heard(values, UNKNOWN, MINUTE)['shift'] as number;
  expect(heard(values, UNKNOWN, 60 * MINUTE)['shift']).toBeGreaterThan(1.2 * fast);
});

test('what lies far off is pulled in before the profile learns it', () => {
  const streams = createStreams(1);
  const normal = noise(3);
  for (let i = 0; i < 200; i++) streams.read(0, 100 + 10 * normal(), AROUND_100, MINUTE);
  const outage = streams.read(0, 0, AROUND_100, MINUTE);
  expect(outage).toBeGreaterThan(60);
  expect(outage).toBeLessThan(95);
  expect(streams.read(0, 101, AROUND_100, MINUTE)).toBe(101);
});

test('numbers of any size and constant values give finite streams', () => {
  for (const value of [0, -1, 1e-30, 1e15, 3.4e10]) {
    const said = heard(Array(200).fill(value));
    for (const name of ['shift', 'slow_shift', 'spread', 'step', 'regression']) {
      expect(Math.abs(said[name] as number)).toBeLessThanOrEqual(1e-4 * Math.abs(value));
    }
  }
});
