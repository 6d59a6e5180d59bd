import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../store/embedded/refusal.ts';
import { parseStatement, splitStatements } from '../../../store/embedded/statements.ts';

describe('parseStatement', () => {
  test.each<[string, string, string, string | undefined]>([
    ['SELECT 1', 'select', 'read', undefined],
    ['  -- hi\n (SELECT 1)', 'select', 'read', undefined],
    ['WITH 1 AS x SELECT x FORMAT JSON', 'with', 'read', 'JSON'],
    ['SELECT 1 FORMAT CSV SETTINGS max_threads = 1', 'select', 'read', 'CSV'],
    ["SELECT format('{}', 'x') FORMAT TSV;", 'select', 'read', 'TSV'],
    ['SELECT format x FROM t', 'select', 'read', undefined],
    ["SELECT 'FORMAT CSV'", 'select', 'read', undefined],
    ['SELECT (SELECT 1 FORMAT CSV)', 'select', 'read', undefined],
    ['SHOW TABLES', 'show', 'read', undefined],
    ['DESCRIBE t', 'describe', 'read', undefined],
    ['EXPLAIN SELECT 1', 'explain', 'read', undefined],
    ['CREATE TABLE t (a Int8) ENGINE = Memory', 'create', 'write', undefined],
    ['INSERT INTO t SELECT 1', 'insert', 'write', undefined],
    ['INSERT INTO t (a) (SELECT 1);', 'insert', 'write', undefined],
    ['INSERT INTO t WITH 1 AS x SELECT x', 'insert', 'write', undefined],
  ])('%s', (sql, verb, kind, format) => {
    const statement = parseStatement(sql);
    expect(statement).toMatchObject({ verb, kind });
    expect(statement.format).toBe(format);
    expect(statement.data).toBeUndefined();
  });

  test.each<[string, string, string]>([
    ['INSERT INTO t FORMAT JSONEachRow\n{"a":1}', 'JSONEachRow', '{"a":1}'],
    ['INSERT INTO t FORMAT CSV 1,2', 'CSV', '1,2'],
    ['INSERT INTO t FORMAT TSV\r\n1\n', 'TSV', '1\n'],
    ['INSERT INTO t FORMAT TSV \n\n1', 'TSV', '\n1'],
    ['INSERT INTO t (a, `values`) FORMAT Native\n\x00;\'"', 'Native', '\x00;\'"'],
    ['INSERT INTO db.t SETTINGS a = 1 FORMAT CSV\nx', 'CSV', 'x'],
    ['INSERT INTO TABLE t FORMAT CSV\nx', 'CSV', 'x'],
    ['INSERT INTO format FORMAT CSV\nx', 'CSV', 'x'],
    ['INSERT INTO db.values FORMAT CSV\nx', 'CSV', 'x'],
    ['INSERT INTO {t:Identifier} (* EXCEPT(a)) FORMAT CSV\nx', 'CSV', 'x'],
    ['insert t format csv', 'csv', ''],
    ["INSERT INTO t VALUES (1, 'a;b'), (2, 'c');", 'Values', " (1, 'a;b'), (2, 'c')"],
    ['INSERT INTO values VALUES(1)', 'Values', '(1)'],
    ['INSERT INTO t FORMAT Values (1)', 'Values', '(1)'],
  ])('%j has data', (sql, format, data) => {
    const statement = parseStatement(sql);
    expect(statement.kind).toBe('insert');
    expect(statement.format).toBe(format);
    expect(statement.sql.slice(statement.data?.start)).toBe(data);
  });

  test('FROM INFILE belongs before SETTINGS, FORMAT and VALUES', () => {
    const at = (sql: string) => sql.slice(parseStatement(sql).data?.infileAt);
    expect(at('INSERT INTO t (a) SETTINGS x = 1 FORMAT CSV\n1')).toBe('SETTINGS x = 1 FORMAT CSV\n1');
    expect(at('INSERT INTO t FORMAT CSV\n1')).toBe('FORMAT CSV\n1');
    expect(at('INSERT INTO t VALUES (1)')).toBe('VALUES (1)');
  });

  test.each<[string, number]>([
    ['', 62],
    [' ; ;', 62],
    ['-- only a comment', 62],
    ['SELECT 1; SELECT 2', 62],
    ['INSERT INTO t VALUES (1); SELECT 2', 62],
    ['INSERT INTO t SELECT 1; DROP TABLE t', 62],
    ['INSERT INTO t; DROP TABLE t', 62],
    ['INSERT INTO t FORMAT CSV;1', 62],
    ['SELEC 1', 62],
    ["'x'", 62],
    ['"select" 1', 62],
    ['1 + 1', 62],
    ['SET a = 1', 48],
    ['USE d', 48],
  ])('%j is refused with %i', (sql, code) => {
    expect(() => parseStatement(sql)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('nothing but a Refusal comes out of any text', () => {
    const word = fc.constantFrom(
      'insert',
      'into',
      't',
      'format',
      'values',
      'select',
      '(',
      ')',
      ';',
      ',',
      "'x'",
      '{',
      '}',
      ':',
      'settings',
      '\n',
      ' ',
      '.',
      '=',
      '1',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 4 })), { maxLength: 20 }), (words) => {
        try {
          parseStatement(Buffer.from(words.join(' ')).toString('latin1'));
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('splitStatements', () => {
  test.each<[string, string[]]>([
    ['', []],
    [';;;', []],
    ['-- nothing', []],
    ['a', ['a']],
    ['a;b', ['a', 'b']],
    ["a ';' b; c /* ; */ d -- ;\n;", ["a ';' b", 'c /* ; */ d']],
    ["'größe';\n\n'世界'", ["'größe'", "'世界'"]],
    ['$$;$$;`;`', ['$$;$$', '`;`']],
  ])('%j', (sql, expected) => {
    expect(splitStatements(sql)).toEqual(expected);
  });
});
