import { join } from 'node:path';
import { collectorConfig } from '../../collector/config.ts';
import { createCollector } from '../../collector/main.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore } from '../../store/client.ts';
import { createEngine } from '../../store/embedded/engine.ts';
import { migrate } from '../../store/migrate.ts';

/** Engine and collector in one process, over the folder given; says `ready` with its address when it takes telemetry. */
const [dataDir] = process.argv.slice(2) as [string];
const telemetry = silentTelemetry();
const engine = createEngine({
  dataDir: join(dataDir, 'store'),
  insertFolder: join(dataDir, 'spool'),
  port: 0,
  telemetry,
});
await engine.start();
const store = openStore(engine.endpoint());
await migrate(store, telemetry);
const config = collectorConfig.parse({
  otlp_http: { port: 0 },
  otlp_grpc: { port: 0 },
  kafka_lag: { brokers: [] },
  spool: { min_free_bytes: 0, segment_idle_age: '50ms', segment_age: '150ms', segment_rows: 2000 },
});
const collector = createCollector({ config, store, dataDir, telemetry });
await collector.start();
process.stdout.write(`ready ${collector.addresses().http}\n`);
process.on('SIGTERM', async () => {
  await collector.stop();
  await store.close();
  await engine.stop();
  process.exit(0);
});
