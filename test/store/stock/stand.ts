import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../../store/client.ts';
import { migrate } from '../../../store/migrate.ts';
import { startTestStore } from '../harness.ts';
import { fillStock } from './telemetry.ts';

const MIGRATIONS = join(import.meta.dirname, '../../../store/migrations');
/** The last migration under which the stock names are tables. */
const STOCK = '0005';

/** Rows to a mark, in the tables of both databases: what a filter prunes of fifty thousand rows shows as it does of millions. */
export const GRANULARITY = 256;

export interface StockStand extends AsyncDisposable {
  /** A database as it stood when the exporter's tables were tables, filled with `count` items of each signal. */
  readonly stock: Store;
  /** The same one, brought to the present. */
  readonly lean: Store;
}

/** Two databases with equal rows: one stays as it was, the other is migrated. */
export async function startStockStand(count: number): Promise<StockStand> {
  const stand = await startTestStore({ migrate: false });
  const folder = await mkdtemp(join(tmpdir(), 'weir-stock-'));
  const take = async (wanted: (file: string) => boolean) => {
    for (const file of (await readdir(MIGRATIONS)).filter(wanted)) {
      const text = await readFile(join(MIGRATIONS, file), 'utf8');
      const finer = `SETTINGS index_granularity = ${GRANULARITY}, ttl_only_drop_parts`;
      await writeFile(join(folder, file), text.replaceAll('SETTINGS ttl_only_drop_parts', finer));
    }
  };
  const open = async (database: string) => {
    await stand.store.client.command({ query: `CREATE DATABASE ${database}` });
    const store = openStore({ ...stand.endpoint, database });
    await migrate(store, undefined, { folder });
    for (const query of fillStock(count)) await store.client.command({ query });
    return store;
  };
  await take((file) => file.slice(0, 4) <= STOCK);
  const stock = await open('stock');
  const lean = await open('lean');
  await take((file) => file.slice(0, 4) > STOCK);
  await migrate(lean, undefined, { folder });
  return {
    stock,
    lean,
    async [Symbol.asyncDispose]() {
      await Promise.all([stock.close(), lean.close()]);
      await stand.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
