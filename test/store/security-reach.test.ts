import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestStore, type TestStore } from './harness.ts';
import * as sender from './sender.ts';

/** Files, network and other processes: nothing a statement says reaches outside the database. */
let running: TestStore;
let outside = '';
let secret = '';
const SECRET = 'secret-of-another-file';

beforeAll(async () => {
  running = await startTestStore({ migrate: false });
  outside = await mkdtemp(join(tmpdir(), 'weir-outside-'));
  secret = join(outside, 'secret.csv');
  await writeFile(secret, `${SECRET}\n`);
  await running.store.client.command({ query: 'CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a' });
});
afterAll(async () => {
  await running.stop();
  await rm(outside, { recursive: true, force: true });
});

const send = (body: string | Buffer, options?: sender.SendOptions) => sender.send(running.endpoint, body, options);
const expectRefused = (sql: string, named: RegExp, path?: string) =>
  sender.expectRefused(running.endpoint, sql, named, path);

describe('what reaches outside the database', () => {
  const read = (): [string, RegExp][] => [
    [`SELECT * FROM file('${secret}', 'LineAsString')`, /file\(\)/],
    [`SELECT * FROM FILE ('${secret}')`, /file\(\)/],
    [`SELECT * FROM \`file\`('${secret}', CSV)`, /file\(\)/],
    [`SELECT * FROM "file"('${secret}', CSV)`, /file\(\)/],
    [`SELECT * FROM "f\\x69le"('${secret}', CSV)`, /escape/],
    [`SELECT * FROM file/* ( */('${secret}', CSV)`, /file\(\)/],
    [`SELECT * FROM file -- x\n('${secret}', CSV)`, /file\(\)/],
    [`SELECT file('${secret}')`, /file/],
    [`SELECT arrayMap(file, ['${secret}'])`, /file/],
    [`SELECT * APPLY(file) FROM (SELECT '${secret}')`, /file/],
    [`SELECT * APPLY file FROM (SELECT '${secret}')`, /file/],
    [`DESCRIBE file('${secret}', CSV)`, /file\(\)/],
    [`CREATE TABLE u AS file('${secret}', CSV)`, /file\(\)/],
    [`CREATE TABLE u (a String DEFAULT file('${secret}')) ENGINE = Memory`, /file/],
    [`CREATE FUNCTION f AS x -> file(x)`, /file/],
    [`CREATE VIEW v AS SELECT * FROM file('${secret}', CSV)`, /file\(\)/],
    [`INSERT INTO t SELECT * FROM file('${secret}', LineAsString)`, /file\(\)/],
    [`INSERT INTO t VALUES (file('${secret}'))`, /file/],
    [`INSERT INTO t FROM INFILE '${secret}' FORMAT CSV`, /FROM INFILE/],
    [`INSERT INTO t FROM/**/INFILE '${secret}' FORMAT CSV`, /FROM INFILE/],
    [`CREATE TABLE u (a String) ENGINE = File(CSV, '${secret}')`, /ENGINE file/],
    [`CREATE TABLE u (a String) ENGINE File(CSV, '${secret}')`, /ENGINE file|file\(\)/],
    [`CREATE TABLE u (a String) ENGINE = \`File\`(CSV, '${secret}')`, /file/],
    [`ATTACH TABLE u FROM '${outside}' (a String) ENGINE = MergeTree ORDER BY a`, /ATTACH/],
    [`CREATE DATABASE d ENGINE = Filesystem('${outside}')`, /filesystem/i],
    [
      `CREATE TABLE u (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '${outside}/')`,
      /disk\(\)/,
    ],
    [`CREATE TABLE u (a String) ENGINE = EmbeddedRocksDB(0, '${outside}') PRIMARY KEY a`, /embeddedrocksdb/],
    [
      `CREATE DICTIONARY d (a String) PRIMARY KEY a SOURCE(FILE(path '${secret}' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)`,
      /file/i,
    ],
    [`SELECT * FROM eval('SELECT 1')`, /eval\(\)/],
    [`SELECT * FROM filesystem('${outside}')`, /filesystem\(\)/],
  ];
  test('files are not read', async () => {
    for (const [sql, named] of read()) await expectRefused(sql, named);
  });

  test('no name of a table is a file: the database reads no folder', async () => {
    for (const name of [`"${secret}"`, `'${secret}'`, `\`${secret}\``, `default."${secret}"`, `"../${secret}"`]) {
      const answer = await send(`SELECT * FROM ${name}`);
      expect(answer.body).not.toContain(SECRET);
      expect({ name, ok: answer.status === 200 }).toEqual({ name, ok: false });
    }
    const bound = await send('SELECT * FROM {t:Identifier}', {
      path: `/?param_t=${encodeURIComponent(`\`${secret}\``)}`,
    });
    expect(bound.status).not.toBe(200);
    expect((await send("SELECT engine FROM system.databases WHERE name = 'default'")).body).toBe('Atomic\n');
    await expectRefused('DROP DATABASE default', /default/);
    await expectRefused('DETACH DATABASE IF EXISTS `default`', /default/);
    await expectRefused('RENAME DATABASE default TO other', /default/);
  });

  test('a parameter cannot become the name of a function', async () => {
    for (const sql of [
      "SELECT {f:Identifier}('x')",
      "SELECT arrayMap({f:Identifier}, ['x'])",
      "SELECT * FROM {f:Identifier}('x', CSV)",
    ]) {
      await expectRefused(sql, /file/, '/?param_f=file');
    }
    expect((await send('SELECT {f:String}', { path: '/?param_f=file' })).body).toBe('file\n');
  });

  test('files are not written', async () => {
    const target = join(outside, 'written.csv');
    await expectRefused(`SELECT 1 INTO OUTFILE '${target}'`, /INTO OUTFILE/);
    await expectRefused(`SELECT 1 into\n/* x */ outfile '${target}' FORMAT CSV`, /INTO OUTFILE/);
    await expectRefused(`INSERT INTO FUNCTION file('${target}', CSV, 'a String') VALUES ('x')`, /file\(\)/);
    await expectRefused(`INSERT INTO TABLE FUNCTION file('${target}', CSV) SELECT 1`, /file\(\)/);
    await expectRefused(`BACKUP TABLE t TO File('${target}')`, /BACKUP/);
    await expectRefused(`RESTORE TABLE t FROM File('${target}')`, /RESTORE/);
    for (const name of [
      'input_format_record_errors_file_path',
      'output_format_schema',
      'rename_files_after_processing',
    ]) {
      await expectRefused('SELECT 1', new RegExp(name), `/?${name}=${encodeURIComponent(target)}`);
      await expectRefused(`SELECT 1 SETTINGS max_threads = 1, ${name.toUpperCase()} = 'x'`, new RegExp(name));
      await expectRefused(`INSERT INTO t SETTINGS \`${name}\` = 'x' FORMAT CSV\nx`, new RegExp(name));
    }
    expect(await readdir(outside)).toEqual(['secret.csv']);
  });

  test.each([
    ...[
      'url',
      's3',
      'gcs',
      'oss',
      'cosn',
      'hdfs',
      'azureBlobStorage',
      'remote',
      'remoteSecure',
      'cluster',
      's3Cluster',
    ],
    ...[
      'clusterAllReplicas',
      'urlCluster',
      'fileCluster',
      'hdfsCluster',
      'azureBlobStorageCluster',
      'mysql',
      'postgresql',
    ],
    ...[
      'mongodb',
      'redis',
      'sqlite',
      'jdbc',
      'odbc',
      'iceberg',
      'icebergS3',
      'icebergLocal',
      'deltaLake',
      'deltaLakeLocal',
    ],
    ...['hudi', 'paimon', 'executable', 'ytsaurus', 'arrowFlight', 'loop', 'fuzzQuery', 'S3', 'REMOTE', 'uRl'],
  ])('table function %s is refused', async (name) => {
    await expectRefused(`SELECT * FROM ${name}('http://127.0.0.1:1/', 'x')`, new RegExp(`${name}\\(\\)`, 'i'));
  });

  test('every table function of this engine is on the list of allowed ones, or refused', async () => {
    const names = (await send('SELECT name FROM system.table_functions ORDER BY name')).body.trim().split('\n');
    expect(names.length).toBeGreaterThan(60);
    const passed: string[] = [];
    for (const name of names) {
      const answer = await send(`SELECT * FROM ${name}('${secret}')`);
      if (answer.headers['x-clickhouse-exception-code'] !== '497' && answer.status !== 501) passed.push(name);
    }
    expect(
      passed.every((name) =>
        /^(numbers|zeros|primes|generate|values|SQLStandardValues|null|format|view|merge|dictionary|timeSeries|prometheusQuery|fuzzJSON)/.test(
          name,
        ),
      ),
    ).toBe(true);
  });

  test.each([
    ...['URL', 'S3', 'GCS', 'MySQL', 'PostgreSQL', 'MongoDB', 'Redis', 'Kafka', 'RabbitMQ', 'NATS', 'SQLite', 'ODBC'],
    ...['JDBC', 'HDFS', 'AzureBlobStorage', 'Executable', 'ExecutablePool', 'Distributed', 'Iceberg', 'DeltaLake'],
    ...[
      'Hudi',
      'S3Queue',
      'FileLog',
      'MaterializedPostgreSQL',
      'Remote',
      'KeeperMap',
      'Loop',
      'FuzzQuery',
      'QueryRunner',
    ],
  ])('table engine %s is refused', async (engine) => {
    await expectRefused(`CREATE TABLE u (a String) ENGINE = ${engine}('x', 'y')`, new RegExp(engine, 'i'));
  });

  test('an engine named by a parameter is refused', async () => {
    await expectRefused('CREATE TABLE u (a String) ENGINE = {e:Identifier}', /ENGINE/, '/?param_e=URL');
  });

  test.each([
    ['SYSTEM SHUTDOWN', /SHUTDOWN/],
    ['SYSTEM KILL', /KILL/],
    ['SYSTEM RELOAD CONFIG', /RELOAD/],
    ['SYSTEM START LISTEN TCP', /START/],
    ['CREATE USER u', /USER/],
    ['GRANT ALL ON *.* TO default', /GRANT/],
    ['REVOKE ALL ON *.* FROM default', /REVOKE/],
    ["CREATE NAMED COLLECTION c AS url = 'x'", /NAMED/],
    ['DROP USER default', /USER/],
    ["ALTER USER default IDENTIFIED BY 'x'", /USER/],
    ['EXECUTE AS default SELECT 1', /EXECUTE/],
    ['CREATE FUNCTION f LANGUAGE WASM ABI x', /FUNCTION/],
    [
      "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(HTTP(url 'http://127.0.0.1:1/' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
      /HTTP|url/,
    ],
    [
      "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(EXECUTABLE(command 'id' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
      /EXECUTABLE/i,
    ],
    [
      "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(host 'example' port 9000 table 't')) LAYOUT(FLAT()) LIFETIME(0)",
      /CLICKHOUSE/,
    ],
    ["SELECT aiGenerate('x')", /aigenerate/i],
    ["SELECT catboostEvaluate('/x', 1)", /catboost/i],
  ])('%s is refused', async (sql, named) => {
    await expectRefused(sql, named);
  });

  test.each([
    'format_schema',
    'format_schema_source',
    'format_template_row',
    'dialect',
    'format_avro_schema_registry_url',
    'url_base',
  ])('setting %s is refused in the URL and in the text', async (name) => {
    await expectRefused('SELECT 1', new RegExp(name), `/?${name}=x`);
    await expectRefused(`SELECT 1 SETTINGS ${name} = 'x'`, new RegExp(name));
  });

  test('names of refused things are harmless inside strings, comments and quoted columns', async () => {
    const sql = `SELECT 'file(''x'')' AS a, "remote" /* url('x') */ FROM (SELECT 1 AS remote) -- INTO OUTFILE 'x'`;
    expect((await send(sql)).body).toBe("file(\\'x\\')\t1\n");
    const quoted = await send('SELECT $$INTO OUTFILE file() ; $$ AS x, url FROM (SELECT 2 AS url)');
    expect(quoted.body).toBe('INTO OUTFILE file() ; \t2\n');
    expect((await send("SELECT count() FROM numbers(3) WHERE toString(number) = 'SYSTEM SHUTDOWN'")).body).toBe('0\n');
  });
});
