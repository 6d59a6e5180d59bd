import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { openStore, type Store } from '../../../store/client.ts';
import { createEngine } from '../../../store/embedded/engine.ts';

let dataDir = '';
afterEach(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

async function withStore<T>(database: string, work: (store: Store) => Promise<T>): Promise<T> {
  const engine = createEngine({ dataDir, port: 0, telemetry: silentTelemetry() });
  await engine.start();
  const store = openStore({ ...engine.endpoint(), database });
  try {
    return await work(store);
  } finally {
    await store.close();
    await engine.stop();
  }
}

const insert = (store: Store, token: string) => store.insert('t', [{ a: 1 }], { token });
const count = async (store: Store) => (await store.rows<{ n: number }>('SELECT toUInt32(count()) AS n FROM t'))[0]?.n;

describe('a token whose part never came to be', () => {
  it.each(['default', 'tenant'])(
    'in %s does not swallow the repeated insert; tokens of real parts still do',
    async (name) => {
      dataDir = await mkdtemp(join(tmpdir(), 'weir-dedup-'));
      await withStore('default', (store) => store.client.command({ query: `CREATE DATABASE IF NOT EXISTS ${name}` }));
      const folder = await withStore(name, async (store) => {
        await store.client.command({
          query:
            'CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100',
        });
        await insert(store, 'first');
        await insert(store, 'second');
        const [row] = await store.rows<{ path: string }>(
          `SELECT data_paths[1] AS path FROM system.tables WHERE database = currentDatabase() AND name = 't'`,
        );
        return row?.path ?? '';
      });
      // What a kill leaves that hits between the log's write and the part's rename.
      const part = (await readdir(folder)).find((name) => name.startsWith('all_2_2')) as string;
      await rm(join(folder, part), { recursive: true });
      await withStore(name, async (store) => {
        expect(await count(store)).toBe(1);
        await insert(store, 'first');
        await insert(store, 'second');
        expect(await count(store)).toBe(2);
      });
      await withStore(name, async (store) => {
        await insert(store, 'second');
        expect(await count(store)).toBe(2);
      });
    },
  );
});
