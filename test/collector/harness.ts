import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectorConfig } from '../../collector/config.ts';
import { type Collector, createCollector } from '../../collector/main.ts';
import { silentTelemetry, type Telemetry } from '../../core/telemetry.ts';
import type { Store } from '../../store/client.ts';

export interface TestCollector {
  readonly collector: Collector;
  readonly http: string;
  readonly grpc: string;
  readonly dataDir: string;
  readonly telemetry: Telemetry;
  stop(): Promise<void>;
}

/** A collector on free ports with a folder of its own; `overrides` is configuration as users write it. */
export async function startTestCollector(
  store: Store,
  overrides: Record<string, unknown> = {},
  options: { dataDir?: string } = {},
): Promise<TestCollector> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'weir-collector-')));
  const { otlp_http = {}, otlp_grpc = {}, spool = {}, ...rest } = overrides as Record<string, object>;
  const config = collectorConfig.parse({
    otlp_http: { port: 0, ...otlp_http },
    otlp_grpc: { port: 0, ...otlp_grpc },
    kafka_lag: { brokers: [] },
    spool: { min_free_bytes: 0, segment_age: '100ms', ...spool },
    ...rest,
  });
  const telemetry = silentTelemetry();
  const collector = createCollector({ config, store, dataDir, telemetry });
  await collector.start();
  const { http, grpc } = collector.addresses();
  return {
    collector,
    http,
    grpc,
    dataDir,
    telemetry,
    async stop() {
      await collector.stop();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Rows once there are at least `count`; fails with what was found after 20 s. */
export async function waitForRows<T>(store: Store, sql: string, count: number): Promise<T[]> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const rows = await store.rows<T>(sql);
    if (rows.length >= count) return rows;
    if (Date.now() > deadline)
      throw new Error(`${rows.length} of ${count} rows: ${JSON.stringify(rows).slice(0, 1000)}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** The value of one sample in the Prometheus text of the collector's own metrics; 0 when it is not there. */
export async function metric(telemetry: Telemetry, sample: string): Promise<number> {
  const line = (await telemetry.registry.metrics()).split('\n').find((text) => text.startsWith(`${sample} `));
  return line === undefined ? 0 : Number(line.slice(sample.length + 1));
}
