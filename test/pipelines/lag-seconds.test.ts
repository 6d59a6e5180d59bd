import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEnds } from '../../pipelines/lag-ends.ts';
import { createPositions, forgetLog, observe } from '../../pipelines/lag-positions.ts';
import { isCoarse, lagTimeOf, placeAt, remembersBracket, writtenBetween } from '../../pipelines/lag-seconds.ts';

const T = 1_800_000_000_000;
const unknown = Number.NaN;
const bracket = (leftEnd: number, left: number, rightEnd: number, right: number) => ({
  ...{ leftEnd, leftAt: T + left * 1000, rightEnd, rightAt: T + right * 1000 },
});

describe('writtenBetween', () => {
  test.each([
    ['the first of ten records', 100, 0.5, 9.5],
    ['the middle one', 104, 4.5, 5.5],
    ['the last', 109, 9.5, 9.5],
  ])('%s lies at its share of the interval, and may be off by the longer part', (_name, offset, at, error) => {
    expect(writtenBetween(bracket(100, 0, 110, 10), offset)).toEqual({
      at: T + at * 1000,
      error: error * 1000,
      atLeast: false,
    });
  });

  test('without a left sample it is at least as old as the right one, without a right one nothing is known', () => {
    const open = { leftEnd: unknown, leftAt: unknown, rightEnd: 110, rightAt: T };
    expect(writtenBetween(open, 50)).toEqual({ at: T, error: 0, atLeast: true });
    expect(writtenBetween({ leftEnd: 1, leftAt: T, rightEnd: unknown, rightAt: unknown }, 50)).toBeUndefined();
  });

  test('clocks of two sources that disagree make no negative interval', () => {
    expect(writtenBetween(bracket(100, 10, 110, 5), 105)).toEqual({ at: T + 10_000, error: 0, atLeast: false });
  });

  test('the truth is never further off than stated', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.nat(499),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (records, which, truth) => {
          const offset = 100 + (which % records);
          const found = writtenBetween(bracket(100, 0, 100 + records, 60), offset);
          expect(Math.abs((found?.at ?? 0) - (T + truth * 60_000))).toBeLessThanOrEqual((found?.error ?? 0) + 1e-3);
        },
      ),
    );
  });
});

describe('a position', () => {
  const make = (committed: number, end: number) => {
    const ends = createEnds();
    const partition = ends.add();
    ends.sample(partition, end, T);
    const positions = createPositions();
    const row = positions.at(positions.add());
    observe(row, ends.at(partition), committed, T, 1);
    return { row, end: ends.at(partition), ends, partition };
  };

  test('without lag is not behind, and without samples it is not known how far', () => {
    const done = make(100, 100);
    expect(lagTimeOf(done.row, done.end, 1)).toEqual({ seconds: 0, error: 0, atLeast: false });
    const open = make(50, 100);
    expect(lagTimeOf(open.row, open.end, 1).seconds).toBeNaN();
  });

  test('is as far behind as its record is old when the commit was reported', () => {
    const { row, end } = make(50, 100);
    placeAt(row, bracket(40, -60, 60, -50), 50);
    expect(lagTimeOf(row, end, 1)).toEqual({ seconds: 54.75, error: 5.25, atLeast: false });
    expect(remembersBracket(row, 59)).toBe(true);
    expect(remembersBracket(row, 60)).toBe(false);
    expect(remembersBracket(row, 39)).toBe(false);
    forgetLog(row);
    expect(remembersBracket(row, 50)).toBe(false);
    expect(lagTimeOf(row, end, 1).seconds).toBeNaN();
  });

  test('that moves on does not stand at an older record because samples are coarser', () => {
    const { row } = make(50, 100);
    placeAt(row, bracket(48, -60, 52, -50), 50);
    const before = row.written;
    placeAt(row, bracket(0, -600, 60, -40), 51);
    expect(row.written).toBe(before);
    placeAt(row, bracket(50, -30, 60, -20), 55);
    expect(row.written).toBeGreaterThan(before);
  });

  test('that moves on keeps a bound that holds for what was remembered', () => {
    const { row, end } = make(50, 100);
    placeAt(row, bracket(48, -60, 52, -50), 50);
    placeAt(row, bracket(0, -600, 60, -40), 51);
    // The record before it was written between -60 and -50, at about -53.75, so this one not before -60, and before -40.
    expect(lagTimeOf(row, end, 1)).toEqual({ seconds: 53.75, error: 13.75, atLeast: false });
  });

  test('at the same record closer samples take over, coarser ones do not', () => {
    const { row, end } = make(50, 100);
    placeAt(row, bracket(0, -4000, 90, -400), 50);
    expect(isCoarse(row)).toBe(true);
    const [before, coarse] = [lagTimeOf(row, end, 1), { seconds: 1980, error: 2020, atLeast: false }];
    expect(before).toEqual(coarse);
    placeAt(row, bracket(0, -9000, 90, -400), 50);
    expect(lagTimeOf(row, end, 1)).toEqual(coarse);
    placeAt(row, { leftEnd: unknown, leftAt: unknown, rightEnd: 90, rightAt: T - 5000 }, 50);
    expect(lagTimeOf(row, end, 1)).toEqual(coarse);
    placeAt(row, bracket(49, -3000, 52, -2990), 50);
    expect(lagTimeOf(row, end, 1)).toEqual({ seconds: 2995, error: 5, atLeast: false });
    expect(isCoarse(row)).toBe(false);
  });

  test('a lower bound gives way to what is known later', () => {
    const { row, end } = make(50, 100);
    placeAt(row, { leftEnd: unknown, leftAt: unknown, rightEnd: 90, rightAt: T - 5000 }, 50);
    expect(lagTimeOf(row, end, 1)).toEqual({ seconds: 5, error: 0, atLeast: true });
    placeAt(row, bracket(40, -100, 60, -80), 50);
    expect(lagTimeOf(row, end, 1)).toMatchObject({ seconds: 89.5, atLeast: false });
  });

  test('what lay there when the group last committed, with nothing written since, is a marker', () => {
    const marker = make(99, 100);
    expect(lagTimeOf(marker.row, marker.end, 1).seconds).toBe(0);
    const record = make(100, 100);
    record.ends.sample(record.partition, 101, T + 10_000);
    observe(record.row, record.ends.at(record.partition), 100, T + 10_000, 1);
    expect(lagTimeOf(record.row, record.end, 1).seconds).toBeNaN();
  });

  test('nor is a marker a lag while an open transaction follows, until it ends', () => {
    const { row, ends, partition } = make(99, 100);
    const later = (seconds: number, end: number, stable: number) => {
      ends.sample(partition, end, T + seconds * 1000);
      ends.at(partition).stable = stable;
      observe(row, ends.at(partition), 99, T + seconds * 1000, 1);
      return lagTimeOf(row, ends.at(partition), 1);
    };
    expect(later(10, 105, 100)).toMatchObject({ seconds: 0 });
    expect(row.lag).toBe(1);
    const ended = later(20, 106, 106);
    expect(row.lag).toBe(7);
    // The records behind the marker wait now; no sample has been placed yet.
    expect(ended.seconds).toBeNaN();
  });
});
