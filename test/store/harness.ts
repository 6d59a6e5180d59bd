import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore, type Store, type StoreEndpoint } from '../../store/client.ts';
import { createEngine, type Engine } from '../../store/embedded/engine.ts';
import { migrate } from '../../store/migrate.ts';
import { copyMigrated } from './template.ts';

export interface TestStore {
  readonly store: Store;
  readonly endpoint: StoreEndpoint;
  readonly engine: Engine;
  readonly dataDir: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A real engine in a folder of its own, migrated unless told otherwise; `stop` removes the folder. */
export async function startTestStore(options: { migrate?: boolean } = {}): Promise<TestStore> {
  const dataDir = await mkdtemp(join(tmpdir(), 'weir-store-'));
  const engine = createEngine({ dataDir, port: 0, telemetry: silentTelemetry() });
  const remove = () => rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  const wantsTables = options.migrate ?? true;
  try {
    const hasTables = wantsTables && (await copyMigrated(dataDir));
    await engine.start();
    const store = openStore(engine.endpoint());
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        await store.close();
        await engine.stop();
        await remove();
      })();
      return stopped;
    };
    try {
      if (wantsTables && !hasTables) await migrate(store);
    } catch (error) {
      await stop();
      throw error;
    }
    return { store, endpoint: engine.endpoint(), engine, dataDir, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await engine.stop();
    await remove();
    throw error;
  }
}
