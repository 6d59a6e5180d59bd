import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeRows, readColumns } from '../../store/binary-rows.ts';
import { startTestStore, type TestStore } from './harness.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore({ migrate: false });
});
afterAll(() => stand?.stop());

describe('readColumns', () => {
  test('brings ids, numbers and texts as the engine holds them', async () => {
    const { count, columns } = await readColumns(
      stand.store,
      `SELECT toUInt64(18446744073709551615 - number) AS id, if(number = 1, nan, number / 3) AS value, repeat('äx', number * 60) AS name
       FROM numbers({rows:UInt32}) ORDER BY number`,
      { rows: 3 },
      ['UInt64', 'Float64', 'String'],
    );
    expect(count).toBe(3);
    expect([...columns[0]]).toEqual([18446744073709551615n, 18446744073709551614n, 18446744073709551613n]);
    expect([...columns[1]]).toEqual([0, Number.NaN, 2 / 3]);
    expect(columns[2]).toEqual(['', 'äx'.repeat(60), 'äx'.repeat(120)]);
  });

  test('nothing found is columns without rows', async () => {
    const { count, columns } = await readColumns(stand.store, 'SELECT toFloat64(1) WHERE 0', {}, ['Float64']);
    expect([count, columns[0].length]).toEqual([0, 0]);
  });

  test('a hundred thousand rows', async () => {
    const sql = 'SELECT number, toFloat64(number), toString(number) FROM numbers(100000)';
    const { count, columns } = await readColumns(stand.store, sql, {}, ['UInt64', 'Float64', 'String']);
    expect([count, columns[0].at(-1), columns[1].at(-1), columns[2].at(-1)]).toEqual([
      100_000,
      99_999n,
      99_999,
      '99999',
    ]);
  });

  test('a query the engine refuses is an error', async () => {
    await expect(readColumns(stand.store, 'SELECT nothing_of_this', {}, ['Float64'])).rejects.toThrow(
      /nothing_of_this/,
    );
  });
});

describe('an error after the first rows', () => {
  test.each(['Float64', 'String'] as const)('is an error, not a row of %s', async (type) => {
    const value = `if(throwIf(number = 300000, 'in the middle') = 0, number, 0)`;
    const sql = `SELECT to${type}(${value}) FROM numbers(400000) SETTINGS max_block_size = 1000`;
    await expect(readColumns(stand.store, sql, {}, [type])).rejects.toThrow(/in the middle/);
  });
});

describe('decodeRows', () => {
  test('an answer that ends in a row is refused', () => {
    const row = Buffer.alloc(9);
    row[8] = 5;
    expect(() => decodeRows(row, ['UInt64', 'String'])).toThrow(
      expect.objectContaining({ code: 'store_rows_cut_off' }),
    );
    expect(() => decodeRows(Buffer.alloc(7), ['Float64'])).toThrow(/7 bytes/);
    expect(() => decodeRows(Buffer.from([0x80]), ['String'])).toThrow(/ends in a row/);
  });
});
