import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WeirError } from '../../core/errors.ts';
import { isUnreachable, openStore } from '../../store/client.ts';
import { startTestStore, type TestStore } from './harness.ts';

describe('with the engine', () => {
  let running: TestStore;
  beforeAll(async () => {
    running = await startTestStore({ migrate: false });
    await running.store.client.command({
      query: `CREATE TABLE t (id UInt64, big UInt64, at DateTime64(9), tags Map(String, String)) ENGINE = MergeTree ORDER BY id
        SETTINGS non_replicated_deduplication_window = 100`,
    });
  });
  afterAll(() => running.stop());

  test('rows come as objects, with parameters and settings', async () => {
    const { store } = running;
    expect(store.database).toBe('default');
    expect(await store.rows('SELECT number AS n FROM numbers({count:UInt32})', { count: 3 })).toEqual([
      { n: 0 },
      { n: 1 },
      { n: 2 },
    ]);
    expect(await store.rows("SELECT getSetting('max_threads')::UInt8 AS t", undefined, { max_threads: 3 })).toEqual([
      { t: 3 },
    ]);
    expect(await store.rows('SELECT 1 AS x WHERE 0')).toEqual([]);
    const many = Array.from({ length: 3000 }, (_, i) => `key-${i}-${'x'.repeat(20)}`);
    expect(await store.rows('SELECT length({many:Array(String)}) AS n', { many })).toEqual([{ n: 3000 }]);
  });

  test('inserted objects come back equal; a token makes the second insert nothing', async () => {
    const { store } = running;
    const rows = [
      { id: 1, big: '18446744073709551615', at: '1700000000.123456789', tags: { a: 'b\n\n' } },
      { id: 2, big: '0', at: '1600000000.000000001', tags: {} },
    ];
    await store.insert('t', rows, { token: 'one' });
    await store.insert('t', rows, { token: 'one' });
    await store.insert('t', []);
    expect(
      await store.rows(
        'SELECT id, toString(big) AS big, toUnixTimestamp64Nano(at)::String AS at, tags FROM t ORDER BY id',
      ),
    ).toEqual([
      { id: 1, big: '18446744073709551615', at: '1700000000123456789', tags: { a: 'b\n\n' } },
      { id: 2, big: '0', at: '1600000000000000001', tags: {} },
    ]);
  });

  test('a final error comes at once, as the client throws it', async () => {
    const began = Date.now();
    await expect(running.store.rows('SELECT nope')).rejects.toMatchObject({ code: '47' });
    await expect(running.store.insert('nowhere', [{ a: 1 }], { token: 'x' })).rejects.toMatchObject({ code: '60' });
    expect(Date.now() - began).toBeLessThan(5000);
    const wrong = openStore({ ...running.endpoint, password: 'wrong' });
    await expect(wrong.rows('SELECT 1')).rejects.toMatchObject({ code: '516' });
    await wrong.close();
  });
});

describe('with a store that comes and goes', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function serve(listener: RequestListener, port = 0): Promise<number> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }
  const open = (port: number, retryMs?: number) =>
    openStore(
      { url: `http://127.0.0.1:${port}`, database: 'default', username: 'default', password: '' },
      retryMs === undefined ? {} : { retryMs },
    );

  test('reads and inserts with a token wait for it; what it refused for now is sent again', async () => {
    let calls = 0;
    const port = await serve((request, response) => {
      calls += 1;
      request.resume().on('end', () => {
        if (calls === 1) response.destroy();
        else if (calls === 2) {
          response
            .writeHead(503)
            .end('Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)');
        } else response.end('{"x":1}\n');
      });
    });
    const store = open(port);
    expect(await store.rows('SELECT 1')).toEqual([{ x: 1 }]);
    expect(calls).toBe(3);
    calls = 0;
    await store.insert('t', [{ a: 1 }], { token: 'k' });
    expect(calls).toBe(3);
    await store.close();
  });

  test('an insert without a token is never sent twice', async () => {
    let calls = 0;
    const port = await serve((request, response) => {
      calls += 1;
      request.resume().on('end', () => response.destroy());
    });
    const store = open(port);
    await expect(store.insert('t', [{ a: 1 }])).rejects.toThrow();
    expect(calls).toBe(1);
    await store.close();
  });

  test('a server that starts later is found', async () => {
    const port = await serve(() => undefined);
    const [first] = servers.splice(0);
    await new Promise((resolve) => first?.close(resolve));
    const store = open(port);
    const waiting = store.rows('SELECT 1');
    await sleep(400);
    await serve((request, response) => request.resume().on('end', () => response.end('{"late":1}\n')), port);
    expect(await waiting).toEqual([{ late: 1 }]);
    await store.close();
  });

  test('it gives up after its time, with a retryable error that names the store', async () => {
    const port = await serve(() => undefined);
    const [first] = servers.splice(0);
    await new Promise((resolve) => first?.close(resolve));
    const store = open(port, 300);
    const error = await store.rows('SELECT 1').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeirError);
    expect(error).toMatchObject({ code: 'store_client_unreachable', retryable: true });
    expect((error as WeirError).message).toContain(`127.0.0.1:${port}`);
    await store.close();
  });

  test('close ends the waiting', async () => {
    const port = await serve(() => undefined);
    const [first] = servers.splice(0);
    await new Promise((resolve) => first?.close(resolve));
    const store = open(port, 60_000);
    const began = Date.now();
    const waiting = store.rows('SELECT 1').catch((thrown: unknown) => thrown);
    await sleep(100);
    await store.close();
    expect(await waiting).toBeInstanceOf(Error);
    expect(Date.now() - began).toBeLessThan(10_000);
  });
});

test.each([
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), true],
  [Object.assign(new Error('read'), { code: 'ECONNRESET' }), true],
  [Object.assign(new Error('busy'), { code: '202' }), true],
  [Object.assign(new Error('syntax'), { code: '62' }), false],
  [new Error('socket hang up'), true],
  [new Error('outer', { cause: Object.assign(new Error('in'), { code: 'EPIPE' }) }), true],
  [new Error('Unknown identifier aborted_at'), false],
  [new SyntaxError('Unexpected token'), false],
  ['text', false],
])('unreachable: %s', (error, expected) => {
  expect(isUnreachable(error)).toBe(expected);
});
