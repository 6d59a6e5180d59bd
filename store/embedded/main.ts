import { existsSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { drainPending, Session } from 'chdb';
import { createTelemetry } from '../../core/telemetry.ts';
import { readOrCreatePassword } from './credentials.ts';
import { repairDeduplicationLogs } from './deduplication-log.ts';
import { createGuard, type EngineNames } from './guard.ts';
import { createHandler } from './handler.ts';
import { createInsertFiles } from './insert-files.ts';
import type { ChildMessage, ChildOptions, ParentMessage } from './messages.ts';
import { SessionPool } from './sessions.ts';
import { createInsertSpool } from './spool.ts';

/**
 * The engine process: `node main.ts <ChildOptions as JSON>`, with an IPC channel to its supervisor. It lives as long
 * as the channel: when the supervisor is gone, however it went, the process closes its sessions and exits, so that
 * nothing is left holding the data folder.
 */
const STOP_GRACE_MS = 5000;
const CLOSE_DEADLINE_MS = 4000;
const MAX_INSERT_BYTES = 2 * 1024 ** 3;
/** Folder of insert bodies and of links to insert files, in the data folder. */
const INSERTS = 'inserts';

const options = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;
const { log } = createTelemetry('store', options.logLevel);

function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message, () => undefined);
}

async function fail(message: string): Promise<never> {
  await new Promise((done) => (process.connected ? process.send?.({ type: 'failed', message }, done) : done(null)));
  process.exit(1);
}

async function column(session: Session, sql: string): Promise<string[]> {
  const result = await session.queryAsync(sql, { format: 'TSVRaw' });
  return result.text().split('\n').filter(Boolean);
}

/**
 * The engine makes its database `default` an overlay that also reads any file of the machine as a table
 * (`SELECT * FROM "/etc/passwd"`). Here `default` is a plain Atomic database, made or attached in place of the
 * overlay before anyone can connect; the server refuses to start when that failed. While no database is loaded, the
 * deduplication logs are repaired.
 */
async function openDatabases(session: Session, path: string): Promise<void> {
  const metadata = join(path, 'metadata');
  await session.queryAsync('USE system');
  await session.queryAsync('DETACH DATABASE default');
  const others = await column(
    session,
    "SELECT name FROM system.databases WHERE lower(name) NOT IN ('system', 'information_schema', 'default')",
  );
  for (const name of others) await session.queryAsync(`DETACH DATABASE ${quoted(name)}`);
  // Under the engine's lock, and before any table reads its log.
  for (const ghost of await repairDeduplicationLogs(path)) {
    log.warn(
      { event: 'store_deduplication_repaired', ...ghost },
      'a kill left the token of an insert without its rows; it was forgotten, so that the insert can be repeated',
    );
  }
  for (const name of others) await session.queryAsync(`ATTACH DATABASE ${quoted(name)}`);
  rmSync(join(metadata, 'default.sql.tmp'), { force: true });
  // The link `default` comes with the first table. Without it the engine gives the database a new UUID at every
  // start, so the old description of the empty database would not fit any more.
  if (lstatSync(join(metadata, 'default'), { throwIfNoEntry: false }) === undefined) {
    rmSync(join(metadata, 'default.sql'), { force: true });
  }
  if (existsSync(join(metadata, 'default.sql'))) await session.queryAsync('ATTACH DATABASE default');
  await session.queryAsync('CREATE DATABASE IF NOT EXISTS default ENGINE = Atomic');
  const engines = await column(session, "SELECT engine FROM system.databases WHERE name = 'default'");
  if (engines.join() !== 'Atomic') throw new Error(`database default has the engine ${engines.join()}, not Atomic`);
}

function quoted(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

async function open(): Promise<{ session: Session; names: EngineNames; timezone: string }> {
  process.chdir(options.dataDir);
  try {
    const session = new Session(path);
    await openDatabases(session, path);
    const engines = 'SELECT name FROM system.table_engines UNION ALL SELECT name FROM system.database_engines';
    const names = {
      tableFunctions: await column(session, 'SELECT name FROM system.table_functions'),
      engines: await column(session, engines),
    };
    const [timezone = 'UTC'] = await column(session, 'SELECT timezone()');
    return { session, names, timezone };
  } catch (error) {
    return fail(`cannot open ${options.dataDir}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : options.port);
    });
  });
}

const password = readOrCreatePassword(options.dataDir);
const path = join(options.dataDir, 'clickhouse');
const { session, names, timezone } = await open();
const readers = new SessionPool(path, { size: 8, readOnly: true });
const writers = new SessionPool(path, { size: 3, readOnly: false });
const loaders = new SessionPool(path, { size: 3, readOnly: false });
const controllers = new SessionPool(path, { size: 1, readOnly: false });
const counts = new Map<string, number>();
const server = createServer(
  { keepAliveTimeout: 30_000, requestTimeout: 0, maxHeaderSize: 1024 * 1024 },
  createHandler({
    password,
    timezone,
    guard: createGuard(names),
    readers,
    writers,
    loaders,
    controllers,
    spool: createInsertSpool(INSERTS, MAX_INSERT_BYTES),
    files: createInsertFiles(options.insertFolder, INSERTS),
    count: (what, detail) => {
      const key = `${what} ${detail}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  }),
);

const reporter = setInterval(() => tell({ type: 'counts', counts: Object.fromEntries(counts) }), 2000);
reporter.unref();

let stopping = false;
/**
 * Takes nothing new, lets running requests end within `graceMs`, closes the sessions (which flushes parts), and
 * exits. Requests past their grace are cut off, which kills their reads.
 */
function stop(reason: string, graceMs: number): void {
  if (stopping) return;
  stopping = true;
  log.debug({ event: 'store_engine_stopping', reason }, 'the embedded engine stops');
  // Past the deadline the kernel ends it: parts are renamed atomically, so nothing is left half-written.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs + CLOSE_DEADLINE_MS);
  setTimeout(() => server.closeAllConnections(), graceMs);
  // Connections become idle as their requests end.
  setInterval(() => server.closeIdleConnections(), 50);
  server.close(async () => {
    readers.close();
    writers.close();
    loaders.close();
    await drainPending();
    controllers.close();
    session.close();
    process.exit(0);
  });
}

// Nobody waits for an answer when the supervisor is gone: its process held the clients.
process.on('disconnect', () => stop('supervisor gone', 200));
process.on('message', (message: ParentMessage) => {
  if (message.type === 'stop') stop('asked to', STOP_GRACE_MS);
});
// Signals of a terminal reach the whole process group; the supervisor decides when the store stops.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => stop('SIGTERM', STOP_GRACE_MS));

const port = await listen(server).catch((error: NodeJS.ErrnoException) => {
  const reason = error.code === 'EADDRINUSE' ? 'another process uses the port' : error.message;
  return fail(`cannot listen on ${options.host}:${options.port}: ${reason}`);
});
if (!process.connected) stop('supervisor gone', 0);
tell({ type: 'ready', port });
