import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { WeirError } from '../../core/errors.ts';
import { openStore, type Store } from '../../store/client.ts';
import { expandMacros, migrate } from '../../store/migrate.ts';
import { startTestStore, type TestStore } from './harness.ts';

let running: TestStore;
let store: Store;
let folder = '';
let count = 0;

beforeAll(async () => {
  running = await startTestStore({ migrate: false });
});
afterAll(() => running.stop());

/** Each test has a database and a folder of files of its own. */
beforeEach(async () => {
  count += 1;
  const database = `migrate_${count}`;
  await running.store.client.command({ query: `CREATE DATABASE ${database}` });
  store = openStore({ ...running.endpoint, database });
  folder = await mkdtemp(join(tmpdir(), 'weir-migrations-'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const file = (name: string, text: string) => writeFile(join(folder, name), text);
const run = () => migrate(store, undefined, { folder });
const tables = async () =>
  (
    await store.rows<{ name: string }>(
      'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name',
    )
  ).map((row) => row.name);
const table = (name: string) => `CREATE TABLE IF NOT EXISTS ${name} (x Int8) ENGINE = MergeTree ORDER BY x;\n`;

async function failure(): Promise<WeirError> {
  const error = await run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WeirError);
  return error as WeirError;
}

test('files are applied in order, once', async () => {
  await file('0002_second.sql', 'ALTER TABLE a ADD COLUMN IF NOT EXISTS y String;');
  await file('0001_first.sql', table('a'));
  await file('notes.txt', 'not a migration');
  expect(await run()).toEqual(['0001_first.sql', '0002_second.sql']);
  expect(await run()).toEqual([]);
  await file('0010_third.sql', table('b'));
  expect(await run()).toEqual(['0010_third.sql']);
  expect(await tables()).toEqual(['a', 'b', 'weir_migrations']);
  expect(
    await store.rows(
      'SELECT Name, length(Sha256) AS l, AppliedAt > now() - 60 AS recent FROM weir_migrations ORDER BY Name LIMIT 1',
    ),
  ).toEqual([{ Name: '0001_first.sql', l: 64, recent: 1 }]);
});

test('no folder and an empty folder apply nothing', async () => {
  expect(await run()).toEqual([]);
  expect(await migrate(store, undefined, { folder: join(folder, 'none') })).toEqual([]);
});

test('a semicolon in a string, comment, quoted name or heredoc does not end a statement', async () => {
  await file(
    '0001_tricky.sql',
    `-- first; comment; it's fine
/* ; */ CREATE TABLE IF NOT EXISTS "semi;colon" (x String DEFAULT 'a;b\\';c') ENGINE = MergeTree ORDER BY x;
;;
INSERT INTO \`semi;colon\` SELECT $tag$one; two$tag$; -- trailing; comment
INSERT INTO \`semi;colon\` (x) VALUES ('it''s; three'), (DEFAULT)`,
  );
  expect(await run()).toEqual(['0001_tricky.sql']);
  expect(await store.rows('SELECT x FROM `semi;colon` ORDER BY x')).toEqual([
    { x: "a;b';c" },
    { x: "it's; three" },
    { x: 'one; two' },
  ]);
});

test('text outside ASCII survives', async () => {
  await file('0001_text.sql', `${table('a')}ALTER TABLE a MODIFY COMMENT 'Größe → 世界 😀';`);
  await run();
  expect(
    await store.rows("SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'a'"),
  ).toEqual([{ comment: 'Größe → 世界 😀' }]);
});

test('an edited file is refused, and nothing else is applied', async () => {
  await file('0001_first.sql', table('a'));
  await run();
  await file('0001_first.sql', `${table('a')}-- harmless`);
  await file('0002_second.sql', table('b'));
  const error = await failure();
  expect(error.code).toBe('store_migration_edited');
  expect(error.message).toContain('0001_first.sql');
  expect(await tables()).toEqual(['a', 'weir_migrations']);
});

test('a vanished file is refused', async () => {
  await file('0001_first.sql', table('a'));
  await run();
  await rm(join(folder, '0001_first.sql'));
  expect((await failure()).code).toBe('store_migration_missing');
});

test('a file below the newest applied one is refused', async () => {
  await file('0002_second.sql', table('a'));
  await run();
  await file('0001_first.sql', table('b'));
  const error = await failure();
  expect(error.code).toBe('store_migration_out_of_order');
  expect(error.message).toMatch(/0001_first\.sql.*0002_second\.sql/);
});

test('doubled numbers and strange names are refused', async () => {
  await file('0001_a.sql', table('a'));
  await file('0001_b.sql', table('b'));
  expect((await failure()).code).toBe('store_migration_number_doubled');
  await rm(join(folder, '0001_b.sql'));
  await file('2_b.sql', table('b'));
  expect((await failure()).code).toBe('store_migration_name_invalid');
  expect(await tables()).toEqual([]);
});

test('a failing statement names itself; the next run goes on with the same file', async () => {
  await file('0001_first.sql', table('a'));
  await file('0002_second.sql', `${table('b')}CREATE TABLE c (x NoSuchType) ENGINE = MergeTree ORDER BY x;`);
  const error = await failure();
  expect(error.code).toBe('store_migration_failed');
  expect(error.message).toMatch(/0002_second\.sql, statement 2 \(CREATE TABLE c/);
  expect(await tables()).toEqual(['a', 'b', 'weir_migrations']);
  await file('0002_second.sql', `${table('b')}${table('c')}`);
  expect(await run()).toEqual(['0002_second.sql']);
});

test('two at once end in one history', async () => {
  await file('0001_first.sql', table('a'));
  await file('0002_second.sql', table('b'));
  await Promise.all([run(), run(), run()]);
  expect(await store.rows('SELECT Name, count() AS n FROM weir_migrations GROUP BY Name ORDER BY Name')).toEqual([
    { Name: '0001_first.sql', n: 1 },
    { Name: '0002_second.sql', n: 1 },
  ]);
});

test('macros on one server and on a cluster', () => {
  const text = `CREATE TABLE t {on_cluster} (x Int8, m Map(String, String)) ENGINE = {engine:MergeTree} ORDER BY x;
CREATE TABLE u {on_cluster} (x Int8) ENGINE = {engine:ReplacingMergeTree(UpdatedAt)} ORDER BY x SETTINGS a = {on_cluster};
SELECT {engine:Memory}`;
  expect(
    expandMacros(text, undefined),
  ).toBe(`CREATE TABLE t  (x Int8, m Map(String, String)) ENGINE = MergeTree ORDER BY x;
CREATE TABLE u  (x Int8) ENGINE = ReplacingMergeTree(UpdatedAt) ORDER BY x SETTINGS a = ;
SELECT {engine:Memory}`);
  const cluster = { name: "it's", replica_path: '/ch/{shard}/{database}/{table}', replica_name: '{replica}' };
  expect(
    expandMacros(text, cluster),
  ).toBe(`CREATE TABLE t ON CLUSTER 'it\\'s' (x Int8, m Map(String, String)) ENGINE = ReplicatedMergeTree('/ch/{shard}/{database}/{table}', '{replica}') ORDER BY x;
CREATE TABLE u ON CLUSTER 'it\\'s' (x Int8) ENGINE = ReplicatedReplacingMergeTree('/ch/{shard}/{database}/{table}', '{replica}', UpdatedAt) ORDER BY x SETTINGS a = ON CLUSTER 'it\\'s';
SELECT {engine:Memory}`);
});

test('macros work in files, and the hash is of the file as it stands', async () => {
  await file(
    '0001_macro.sql',
    'CREATE TABLE IF NOT EXISTS a {on_cluster} (x Int8) ENGINE = {engine:ReplacingMergeTree(x)} ORDER BY x',
  );
  await run();
  expect(
    await store.rows("SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'a'"),
  ).toEqual([{ engine: 'ReplacingMergeTree' }]);
  expect(await run()).toEqual([]);
});

test("the product's own migrations apply, twice, and leave no table behind that is not of them", async () => {
  const applied = await migrate(store);
  expect(applied.length).toBeGreaterThan(0);
  expect([...applied].sort()).toEqual([...applied]);
  expect(await migrate(store)).toEqual([]);
  expect(await tables()).toContain('otel_traces');
});
