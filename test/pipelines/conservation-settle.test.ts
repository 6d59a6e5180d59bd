import { expect, test } from 'vitest';
import { completionBeside, completionOf } from '../../pipelines/conservation-settle.ts';

test('a window is settled when all but 0.2 % of the records used to be there', () => {
  const quick = completionOf([0, 1], [900, 100]);
  expect(quick?.settle).toBe(20_000);
  expect(quick?.share(10_000)).toBe(0.9);
  expect(quick?.share(20_000)).toBe(1);
  expect(quick?.share(999_000)).toBe(1);
});

test('stragglers do not hold it up, and are known to be out', () => {
  const late = completionOf([0, 30], [9990, 10]);
  expect(late?.settle).toBe(10_000);
  expect(late?.share(10_000)).toBeCloseTo(0.999, 10);
  expect(late?.share(310_000)).toBe(1);
});

test('ages come in any order and from before a window was over', () => {
  const mixed = completionOf([5, -1, 0], [10, 40, 50]);
  expect(mixed?.settle).toBe(60_000);
  expect(mixed?.share(0)).toBe(0.9);
});

test('of nothing nothing is known', () => {
  expect(completionOf([], [])).toBeUndefined();
  expect(completionOf([3], [0])).toBeUndefined();
});

test('beside the earlier checkpoint of the same program only what it holds in between is waited for', () => {
  const completion = (...records: number[]) =>
    completionOf(
      records.map((_records, step) => step),
      records,
    ) as NonNullable<ReturnType<typeof completionOf>>;
  const sent = completion(600, 300, 0, 0, 100);
  expect(sent.settle).toBe(50_000);
  const same = completionBeside(completion(300, 150, 0, 0, 50), sent);
  expect([same.settle, same.share(10_000), same.share(20_000), same.share(90_000)]).toEqual([10_000, 1, 1, 1]);
  const slower = completionBeside(completion(540, 330, 30, 0, 97, 3), sent);
  expect(slower.settle).toBe(30_000);
  expect(slower.share(10_000)).toBeCloseTo(0.9, 10);
  expect(slower.share(50_000)).toBeCloseTo(0.997, 10);
  expect(slower.share(30_000)).toBe(1);
  expect(slower.share(60_000)).toBe(1);
});
