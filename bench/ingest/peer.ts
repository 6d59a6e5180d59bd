import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../store/client.ts';
import { USER } from '../../store/embedded/credentials.ts';
import { startDrive } from './drive.ts';
import type { Outcome } from './goals.ts';
import { buildCollector, COLLECTOR_VERSION } from './peer-build.ts';
import { startPlatform } from './platform.ts';
import { type Context, loadOptions } from './scenarios/context.ts';
import { untilMerged, untilVisible } from './scenarios/settle.ts';
import { throughputNumbers } from './scenarios/throughput.ts';
import { bytesPerItem, countItems, diskUse } from './tables.ts';
import { Watch } from './watch.ts';

const DATABASE = 'otel';
const SETTLE_MS = 180_000;

interface Collector {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Batches of 100,000 as the exporter's documentation advises; a full queue makes senders wait instead of dropping. */
function configuration(port: number, exporter: 'clickhouse' | 'nop', exporters: object): string {
  const [receivers, processors] = [['otlp'], ['batch']];
  return JSON.stringify({
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { batch: { send_batch_size: 100_000, timeout: '1s' } },
    exporters,
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
      pipelines: { traces: { receivers, processors, exporters: [exporter] } },
    },
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function startCollector(folder: string, exporter: 'clickhouse' | 'nop', exporters: object): Promise<Collector> {
  const port = await freePort();
  const file = join(folder, `${exporter}.json`);
  writeFileSync(file, configuration(port, exporter, exporters));
  const child = spawn(buildCollector(), ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-4000);
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      await fetch(url);
      break;
    } catch {
      if (child.exitCode !== null || tries > 300) throw new Error(`the Collector does not start: ${said}`);
      await sleep(100);
    }
  }
  return {
    url,
    process: child,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await Promise.race([once(child, 'exit'), sleep(60_000)]);
      child.kill('SIGKILL');
    },
  };
}

/** The Collector with its ClickHouse exporter, into our embedded engine, in the stock tables that it makes. */
export async function peer(context: Context): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const dataDir = context.folder();
  const platform = await startPlatform({ dataDir, roles: 'store', set: context.set });
  stack.defer(() => platform.stop());
  const gateway = spawn(
    process.execPath,
    [join(import.meta.dirname, 'peer-gateway.ts'), new URL(platform.engine).port],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  stack.defer(() => {
    gateway.kill();
  });
  const [told] = (await once(gateway.stdout, 'data')) as [Buffer];
  const collector = await startCollector(dataDir, 'clickhouse', {
    clickhouse: {
      endpoint: `http://127.0.0.1:${told.toString().trim()}`,
      username: USER,
      password: platform.password,
      database: DATABASE,
      async_insert: false,
      compress: 'none',
      timeout: '60s',
      sending_queue: { queue_size: 10, num_consumers: 2, block_on_overflow: true },
    },
  });
  stack.defer(() => collector.stop());
  const store = openStore({ url: platform.engine, database: DATABASE, username: USER, password: platform.password });
  stack.defer(() => store.close());

  const running = startDrive({ ...loadOptions(context, collector.url, 'traces'), forMs: context.seconds * 1000 });
  await running.ready;
  const began = performance.now();
  const processes = {
    otelcol: collector.process.pid as number,
    engine: platform.processes.engine,
    gateway: gateway.pid as number,
  };
  const watch = new Watch({ processes, dataDir, store, diskFull: () => running.stop() });
  const load = await running.done;
  const allVisible = await untilVisible(store, 'traces', load.acked);
  const visibleSeconds = (performance.now() - began) / 1000;
  const seen = await watch.end();
  await untilMerged(store, SETTLE_MS);
  const stored = await countItems(store, 'traces');
  const bytes = bytesPerItem(await diskUse(store), 'traces', stored);
  const numbers = {
    ...throughputNumbers({ load, watch: seen, visibleSeconds, allVisible }),
    'durable and visible items/s': stored / visibleSeconds,
    'rows by count()': stored,
    'count() equals acknowledged': stored === load.acked ? 'yes' : `NO: ${stored - load.acked}`,
    'bytes/item, rows': bytes.raw,
    'bytes/item, everything': bytes.all,
    version: COLLECTOR_VERSION,
    'what an acknowledgement means': 'held in memory',
  };
  return { scenario: 'peer', goals: {}, numbers, detail: { load, watch: seen } };
}

/** The Collector's receiving, decoding and batching alone: everything is thrown away. */
export async function peerNull(context: Context): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const dataDir = context.folder();
  const collector = await startCollector(dataDir, 'nop', { nop: {} });
  stack.defer(() => collector.stop());
  const forMs = Math.min(context.seconds, 15) * 1000;
  const running = startDrive({ ...loadOptions(context, collector.url, 'traces'), forMs });
  await running.ready;
  const watch = new Watch({ processes: { otelcol: collector.process.pid as number }, dataDir });
  const load = await running.done;
  const seen = await watch.end();
  const numbers = {
    'acknowledged items': load.acked,
    'acknowledged items/s': (load.acked * 1000) / load.elapsedMs,
    'items per CPU second of the collector': load.acked / (seen.cpu['otelcol'] ?? Number.NaN),
    'CPU us/item, otelcol': ((seen.cpu['otelcol'] ?? 0) * 1e6) / load.acked,
    'generator, cores': (load.cpuSeconds * 1000) / load.elapsedMs,
    'peak resident GB': seen.peakResidentBytes / 1e9,
    'ack p50 ms': load.latency.p50,
    'ack p99 ms': load.latency.p99,
    version: COLLECTOR_VERSION,
  };
  return { scenario: 'peer-null', goals: {}, numbers, detail: { load, watch: seen } };
}
