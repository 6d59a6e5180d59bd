import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestStore, type TestStore } from './harness.ts';
import * as sender from './sender.ts';

/** Who may ask, how much at once, and what is not there: each hole seen closed from outside. */
let running: TestStore;
beforeAll(async () => {
  running = await startTestStore({ migrate: false });
  await running.store.client.command({ query: 'CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a' });
});
afterAll(() => running.stop());

const send = (body: string | Buffer, options?: sender.SendOptions) => sender.send(running.endpoint, body, options);
const expectRefused = (sql: string, named: RegExp, path?: string) =>
  sender.expectRefused(running.endpoint, sql, named, path);

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
