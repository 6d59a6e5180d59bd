import { expect, test } from 'vitest';
import { createDoubts } from '../../../detector/engine/doubt.ts';

const units = (doubts: ReturnType<typeof createDoubts>, before: number, points: number) =>
  Array.from({ length: points }, () => doubts.unitsAfter(1, before));

test('a point after an ordinary one teaches in full, one after a strange one a quarter', () => {
  const doubts = createDoubts(3);
  expect(units(doubts, 2.6, 3)).toEqual([4, 4, 4]);
  expect(units(doubts, 2.7, 3)).toEqual([1, 1, 1]);
  expect([...doubts.state]).toEqual([0, 3, 0]);
});

test('a hundred strange points in a row are the new normal, and ordinary ones wear that off', () => {
  const doubts = createDoubts(2);
  expect(units(doubts, 3, 100).every((one) => one === 1)).toBe(true);
  expect(units(doubts, 3, 5)).toEqual([4, 4, 4, 4, 4]);
  expect(units(doubts, 1, 2)).toEqual([4, 4]);
  expect(units(doubts, 3, 3)).toEqual([1, 1, 4]);
});
