import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSetting } from '../../../store/embedded/allow-list.ts';
import { createGuard } from '../../../store/embedded/guard.ts';
import { Refusal } from '../../../store/embedded/refusal.ts';
import { parseStatement } from '../../../store/embedded/statements.ts';

const guard = createGuard({
  tableFunctions: ['numbers', 'futureSource', 'view'],
  engines: ['MergeTree', 'FutureEngine', 'Memory'],
});
const check = (sql: string, params: Record<string, string> = {}) =>
  guard.check(parseStatement(sql), new Map(Object.entries(params)));
const passes = (sql: string, params?: Record<string, string>) => expect(() => check(sql, params)).not.toThrow();
const refuses = (sql: string, params?: Record<string, string>) => expect(() => check(sql, params)).toThrow(Refusal);

describe('what passes', () => {
  test.each([
    'SELECT count() FROM numbers(10) AS n JOIN view(SELECT 1 AS number) AS v USING number',
    "SELECT * FROM generateRandom('a Int8') LIMIT 1",
    "SELECT url, remote FROM t WHERE url_path = '/x' AND engine = 'File' AND settings = 1",
    'SELECT t.file FROM t',
    'SELECT engine FROM system.tables',
    'SELECT settings, readonly FROM system.x',
    "SHOW SETTINGS LIKE 'max%'",
    'CREATE TABLE t (engine FixedString(3), url String, s3 String) ENGINE = MergeTree ORDER BY url',
    'CREATE TABLE t (a Int8) ENGINE MergeTree ORDER BY a',
    'CREATE TABLE IF NOT EXISTS t (a Int8) ENGINE = ReplacingMergeTree(a) ORDER BY a SETTINGS index_granularity = 1',
    'CREATE MATERIALIZED VIEW v TO t AS SELECT a FROM u',
    'CREATE VIEW v AS SELECT engine FROM system.tables',
    'CREATE OR REPLACE FUNCTION f AS (x, y) -> x + y',
    'CREATE DATABASE IF NOT EXISTS d ENGINE = Atomic',
    "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(table 't')) LAYOUT(FLAT()) LIFETIME(0)",
    'ALTER TABLE t ADD INDEX i a TYPE minmax',
    'ALTER TABLE t MODIFY SETTING merge_with_ttl_timeout = 1',
    'ALTER TABLE t ATTACH PARTITION 1 FROM u',
    'DROP TABLE IF EXISTS t SYNC',
    'DROP DATABASE d',
    'RENAME TABLE a TO b',
    'SYSTEM STOP MERGES t',
    'SYSTEM FLUSH LOGS',
    "KILL QUERY WHERE query_id = 'x'",
    'INSERT INTO t SELECT * FROM numbers(3)',
    "INSERT INTO t VALUES ('file()', now())",
    "INSERT INTO t FORMAT CSV\nfile('x') INTO OUTFILE ;",
    'SELECT 1 SETTINGS max_threads = 1, output_format_json_quote_64bit_integers = 0 FORMAT JSON',
  ])('%s', (sql) => passes(sql));

  test('identifiers as parameters that name tables', () => {
    passes('SELECT * FROM {t:Identifier}', { t: 'traces' });
    passes('INSERT INTO {t:Identifier} (a) FORMAT CSV\nx', { t: 'db.traces' });
    passes('SELECT {s:String}', { s: 'file' });
  });
});

describe('what does not', () => {
  test('table functions and engines the list does not know, also of a future engine', () => {
    refuses('SELECT * FROM futureSource(1)');
    refuses('SELECT * FROM FUTURESOURCE (1)');
    refuses('CREATE TABLE t (a Int8) ENGINE = FutureEngine');
    refuses('CREATE TABLE t (a Int8) ENGINE FutureEngine');
    refuses('CREATE TABLE t (a Int8) ENGINE = Unheard');
  });

  test('functions as values, and names given by parameters', () => {
    refuses("SELECT arrayMap(file, ['x'])");
    refuses('SELECT * APPLY "file" FROM t');
    refuses("SELECT {f:Identifier}('x')", { f: '`FILE`' });
    refuses('SELECT arrayMap({f:Identifier}, x)', { f: 'aiGenerate' });
    refuses("SELECT * FROM {f:Identifier}('x')", { f: 'url' });
  });

  test('whatever stands between a name and its parenthesis, and however it is spelled', () => {
    const gap = fc
      .array(fc.constantFrom(' ', '\n', '\t', '/* x */', '-- y\n', '/**/'), { maxLength: 4 })
      .map((parts) => parts.join(''));
    const name = fc
      .constantFrom('file', 'url', 's3', 'remote', 'executable', 'mysql', 'icebergS3', 'deltaLakeLocal')
      .chain((word) =>
        fc
          .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
          .map((upper) => [...word].map((char, i) => (upper[i] ? char.toUpperCase() : char.toLowerCase())).join('')),
      );
    const quoted = fc.tuple(name, fc.constantFrom('', '`', '"')).map(([word, quote]) => `${quote}${word}${quote}`);
    fc.assert(
      fc.property(quoted, gap, gap, (called, before, after) => {
        refuses(`SELECT * FROM ${before} ${called}${after}('x')`);
      }),
      { numRuns: 300 },
    );
  });
});

test.each([
  ['max_threads', true],
  ['output_format_json_quote_denormals', true],
  ['insert_deduplication_token', true],
  ['readonly', false],
  ['READONLY', false],
  ['dialect', false],
  ['polyglot_dialect', false],
  ['format_avro_schema_registry_url', false],
  ['s3queue_default_zookeeper_path', false],
  ['format_\\schema', false],
])('setting %s passes: %s', (name, passing) => {
  if (passing) expect(() => checkSetting(name)).not.toThrow();
  else expect(() => checkSetting(name)).toThrow(Refusal);
});
