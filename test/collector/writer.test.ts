import { cp, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TableBlock } from '../../collector/reader/tables.ts';
import { Spool } from '../../collector/spool/spool.ts';
import { Writer } from '../../collector/writer.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore, type Store } from '../../store/client.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { metric, waitForRows } from './harness.ts';
import { NativeSource, selectBlock } from './native-source.ts';

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
  await test.store.client.command({
    query: `CREATE TABLE rolled (Service String, Count SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree
      ORDER BY Service SETTINGS non_replicated_deduplication_window = 1000`,
  });
  const query = 'SELECT ServiceName::String AS Service, count() AS Count FROM spans GROUP BY Service';
  await test.store.client.command({ query: `CREATE MATERIALIZED VIEW rolled_mv TO rolled AS ${query}` });
});
afterAll(async () => {
  await test?.stop();
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-writer-'));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function start(options: { store?: Store; directory?: string; age?: number; maxRows?: number } = {}) {
  const directory = options.directory ?? (await folder());
  const telemetry = silentTelemetry();
  const source = new NativeSource();
  const { age = 20, maxRows = 200_000 } = options;
  const spool: Spool = new Spool({
    directory,
    maxBytes: 1 << 30,
    minFreeBytes: 0,
    roll: { idleAge: age, maxAge: age, maxRows, maxBytes: 8 << 20 },
    telemetry,
    now: Date.now,
    onClosed: (segment) => writer.enqueue(segment),
  });
  const store = options.store ?? test.store;
  const writer = new Writer({ store, spool, telemetry, now: Date.now, retryMin: 10, retryMax: 50 });
  writer.start();
  await spool.open(source);
  const stop = async (deadline = 10_000) => {
    await spool.close();
    await writer.stop(deadline);
    await spool.unlock();
  };
  cleanups.push(() => stop(0));
  return { spool, source, writer, telemetry, directory, stop, append: source.append.bind(source, spool) };
}

const TIME = `fromUnixTimestamp64Nano(toInt64(${Date.now() - 60_000}) * 1000000) AS Timestamp, '' AS AttributeKeys, '' AS AttributeValues`;

function logs(service: string, bodies: readonly string[]): Promise<TableBlock> {
  const list = bodies.map((body) => `'${body.replaceAll('\n', '\\n')}'`).join();
  return selectBlock(test.store, 'logs', `SELECT ${TIME}, '${service}' AS ServiceName, arrayJoin([${list}]) AS Body`);
}

function spans(service: string, count: number, name = 'work'): Promise<TableBlock> {
  const columns = `${TIME}, '${service}' AS ServiceName, '${name}' AS SpanName, toUInt64(number) AS Duration`;
  return selectBlock(test.store, 'spans', `SELECT ${columns} FROM numbers(${count})`);
}

const bodies = (service: string) => `SELECT Body FROM logs WHERE ServiceName = '${service}' ORDER BY Body`;
const counts = async (service: string) => {
  const [row] = await test.store.rows<{ raw: number; rolled: number }>(
    `SELECT (SELECT toUInt32(count()) FROM spans WHERE ServiceName = '${service}') AS raw,
       (SELECT toUInt32(sum(Count)) FROM rolled WHERE Service = '${service}') AS rolled`,
  );
  return row;
};
const drained = (spool: Spool) => vi.waitFor(() => expect(spool.backlogBytes).toBe(0), { timeout: 25_000 });

describe('the writer', () => {
  it('stores a segment of many blocks and removes its files', async () => {
    const { spool, append, telemetry, directory, stop } = await start({ age: 3_600_000 });
    await append(await logs('plain', ['a', 'b\n\nc']), await spans('plain', 3));
    await append(await logs('plain', ['d']));
    await stop();
    expect(await waitForRows(test.store, bodies('plain'), 3)).toEqual([
      { Body: 'a' },
      { Body: 'b\n\nc' },
      { Body: 'd' },
    ]);
    expect(await counts('plain')).toEqual({ raw: 3, rolled: 3 });
    expect(await readdir(join(directory, 'logs'))).toEqual([]);
    expect(await metric(telemetry, 'weir_collector_stored_total{table="logs"}')).toBe(3);
    expect(spool.backlogBytes).toBe(0);
  });

  it('stores a segment once, also when it was stored before the files could be removed', async () => {
    const { append, directory, stop } = await start({ age: 3_600_000 });
    await append(await spans('replayed', 5));
    await append(await spans('replayed', 4));
    const copy = await folder();
    await cp(directory, copy, { recursive: true });
    await stop();
    expect(await counts('replayed')).toEqual({ raw: 9, rolled: 9 });
    const again = await start({ directory: copy });
    await again.stop();
    expect(await metric(again.telemetry, 'weir_collector_stored_total{table="spans"}')).toBe(9);
    expect(await counts('replayed')).toEqual({ raw: 9, rolled: 9 });
  });

  it('stores what is whole of a segment whose bytes changed on disk', async () => {
    const { append, directory, stop } = await start({ age: 3_600_000 });
    for (const text of ['first', 'second', 'third']) await append(await logs('changed', [text]));
    const copy = await folder();
    await cp(directory, copy, { recursive: true });
    const [name] = (await readdir(join(copy, 'logs'))).filter((file) => file.endsWith('.native')) as [string];
    const bytes = await readFile(join(copy, 'logs', name));
    bytes[bytes.indexOf('second')] = 0x53;
    await writeFile(join(copy, 'logs', name), bytes);
    await rm(directory, { recursive: true });
    await stop(0);
    const again = await start({ directory: copy });
    await drained(again.spool);
    expect(await test.store.rows(bodies('changed'))).toEqual([{ Body: 'first' }, { Body: 'third' }]);
    expect(await readdir(join(copy, 'excerpts'))).toEqual([]);
    expect(await readdir(join(copy, 'quarantine', 'logs'))).toHaveLength(2);
  });

  it('waits for a store that is away, says so in its health, and loses nothing', async () => {
    const away = openStore({ ...test.endpoint, url: 'http://127.0.0.1:9' });
    let current = away;
    const switching = {
      ...test.store,
      insertFile: (...call: Parameters<Store['insertFile']>) => current.insertFile(...call),
    } as Store;
    const clock = vi.spyOn(Date, 'now');
    const { writer, append, telemetry, stop } = await start({ store: switching });
    await append(await logs('away', ['a']));
    const failures = () => metric(telemetry, 'weir_collector_insert_failures_total{table="logs"}');
    await vi.waitFor(async () => expect(await failures()).toBeGreaterThan(2), { timeout: 10_000 });
    expect(writer.health().ready).toBe(true);
    expect(writer.isBusy('logs')).toBe(true);
    const later = Date.now() + 60_000;
    clock.mockReturnValue(later);
    expect(writer.health()).toMatchObject({ ready: false, detail: expect.stringContaining('logs cannot be stored') });
    clock.mockRestore();
    await append(await logs('away', ['b']));
    current = test.store;
    expect(await waitForRows(test.store, bodies('away'), 2)).toHaveLength(2);
    await vi.waitFor(() => expect(writer.isBusy('logs')).toBe(false));
    expect(writer.health()).toEqual({ ready: true });
    await stop();
    await away.close();
  });

  it('goes on where it was when the engine is killed and comes back', async () => {
    const { spool, append, stop } = await start();
    const block = await spans('engine-killed', 7);
    let appended = 0;
    for (let round = 0; round < 2; round++) {
      const before = await vi.waitFor(() => test.engine.pid() ?? Promise.reject(new Error('the engine is away')), {
        timeout: 20_000,
      });
      for (let i = 0; i < 10; i++) {
        await append(block);
        appended += 7;
        if (i === 5) process.kill(before, 'SIGKILL');
        await new Promise((next) => setTimeout(next, 20));
      }
    }
    await drained(spool);
    await stop();
    expect(await counts('engine-killed')).toEqual({ raw: appended, rolled: appended });
  });

  it('finds the blocks the store will never take, keeps them aside with the reason, stores the others once', async () => {
    const { spool, append, telemetry, directory, stop } = await start({ age: 3_600_000 });
    const bad = await selectBlock(
      test.store,
      'logs',
      "SELECT 'no time' AS Timestamp, 'poison' AS ServiceName, '' AS AttributeKeys, '' AS AttributeValues",
    );
    const torn = { ...bad, bytes: (await logs('poison', ['torn', 'apart'])).bytes.subarray(0, 60), rows: 2 };
    for (let i = 0; i < 12; i++) {
      await append(await logs('poison', [`good ${String(i).padStart(2, '0')}`]));
      if (i === 2) await append(bad);
      if (i === 9) await append(torn);
    }
    await spool.close();
    await drained(spool);
    await stop();
    const stored = await test.store.rows<{ Body: string }>(bodies('poison'));
    expect(stored.map(({ Body }) => Body)).toEqual(
      Array.from({ length: 12 }, (_, i) => `good ${String(i).padStart(2, '0')}`),
    );
    const refused = (await readdir(join(directory, 'quarantine', 'logs'))).filter((name) => name.endsWith('.native'));
    expect(refused.map((name) => /-(\d+)\.native$/.exec(name)?.[1]).sort()).toEqual(['11', '3']);
    const path = join(directory, 'quarantine', 'logs', refused.find((name) => name.endsWith('-3.native')) as string);
    expect(await readFile(path)).toEqual(bad.bytes);
    expect(await readFile(`${path}.reason.txt`, 'utf8')).toContain('Cannot parse DateTime');
    const dropped = 'weir_collector_quarantined_total{table="logs",reason="refused_by_store"}';
    expect(await metric(telemetry, dropped)).toBe(3);
    expect(await metric(telemetry, 'weir_collector_stored_total{table="logs"}')).toBe(12);
  });

  it('does not let a table in trouble hold up the others', async () => {
    await test.store.client.command({ query: 'RENAME TABLE logs TO logs_away' });
    const { append, stop } = await start();
    await append(await logs('trouble', ['a']));
    await append(await spans('trouble', 4));
    await waitForRows(test.store, `SELECT 1 FROM spans WHERE ServiceName = 'trouble'`, 4);
    await test.store.client.command({ query: 'RENAME TABLE logs_away TO logs' });
    expect(await waitForRows(test.store, bodies('trouble'), 1)).toHaveLength(1);
    await stop();
  });

  it('does not let a segment in trouble hold up its table', async () => {
    const failing = {
      ...test.store,
      insertFile: async (...call: Parameters<Store['insertFile']>) => {
        if ((await readFile(call[1])).includes('stuck')) throw new Error('socket hang up');
        await test.store.insertFile(...call);
      },
    } as Store;
    const { append, stop } = await start({ store: failing });
    await append(await logs('stuck', ['a']));
    await new Promise((next) => setTimeout(next, 100));
    await append(await logs('passes', ['b']));
    expect(await waitForRows(test.store, bodies('passes'), 1)).toHaveLength(1);
    await stop(0);
  });

  it('inserts two segments of a large table at a time when they pile up, and no more', async () => {
    let running = 0;
    let most = 0;
    let isHeld = true;
    const slow = {
      ...test.store,
      insertFile: async (...call: Parameters<Store['insertFile']>) => {
        running++;
        most = Math.max(most, running);
        while (isHeld) await new Promise((next) => setTimeout(next, 5));
        await test.store.insertFile(...call);
        running--;
      },
    } as Store;
    const { spool, append, stop } = await start({ store: slow, maxRows: 1 });
    const block = await spans('piled', 1);
    for (let i = 0; i < 3; i++) await append(block);
    await spool.close();
    expect(most).toBe(1);
    isHeld = false;
    await drained(spool);
    await stop();
    isHeld = true;
    most = 0;
    const again = await start({ store: slow, maxRows: 1 });
    for (let i = 0; i < 12; i++) await again.append(block);
    await vi.waitFor(() => expect(running).toBe(2));
    isHeld = false;
    await drained(again.spool);
    await again.stop();
    expect(most).toBe(2);
    expect(await counts('piled')).toEqual({ raw: 15, rolled: 15 });
  });

  it('says so when the file of a segment is gone, and goes on', async () => {
    const { spool, append, directory, telemetry, stop } = await start({ age: 3_600_000 });
    await append(await logs('gone', ['a', 'b']));
    for (const name of await readdir(join(directory, 'logs'))) await unlink(join(directory, 'logs', name));
    await spool.close();
    await drained(spool);
    await stop();
    expect(await metric(telemetry, 'weir_collector_quarantined_total{table="logs",reason="file_gone"}')).toBe(2);
  });

  it('stores rows once and feeds the other rollups when one of them keeps failing', async () => {
    await test.store.client.command({
      query: `CREATE MATERIALIZED VIEW broken_mv ENGINE = MergeTree ORDER BY a AS
        SELECT throwIf(SpanName::String = 'boom') AS a FROM spans`,
    });
    const { spool, append, telemetry, stop } = await start();
    await append(await spans('view', 2, 'boom'));
    await drained(spool);
    await stop();
    await test.store.client.command({ query: 'DROP VIEW broken_mv' });
    expect(await counts('view')).toEqual({ raw: 2, rolled: 2 });
    expect(await metric(telemetry, 'weir_collector_rollup_missed_total{table="spans"}')).toBe(2);
  });
});
