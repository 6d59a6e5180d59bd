import { expect, test } from 'vitest';
import { createIntervals, UNKNOWN_INTERVAL } from '../../../detector/engine/interval.ts';

function told(times: readonly number[]) {
  const intervals = createIntervals(1);
  const steps = times.map((time) => intervals.tell(0, time));
  return { interval: intervals.of(0), steps };
}

test('is unknown before the second point', () => {
  expect(told([]).interval).toBe(UNKNOWN_INTERVAL);
  expect(told([5]).interval).toBe(UNKNOWN_INTERVAL);
  expect(told([0, 1000]).interval).toBe(1000);
});

test('is the step of most points: gaps and odd steps change nothing', () => {
  const times = Array.from({ length: 200 }, (_, i) => i * 60_000).filter((_, i) => i % 7 !== 3);
  expect(told(times).interval).toBe(60_000);
  expect(told([0, 60_000, 120_000, 121_000, 180_000, 240_000]).interval).toBe(60_000);
});

test('a first step that was a gap is outvoted', () => {
  expect(told([0, 900_000, 960_000, 1_020_000, 1_080_000, 1_140_000]).interval).toBe(60_000);
});

test('jitter within a tenth votes for the candidate', () => {
  const random = Array.from({ length: 100 }, (_, i) => i * 10_000 + ((i * 37) % 400));
  expect(told(random).interval).toBeGreaterThan(9_000);
  expect(told(random).interval).toBeLessThan(11_000);
});

test('a change for good is followed within as many points as there are votes', () => {
  const times = Array.from({ length: 100 }, (_, i) => i * 10_000);
  for (let i = 1; i <= 130; i++) times.push(990_000 + i * 60_000);
  expect(told(times).interval).toBe(60_000);
});

test('tells each step, 0 for the first', () => {
  expect(told([100, 160, 400]).steps).toEqual([0, 60, 240]);
});
