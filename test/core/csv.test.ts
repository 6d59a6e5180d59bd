import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LABEL_COLUMNS, NO_VALUE, parseCells, parseTimestamp, TIME_COLUMNS } from '../../core/csv.ts';

describe('parseTimestamp', () => {
  const noon = Date.UTC(2014, 2, 7, 12, 0, 0);
  test.each([
    ['2014-03-07 12:00:00', noon],
    ['2014-03-07T12:00:00Z', noon],
    ['2014-03-07T12:00', noon],
    ['2014-03-07', noon - 12 * 3_600_000],
    ['2014-03-07 12:00:00.250', noon + 250],
    ['2014-03-07T14:00:00+02:00', noon],
    ['2014-03-07 07:00:00 -0500', noon],
    [String(noon / 1000), noon],
    [String(noon), noon],
    [`${noon}000`, noon],
    [`${noon}000000`, noon],
    ['1394193600.5', noon + 500],
    ['1.3941936e9', noon],
    ['0', 0],
  ])('%s', (text, expected) => {
    expect(parseTimestamp(text)).toBeCloseTo(expected, 0);
  });

  test.each(['', 'noon', '2014-13-40', '07.03.2014', '2014-03-07 12', 'NaN', '0x10'])('%j is none', (text) => {
    expect(parseTimestamp(text)).toBeNaN();
  });
});

describe('parseCells', () => {
  test('quotes enclose commas, doubled quotes are quotes', () => {
    expect(parseCells('a, "b,c" ,"say ""x""",')).toEqual(['a', 'b,c', 'say "x"', '']);
  });

  test('reads back any cells that were quoted', () => {
    const cell = fc.string().filter((text) => text === text.trim());
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        const line = cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');
        expect(parseCells(line)).toEqual(cells);
      }),
    );
  });
});

describe('names and empty cells', () => {
  test('a name is of times or of labels, never both, and compared in lower case', () => {
    expect(TIME_COLUMNS.filter((name) => LABEL_COLUMNS.includes(name))).toEqual([]);
    for (const name of [...TIME_COLUMNS, ...LABEL_COLUMNS]) expect(name).toBe(name.toLowerCase());
  });

  test.each(['', 'NaN', 'null', 'NA', 'N/A', 'None'])('%j is no value', (cell) => {
    expect(NO_VALUE.test(cell)).toBe(true);
  });

  test.each(['0', '-1', 'nano', 'abc', 'Infinity'])('%j is not empty', (cell) => {
    expect(NO_VALUE.test(cell)).toBe(false);
  });
});
