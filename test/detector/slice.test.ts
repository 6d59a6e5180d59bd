import { expect, test } from 'vitest';
import { beginSlice } from '../../detector/slice.ts';

const busyFor = (length: number) => {
  const end = performance.now() + length;
  while (performance.now() <= end);
};

test('a slice is over after its time, and begins anew when the others had their turn', async () => {
  const slice = beginSlice(40);
  expect(slice.isOver()).toBe(false);
  busyFor(41);
  expect(slice.isOver()).toBe(true);
  let turns = 0;
  setImmediate(() => turns++);
  await slice.breathe();
  expect(turns).toBe(1);
  expect(slice.isOver()).toBe(false);
});
