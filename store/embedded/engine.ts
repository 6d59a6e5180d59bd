import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Counter, Gauge } from 'prom-client';
import { WeirError } from '../../core/errors.ts';
import { isLoopback } from '../../core/listen.ts';
import type { Health, Service } from '../../core/service.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { StoreEndpoint } from '../client.ts';
import { readOrCreatePassword, USER } from './credentials.ts';
import type { ChildMessage, ChildOptions, ParentMessage } from './messages.ts';

export interface EngineOptions {
  readonly dataDir: string;
  readonly host?: string;
  /** 0 picks a free port, which later restarts keep. */
  readonly port: number;
  readonly telemetry: Telemetry;
  readonly database?: string;
  /** Folder whose files a store's `insertFile` loads without sending them; it need not exist yet. */
  readonly insertFolder?: string;
  /** How long `start` keeps trying while a predecessor holds the folder or the port. */
  readonly startDeadlineMs?: number;
}

export interface Engine extends Service {
  /** Known after `start`; the same for the engine's whole life. */
  endpoint(): StoreEndpoint;
  health(): Health;
  /** Process id of the running child, for tests. */
  pid(): number | undefined;
}

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 12_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5000;
const STEADY_MS = 30_000;
const CHILD = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * Supervises the engine process. A child that dies comes back with the same port and password after a growing
 * pause; while a predecessor still holds the data folder or the port, starting is tried again until the deadline.
 * `start` throws `store_engine_failed` with the reason of the last attempt. Throws `store_engine_host_refused` for a
 * host that is not loopback.
 */
export function createEngine(options: EngineOptions): Engine {
  const dataDir = resolve(options.dataDir);
  const host = options.host ?? '127.0.0.1';
  const shared = options.insertFolder === undefined ? {} : { insertFolder: resolve(options.insertFolder) };
  if (!isLoopback(host)) {
    throw new WeirError(
      'store_engine_host_refused',
      `the embedded engine listens on loopback only, not on ${host}: to reach data from elsewhere, run a ClickHouse server and set store.url`,
    );
  }
  const { log, registry } = options.telemetry;
  const restarts = new Counter({
    name: 'weir_store_engine_restarts_total',
    help: 'Times the embedded engine process died and was started again.',
    registers: [registry],
  });
  const up = new Gauge({
    name: 'weir_store_engine_up',
    help: '1 while the embedded engine process answers.',
    registers: [registry],
  });
  const requests = new Gauge({
    name: 'weir_store_engine_requests',
    help: 'Requests the running engine process served, by kind (query, insert, refused) and detail.',
    labelNames: ['kind', 'detail'],
    registers: [registry],
  });
  let port = options.port;
  let password = '';
  let child: ChildProcess | undefined;
  let ready = false;
  let stopping = false;
  let detail = 'not started';
  let watching: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  /** One child from spawn to its first word. Resolves when it listens; throws its reason when it does not. */
  function launch(): Promise<ChildProcess> {
    const childOptions: ChildOptions = { dataDir, host, port, logLevel: log.level, ...shared };
    const { PATH, HOME, LANG, TMPDIR, LD_LIBRARY_PATH } = process.env;
    const inherited = { PATH, HOME, LANG, TMPDIR, LD_LIBRARY_PATH };
    const launched = spawn(process.execPath, [CHILD, JSON.stringify(childOptions)], {
      env: { ...inherited, TZ: 'UTC', UV_THREADPOOL_SIZE: '16' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child = launched;
    return new Promise((done, refuse) => {
      let reason = '';
      let spoken = '';
      // The engine tells some reasons (a folder locked by another process) on stderr only.
      launched.stderr?.on('data', (bytes: Buffer) => {
        process.stderr.write(bytes);
        spoken = `${spoken}${bytes}`.slice(-4000);
      });
      launched.on('message', (message: ChildMessage) => {
        if (message.type === 'failed') reason = message.message;
        if (message.type === 'counts') showCounts(message.counts);
        if (message.type !== 'ready') return;
        port = message.port;
        ready = true;
        up.set(1);
        detail = '';
        done(launched);
      });
      launched.once('error', (error) => refuse(error));
      launched.once('exit', (code, signal) => {
        ready = false;
        up.set(0);
        const told = /Code: \d+\. DB::[^\n]*/.exec(spoken)?.[0];
        const ended = reason || `the engine process ended with ${signal ?? `code ${code}`}`;
        refuse(new Error(told === undefined ? ended : `${ended}: ${told}`));
      });
    });
  }

  function showCounts(counts: Readonly<Record<string, number>>): void {
    for (const [key, value] of Object.entries(counts)) {
      const [kind = '', ...rest] = key.split(' ');
      requests.set({ kind, detail: rest.join(' ') }, value);
    }
  }

  /** Tries until a child listens, `deadline` passes, or `stop` is called. */
  async function launchUntil(deadline: number): Promise<ChildProcess> {
    let backoff = FIRST_BACKOFF_MS;
    for (;;) {
      try {
        return await launch();
      } catch (error) {
        detail = (error as Error).message;
        if (stopping || Date.now() + backoff > deadline) {
          throw new WeirError('store_engine_failed', `the embedded ClickHouse engine does not start: ${detail}`);
        }
        log.warn({ event: 'store_engine_retried', detail, retry_ms: backoff }, 'the embedded engine did not start');
      }
      await sleep(backoff);
      backoff = Math.min(backoff * 2, 1000);
    }
  }

  async function watch(first: ChildProcess): Promise<void> {
    let current = first;
    let backoff = FIRST_BACKOFF_MS;
    for (;;) {
      const since = Date.now();
      const how = await exited(current);
      ready = false;
      if (stopping) return;
      backoff = Date.now() - since > STEADY_MS ? FIRST_BACKOFF_MS : Math.min(backoff * 2, MAX_BACKOFF_MS);
      detail = `the engine process ended (${how}) and is started again`;
      log.error({ event: 'store_engine_died', how, retry_ms: backoff }, 'the embedded engine died');
      restarts.inc();
      await sleep(backoff);
      if (stopping) return;
      try {
        current = await launchUntil(Number.POSITIVE_INFINITY);
      } catch {
        return;
      }
      log.info({ event: 'store_engine_started', pid: current.pid, port }, 'the embedded engine is back');
    }
  }

  async function end(): Promise<void> {
    const wasReady = ready;
    stopping = true;
    ready = false;
    detail = 'stopped';
    const last = child;
    if (last !== undefined && last.exitCode === null && last.signalCode === null) {
      const message: ParentMessage = { type: 'stop' };
      // A child that does not listen yet may not hear the message, and has nothing to lose.
      if (wasReady && last.connected) last.send(message, () => undefined);
      else last.kill('SIGKILL');
      const kill = setTimeout(() => last.kill('SIGKILL'), STOP_DEADLINE_MS);
      await exited(last);
      clearTimeout(kill);
    }
    await watching;
    up.set(0);
  }

  return {
    name: 'store',
    async start() {
      mkdirSync(join(dataDir, 'clickhouse'), { recursive: true, mode: 0o700 });
      password = readOrCreatePassword(dataDir);
      const first = await launchUntil(Date.now() + (options.startDeadlineMs ?? START_DEADLINE_MS));
      log.info({ event: 'store_engine_started', pid: first.pid, port }, 'the embedded engine is running');
      watching = watch(first);
    },
    stop() {
      stopped ??= end();
      return stopped;
    },
    endpoint() {
      if (port === 0)
        throw new WeirError('store_engine_not_started', 'the embedded engine has no port before it started');
      const database = options.database ?? 'default';
      return { url: `http://${host}:${port}`, database, username: USER, password, ...shared };
    },
    health: () => (ready ? { ready } : { ready, detail }),
    pid: () => (child?.exitCode === null && child.signalCode === null ? child.pid : undefined),
  };
}

function exited(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    const tell = () => done(child.signalCode ?? `code ${child.exitCode}`);
    if (child.exitCode !== null || child.signalCode !== null) tell();
    else child.once('exit', tell);
  });
}
