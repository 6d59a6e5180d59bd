import { expect, test } from 'vitest';
import { createStills } from '../../../detector/engine/still.ts';
import { noise } from './watch.ts';

/** Rows at which the rule says stuck. */
function stuckAt(values: readonly number[], interval = 60_000): number[] {
  const stills = createStills(1);
  return values.flatMap((value, i) => (stills.tell(0, value, interval) ? [i] : []));
}

function noisy(count: number): number[] {
  const normal = noise(1);
  return Array.from({ length: count }, () => 100 + normal());
}

const still = (count: number): number[] => Array(count).fill(5);

test('fires once a series that always moves has stood still for 31 points, and believes it after four times that', () => {
  const rows = stuckAt([...noisy(200), ...still(500)]);
  expect(rows[0]).toBe(200 + 31);
  expect(rows.at(-1)).toBe(200 + 120);
});

test('a series that never moves, or has hardly moved, is not stuck', () => {
  expect(stuckAt(still(5000))).toEqual([]);
  expect(stuckAt([...noisy(90), ...still(1000)])).toEqual([]);
});

test('a series that often stands still is left alone unless it does ten times longer', () => {
  const nights = [...noisy(200), ...still(500), ...noisy(200)];
  expect(stuckAt([...nights, ...still(600), ...noisy(10)]).filter((row) => row > nights.length)).toEqual([]);
  expect(stuckAt([...nights, ...still(5200)]).filter((row) => row > nights.length)[0]).toBeGreaterThan(5000);
});

test('points that come each second must stand still for five minutes', () => {
  expect(stuckAt([...noisy(200), ...still(299)], 1000)).toEqual([]);
  expect(stuckAt([...noisy(200), ...still(310)], 1000)[0]).toBe(200 + 301);
});

test('mostly-zero series are not stuck between their events', () => {
  const values = Array.from({ length: 20_000 }, (_, i) => (i % 37 === 0 ? i : 0));
  expect(stuckAt(values)).toEqual([]);
});
