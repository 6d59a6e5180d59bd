import { describe, expect, test } from 'vitest';
import { type Layout, readLayout } from '../../../detector/backtest/layout.ts';
import { createRowReader } from '../../../detector/backtest/rows.ts';

const layout = readLayout(['timestamp,a,b,label', '10,1,2,0', '20,1,2,0']) as Layout;
const untimed: Layout = { ...layout, cells: 2, time: -1, values: [0, 1] };

function reader(of = layout, interval = 60_000) {
  const rows = createRowReader(2, interval);
  rows.startFile(of);
  const read = (line: string) => {
    const row = rows.read(line);
    return row && [row.stamp, row.time, ...row.values];
  };
  return { rows, read };
}

describe('createRowReader', () => {
  test('a row has the text of its time, the time and the values; the label is not among them', () => {
    const { rows, read } = reader();
    expect(read('10,1.5,-2,1')).toEqual(['10', 10_000, 1.5, -2]);
    expect(rows.counts).toEqual({
      rows: 1,
      blank_lines: 0,
      missing_values: 0,
      bad_rows: { value_unreadable: 0, cells_wrong: 0, time_unreadable: 0, time_repeated: 0, time_backward: 0 },
    });
  });

  test('the text of the label is kept apart', () => {
    const { rows } = reader();
    expect(rows.read('10,1.5,-2,1')?.label).toBe('1');
    expect(rows.read('20,1.5')?.label).toBe('');
    rows.startFile({ ...layout, label: -1 });
    expect(rows.read('30,1.5,-2,1')?.label).toBe('');
  });

  test('a blank line is no row', () => {
    const { rows, read } = reader();
    expect([read(''), read('   ')]).toEqual([undefined, undefined]);
    expect(rows.counts).toMatchObject({ rows: 0, blank_lines: 2 });
  });

  test('empty cells are missing values, no fault; text among numbers is one, counted once a row', () => {
    const { rows, read } = reader();
    expect(read('10,,NaN,0')).toEqual(['10', 10_000, Number.NaN, Number.NaN]);
    expect(read('20,x,y,0')).toEqual(['20', 20_000, Number.NaN, Number.NaN]);
    expect(read('30,3,inf,0')).toEqual(['30', 30_000, 3, Number.NaN]);
    expect(rows.counts).toMatchObject({ rows: 3, missing_values: 2, bad_rows: { value_unreadable: 2 } });
  });

  test('too few cells are missing values, too many are not read', () => {
    const { rows, read } = reader();
    expect(read('10,1')).toEqual(['10', 10_000, 1, Number.NaN]);
    expect(read('20,1,2,0,9,9')).toEqual(['20', 20_000, 1, 2]);
    expect(rows.counts).toMatchObject({ missing_values: 1, bad_rows: { cells_wrong: 2 } });
  });

  test('a time that is unreadable, repeated or late keeps its text and gets no time', () => {
    const { rows, read } = reader();
    expect(['10', 'noon', '10', '5', '20'].map((stamp) => read(`${stamp},1,2,0`)?.slice(0, 2))).toEqual([
      ['10', 10_000],
      ['noon', Number.NaN],
      ['10', Number.NaN],
      ['5', Number.NaN],
      ['20', 20_000],
    ]);
    expect(rows.counts.bad_rows).toMatchObject({ time_unreadable: 1, time_repeated: 1, time_backward: 1 });
  });

  test.each([
    ['1491041280', 1_491_041_280_000],
    ['1491041280000', 1_491_041_280_000],
    ['1491041280000000000', 1_491_041_280_000],
    ['2017-04-01 10:08:00', 1_491_041_280_000],
    ['2017-04-01T10:08:00.250Z', 1_491_041_280_250],
    ['"2017-04-01 10:08:00"', 1_491_041_280_000],
  ])('the time %s is read', (stamp, time) => {
    expect(reader().read(`${stamp},1,2,0`)?.[1]).toBe(time);
  });

  test('rows without times have their number, and one interval between them, over files too', () => {
    const { rows, read } = reader(untimed, 1000);
    expect(read('1,2')).toEqual(['0', 0, 1, 2]);
    expect(read('3,4')).toEqual(['1', 1000, 3, 4]);
    rows.startFile(untimed);
    expect(rows.counts.rows).toBe(0);
    expect(read('5,6')).toEqual(['0', 2000, 5, 6]);
    expect(rows.interval).toBeNaN();
    read('7,8');
    expect([rows.interval, rows.gaps]).toEqual([1000, 0]);
  });
});
