import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore } from '../../store/client.ts';
import { createEngine } from '../../store/embedded/engine.ts';

const ROUNDS = 10;
const SENDERS = 6;
const ITEMS = 20;

let dataDir: string;
const running = new Set<ChildProcess>();
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weir-crash-'));
});
afterAll(async () => {
  for (const child of running) kill(child);
  await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

/** Engine and collector in a process group of their own, which dies as a whole. */
function startPlatform(): { child: ChildProcess; ready: Promise<string> } {
  const script = new URL('./crash-platform.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, dataDir], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk));
  const ready = new Promise<string>((done, fail) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const address = /ready (\S+)/.exec(chunk.toString())?.[1];
      if (address !== undefined) done(address);
    });
    child.once('exit', (code) => fail(new Error(`the platform ended with ${code}: ${output}`)));
  });
  ready.catch(() => {});
  return { child, ready };
}

function kill(child: ChildProcess): void {
  try {
    process.kill(-(child.pid as number), 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

const gone = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise<void>((done) => child.once('exit', () => done()));
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const NOW = BigInt(Date.now() - 600_000) * 1_000_000n;
let requests = 0;

interface Acknowledged {
  readonly traces: Set<string>;
  readonly logs: Set<string>;
  readonly metrics: Set<string>;
}

function document(signal: keyof Acknowledged, id: string): object {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'crash' } }] };
  const attributes = [{ key: 'request', value: { stringValue: id } }];
  const each = <T>(make: (hex: string, i: number) => T): T[] =>
    Array.from({ length: ITEMS }, (_, i) => make((requests * 100 + i + 1).toString(16), i));
  const time = String(NOW);
  if (signal === 'traces') {
    const spans = each((hex) => ({
      traceId: hex.padStart(32, '0'),
      spanId: hex.padStart(16, '0'),
      kind: 2,
      name: 'work',
      startTimeUnixNano: time,
      endTimeUnixNano: String(NOW + 1_000_000n),
      attributes,
    }));
    return { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] };
  }
  if (signal === 'logs') {
    const logRecords = each((_, i) => ({ timeUnixNano: time, body: { intValue: String(i) }, attributes }));
    return { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] };
  }
  const dataPoints = each((_, i) => ({ timeUnixNano: time, asInt: String(i), attributes }));
  const metrics = [
    { name: 'crash.gauge', gauge: { dataPoints } },
    { name: 'crash.sum', sum: { dataPoints, aggregationTemporality: 1, isMonotonic: true } },
  ];
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] };
}

function next(): Sent {
  const signal = (['traces', 'logs', 'metrics', 'traces'] as const)[requests % 4] ?? 'traces';
  const id = String(++requests);
  return { signal, id, body: JSON.stringify(document(signal, id)) };
}

interface Sent {
  readonly signal: keyof Acknowledged;
  readonly id: string;
  readonly body: string;
}

/** Requests without an answer when the platform went: their senders send them again, as an exporter does. */
const unanswered: Sent[] = [];

/** Sends one request after the other until the platform is gone. */
async function load(address: string, acknowledged: Acknowledged, isOver: () => boolean): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const send = ({ signal, body }: Sent) =>
    new Promise<number>((done) => {
      const headers = { 'content-type': 'application/json' };
      const request = httpRequest(`${address}/v1/${signal}`, { method: 'POST', headers, agent }, (response) => {
        response.resume();
        response.on('end', () => done(response.statusCode ?? 0));
        response.on('error', () => done(0));
      });
      request.on('error', () => done(0));
      request.end(body);
    });
  const sender = async () => {
    while (!isOver()) {
      const sent = unanswered.shift() ?? next();
      const status = await send(sent);
      if (status === 200) acknowledged[sent.signal].add(sent.id);
      else unanswered.push(sent);
      if (status !== 200) await pause(10);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  agent.destroy();
}

/** Waits until the spool is empty: a stop leaves to the next start what the store does not take in time. */
async function isDrained(address: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const metrics = await (await fetch(`${address}/metrics`)).text();
    if (/^weir_collector_spool_bytes 0$/m.test(metrics)) return;
    await pause(100);
  }
  throw new Error('the spool was not empty after a minute');
}

it('stores every acknowledged item exactly once over ten kill -9', { timeout: 150_000 }, async () => {
  const acknowledged: Acknowledged = { traces: new Set(), logs: new Set(), metrics: new Set() };
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 4 === 3) {
      // Some crashes hit a platform that is still replaying the crash before.
      const { child } = startPlatform();
      await pause(200 + Math.random() * 1000);
      kill(child);
      await gone(child);
    }
    const { child, ready } = startPlatform();
    const address = await ready;
    let over = false;
    const loading = load(address, acknowledged, () => over);
    await pause(100 + Math.random() * 900);
    kill(child);
    over = true;
    await Promise.all([gone(child), loading]);
  }
  const { child, ready } = startPlatform();
  await isDrained(await ready);
  child.kill('SIGTERM');
  await gone(child);

  const engine = createEngine({ dataDir: join(dataDir, 'store'), port: 0, telemetry: silentTelemetry() });
  await engine.start();
  const store = openStore(engine.endpoint());
  try {
    const total = acknowledged.traces.size + acknowledged.logs.size + acknowledged.metrics.size;
    expect(total).toBeGreaterThan(ROUNDS * 3);
    expect(unanswered.length).toBeLessThanOrEqual(SENDERS);
    const check = async (table: string, attributes: string, item: string, ids: ReadonlySet<string>) => {
      const rows = await store.rows<{ id: string; items: number; distinct: number }>(
        `SELECT ${attributes}['request'] AS id, toUInt32(count()) AS items, toUInt32(uniqExact(${item})) AS distinct
         FROM ${table} WHERE ServiceName = 'crash' GROUP BY id`,
      );
      const found = new Map(rows.map((row) => [row.id, row]));
      const lost = [...ids].filter((id) => found.get(id)?.items !== ITEMS);
      // A request that was not acknowledged may be there, but no item of it twice.
      const doubled = rows.filter((row) => row.items !== row.distinct);
      expect({ table, lost, doubled }).toEqual({ table, lost: [], doubled: [] });
      return rows.reduce((sum, row) => sum + row.items, 0);
    };
    const spans = await check('otel_traces', 'SpanAttributes', 'SpanId', acknowledged.traces);
    await check('otel_logs', 'LogAttributes', 'Body', acknowledged.logs);
    const gauges = await check('otel_metrics_gauge', 'Attributes', 'Value', acknowledged.metrics);
    const sums = await check('otel_metrics_sum', 'Attributes', 'Value', acknowledged.metrics);
    const [rolled] = await store.rows<{ spans: number; gauges: number; sums: number }>(
      `SELECT (SELECT toUInt32(sum(Count)) FROM red_10s WHERE Service = 'crash' AND Source = 'spans') AS spans,
         (SELECT toUInt32(sum(Count)) FROM gauge_10s WHERE MetricName = 'crash.gauge') AS gauges,
         (SELECT toUInt32(sum(Count)) FROM gauge_10s WHERE MetricName = 'crash.sum') AS sums`,
    );
    expect(rolled).toEqual({ spans, gauges, sums });
  } finally {
    await store.close();
    await engine.stop();
  }
});
