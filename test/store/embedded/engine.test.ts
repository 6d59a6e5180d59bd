import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { openStore, type Store } from '../../../store/client.ts';
import { createEngine, type Engine } from '../../../store/embedded/engine.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-engine-'));
  cleanup.push(() => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return path;
}

async function started(dataDir: string, port = 0): Promise<Engine> {
  const engine = createEngine({ dataDir, port, telemetry: silentTelemetry() });
  cleanup.push(() => engine.stop());
  await engine.start();
  return engine;
}

function opened(engine: Engine): Store {
  const store = openStore(engine.endpoint());
  cleanup.push(() => store.close());
  return store;
}

async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  for (const end = Date.now() + deadlineMs; Date.now() < end; await sleep(25)) if (await holds()) return;
  throw new Error(`${what}: not within ${deadlineMs} ms`);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const TABLE = `CREATE TABLE IF NOT EXISTS t (id UInt64) ENGINE = MergeTree ORDER BY id
  SETTINGS non_replicated_deduplication_window = 1000`;

test('data, password and port stay over a restart; stop is safe twice and without start', async () => {
  const dataDir = await folder();
  const first = await started(dataDir);
  const endpoint = first.endpoint();
  const store = opened(first);
  await store.client.command({ query: TABLE });
  await store.insert('t', [{ id: 1 }], { token: 'a' });
  expect(first.health()).toEqual({ ready: true });
  const pid = first.pid() as number;
  await Promise.all([first.stop(), first.stop()]);
  expect(alive(pid)).toBe(false);
  expect(first.health().ready).toBe(false);

  const second = await started(dataDir, Number(new URL(endpoint.url).port));
  expect(second.endpoint()).toEqual(endpoint);
  const again = opened(second);
  await again.insert('t', [{ id: 2 }], { token: 'a' });
  expect(await again.rows('SELECT id FROM t')).toEqual([{ id: 1 }]);

  const idle = createEngine({ dataDir: await folder(), port: 0, telemetry: silentTelemetry() });
  expect(idle.health()).toEqual({ ready: false, detail: 'not started' });
  expect(() => idle.endpoint()).toThrow(/store|port/);
  await idle.stop();
});

test('an engine that never had a table restarts as well', async () => {
  const dataDir = await folder();
  for (let i = 0; i < 3; i++) {
    const engine = await started(dataDir);
    const store = opened(engine);
    expect(await store.rows("SELECT engine FROM system.databases WHERE name = 'default'")).toEqual([
      { engine: 'Atomic' },
    ]);
    if (i === 1) await store.client.command({ query: TABLE });
    if (i === 2) expect(await store.rows('SELECT count() AS n FROM t')).toEqual([{ n: 0 }]);
    await engine.stop();
  }
});

test('killed during inserts, it comes back: every acknowledged insert is stored once', async () => {
  const engine = await started(await folder());
  const store = opened(engine);
  const { url } = engine.endpoint();
  await store.client.command({ query: TABLE });
  const acknowledged: number[] = [];
  let stopped = false;
  let next = 0;
  const writer = async () => {
    while (!stopped) {
      const id = next++;
      await store.insert('t', [{ id }], { token: `segment-${id}` });
      acknowledged.push(id);
    }
  };
  const reader = async () => {
    while (!stopped) {
      await store.rows('SELECT count() AS n FROM t');
      await sleep(10);
    }
  };
  const running = Promise.all([writer(), writer(), writer(), reader()]);
  for (let kill = 0; kill < 3; kill++) {
    const goal = acknowledged.length + 15;
    await until('inserts after a kill', () => acknowledged.length >= goal);
    const pid = engine.pid() as number;
    process.kill(pid, 'SIGKILL');
    await until('another child', () => engine.pid() !== undefined && engine.pid() !== pid);
  }
  await until('ready', () => engine.health().ready);
  const goal = acknowledged.length + 15;
  await until('inserts at the end', () => acknowledged.length >= goal);
  stopped = true;
  await running;
  expect(engine.endpoint().url).toBe(url);
  const [row] = await store.rows<{ n: number; distinct: number; ids: number[] }>(
    'SELECT count() AS n, uniqExact(id) AS distinct, groupArray(id) AS ids FROM t',
  );
  const stored = new Set(row?.ids);
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  expect(row?.n).toBe(row?.distinct);
  expect(row?.n).toBe(acknowledged.length);
}, 90_000);

test('health tells of a dead child until it is back, and restarts are counted', async () => {
  const telemetry = silentTelemetry();
  const engine = createEngine({ dataDir: await folder(), port: 0, telemetry });
  cleanup.push(() => engine.stop());
  await engine.start();
  process.kill(engine.pid() as number, 'SIGKILL');
  await until('not ready', () => !engine.health().ready);
  expect(engine.health().detail).toMatch(/SIGKILL|ended/);
  await until('ready again', () => engine.health().ready);
  expect(await telemetry.registry.metrics()).toMatch(/weir_store_engine_restarts_total 1\b/);
});

test('kill -9 of the supervisor leaves no engine behind, and the next start takes over at once', async () => {
  const dataDir = await folder();
  const script = join(dataDir, 'supervisor.ts');
  const room = join(import.meta.dirname, '..', '..', '..');
  await writeFile(
    script,
    `import { createEngine } from ${JSON.stringify(join(room, 'store/embedded/engine.ts'))};
import { silentTelemetry } from ${JSON.stringify(join(room, 'core/telemetry.ts'))};
const engine = createEngine({ dataDir: ${JSON.stringify(join(dataDir, 'data'))}, port: 0, telemetry: silentTelemetry() });
await engine.start();
process.stdout.write(JSON.stringify({ pid: engine.pid(), endpoint: engine.endpoint() }) + '\\n');
setInterval(() => {}, 1000);
`,
  );
  const supervisor = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup.push(async () => supervisor.kill('SIGKILL'));
  const said = await new Promise<string>((resolve) =>
    supervisor.stdout.once('data', (bytes) => resolve(String(bytes))),
  );
  const { pid, endpoint } = JSON.parse(said);
  const before = openStore(endpoint);
  await before.client.command({ query: TABLE });
  await before.insert('t', [{ id: 7 }], { token: 'x' });
  // A query that would run for minutes must not keep the orphan alive.
  const slow = before.client
    .query({ query: 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)' })
    .catch(() => undefined);
  await sleep(200);
  supervisor.kill('SIGKILL');
  const next = await started(join(dataDir, 'data'));
  await until('the orphan is gone', () => !alive(pid));
  expect(await opened(next).rows('SELECT id FROM t')).toEqual([{ id: 7 }]);
  await slow;
  await before.close();
}, 60_000);

test('two engines on one folder: the second waits, then says who holds it', async () => {
  const dataDir = await folder();
  const first = await started(dataDir);
  const second = createEngine({ dataDir, port: 0, telemetry: silentTelemetry(), startDeadlineMs: 1500 });
  cleanup.push(() => second.stop());
  await expect(second.start()).rejects.toMatchObject({
    code: 'store_engine_failed',
    message: expect.stringMatching(/lock file|already running/),
  });
  expect(await opened(first).rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a port in use is told', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => squatter.once('listening', resolve));
  cleanup.push(async () => squatter.close());
  const { port } = squatter.address() as AddressInfo;
  const engine = createEngine({ dataDir: await folder(), port, telemetry: silentTelemetry(), startDeadlineMs: 1000 });
  cleanup.push(() => engine.stop());
  await expect(engine.start()).rejects.toThrow(/another process uses the port/);
});

test('a host off loopback is refused before anything starts', async () => {
  const dataDir = await folder();
  expect(() => createEngine({ dataDir, host: '0.0.0.0', port: 0, telemetry: silentTelemetry() })).toThrow(/loopback/);
  expect(existsSync(join(dataDir, 'store.password'))).toBe(false);
});

test('an abandoned read is killed in the engine, and readers are free again', async () => {
  const engine = await started(await folder());
  const store = opened(engine);
  const slow = 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)';
  const controllers = Array.from({ length: 8 }, () => new AbortController());
  const abandoned = controllers.map((controller) =>
    store.client.query({ query: slow, abort_signal: controller.signal }).catch(() => 'aborted'),
  );
  await sleep(300);
  for (const controller of controllers) controller.abort();
  expect(await Promise.all(abandoned)).toEqual(Array(8).fill('aborted'));
  await until('no query left', async () => {
    const [row] = await store.rows<{ n: number }>(
      "SELECT count() AS n FROM system.processes WHERE query LIKE 'SELECT sum(sip%'",
    );
    return row?.n === 0;
  });
});

test('reads go on while writers are busy', async () => {
  const engine = await started(await folder());
  const store = opened(engine);
  await store.client.command({ query: 'CREATE TABLE busy (x UInt64) ENGINE = MergeTree ORDER BY x' });
  const inserts = Array.from({ length: 6 }, () =>
    store.client.command({
      query:
        'INSERT INTO busy SELECT sleepEachRow(0.1) + number FROM numbers(20) SETTINGS max_block_size = 5, function_sleep_max_microseconds_per_block = 10000000',
    }),
  );
  const began = performance.now();
  expect(await store.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(performance.now() - began).toBeLessThan(1800);
  await Promise.all(inserts);
  expect(await store.rows('SELECT count() AS n FROM busy')).toEqual([{ n: 120 }]);
});
