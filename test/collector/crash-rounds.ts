import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore, type Store } from '../../store/client.ts';
import { createEngine } from '../../store/embedded/engine.ts';
import { ITEMS, Load, SENDERS } from './crash-load.ts';

/** What is killed: the collector with its supervisor, the engine's process, or both at one moment. */
const VICTIMS = ['both', 'collector', 'engine'] as const;
type Victim = (typeof VICTIMS)[number];

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Engine and collector in a process group of their own, with the engine's process id once it runs. */
class Platform {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly ready: Promise<string>;

  constructor(dataDir: string) {
    const script = new URL('./crash-platform.ts', import.meta.url).pathname;
    this.#child = spawn(process.execPath, [script, dataDir], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = new Promise((done) => this.#child.once('exit', () => done()));
    let output = '';
    this.#child.stderr?.on('data', (chunk: Buffer) => (output += chunk));
    this.ready = new Promise((done, fail) => {
      this.#child.stdout?.on('data', (chunk: Buffer) => {
        const address = /ready (\S+)/.exec(chunk.toString())?.[1];
        if (address !== undefined) done(address);
      });
      this.#child.once('exit', (code) => fail(new Error(`the platform ended with ${code}: ${output.slice(-2000)}`)));
    });
    this.ready.catch(() => {});
  }

  async kill(victim: Victim): Promise<void> {
    const pid = this.#child.pid as number;
    try {
      if (victim === 'both') process.kill(-pid, 'SIGKILL');
      else if (victim === 'collector') process.kill(pid, 'SIGKILL');
      else for (const engine of children(pid)) process.kill(engine, 'SIGKILL');
    } catch {
      // It is gone already.
    }
    if (victim !== 'engine') await this.#exited;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

function children(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** Kills the platform `rounds` times, under load and while it starts, and compares what is stored with what was said. */
export async function survive(rounds: number): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'weir-crash-'));
  let platform: Platform | undefined;
  try {
    const load = new Load();
    for (let round = 0; round < rounds; round++) {
      if (round % 4 === 3) {
        // Some crashes hit a platform that is still replaying the crash before.
        platform = new Platform(dataDir);
        await pause(200 + Math.random() * 1000);
        await platform.kill('both');
      }
      platform = new Platform(dataDir);
      const address = await platform.ready;
      const before = load.total;
      let isOver = false;
      const loading = load.run(address, () => isOver);
      while (load.total === before) await pause(10);
      await pause(Math.random() * 900);
      const victim = VICTIMS[round % VICTIMS.length] as Victim;
      await platform.kill(victim);
      if (victim === 'engine') {
        // Its supervisor starts it again, and the collector never stops taking telemetry.
        await pause(Math.random() * 1500);
        await platform.kill('both');
      }
      isOver = true;
      await loading;
    }
    platform = new Platform(dataDir);
    await drain(await platform.ready);
    await platform.stop();
    platform = undefined;
    expect(load.unanswered.length).toBeLessThanOrEqual(SENDERS);
    await compare(dataDir, load);
  } finally {
    await platform?.kill('both');
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Waits until the spool is empty: a stop leaves to the next start what the store does not take in time. */
async function drain(address: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const metrics = await (await fetch(`${address}/metrics`)).text();
    if (/^weir_collector_spool_bytes 0$/m.test(metrics)) return;
    await pause(100);
  }
  throw new Error('the spool was not empty after a minute');
}

async function compare(dataDir: string, load: Load): Promise<void> {
  const engine = createEngine({ dataDir: join(dataDir, 'store'), port: 0, telemetry: silentTelemetry() });
  await engine.start();
  const store = openStore(engine.endpoint());
  try {
    const spans = await check(store, 'spans', 'Attributes', 'SpanId', load.acknowledged.traces);
    await check(store, 'logs', 'Attributes', 'Body', load.acknowledged.logs);
    // A point whose series was never told has no request here, and is missed.
    const points = (metric: string) =>
      `(SELECT s.Attributes AS Attributes, p.Value AS Value, s.ServiceName AS ServiceName
        FROM metric_points AS p ANY LEFT JOIN metric_series AS s ON p.SeriesId = s.SeriesId
        WHERE p.MetricName = '${metric}')`;
    const gauges = await check(store, points('crash.gauge'), 'Attributes', 'Value', load.acknowledged.metrics);
    const sums = await check(store, points('crash.sum'), 'Attributes', 'Value', load.acknowledged.metrics);
    // Rollups add: an insert that came twice, or only half of its way through the views, shows in one of them.
    const count = (table: string, condition: string) =>
      `(SELECT toUInt32(sum(Count)) FROM ${table} WHERE Service = 'crash' AND ${condition})`;
    const spanRollups = ['red_10s', 'red_1m', 'red_1h', 'edges_1m', 'edges_5m', 'edges_1h'];
    const counts = [
      ...spanRollups.map((table) => ({ table, rows: spans, sql: count(table, "Source = 'spans'") })),
      ...['gauge_1m', 'gauge_1h'].flatMap((table) => [
        { table: `${table} of gauges`, rows: gauges, sql: count(table, "MetricName = 'crash.gauge'") },
        { table: `${table} of sums`, rows: sums, sql: count(table, "MetricName = 'crash.sum'") },
      ]),
    ];
    const [found] = await store.rows<Record<string, number>>(
      `SELECT ${counts.map(({ table, sql }) => `${sql} AS \`${table}\``).join(', ')}`,
    );
    expect(found).toEqual(Object.fromEntries(counts.map(({ table, rows }) => [table, rows])));
    const [scopes] = await store.rows<{ used: number; told: number }>(
      `SELECT toUInt32(uniqExact(ScopeId)) AS used, toUInt32(uniqExactIf(ScopeId, ScopeId IN (SELECT ScopeId FROM resource_scopes))) AS told
       FROM spans`,
    );
    expect(scopes?.told).toBe(scopes?.used);
  } finally {
    await store.close();
    await engine.stop();
  }
}

/** Returns how many items there are, acknowledged or not. */
async function check(
  store: Store,
  table: string,
  attributes: string,
  item: string,
  ids: ReadonlySet<string>,
): Promise<number> {
  const rows = await store.rows<{ id: string; items: number; distinct: number }>(
    `SELECT ${attributes}['request'] AS id, toUInt32(count()) AS items, toUInt32(uniqExact(${item})) AS distinct
     FROM ${table} WHERE ServiceName = 'crash' GROUP BY id`,
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  const lost = [...ids].filter((id) => found.get(id)?.items !== ITEMS);
  // A request that was not acknowledged may be there, but no item of it twice.
  const doubled = rows.filter((row) => row.items !== row.distinct);
  expect(ids.size).toBeGreaterThan(0);
  expect({ table, lost, doubled }).toEqual({ table, lost: [], doubled: [] });
  return rows.reduce((sum, row) => sum + row.items, 0);
}
