import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestStore, type TestStore } from './harness.ts';

/** Every hole the engine would have, seen closed from outside. */
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

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function send(
  body: string | Buffer,
  options: { path?: string; method?: string; headers?: Record<string, string>; login?: boolean } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(running.endpoint.url);
  const login: Record<string, string> =
    options.login === false ? {} : { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': running.endpoint.password };
  const headers = { ...login, ...options.headers };
  const { method = 'POST', path = '/' } = options;
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      text(response).then(
        (answer) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
        reject,
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

async function expectRefused(sql: string, named: RegExp, path = '/'): Promise<void> {
  const answer = await send(sql, { path });
  expect(answer.body).not.toContain(SECRET);
  expect({ sql, status: answer.status, body: answer.body }).toMatchObject({
    status: 403,
    body: expect.stringMatching(named),
  });
  expect(answer.headers['x-clickhouse-exception-code']).toBe('497');
}

describe('who may ask', () => {
  test('the password is random, and stands in a file for the owner alone', async () => {
    const path = join(running.dataDir, 'store.password');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(path, 'utf8')).trim()).toBe(running.endpoint.password);
    expect(running.endpoint.password).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('no password is 401, a wrong one or another user 403, by every way of giving it', async () => {
    const none = await send('SELECT 1', { login: false });
    expect(none.status).toBe(401);
    expect(none.headers['x-clickhouse-exception-code']).toBe('194');
    const { password } = running.endpoint;
    const basic = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
    const wrong: { path?: string; headers?: Record<string, string> }[] = [
      { headers: { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': '' } },
      { headers: { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': `${password}x` } },
      { headers: { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': password.slice(0, -1) } },
      { headers: { 'X-ClickHouse-User': 'admin', 'X-ClickHouse-Key': password } },
      { headers: { 'X-ClickHouse-User': 'default' } },
      { headers: basic('default:') },
      { headers: basic(`other:${password}`) },
      { headers: { Authorization: `Bearer ${password}` } },
      { path: '/?user=default&password=x' },
      { path: '/?user=default' },
    ];
    for (const attempt of wrong) {
      const answer = await send('SELECT 1', { login: false, ...attempt });
      expect({ attempt, status: answer.status }).toEqual({ attempt, status: 403 });
      expect(answer.body).not.toContain(password);
    }
  });

  test('a Host that is not loopback is refused (DNS rebinding), with or without the password', async () => {
    for (const host of [
      'evil.example',
      'evil.example:8123',
      '10.0.0.1',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ]) {
      for (const path of ['/', '/ping']) {
        const answer = await send('SELECT 1', { path, headers: { Host: host } });
        expect({ host, path, status: answer.status }).toEqual({ host, path, status: 403 });
      }
    }
    const { hostname, port } = new URL(running.endpoint.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.end('GET /ping HTTP/1.0\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /);
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '127.1.2.3:9', '[::1]:8123']) {
      expect((await send('SELECT 1', { headers: { Host: host } })).body).toBe('1\n');
    }
  });

  test('a web page cannot ask: Origin and cross-site fetches are refused', async () => {
    for (const headers of [
      { Origin: 'http://evil.example' },
      { Origin: 'http://localhost:8080' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ] as Record<string, string>[]) {
      expect((await send('SELECT 1', { headers })).status).toBe(403);
    }
    const preflight = await send('', { method: 'OPTIONS', headers: { Origin: 'http://evil.example' } });
    expect(preflight.status).toBe(403);
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('the listener is bound to loopback only', async () => {
    const { port } = new URL(running.endpoint.url);
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address !== undefined && !address.internal);
    for (const address of others) {
      const reached = await new Promise<boolean>((resolve) => {
        const socket = connect({ host: address?.address ?? '', port: Number(port), timeout: 2000 });
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
        socket.once('timeout', () => resolve(false));
        socket.once('close', () => resolve(false));
      });
      expect(reached).toBe(false);
    }
  });
});

describe('one statement, and GET reads', () => {
  test.each([
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP TABLE t',
    "SELECT ';'; DROP TABLE t",
    'SELECT 1 /* ; */; DROP TABLE t',
    'SELECT 1;\n\nDROP TABLE t',
    'SELECT 1 -- x\n; DROP TABLE t',
    'SELECT $x$;$x$; DROP TABLE t',
    "INSERT INTO t VALUES ('x'); DROP TABLE t",
    "INSERT INTO t SELECT 'x'; DROP TABLE t",
    'SET readonly = 0; SELECT 1',
    'SELECT 1 \\G DROP TABLE t',
  ])('%s is refused', async (sql) => {
    const answer = await send(sql);
    expect(answer.status).toBe(400);
    expect(answer.headers['x-clickhouse-exception-code']).toBe('62');
    expect((await send('EXISTS t')).body).toBe('1\n');
  });

  test.each(["SELECT ';' AS x", 'SELECT 1 AS x;', 'SELECT 1 AS x ; -- end', 'SELECT `;` FROM (SELECT 1 AS `;`)'])(
    '%s is one statement',
    async (sql) => {
      expect((await send(sql)).status).toBe(200);
    },
  );

  test.each(['JSONEachRow', 'CSV', 'TabSeparated', 'Values', 'LineAsString'])(
    'data of an insert as %s never runs as SQL, whatever it holds',
    async (format) => {
      await send('TRUNCATE TABLE t');
      const attack = '\n\nDROP TABLE t;\n\nCREATE TABLE injected (a Int8) ENGINE = Memory\n\n';
      const data: Record<string, string> = {
        JSONEachRow: `{"a":"x"}${attack}`,
        CSV: `"x"${attack}`,
        TabSeparated: `x${attack}`,
        Values: `('x')${attack}`,
        LineAsString: `x${attack}`,
      };
      await send(data[format] as string, { path: `/?query=${encodeURIComponent(`INSERT INTO t FORMAT ${format}`)}` });
      await send(`INSERT INTO t FORMAT ${format}\n${data[format]}`);
      expect((await send('EXISTS t')).body).toBe('1\n');
      expect((await send('EXISTS injected')).body).toBe('0\n');
    },
  );

  test.each([
    ...['DROP TABLE t', "INSERT INTO t VALUES ('get')", 'CREATE TABLE u (a Int8) ENGINE = Memory', 'TRUNCATE TABLE t'],
    ...[
      "INSERT INTO t SELECT 'x'",
      'ALTER TABLE t DELETE WHERE 1',
      'OPTIMIZE TABLE t',
      'KILL QUERY WHERE 1',
      'SYSTEM STOP MERGES',
    ],
  ])('GET refuses %s', async (sql) => {
    for (const path of [`/?query=${encodeURIComponent(sql)}`, `/?readonly=0&query=${encodeURIComponent(sql)}`]) {
      const answer = await send('', { method: 'GET', path });
      expect(answer.headers['x-clickhouse-exception-code']).toMatch(/^(164|497)$/);
    }
    const posted = await send('', { path: `/?readonly=1&query=${encodeURIComponent(sql)}` });
    expect(posted.headers['x-clickhouse-exception-code']).toBe('164');
  });

  test('a reader cannot lift its own readonly, nor write by a read verb', async () => {
    await expectRefused('SELECT 1 SETTINGS readonly = 0', /readonly/);
    const answer = await send("WITH 1 AS x INSERT INTO t SELECT 'written'");
    expect(answer.status).not.toBe(200);
    expect((await send("SELECT count() FROM t WHERE a = 'written'")).body).toBe('0\n');
  });
});

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

describe('what is not there says so', () => {
  test.each([
    ['/?session_id=1', 'session_id'],
    ['/?role=admin', 'role'],
    ['/?decompress=1', 'decompress'],
    ['/?compress=1', 'compress'],
    ['/play', '/play'],
    ['/dashboard', '/dashboard'],
    ['/metrics', '/metrics'],
  ])('%s is 501', async (path, named) => {
    const answer = await send('SELECT 1', { path });
    expect(answer.status).toBe(501);
    expect(answer.body).toContain(named);
    expect(answer.headers['x-clickhouse-exception-code']).toBe('48');
  });

  test.each([
    ['PUT', {}, 'PUT'],
    ['PATCH', {}, 'PATCH'],
    ['POST', { 'Content-Encoding': 'lz4' }, 'lz4'],
    ['POST', { 'X-ClickHouse-Quota': 'q' }, 'quota'],
  ] as [string, Record<string, string>, string][])('%s with %o is 501', async (method, headers, named) => {
    const answer = await send('SELECT 1', { method, headers });
    expect(answer.status).toBe(501);
    expect(answer.body).toContain(named);
  });

  test.each([
    'SET max_threads = 1',
    'USE system',
    'CREATE TEMPORARY TABLE x (a Int8)',
    'BEGIN TRANSACTION',
    "INSERT INTO t SELECT * FROM input('a String') FORMAT CSV\nx",
  ])('%s is 501', async (sql) => {
    expect((await send(sql)).status).toBe(501);
  });

  test('external data is 501', async () => {
    const form = '--b\r\nContent-Disposition: form-data; name="ext"; filename="x"\r\n\r\n1\r\n--b--\r\n';
    const answer = await send(form, {
      path: '/?query=SELECT%201',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    });
    expect(answer.status).toBe(501);
    expect(answer.body).toContain('external data');
  });

  test('broken bodies and URLs are 400, and the engine lives on', async () => {
    const headers = { 'Content-Encoding': 'gzip' };
    expect((await send('not gzip', { headers })).status).toBe(400);
    expect((await send(Buffer.from([0x53, 0xff, 0x00]))).status).toBe(400);
    expect((await send(Buffer.from("SELECT '\xff'", 'latin1'))).status).toBe(400);
    expect((await send('', { path: '/?param_a%00b=1&query=SELECT%201' })).status).toBe(400);
    expect((await send('SELECT 1', { path: '/?default_format=a%0d%0ab' })).status).toBe(404);
    expect((await send('')).status).toBe(400);
    expect((await send('SELECT 1')).body).toBe('1\n');
  });
});
