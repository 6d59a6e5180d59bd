import { describe, expect, test } from 'vitest';
import { KINDS, madeSeries } from '../../../bench/ahead/made.ts';
import { binsOf, createTally } from '../../../detector/ahead/tally.ts';
import { createTrend, valuesOf } from '../../../detector/ahead/trend.ts';
import { seededRandom } from '../../../detector/random.ts';
import type { Watched } from '../../../detector/watched.ts';
import { gauss } from '../world.ts';
import { MINUTE, play } from './play.ts';

const DAY = 1440;
const valuesAbove = ({ lookouts }: Watched) => valuesOf(lookouts.above?.trend ?? createTrend());
const series = (length: number, value: (i: number, random: () => number) => number, seed = 1) => {
  const random = seededRandom(seed);
  return Array.from({ length }, (_, i) => value(i, random));
};
const calm = (_: number, random: () => number) => 10 + gauss(random);
/** A climb from minute `from` on that takes `minutes` to the limit of 900, from 10. */
const ramp = (from: number, minutes: number) => (i: number, random: () => number) =>
  calm(i, random) + (Math.max(0, i - from) / minutes) * 890;

describe('a climb to the limit', () => {
  const FROM = 300;
  const climb = play(series(FROM + 60, ramp(FROM, 60)));

  test('makes the chance rise, within 15 minutes later than within 30', () => {
    expect(climb.chanceAt(FROM - 1)).toBeLessThan(0.02);
    expect(climb.chanceAt(FROM + 45)).toBeGreaterThan(climb.chanceAt(FROM + 25));
    expect(climb.chanceAt(FROM + 50)).toBeGreaterThan(0.8);
    for (const { verdict } of climb.said) {
      const [sooner, later] = verdict.outlook?.chances ?? [0, 0];
      expect(sooner).toBeLessThanOrEqual(later as number);
    }
  });

  test('is told how far it is: about as long as it takes', () => {
    for (const minute of [FROM + 35, FROM + 45, FROM + 52]) {
      const left = FROM + 60 - minute;
      const { reach } = climb.outlookAt(minute) as { reach: number };
      expect(Math.abs(reach / MINUTE - left)).toBeLessThan(0.35 * left + 1);
    }
  });

  test.each([
    [30, 12],
    [40, 15],
    [60, 15],
    [120, 18],
  ])('of %d minutes is announced at least %d minutes before, once', (minutes, least) => {
    const values = series(FROM + minutes + 9, ramp(FROM, minutes), minutes);
    const crossing = values.findIndex((value) => value > 900);
    const { fired } = play(values.slice(0, crossing + 1));
    expect(fired).toHaveLength(1);
    expect(crossing - (fired[0] as number)).toBeGreaterThanOrEqual(least);
  });

  test('the worst of the minute stands for it', () => {
    const values = series(6 * 120, (i) => (i % 6 === 2 ? 60 : 10));
    const { watched, said } = play(values, { step: 10_000 });
    expect(valuesAbove(watched).slice(-5)).toEqual([60, 60, 60, 60, 60]);
    expect(said.length).toBe(119);
    const below = play(values, { step: 10_000, entry: { scorers: { threshold: { below: 1 } } } });
    expect(valuesOf(below.watched.lookouts.below?.trend ?? createTrend()).slice(-2)).toEqual([-10, -10]);
  });

  test('towards a lower limit is a descent, believed as the climb is, if not as much', () => {
    const values = series(FROM + 50, ramp(FROM, 60));
    const entry = { scorers: { threshold: { below: -900 } } };
    const mirrored = play(
      values.map((value) => -value),
      { entry },
    );
    expect(mirrored.chanceAt(FROM + 48)).toBeGreaterThan(0.45);
    expect(mirrored.outlookAt(FROM + 48)?.trend).toEqual(climb.outlookAt(FROM + 48)?.trend);
    expect(mirrored.chanceAt(FROM - 1)).toBeLessThan(0.02);
  });
});

describe('nothing is announced', () => {
  test.each(['burst', 'season', 'calm'] as const)('of made series: %s', (kind) => {
    for (let seed = 40; seed < 43; seed++) {
      const { values } = madeSeries(kind, seed);
      expect(values.some((value) => value > 900)).toBe(false);
      // The first day is there to learn how the series is.
      expect(play(values).fired.filter((minute) => minute > DAY)).toEqual([]);
    }
  });

  test('where it rises to nine tenths of the limit every day for a week', () => {
    const values = series(7 * DAY, (i, random) => {
      const wave = (1 + Math.sin((2 * Math.PI * (i - 360)) / DAY)) / 2;
      return 20 + 790 * wave ** 3 + 8 * gauss(random);
    });
    expect(Math.max(...values)).toBeLessThan(900);
    const { fired, watched } = play(values);
    expect(fired).toEqual([]);
    expect(watched.lookouts.above?.tallies.threshold).toMatchObject({ announced: 0, crossings: 0 });
  });

  test('where a healthy lag bursts and drains several times a day for a week', () => {
    let lag = 0;
    let burst = 0;
    const values = series(7 * DAY, (_, random) => {
      if (burst <= 0 && random() < 1 / 200) burst = 5 + 20 * random();
      lag = Math.max(0, lag + (burst-- > 0 ? 8 + 10 * random() : -15));
      return 3 + Math.abs(gauss(random)) + lag;
    });
    expect(Math.max(...values)).toBeLessThan(900);
    expect(play(values).fired).toEqual([]);
  });

  test('of a young series, though it climbs', () => {
    const values = series(55, (i) => i * 16);
    const { fired, said } = play(values);
    expect(fired).toEqual([]);
    expect(said.every(({ verdict }) => verdict.outlook === undefined)).toBe(true);
  });

  test('while it is across the limit already, or stands on it', () => {
    const across = play(series(600, (_, random) => 950 + 5 * gauss(random)));
    expect(across.fired).toEqual([]);
    expect(across.outlookAt(500)).toBeUndefined();
    const saturated = play(series(600, () => 900));
    expect(saturated.fired).toEqual([]);
  });
});

describe('gaps', () => {
  test('some missing minutes change little; after a long pause the climb is looked at anew', () => {
    const whole = play(series(350, ramp(300, 60)));
    const holes = play(series(350, (i, random) => (i % 9 === 4 ? Number.NaN : ramp(300, 60)(i, random))));
    expect(Math.abs(whole.chanceAt(348) - holes.chanceAt(348))).toBeLessThan(0.3);
    const values = series(345, ramp(300, 60));
    const { watched } = play([...values, ...new Array<number>(3).fill(Number.NaN)]);
    watched.next += 60 * MINUTE;
    const after = play([10, 11, 10], { from: watched });
    expect(valuesAbove(after.watched)).toEqual([10, 11, 10]);
    expect(after.fired).toEqual([]);
  });

  test('a step longer than a minute is one value, and the windows are as many of them', () => {
    const { watched } = play(series(100, calm), { step: 5 * MINUTE });
    expect(watched.lookouts.above).toMatchObject({ interval: 5 * MINUTE });
    expect(valuesAbove(watched)).toHaveLength(31);
  });
});

test('the chances of made series of all kinds are as good as was measured', () => {
  const bins = { counts: new Float64Array(10), stated: new Float64Array(10), happened: new Float64Array(10) };
  for (const kind of KINDS) {
    const { values } = madeSeries(kind, 51);
    const tally = play(values).watched.lookouts.above?.tallies.threshold ?? createTally();
    for (let bin = 0; bin < 10; bin++) {
      for (const name of ['counts', 'stated', 'happened'] as const) {
        bins[name][bin] = (bins[name][bin] as number) + (binsOf(tally, name, 1)[bin] as number);
      }
    }
  }
  const share = (from: number) => {
    const sum = (of: Float64Array) => of.slice(from).reduce((all, one) => all + one, 0);
    return { count: sum(bins.counts), happened: sum(bins.happened) / sum(bins.counts) };
  };
  expect(share(7).count).toBeGreaterThan(5);
  expect(share(7).happened).toBeGreaterThan(0.7);
  expect((bins.happened[0] as number) / (bins.counts[0] as number)).toBeLessThan(0.01);
});
