import { expect, test } from 'vitest';
import { createInterval } from '../../../detector/rows/interval.ts';

function after(times: readonly number[]) {
  const interval = createInterval();
  const gaps = times.map((time) => interval.next(time));
  return { usual: interval.usual, gaps };
}

test('a minute until there are two rows', () => {
  expect(after([]).usual).toBe(60_000);
  expect(after([5]).usual).toBe(60_000);
  expect(after([5, 1005]).usual).toBe(1000);
});

test('the usual distance, through jitter and missing rows', () => {
  const times = Array.from({ length: 100 }, (_, i) => i * 300_000 + (i % 3) * 5000).filter((_, i) => i % 9 !== 4);
  expect(Math.abs(after(times).usual - 300_000)).toBeLessThan(10_001);
});

test('a first distance that was none of the usual is given up', () => {
  const times = [0, 3_600_000, ...Array.from({ length: 20 }, (_, i) => 3_600_000 + (i + 1) * 1000)];
  expect(after(times).usual).toBe(1000);
});

test('more than three usual distances are a gap', () => {
  const { gaps } = after([0, 1000, 2000, 3000, 5000, 6000, 16_000, 17_000]);
  expect(gaps).toEqual([false, false, false, false, false, false, true, false]);
});
