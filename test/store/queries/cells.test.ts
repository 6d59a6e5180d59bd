import { expect, test } from 'vitest';
import { floatCell, millisCell, numberOf, secondsCell } from '../../../store/queries/cells.ts';

test.each([
  [1.5, 1.5],
  [-0.25, -0.25],
  [Number.NaN, 'nan'],
  [Infinity, 'inf'],
  [-Infinity, '-inf'],
])('%d goes out and comes back', (value, cell) => {
  expect(floatCell(value)).toBe(cell);
  expect(numberOf(floatCell(value))).toBe(value);
});

test('what ClickHouse sends is read as a number', () => {
  expect(numberOf('1700000000123')).toBe(1_700_000_000_123);
  expect(numberOf('+inf')).toBe(Infinity);
  expect(numberOf(null)).toBeNaN();
  expect(numberOf(undefined)).toBeNaN();
  expect(numberOf('nan')).toBeNaN();
});

test('times go out whole and never before 1970', () => {
  expect(secondsCell(1999)).toBe(1);
  expect(secondsCell(-5)).toBe(0);
  expect(millisCell(1999.6)).toBe(2000);
  expect(millisCell(-1)).toBe(0);
});
