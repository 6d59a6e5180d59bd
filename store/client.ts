import { open } from 'node:fs/promises';
import { sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { errorMessage, WeirError } from '../core/errors.ts';
import { INSERT_FILE_HEADER } from './embedded/insert-files.ts';

export interface StoreEndpoint {
  readonly url: string;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  /** Absolute folder whose files the store reads itself: of an embedded engine on this machine. */
  readonly insertFolder?: string;
}

/** The one way to ClickHouse, embedded or not. */
export interface Store {
  /** Unmodified @clickhouse/client, for what the two methods below do not do. It does not retry. */
  readonly client: ClickHouseClient;
  readonly database: string;
  /**
   * Rows of a SELECT as JSONEachRow gives them (64-bit integers as numbers, so beyond 2^53 inexact: select them as
   * text). `{name:Type}` in `sql` takes its value from `params`. Retried while the store restarts.
   */
  rows<T>(sql: string, params?: Record<string, unknown>, settings?: ClickHouseSettings): Promise<T[]>;
  /** Inserts objects as JSONEachRow. With a `token` the insert is retried, and stored once however often it is sent. */
  insert(table: string, rows: readonly object[], options?: { readonly token?: string }): Promise<void>;
  /**
   * Inserts a file of Native blocks as one block for each partition: all of it is stored or nothing, and once for a
   * token, in the table and in the rollups. When it returns, the rows are on disk where the tables have
   * `fsync_after_insert`. Not retried.
   */
  insertFile(table: string, path: string, options: InsertFileOptions): Promise<void>;
  close(): Promise<void>;
}

export interface InsertFileOptions {
  readonly token: string;
  /** Length of the file. */
  readonly bytes: number;
  /** Rows go into the table and the views that take them, whatever the other views say. */
  readonly ignoreViewErrors?: boolean;
  readonly signal?: AbortSignal;
}

export interface StoreOptions {
  /** How long calls are retried while the store cannot be reached. */
  readonly retryMs?: number;
  readonly requestTimeoutMs?: number;
}

/** Opens the store at `endpoint`; nothing is sent before the first call. */
export function openStore(endpoint: StoreEndpoint, options: StoreOptions = {}): Store {
  const retryMs = options.retryMs ?? 20_000;
  const client = createClient({
    url: endpoint.url,
    database: endpoint.database,
    username: endpoint.username,
    password: endpoint.password,
    application: 'weir',
    request_timeout: options.requestTimeoutMs ?? 120_000,
    max_open_connections: 24,
    use_multipart_params_auto: true,
    clickhouse_settings: { async_insert: 0 },
    log: { level: 127 },
  });
  let closed = false;

  /** Calls until it works, the error is final, or `retryMs` are over. */
  async function retried<T>(call: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + retryMs;
    for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
      try {
        return await call();
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        if (closed || Date.now() + pause > deadline) throw unreachable(endpoint, error);
      }
      await sleep(pause);
    }
  }

  return {
    client,
    database: endpoint.database,
    rows<T>(sql: string, params?: Record<string, unknown>, settings?: ClickHouseSettings): Promise<T[]> {
      return retried(async () => {
        const result = await client.query({
          query: sql,
          format: 'JSONEachRow',
          ...(params === undefined ? {} : { query_params: params }),
          ...(settings === undefined ? {} : { clickhouse_settings: settings }),
        });
        return await result.json<T>();
      });
    },
    async insert(table, rows, { token } = {}) {
      if (rows.length === 0) return;
      const send = async () => {
        await client.insert({
          table,
          values: rows,
          format: 'JSONEachRow',
          clickhouse_settings: token === undefined ? {} : onceSettings(token),
        });
      };
      await (token === undefined ? send() : retried(send));
    },
    async insertFile(table, path, { token, bytes, ignoreViewErrors = false, signal }) {
      signal?.throwIfAborted();
      const { insertFolder } = endpoint;
      const isShared = insertFolder !== undefined && path.startsWith(insertFolder + sep);
      const range = { end: Math.max(0, bytes - 1), highWaterMark: STREAM_CHUNK_BYTES };
      const file = isShared ? undefined : await open(path);
      const values = file?.createReadStream(range);
      try {
        const result = await client.exec({
          query: `INSERT INTO ${table} FORMAT Native`,
          ...(values === undefined ? { http_headers: { [INSERT_FILE_HEADER]: encodeURIComponent(path) } } : { values }),
          ...(signal === undefined ? {} : { abort_signal: signal }),
          clickhouse_settings: {
            ...onceSettings(token),
            ...WHOLE_FILE,
            ...(ignoreViewErrors ? { materialized_views_ignore_errors: 1 } : {}),
          },
        });
        for await (const _ of result.stream);
      } finally {
        values?.destroy();
        await file?.close().catch(() => undefined);
      }
    },
    async close() {
      closed = true;
      await client.close();
    },
  };
}

const STREAM_CHUNK_BYTES = 1 << 20;

/**
 * The engine gathers the blocks of a file until one is this large, that is all of them: a token covers blocks, so a
 * file must become the same block each time. A file of old telemetry may touch as many days as are kept. One block gives
 * threads little to share, and on few cores they stand in the way of the collector's: one does the same for less CPU.
 */
const WHOLE_FILE: ClickHouseSettings = {
  min_insert_block_size_rows: '1000000000',
  min_insert_block_size_bytes: '0',
  max_partitions_per_insert_block: '1000',
  max_threads: 1,
  max_insert_threads: '1',
};

/** What makes an insert count once, in its table and in the rollups that views fill from it. */
function onceSettings(token: string): ClickHouseSettings {
  return { insert_deduplication_token: token, deduplicate_blocks_in_dependent_materialized_views: 1 };
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'ERR_STREAM_PREMATURE_CLOSE',
]);
/** ClickHouse errors that pass by themselves: too many queries, a server that stops, no thread, no network. */
const PASSING = new Set(['202', '209', '210', '236', '439']);

/** Whether the same call can succeed once the store is back. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && (UNREACHABLE.has(code) || PASSING.has(String(code)))) return true;
  if (/socket hang up|ECONNRE(?:SET|FUSED)|other side closed|^aborted$/i.test(error.message) && code === undefined)
    return true;
  return error.cause !== undefined && isUnreachable(error.cause);
}

function unreachable(endpoint: StoreEndpoint, error: unknown): WeirError {
  return new WeirError(
    'store_client_unreachable',
    `the store at ${endpoint.url} cannot be reached: ${errorMessage(error)}`,
    {
      retryable: true,
      cause: error,
    },
  );
}
