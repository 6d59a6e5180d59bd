import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Lines } from '../../collector/otlp/lines.ts';
import { Spool } from '../../collector/spool/spool.ts';
import { Writer } from '../../collector/writer.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore, type Store } from '../../store/client.ts';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { metric, waitForRows } from './harness.ts';

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
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

async function start(options: { store?: Store; directory?: string; segmentAge?: number } = {}) {
  const directory = options.directory ?? (await folder());
  const telemetry = silentTelemetry();
  const spool: Spool = new Spool({
    directory,
    maxBytes: 1 << 30,
    minFreeBytes: 0,
    segmentAge: options.segmentAge ?? 20,
    segmentBytes: 8 << 20,
    segmentRows: 200_000,
    telemetry,
    now: Date.now,
    onClosed: (segment) => writer.enqueue(segment),
  });
  const { store = test.store } = options;
  const writer = new Writer({ store, spool, telemetry, now: Date.now, retryMin: 10, retryMax: 50 });
  writer.start();
  await spool.open();
  const stop = async (deadline = 10_000) => {
    await spool.close();
    await writer.stop(deadline);
    await spool.unlock();
  };
  cleanups.push(() => stop(0));
  return { spool, writer, telemetry, directory, stop };
}

const NOW_S = Math.floor(Date.now() / 1000) - 60;

function logLines(service: string, bodies: readonly unknown[]): Lines {
  const text = bodies.map((body) => JSON.stringify({ Timestamp: NOW_S * 1e9, ServiceName: service, Body: body }));
  return { table: 'otel_logs', bytes: Buffer.from(`${text.join('\n')}\n`), rows: bodies.length, days: new Set([1]) };
}

function spanLines(service: string, count: number, attributes: object = {}): Lines {
  const row = {
    Timestamp: NOW_S * 1e9,
    TraceId: 'a'.repeat(32),
    SpanKind: 'Server',
    ServiceName: service,
    SpanAttributes: attributes,
    Duration: 1000,
  };
  const bytes = Buffer.from(`${JSON.stringify(row)}\n`.repeat(count));
  return { table: 'otel_traces', bytes, rows: count, days: new Set([1]) };
}

const bodies = (service: string) => `SELECT Body FROM otel_logs WHERE ServiceName = '${service}' ORDER BY Body`;
const counts = (service: string) =>
  test.store.rows<{ raw: number; rolled: number }>(
    `SELECT (SELECT toUInt32(count()) FROM otel_traces WHERE ServiceName = '${service}') AS raw,
       (SELECT toUInt32(sum(Count)) FROM red_10s WHERE Service = '${service}') AS rolled`,
  );

describe('the writer', () => {
  it('stores a segment and removes its files', async () => {
    const { spool, telemetry, directory, stop } = await start();
    await spool.append([logLines('plain', ['a', 'b\n\nc']), spanLines('plain', 3)]);
    await stop();
    expect(await waitForRows(test.store, bodies('plain'), 2)).toEqual([{ Body: 'a' }, { Body: 'b\n\nc' }]);
    expect(await counts('plain')).toEqual([{ raw: 3, rolled: 3 }]);
    expect(await readdir(join(directory, 'otel_logs'))).toEqual([]);
    expect(await metric(telemetry, 'weir_collector_stored_total{table="otel_logs"}')).toBe(2);
    expect(spool.backlogBytes).toBe(0);
  });

  it('stores a segment once, also when it was stored before the files could be removed', async () => {
    const { spool, directory, stop } = await start({ segmentAge: 3_600_000 });
    await spool.append([spanLines('replayed', 5)]);
    const copy = await folder();
    await cp(directory, copy, { recursive: true });
    await stop();
    expect(await counts('replayed')).toEqual([{ raw: 5, rolled: 5 }]);
    const again = await start({ directory: copy });
    await again.stop();
    expect(await metric(again.telemetry, 'weir_collector_stored_total{table="otel_traces"}')).toBe(5);
    expect(await counts('replayed')).toEqual([{ raw: 5, rolled: 5 }]);
  });

  it('waits for a store that is away, says so in its health, and loses nothing', async () => {
    const away = openStore({ ...test.endpoint, url: 'http://127.0.0.1:9' });
    let current = away;
    const switching = {
      ...test.store,
      get client() {
        return current.client;
      },
    } as Store;
    const clock = vi.spyOn(Date, 'now');
    const { spool, writer, telemetry, stop } = await start({ store: switching });
    await spool.append([logLines('away', ['a'])]);
    const failures = () => metric(telemetry, 'weir_collector_insert_failures_total{table="otel_logs"}');
    await vi.waitFor(async () => expect(await failures()).toBeGreaterThan(2), { timeout: 10_000 });
    expect(writer.health().ready).toBe(true);
    const later = Date.now() + 60_000;
    clock.mockReturnValue(later);
    expect(writer.health()).toMatchObject({
      ready: false,
      detail: expect.stringContaining('otel_logs cannot be stored'),
    });
    clock.mockRestore();
    await spool.append([logLines('away', ['b'])]);
    current = test.store;
    expect(await waitForRows(test.store, bodies('away'), 2)).toHaveLength(2);
    expect(writer.health()).toEqual({ ready: true });
    await stop();
    await away.close();
  });

  it('goes on where it was when the engine is killed and comes back', async () => {
    const { spool, stop } = await start();
    let appended = 0;
    for (let round = 0; round < 2; round++) {
      const before = await vi.waitFor(() => test.engine.pid() ?? Promise.reject(new Error('the engine is away')), {
        timeout: 20_000,
      });
      for (let i = 0; i < 10; i++) {
        await spool.append([spanLines('engine-killed', 7)]);
        appended += 7;
        if (i === 5) process.kill(before, 'SIGKILL');
        await new Promise((next) => setTimeout(next, 20));
      }
    }
    await vi.waitFor(() => expect(spool.backlogBytes).toBe(0), { timeout: 25_000 });
    await stop();
    expect(await counts('engine-killed')).toEqual([{ raw: appended, rolled: appended }]);
  });

  it('finds the rows the store will never take, keeps them aside with the reason, stores the others once', async () => {
    const { spool, telemetry, directory, stop } = await start();
    const good = Array.from({ length: 100 }, (_, i) => `good ${String(i).padStart(3, '0')}`);
    const mixed: unknown[] = [...good];
    mixed.splice(13, 0, { not: ['text', 5] });
    mixed.splice(77, 0, [1]);
    const lines = logLines('poison', mixed);
    const broken = Buffer.from('{"Timestamp": "no time", "ServiceName": "poison"}\n');
    await spool.append([{ ...lines, bytes: Buffer.concat([broken, lines.bytes]), rows: lines.rows + 1 }]);
    await vi.waitFor(() => expect(spool.backlogBytes).toBe(0), { timeout: 20_000 });
    await stop();
    const stored = await waitForRows<{ Body: string }>(test.store, bodies('poison'), 100);
    const refused = (await readdir(join(directory, 'quarantine', 'otel_logs'))).filter((name) =>
      name.endsWith('.jsonl'),
    );
    expect(stored.map((row) => row.Body).filter((body) => body.startsWith('good'))).toEqual(good);
    expect(refused.length).toBe(103 - stored.length);
    const [first] = refused.sort();
    const path = join(directory, 'quarantine', 'otel_logs', first as string);
    expect(await readFile(path, 'utf8')).toBe(broken.toString());
    expect(await readFile(`${path}.reason.txt`, 'utf8')).toContain('Timestamp');
    const dropped = 'weir_collector_quarantined_total{table="otel_logs",reason="refused_by_store"}';
    expect(await metric(telemetry, dropped)).toBe(refused.length);
  });

  it('does not let a table in trouble hold up the others', async () => {
    await test.store.client.command({ query: 'RENAME TABLE otel_logs TO otel_logs_away' });
    const { spool, stop } = await start();
    await spool.append([logLines('trouble', ['a'])]);
    await spool.append([spanLines('trouble', 4)]);
    await waitForRows(test.store, `SELECT 1 FROM otel_traces WHERE ServiceName = 'trouble'`, 4);
    await test.store.client.command({ query: 'RENAME TABLE otel_logs_away TO otel_logs' });
    expect(await waitForRows(test.store, bodies('trouble'), 1)).toHaveLength(1);
    await stop();
  });

  it('stores rows once and feeds the other rollups when one of them keeps failing', async () => {
    await test.store.client.command({
      query: `CREATE MATERIALIZED VIEW broken_mv ENGINE = MergeTree ORDER BY a AS
        SELECT throwIf(SpanAttributes['boom'] != '') AS a FROM otel_traces`,
    });
    const { spool, telemetry, stop } = await start();
    await spool.append([spanLines('view', 2, { boom: 'x' })]);
    await vi.waitFor(() => expect(spool.backlogBytes).toBe(0), { timeout: 20_000 });
    await stop();
    await test.store.client.command({ query: 'DROP VIEW broken_mv' });
    expect(await counts('view')).toEqual([{ raw: 2, rolled: 2 }]);
    expect(await metric(telemetry, 'weir_collector_rollup_missed_total{table="otel_traces"}')).toBe(2);
  });
});
