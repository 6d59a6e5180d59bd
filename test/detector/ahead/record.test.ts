import { expect, test } from 'vitest';
import { createRecordHigh, extendRecord, recordOf } from '../../../detector/ahead/record.ts';

function fed(values: readonly number[]) {
  const record = createRecordHigh();
  for (const value of values) extendRecord(record, value);
  return record;
}
const flat = (length: number, value = 1) => new Array<number>(length).fill(value);

test('the newest half hour does not count', () => {
  expect(recordOf(fed([...flat(100), ...flat(30, 9)]))).toBe(1);
  expect(recordOf(fed([...flat(100), ...flat(31, 9)]))).toBe(9);
});

test('nothing is known of a young series', () => {
  expect(recordOf(createRecordHigh())).toBe(Number.NEGATIVE_INFINITY);
  expect(recordOf(fed(flat(30)))).toBe(Number.NEGATIVE_INFINITY);
  expect(recordOf(fed(flat(31)))).toBe(1);
});

test('a high value is forgotten after three days, not before', () => {
  const day = 1440;
  const high = [...flat(60), 9];
  expect(recordOf(fed([...high, ...flat(2.9 * day)]))).toBe(9);
  expect(recordOf(fed([...high, ...flat(3.1 * day)]))).toBe(1);
});

test('gaps pass without a word', () => {
  expect(recordOf(fed([...flat(40), ...flat(100, Number.NaN)]))).toBe(1);
});
