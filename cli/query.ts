import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import type { WeirConfig } from '../config.ts';
import { WeirError } from '../core/errors.ts';
import { silentTelemetry } from '../core/telemetry.ts';
import type { StoreEndpoint } from '../store/client.ts';
import { readOrCreatePassword, USER } from '../store/embedded/credentials.ts';
import { createEngine } from '../store/embedded/engine.ts';
import { type ConfigOptions, readConfig, withConfigOptions } from './options.ts';

interface QueryOptions extends ConfigOptions {
  readonly format: string;
}

export function queryCommand(): Command {
  return withConfigOptions(new Command('query'))
    .description('read from the store with SQL; nothing can be changed this way')
    .argument('<sql>', 'one statement, such as "SELECT count() FROM otel_traces"')
    .option('-f, --format <name>', 'the output format: TSV, TSVWithNames, JSONEachRow, CSV, Pretty ...', 'TSV')
    .action(async (sql: string, options: QueryOptions) => {
      await withStore(readConfig(options), async (endpoint) => {
        const answer = await ask(endpoint, sql, options.format);
        if (answer.body) await pipeline(Readable.fromWeb(answer.body), process.stdout, { end: false });
      });
    });
}

/** Runs one read-only statement; throws `cli_query_refused` with the store's own words when it refuses. */
export async function ask(endpoint: StoreEndpoint, sql: string, format: string): Promise<Response> {
  const url = new URL(endpoint.url);
  url.searchParams.set('database', endpoint.database);
  url.searchParams.set('default_format', format);
  url.searchParams.set('readonly', '2');
  const user = Buffer.from(`${endpoint.username}:${endpoint.password}`).toString('base64');
  const answer = await fetch(url, { method: 'POST', body: sql, headers: { authorization: `Basic ${user}` } });
  if (!answer.ok) throw new WeirError('cli_query_refused', (await answer.text()).trim());
  return answer;
}

/** The running store when there is one; otherwise the embedded engine is started for the time of `use`. */
export async function withStore(config: WeirConfig, use: (endpoint: StoreEndpoint) => Promise<void>): Promise<void> {
  const { url, database, username, password, listen } = config.store;
  if (url !== undefined) {
    await use({ url, database, username, password });
    return;
  }
  const dataDir = join(config.data, 'store');
  const running: StoreEndpoint = {
    url: `http://127.0.0.1:${listen.port}`,
    database,
    username: USER,
    password: readOrCreatePassword(dataDir),
  };
  if (await answers(running)) {
    await use(running);
    return;
  }
  const engine = createEngine({ dataDir, port: 0, database, telemetry: silentTelemetry() });
  await engine.start();
  try {
    await use(engine.endpoint());
  } finally {
    await engine.stop();
  }
}

async function answers(endpoint: StoreEndpoint): Promise<boolean> {
  try {
    await (await ask(endpoint, 'SELECT 1', 'TSV')).arrayBuffer();
    return true;
  } catch (error) {
    if (error instanceof WeirError) {
      throw new WeirError(
        'cli_query_foreign_store',
        `something else answers on ${endpoint.url}: ${error.message}; give the data folder that belongs to it with --data`,
      );
    }
    return false;
  }
}
