import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ONSET } from '../../../detector/backtest/judge.ts';
import { createRowsJudge } from '../../../detector/rows/rows-judge.ts';
import { feed, ranked, seededNormal } from './made-rows.ts';

const DAY_ROWS = 1440;

/** Columns of noise, each at a level and with a spread of its own; some follow the load of the day. */
function machine(columns: number, seed: number) {
  const normal = seededNormal(seed);
  return (values: Float64Array, row: number) => {
    const load = Math.sin((2 * Math.PI * row) / DAY_ROWS);
    for (let j = 0; j < columns; j++) {
      const spread = 10 ** ((j % 5) - 2);
      values[j] = spread * (30 + normal() + (j % 3 === 0 ? 3 * load : 0));
    }
  };
}

describe('what is found, and which columns are named', () => {
  test('a spike in one of 38 columns opens an alarm at once and names it', () => {
    const noise = machine(38, 1);
    const told = feed(createRowsJudge(38), 6000, 38, (values, row) => {
      noise(values, row);
      if (row === 5500) values[17] = (values[17] as number) * 1.8;
    });
    expect(told.onsets).toEqual([5500]);
    expect(told.named.get(5500)?.[0]).toBe(17);
  });

  test('two columns that always moved together part, each within its own range: both are named', () => {
    const noise = machine(12, 2);
    const normal = seededNormal(3);
    let load = 0;
    const range = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const told = feed(createRowsJudge(12), 7040, 12, (values, row) => {
      noise(values, row);
      load += 0.05 * (normal() - 0.02 * load);
      if (row === 7000) load = 1;
      const parted = row >= 7000;
      values[4] = 1000 + 200 * (parted ? 0.7 : load) + 4 * normal();
      values[9] = 50 + 10 * (parted ? -0.7 : load) + 0.2 * normal();
      if (parted) return;
      range[0] = Math.min(range[0] as number, values[9]);
      range[1] = Math.max(range[1] as number, values[9]);
    });
    expect(50 - 7).toBeGreaterThan(range[0] as number);
    expect(50 + 7).toBeLessThan(range[1] as number);
    const [first] = told.onsets.filter((row) => row >= 7000);
    expect(first).toBeLessThan(7005);
    expect(
      told.named
        .get(first as number)
        ?.slice(0, 2)
        .sort(),
    ).toEqual([4, 9]);
    expect(told.onsets.filter((row) => row < 7000)).toEqual([]);
  });

  test('two of 38 columns that part hardly show in the evidence of the row, and are found by the relation alone', () => {
    const noise = machine(38, 8);
    const normal = seededNormal(9);
    const judge = createRowsJudge(38);
    let load = 0;
    const fill = (values: Float64Array, row: number) => {
      noise(values, row);
      load += 0.05 * (normal() - 0.02 * load);
      values[4] = 1000 + 200 * load + 4 * normal();
      // Little by little, so that the last minutes show nothing.
      const parted = 1.5 * Math.min(1, Math.max(0, (row - 7000) / 60));
      values[9] = 50 + 10 * (load - parted) + 0.2 * normal();
    };
    feed(judge, 7000, 38, fill);
    let row = 7000;
    while (feed(judge, 1, 38, fill, row).onsets.length === 0 && row < 7100) row++;
    expect(row).toBeGreaterThan(7005);
    expect(row).toBeLessThan(7060);
    expect(judge.row.odds).toBe(judge.row.apartOdds - 1);
  });

  test('a column that has never moved moves', () => {
    const noise = machine(8, 4);
    const told = feed(createRowsJudge(8), 4010, 8, (values, row) => {
      noise(values, row);
      values[3] = row < 4000 ? 0 : 0.001;
    });
    expect(told.onsets[0]).toBe(4000);
    expect(told.named.get(4000)?.[0]).toBe(3);
  });

  test('a fault that lasts is one alarm, its rows after the first stay below an onset and above ordinary rows', () => {
    const noise = machine(10, 5);
    const told = feed(createRowsJudge(10), 5400, 10, (values, row) => {
      noise(values, row);
      if (row >= 5000 && row < 5060) for (const j of [1, 2, 6]) values[j] = (values[j] as number) * 2;
    });
    expect(told.onsets[0]).toBe(5000);
    expect(told.onsets.length).toBeLessThanOrEqual(2);
    for (let row = 5001; row < 5060; row++) expect(told.alarms).toContain(row);
    const ordinary = Math.max(...told.scores.slice(4000, 5000));
    const held = told.scores.slice(5001, 5060).filter((score) => score < ONSET);
    expect(Math.min(...held)).toBeGreaterThan(ordinary);
    expect(told.alarms.at(-1)).toBeLessThan(5140);
  });

  test('a new level becomes ordinary, and the alarm ends', () => {
    const noise = machine(6, 6);
    const told = feed(createRowsJudge(6), 12_000, 6, (values, row) => {
      noise(values, row);
      if (row >= 3000) values[2] = (values[2] as number) * 1.5;
    });
    expect(told.onsets).toContain(3000);
    expect(told.alarms.at(-1)).toBeLessThan(6000);
  });

  test('an outage of two hours does not make the same on the next day ordinary', () => {
    const noise = machine(6, 7);
    const told = feed(createRowsJudge(6), 9000, 6, (values, row) => {
      noise(values, row);
      const out = (row >= 6000 && row < 6120) || (row >= 7440 && row < 7560);
      if (out) for (const j of [0, 4]) values[j] = 0;
    });
    expect(told.onsets).toContain(6000);
    expect(told.onsets).toContain(7440);
  });
});

describe('quiet', () => {
  test('noise raises no more than the false alarms that are expected', () => {
    let onsets = 0;
    for (const seed of [11, 12, 13]) {
      onsets += feed(createRowsJudge(20), 2 * 7 * DAY_ROWS, 20, machine(20, seed)).onsets.length;
    }
    // Six weeks at five a week.
    expect(onsets).toBeLessThanOrEqual(30);
  });

  test('fewer expected false alarms raise the limit by their ratio', () => {
    const strict = createRowsJudge(3, { falseAlarmsPerWeek: 0.5 });
    const usual = createRowsJudge(3);
    feed(strict, 300, 3, machine(3, 14));
    feed(usual, 300, 3, machine(3, 14));
    expect(usual.row.limit).toBeCloseTo(Math.log10(10_080 / 5), 9);
    expect(strict.row.limit - usual.row.limit).toBeCloseTo(1, 9);
  });

  test('the limit follows the distance of rows, which is learnt from their times', () => {
    const judge = createRowsJudge(3);
    feed(judge, 300, 3, machine(3, 15), 0, 1000);
    expect(judge.row.limit).toBeCloseTo(Math.log10(604_800 / 5), 9);
  });

  test('constant columns say nothing, whatever their level', () => {
    const told = feed(createRowsJudge(4), 3000, 4, (values) => values.set([0, 5, -3e9, 1e-12]));
    expect(told.alarms).toEqual([]);
    expect(Math.max(...told.scores)).toBe(0);
  });

  test('nothing is said of the first rows', () => {
    const told = feed(createRowsJudge(5), 100, 5, (values, row) => {
      machine(5, 16)(values, row);
      if (row === 50) values.fill(1e6);
    });
    expect(told.alarms).toEqual([]);
  });
});

describe('missing values', () => {
  test('a column without a value has no part, and the others are judged as before', () => {
    const noise = machine(10, 21);
    const told = feed(createRowsJudge(10), 5000, 10, (values, row) => {
      noise(values, row);
      if (row % 7 === 0) values[row % 10] = Number.NaN;
      if (row >= 4000) values[5] = Number.NaN;
      if (row === 4500) values[8] = (values[8] as number) * 3;
    });
    expect(told.onsets).toContain(4500);
    expect(told.named.get(4500)?.[0]).toBe(8);
    expect(told.onsets.filter((row) => row !== 4500).length).toBeLessThanOrEqual(2);
    expect(told.scores.every((score) => score >= 0 && score < 1)).toBe(true);
  });

  test('a value that is missing has no part of its own', () => {
    const judge = createRowsJudge(4);
    feed(judge, 1000, 4, machine(4, 22));
    const values = new Float64Array([1, Number.NaN, Number.POSITIVE_INFINITY, 4]);
    const { contributions } = judge.judge(1000 * 60_000, values);
    expect(contributions[1]).toBe(0);
    expect(contributions[2]).toBe(0);
    expect(judge.columnOf(1)).toMatchObject({ odds: { level: 0, recent: 0, apart: 0 }, size: { apart: 0 } });
  });

  test('rows with no value at all raise nothing', () => {
    const noise = machine(5, 23);
    const told = feed(createRowsJudge(5), 3000, 5, (values, row) => {
      noise(values, row);
      if (row >= 2000 && row < 2500) values.fill(Number.NaN);
    });
    expect(told.onsets.filter((row) => row >= 2000 && row < 2500)).toEqual([]);
  });

  test('after missing rows the last minutes start again', () => {
    const judge = createRowsJudge(2);
    const slope = (values: Float64Array, row: number) => values.fill(row / 100 + (row % 2) / 10);
    feed(judge, 2000, 2, slope);
    judge.judge(5000 * 60_000, new Float64Array([50, 50]));
    expect(judge.columnOf(0).fromRecent).toBe(0);
  });
});

describe('properties', () => {
  test('exchanging columns exchanges their parts and changes no score', () => {
    const columns = 6;
    const orders = fc.shuffledSubarray([...Array(columns).keys()], { minLength: columns });
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 1e6 }), (order, seed) => {
        const straight = createRowsJudge(columns);
        const exchanged = createRowsJudge(columns);
        const noise = machine(columns, seed);
        const values = new Float64Array(columns);
        for (let row = 0; row < 400; row++) {
          noise(values, row);
          if (row > 380) values[2] = (values[2] as number) * 2;
          const one = straight.judge(row * 60_000, values);
          const other = exchanged.judge(
            row * 60_000,
            Float64Array.from(order, (from) => values[from] as number),
          );
          expect(other.score).toBeCloseTo(one.score, 6);
          order.forEach((from, at) => {
            expect(other.contributions[at]).toBeCloseTo(one.contributions[from] as number, 5);
          });
        }
      }),
      { numRuns: 15 },
    );
  });

  test('units and zero points of columns do not matter', () => {
    const judges = [createRowsJudge(5), createRowsJudge(5)] as const;
    const noise = machine(5, 31);
    const values = new Float64Array(5);
    // Powers of two keep every digit.
    const factors = [4, 0.25, 1024, 2, 2 ** -20];
    for (let row = 0; row < 2000; row++) {
      noise(values, row);
      const one = judges[0].judge(row * 60_000, values);
      const other = judges[1].judge(
        row * 60_000,
        values.map((x, j) => x * (factors[j] as number)),
      );
      expect(other.score).toBeCloseTo(one.score, 9);
    }
  });

  test('the same rows get the same answers', () => {
    const run = () => feed(createRowsJudge(7), 1500, 7, machine(7, 32)).scores;
    expect(run()).toEqual(run());
  });

  test('what is judged is not in its own baseline: rows that come later change nothing', () => {
    const long = feed(createRowsJudge(5), 1200, 5, machine(5, 33)).scores;
    const short = feed(createRowsJudge(5), 800, 5, machine(5, 33)).scores;
    expect(long.slice(0, 800)).toEqual(short);
  });
});

describe('snapshot', () => {
  test('goes on exactly, in the middle of an alarm too', () => {
    const make = () => {
      const noise = machine(9, 41);
      return (values: Float64Array, row: number) => {
        noise(values, row);
        if (row >= 1990 && row < 2030) values[3] = (values[3] as number) * 2;
      };
    };
    const fill = make();
    const whole = createRowsJudge(9);
    feed(whole, 2000, 9, fill);
    const restored = createRowsJudge(9);
    restored.restore(whole.snapshot());
    const values = new Float64Array(9);
    for (let row = 2000; row < 3000; row++) {
      fill(values, row);
      const one = whole.judge(row * 60_000, values);
      const expected = { score: one.score, alarm: one.alarm, parts: [...one.contributions] };
      const other = restored.judge(row * 60_000, values);
      expect({ score: other.score, alarm: other.alarm, parts: [...other.contributions] }).toEqual(expected);
      expect(restored.row).toEqual(whole.row);
    }
  });

  test('of other columns is refused', () => {
    const { restore } = createRowsJudge(4);
    expect(() => restore(createRowsJudge(5).snapshot())).toThrow(/another number of columns/);
  });

  test('38 columns take less than 4 kB a column with all that relates them', () => {
    expect(createRowsJudge(38).snapshot().byteLength / 38).toBeLessThan(4096);
  });
});

test('what a row was judged by can be read', () => {
  const judge = createRowsJudge(4);
  const noise = machine(4, 51);
  feed(judge, 1000, 4, noise);
  const values = new Float64Array(4);
  noise(values, 1000);
  values[1] = (values[1] as number) * 5;
  const { score, contributions } = judge.judge(1000 * 60_000, values);
  expect(score).toBeGreaterThanOrEqual(ONSET);
  expect(score).toBeCloseTo(1 - (0.5 * judge.row.limit) / judge.row.odds, 12);
  expect(ranked(contributions)[0]).toBe(1);
  const seen = judge.columnOf(1);
  expect(seen.fromRecent).toBeGreaterThan(0);
  expect(seen.odds.recent).toBeGreaterThan(3);
  expect(seen.size.level).toBeGreaterThan(judge.columnOf(0).size.level);
  expect(judge.row.trust).toBeLessThan(1);
});

test('the part of a column follows from what is told of it', () => {
  const judge = createRowsJudge(4);
  const noise = machine(4, 52);
  feed(judge, 1000, 4, noise);
  const values = new Float64Array(4);
  noise(values, 1000);
  values[2] = (values[2] as number) * 3;
  values[3] = Number.NaN;
  const { contributions } = judge.judge(1000 * 60_000, values);
  for (let j = 0; j < 4; j++) {
    const { odds, size, ofRange } = judge.columnOf(j);
    const part =
      0.6 * size.recent +
      0.2 * odds.recent +
      0.15 * odds.level +
      0.05 * size.apart +
      0.3 * Math.max(0, odds.apart - 3) +
      0.5 * ofRange;
    expect(contributions[j]).toBeCloseTo(part, 12);
  }
  expect(judge.columnOf(2).ofRange).toBe(1);
  expect(judge.columnOf(0).ofRange).toBeLessThan(1);
  expect(contributions[3]).toBe(0);
});

test('rows are missing where more than three usual distances lie between two, whatever single odd distances there were', () => {
  const judge = createRowsJudge(1);
  const at = (time: number, value: number) => {
    judge.judge(time, Float64Array.of(value));
    return judge.columnOf(0).fromRecent;
  };
  for (let row = 0; row < 50; row++) at(row * 1000, row % 2);
  expect(at(52_500, 9)).not.toBe(0);
  expect(at(52_600, 5)).not.toBe(0);
  expect(at(56_300, 9)).toBe(0);
  expect(judge.row.limit).toBeCloseTo(Math.log10(604_800 / 5), 6);
});
