import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../core/errors.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Store } from './client.ts';
import type { ClusterConfig } from './config.ts';
import { splitStatements } from './embedded/statements.ts';

/**
 * Migrations: the files `store/migrations/NNNN_name.sql` in the order of their numbers, forward only.
 *
 * What a file may hold:
 * - statements separated by `;` (a `;` inside a string, comment, quoted identifier or heredoc does not separate);
 * - names without a database: everything lands in the database the store was opened with;
 * - `{on_cluster}` after the name of every created, altered or dropped object. On one server it becomes nothing, on
 *   a cluster `ON CLUSTER 'name'`;
 * - `{engine:X}` or `{engine:X(arguments)}` for every engine of the MergeTree family, as in
 *   `ENGINE = {engine:MergeTree}` or `ENGINE = {engine:ReplacingMergeTree(UpdatedAt)}`. On one server it becomes
 *   `X(arguments)`, on a cluster `ReplicatedX('path', 'replica', arguments)`;
 * - `{source:table}` as the source of a dictionary over a table of the same database. A server asks a dictionary for a
 *   login, so it becomes `CLICKHOUSE(TABLE 'table' USER 'name' PASSWORD '...')` there, and every start defines the
 *   dictionaries anew, since the password may have changed;
 * - statements that can run twice (`CREATE TABLE IF NOT EXISTS`): a file that failed half-way runs again from its
 *   first statement.
 *
 * Placeholders are replaced as text, wherever they stand. An applied file must stay as it is: its SHA-256 (of the
 * file's own text) is kept in the table `weir_migrations`.
 */
const MIGRATIONS = join(import.meta.dirname, 'migrations');
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

export interface MigrateOptions {
  /** Folder of the files; for tests. */
  readonly folder?: string;
  readonly cluster?: ClusterConfig;
  /** With what dictionaries read their tables; a server outside needs it, the embedded engine does not. */
  readonly login?: Login;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

/**
 * Applies what is missing and returns the names of the files applied now.
 *
 * Throws before anything is applied: `store_migration_name_invalid` (not `NNNN_name.sql`),
 * `store_migration_number_doubled`, `store_migration_edited`, `store_migration_missing` (applied, but its file is
 * gone), `store_migration_out_of_order` (a new file below the newest applied one). Throws
 * `store_migration_failed` with file and statement when the engine refuses one; the next start goes on there.
 * Two callers at once apply the same statements twice, which the rule above makes harmless.
 */
export async function migrate(
  store: Store,
  telemetry?: Telemetry,
  options: MigrateOptions = {},
): Promise<readonly string[]> {
  const { cluster, login } = options;
  const files = await readMigrations(options.folder ?? MIGRATIONS);
  await store.client.command({ query: expandMacros(HISTORY_TABLE, cluster) });
  const applied = new Map<string, string>();
  const rows = await store.rows<{ Name: string; Sha256: string }>(
    'SELECT Name, Sha256 FROM weir_migrations ORDER BY Name',
  );
  for (const row of rows) applied.set(row.Name, row.Sha256);
  const pending = checkHistory(files, applied);
  if (login !== undefined)
    await renewDictionaries(
      store,
      files.filter((file) => applied.has(file.name)),
      options,
    );
  for (const file of pending) {
    const began = performance.now();
    await applyFile(store, file, options);
    await store.insert('weir_migrations', [{ Name: file.name, Sha256: file.sha256 }], {
      token: `weir_migrations:${file.name}`,
    });
    const took_ms = Math.round(performance.now() - began);
    telemetry?.log.info({ event: 'store_migration_applied', file: file.name, took_ms }, 'migration applied');
  }
  return pending.map((file) => file.name);
}

const HISTORY_TABLE = `CREATE TABLE IF NOT EXISTS weir_migrations {on_cluster} (
  Name String,
  Sha256 FixedString(64),
  AppliedAt DateTime64(3) DEFAULT now64(3)
) ENGINE = {engine:MergeTree} ORDER BY Name SETTINGS non_replicated_deduplication_window = 100`;

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files: Migration[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.sql')).sort()) {
    const number = FILE_NAME.exec(name)?.[1];
    if (number === undefined) {
      throw new WeirError('store_migration_name_invalid', `${name} is not named NNNN_name.sql (letters in lower case)`);
    }
    const before = files.at(-1)?.name;
    if (before?.startsWith(`${number}_`)) {
      throw new WeirError(
        'store_migration_number_doubled',
        `two migrations have the number ${number}: ${before} and ${name}`,
      );
    }
    const text = await readFile(join(folder, name), 'utf8');
    files.push({ name, text, sha256: createHash('sha256').update(text).digest('hex') });
  }
  return files;
}

/** The files still to apply. Throws when history and files disagree. */
function checkHistory(files: readonly Migration[], applied: ReadonlyMap<string, string>): Migration[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  for (const [name, sha256] of applied) {
    const file = byName.get(name);
    if (file === undefined) {
      throw new WeirError(
        'store_migration_missing',
        `the database has applied ${name}, but the file is gone: this Weir is older than its data, or the file was deleted or renamed`,
      );
    }
    if (file.sha256 !== sha256) {
      throw new WeirError(
        'store_migration_edited',
        `${name} was edited after it was applied: put its text back and write the change as a new migration`,
      );
    }
  }
  const newest = [...applied.keys()].sort().at(-1) ?? '';
  const pending = files.filter((file) => !applied.has(file.name));
  const late = pending.find((file) => file.name < newest);
  if (late !== undefined) {
    throw new WeirError(
      'store_migration_out_of_order',
      `${late.name} is new but stands before ${newest}, which is applied: give it a higher number`,
    );
  }
  return pending;
}

async function renewDictionaries(store: Store, files: readonly Migration[], options: MigrateOptions): Promise<void> {
  for (const file of files) {
    for (const statement of splitStatements(expandMacros(file.text, options.cluster, options.login))) {
      const renewed = statement.replace(CREATE_DICTIONARY, 'CREATE OR REPLACE DICTIONARY');
      if (renewed !== statement) await store.client.command({ query: renewed });
    }
  }
}

const CREATE_DICTIONARY = /^CREATE DICTIONARY IF NOT EXISTS\b/;

async function applyFile(store: Store, file: Migration, options: MigrateOptions): Promise<void> {
  const statements = splitStatements(expandMacros(file.text, options.cluster, options.login));
  for (const [i, statement] of statements.entries()) {
    try {
      await store.client.command({ query: statement });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const first = statement.split('\n', 1)[0]?.slice(0, 100);
      throw new WeirError('store_migration_failed', `${file.name}, statement ${i + 1} (${first}): ${message}`, {
        cause,
      });
    }
  }
}

/** Replaces `{on_cluster}`, `{engine:...}` and `{source:...}` for one server or for a cluster. */
export function expandMacros(text: string, cluster: ClusterConfig | undefined, login?: Login): string {
  const user = login === undefined ? '' : ` USER ${quote(login.username)} PASSWORD ${quote(login.password)}`;
  return text
    .replace(/\{source:(\w+)\}/g, (_, table: string) => `CLICKHOUSE(TABLE ${quote(table)}${user})`)
    .replaceAll('{on_cluster}', cluster === undefined ? '' : `ON CLUSTER ${quote(cluster.name)}`)
    .replace(/\{engine:([A-Za-z]*MergeTree)(?:\(([^{}]*)\))?\}/g, (_, engine: string, inside: string | undefined) => {
      if (cluster === undefined) return inside === undefined ? engine : `${engine}(${inside})`;
      const given = inside === undefined || inside.trim() === '' ? [] : [inside];
      return `Replicated${engine}(${[quote(cluster.replica_path), quote(cluster.replica_name), ...given].join(', ')})`;
    });
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
