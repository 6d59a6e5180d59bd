import { expect, test } from 'vitest';
import { createRecent, extendRecent, rowAt } from '../../../detector/ahead/recent.ts';

test('as many rows are kept as there is room for, the newest ones', () => {
  const recent = createRecent(3, 2);
  expect([recent.count, rowAt(recent, 0)]).toEqual([0, -1]);
  for (let i = 1; i <= 4; i++) {
    const at = extendRecent(recent);
    expect([...recent.numbers.subarray(at, at + 2)]).toEqual([NaN, NaN]);
    recent.numbers.set([i, 10 * i], at);
  }
  expect(recent.count).toBe(3);
  expect([0, 1, 2].map((ago) => recent.numbers[rowAt(recent, ago)])).toEqual([4, 3, 2]);
  expect(recent.numbers[rowAt(recent, 2) + 1]).toBe(20);
  expect(rowAt(recent, 3)).toBe(-1);
  recent.count = 0;
  expect(rowAt(recent, 0)).toBe(-1);
});
