import { describe, expect, test } from 'vitest';
import { createNumberRows } from '../../pipelines/lag-columns.ts';
import { createEnds } from '../../pipelines/lag-ends.ts';
import { blend, catchUpSeconds, FAST_MS } from '../../pipelines/lag-rates.ts';

const T = 1_800_000_000_000;
const unknown = Number.NaN;

describe('number rows', () => {
  test('keep what each row was given, through growth', () => {
    const rows = createNumberRows(['a', 'b']);
    for (let i = 0; i < 1000; i++) {
      expect(rows.add()).toBe(i);
      const row = rows.at(i);
      expect([row.a, row.b]).toEqual([unknown, unknown]);
      row.a = i;
      row.b = -i;
    }
    expect(rows.length).toBe(1000);
    for (const i of [0, 1, 63, 64, 999]) expect([rows.at(i).a, rows.at(i).b]).toEqual([i, -i]);
  });

  test('give their fields to whoever copies a row', () => {
    const rows = createNumberRows(['a', 'b']);
    rows.add();
    Object.assign(rows.at(0), { a: 1, b: 2 });
    expect({ ...rows.at(0) }).toEqual({ a: 1, b: 2 });
  });
});

describe('log ends', () => {
  const feed = (...samples: readonly (readonly [number, number])[]) => {
    const ends = createEnds();
    const i = ends.add();
    const fell = samples.map(([seconds, end]) => ends.sample(i, end, T + seconds * 1000));
    return { ends, i, row: ends.at(i), fell };
  };
  const bracket = (leftEnd: number, left: number, rightEnd: number, right: number) => ({
    ...{ leftEnd, leftAt: T + left * 1000, rightEnd, rightAt: T + right * 1000 },
  });

  test('rates, and when the end last moved', () => {
    const { row } = feed([0, 0], [10, 100], [20, 200], [30, 200]);
    expect(row).toMatchObject({ end: 200, endAt: T + 30_000, movedAt: T + 20_000, measured: 30_000, validSince: 0 });
    expect(row.slowRate).toBeCloseTo(20 / 3, 6);
  });

  test('a record lies between the newest samples around it; of a quiet stretch the last time counts', () => {
    const { ends, i } = feed([0, 10], [10, 10], [20, 10], [30, 10], [40, 25], [50, 30], [60, 30], [70, 30]);
    expect(ends.bracket(i, 10)).toEqual(bracket(10, 30, 25, 40));
    expect(ends.bracket(i, 27)).toEqual(bracket(25, 40, 30, 50));
    expect(ends.bracket(i, 9)).toBeUndefined();
    expect(ends.bracket(i, 30)?.rightAt).toBeNaN();
  });

  test('only the newest samples are kept, for each partition its own', () => {
    const ends = createEnds();
    const all = Array.from({ length: 100 }, () => ends.add());
    for (let step = 0; step < 90; step++) for (const i of all) ends.sample(i, step * (i + 1), T + step * 10_000);
    expect(ends.bracket(99, 88 * 100 + 5)).toEqual(bracket(8800, 880, 8900, 890));
    expect(ends.bracket(0, 26)).toEqual(bracket(26, 260, 27, 270));
    expect(ends.bracket(0, 25)).toBeUndefined();
  });

  test('an end that falls is another log: nothing before it holds', () => {
    const { ends, i, row, fell } = feed([0, 100], [10, 200], [20, 50], [30, 60]);
    expect(fell).toEqual([false, false, true, false]);
    expect(row).toMatchObject({ end: 60, validSince: T + 20_000, oldest: unknown });
    expect(ends.bracket(i, 49)).toBeUndefined();
    expect(ends.bracket(i, 55)).toEqual(bracket(50, 20, 60, 30));
  });

  test('nothing from before a log was made anew comes back', () => {
    const { ends, i, row } = feed([0, 100], [10, 200]);
    ends.reset(i, T + 20_000);
    for (const seconds of [10, 15]) expect(ends.sample(i, 200, T + seconds * 1000)).toBe(false);
    expect(row).toMatchObject({ kept: 0, end: unknown });
    ends.sample(i, 5, T + 20_000);
    expect(row).toMatchObject({ kept: 1, end: 5 });
  });

  test('a sample from before the last one changes nothing', () => {
    const { row, fell } = feed([10, 100], [5, 20], [10, 30]);
    expect(fell).toEqual([false, false, false]);
    expect(row.end).toBe(100);
  });

  test('one pause of a busy topic does not make it a quiet one', () => {
    const busy = feed([0, 0], [10, 1], [20, 2], [3620, 3]).row;
    expect(busy.gap).toBe(10_000);
    const quiet = feed([0, 0], [420, 1], [840, 2], [1260, 3]).row;
    expect(quiet.gap).toBe(420_000);
  });
});

describe('rates', () => {
  test('are a plain mean first, and fade then', () => {
    expect(blend(unknown, 7, 10_000, FAST_MS, 0)).toBe(7);
    expect(blend(10, 20, 10_000, FAST_MS, 10_000)).toBe(15);
    expect(blend(10, 20, 10_000, FAST_MS, 1e9)).toBeCloseTo(10 + 10 * (1 - Math.exp(-1 / 6)), 9);
  });

  test('a lag is caught up with at the difference of both, or never', () => {
    expect(catchUpSeconds(100, 15, 10)).toBe(20);
    expect(catchUpSeconds(100, 10, 10)).toBe(Number.POSITIVE_INFINITY);
    expect(catchUpSeconds(0, unknown, unknown)).toBe(0);
    expect(catchUpSeconds(100, unknown, 1)).toBeNaN();
  });
});
