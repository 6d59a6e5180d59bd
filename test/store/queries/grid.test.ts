import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carryForward, gaps, gridOf } from '../../../store/queries/grid.ts';

const _ = Number.NaN;

describe('gridOf', () => {
  test.each([
    [0, 60_000, 10_000, 0, 6],
    [9_999, 60_000, 10_000, 0, 6],
    [10_000, 59_999, 10_000, 10_000, 4],
    [0, 9_999, 10_000, 0, 0],
    [50_000, 10_000, 10_000, 50_000, 0],
    [59_000, 125_000, 60_000, 0, 2],
  ])('[%d, %d) by %d ms starts at %d and has %d steps', (from, to, step, start, count) => {
    expect(gridOf(from, to, step)).toEqual({ start, step, count });
  });

  test('never reaches beyond `to` and lacks less than a step', () => {
    const times = fc.integer({ min: 0, max: 2_000_000_000_000 });
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 0, max: 86_400_000 }),
        fc.integer({ min: 1, max: 360 }),
        (from, length, tens) => {
          const { start, step, count } = gridOf(from, from + length, tens * 10_000);
          const end = start + count * step;
          expect(start).toBeLessThanOrEqual(from);
          expect(end).toBeLessThanOrEqual(Math.max(from + length, start));
          expect(from + length - end).toBeLessThan(step);
        },
      ),
    );
  });

  test('refuses times that are none', () => {
    expect(() => gridOf(_, 10_000, 10_000)).toThrow(expect.objectContaining({ code: 'store_signals_range_invalid' }));
    expect(() => gridOf(0, Infinity, 10_000)).toThrow(expect.objectContaining({ code: 'store_signals_range_invalid' }));
  });
});

test('carryForward fills at most that many gaps after a value', () => {
  const values = Float64Array.of(_, 1, _, _, _, 2, _, 3);
  carryForward(values, 2);
  expect([...values]).toEqual([_, 1, 1, 1, _, 2, 2, 3]);
  carryForward(values, 0);
  expect([...values]).toEqual([_, 1, 1, 1, _, 2, 2, 3]);
  expect([...gaps(2)]).toEqual([_, _]);
});
