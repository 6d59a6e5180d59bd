import { describe, expect, test } from 'vitest';
import { oddsFrom } from '../../../detector/engine/tails.ts';
import { createRowsJudge } from '../../../detector/rows/rows-judge.ts';
import { feed, seededNormal } from './made-rows.ts';

describe('columns that come later, and noise that is known', () => {
  /** Three columns of noise around 10, the first two the same. */
  const three = (seed: number) => {
    const normal = seededNormal(seed);
    return (values: Float64Array) => {
      const shared = normal();
      for (let j = 0; j < values.length; j++) values[j] = 10 + (j < 2 ? shared : normal());
    };
  };

  test('a judge that is widened goes on, says nothing of the new column while it is young, and finds what parts later', () => {
    const fill = three(31);
    const narrow = createRowsJudge(3);
    feed(narrow, 2000, 3, fill);
    const wide = narrow.widened(5);
    expect([0, 1, 2].map(wide.levelOf)).toEqual([0, 1, 2].map(narrow.levelOf));
    const young = feed(wide, 50, 5, fill, 2000);
    expect(young.onsets).toEqual([]);
    expect(wide.columnOf(4).size).toEqual({ level: 0, recent: 0, apart: 0 });
    expect(feed(wide, 1500, 5, fill, 2050).onsets).toEqual([]);
    const parted = feed(
      wide,
      3,
      5,
      (values) => {
        fill(values);
        values[1] = (values[1] as number) + 1.5;
      },
      3550,
    );
    expect(wide.row.apartOdds).toBeGreaterThan(3);
    expect(parted.scores).toHaveLength(3);
    expect(() => wide.widened(5)).toThrow('5 columns');
  });

  test('what a column shows is told with the tail it was judged by, and what the others foretell', () => {
    const fill = three(32);
    const judge = createRowsJudge(3);
    feed(judge, 2000, 3, fill);
    judge.judge(2000 * 60_000, Float64Array.of(11, 9, 10));
    const { value, foretold, apart, odds, apartTail } = judge.columnOf(1);
    expect(value).toBe(9);
    expect(foretold).toBeGreaterThan(10.5);
    expect(odds.apart).toBe(Math.min(12, oddsFrom(Math.abs(apart), ...apartTail)));
    const { apartBasis, apartOdds } = judge.row;
    const pair = (judge.columnOf(0).odds.apart + odds.apart) / 2;
    expect(apartOdds).toBe(
      oddsFrom(pair - apartBasis.mean, apartBasis.u, apartBasis.body, apartBasis.sigma, apartBasis.xi),
    );
  });

  test('deviations within the noise that was told are nothing', () => {
    const quiet = createRowsJudge(2);
    const told = createRowsJudge(2);
    told.setNoise(0, 3);
    const normal = seededNormal(33);
    const fill = (values: Float64Array) => values.fill(5).map((_, j) => 5 + 0.01 * normal() + j);
    for (const judge of [quiet, told]) feed(judge, 500, 2, (values) => values.set(fill(values)));
    for (const judge of [quiet, told]) judge.judge(500 * 60_000, Float64Array.of(7, 6));
    expect(quiet.columnOf(0).size.level).toBeGreaterThan(3);
    expect(told.columnOf(0).size.level).toBe(0);
  });
});
