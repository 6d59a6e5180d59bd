import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { checkSetting } from './allow-list.ts';
import { INSERT_FILE_HEADER } from './insert-files.ts';
import { Refusal, unsupported } from './refusal.ts';

/** What a request asks for beside its statement. */
export interface RequestOptions {
  readonly method: 'GET' | 'POST' | 'HEAD';
  /** Text of the `query` parameter; the body follows it on a new line. */
  readonly query: string;
  readonly queryId: string;
  readonly database: string;
  readonly defaultFormat: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly params: ReadonlyMap<string, string>;
  readonly compressResponse: boolean;
  readonly waitEndOfQuery: boolean;
  /** `readonly=1` or `2` in the URL, or a method that must not write. */
  readonly readOnly: boolean;
  /** The header that names a file with the insert's data, as it came. */
  readonly insertFile: string | undefined;
}

const OURS = new Set([
  'query',
  'user',
  'password',
  'database',
  'query_id',
  'default_format',
  'enable_http_compression',
]);
/** Settings of ClickHouse's HTTP handler that change nothing here, and async_insert, which stays off. */
const IGNORED = new Set([
  ...['wait_end_of_query', 'buffer_size', 'http_zlib_compression_level', 'quota_key', 'client_protocol_version'],
  ...['send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'stacktrace', 'async_insert'],
  ...['wait_for_async_insert', 'cancel_http_readonly_queries_on_client_close', 'add_http_cors_header', 'readonly'],
  ...['http_wait_end_of_query', 'http_response_buffer_size', 'http_write_exception_in_output_format'],
]);
const MISSING = new Set([
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'role',
  'compress',
  'decompress',
]);

/** Reads URL and headers. Throws 501 for what the engine does not do, 497 for settings that may not come in. */
export function parseOptions(request: IncomingMessage, url: URL): RequestOptions {
  const method = request.method ?? '';
  if (method !== 'GET' && method !== 'POST' && method !== 'HEAD') throw unsupported(`the HTTP method ${method}`);
  const search = url.searchParams;
  const settings = new Map<string, string>();
  const params = new Map<string, string>();
  for (const [name, value] of search) {
    if (MISSING.has(name) && !(name.endsWith('compress') && value === '0'))
      throw unsupported(`the URL parameter ${name}`);
    if (OURS.has(name) || IGNORED.has(name) || MISSING.has(name)) continue;
    if (name.startsWith('param_')) params.set(paramName(name.slice(6)), value);
    else if (name === 'output_format') throw unsupported('the URL parameter output_format (use default_format)');
    else settings.set(settingName(name), value);
  }
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  if (header('x-clickhouse-quota') !== undefined) throw unsupported('quotas');
  return {
    method,
    query: search.getAll('query').join(''),
    queryId: search.get('query_id') || header('x-clickhouse-query-id') || randomUUID(),
    database: search.get('database') || header('x-clickhouse-database') || 'default',
    defaultFormat: formatName(search.get('default_format') || header('x-clickhouse-format')),
    settings,
    params,
    compressResponse: isOn(search.get('enable_http_compression')),
    waitEndOfQuery: isOn(search.get('wait_end_of_query')) || isOn(search.get('http_wait_end_of_query')),
    readOnly: method !== 'POST' || ['1', '2'].includes(search.get('readonly') ?? ''),
    insertFile: header(INSERT_FILE_HEADER),
  };
}

function isOn(value: string | null): boolean {
  return value === '1' || value === 'true';
}

function formatName(name: string | undefined): string | undefined {
  if (name === undefined || /^[A-Za-z0-9_]+$/.test(name)) return name;
  throw new Refusal(73, 'UNKNOWN_FORMAT', `Unknown format ${JSON.stringify(name.slice(0, 64))}`);
}

function paramName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new Refusal(457, 'BAD_QUERY_PARAMETER', `query parameter ${JSON.stringify(name)} has no valid name`, 400);
}

function settingName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name)) {
    throw new Refusal(115, 'UNKNOWN_SETTING', `Unknown setting ${JSON.stringify(name)}`);
  }
  checkSetting(name);
  return name;
}

/** The form of `use_multipart_params`: `query` and `param_*` as fields of `multipart/form-data`. Files are 501. */
export function parseForm(contentType: string, body: Buffer): { query: string; params: Map<string, string> } {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) throw new Refusal(36, 'BAD_ARGUMENTS', 'multipart/form-data without a boundary');
  const params = new Map<string, string>();
  let query = '';
  for (const part of body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const head = /^\r\n([\s\S]*?)\r\n\r\n([\s\S]*)\r\n$/.exec(part);
    const name = /name="([^"]*)"/.exec(head?.[1] ?? '')?.[1];
    if (head === null || name === undefined) throw new Refusal(36, 'BAD_ARGUMENTS', 'malformed multipart/form-data');
    const value = Buffer.from(head[2] as string, 'latin1').toString();
    if (/filename=/i.test(head[1] as string)) throw unsupported('external data (a multipart file)');
    if (name === 'query') query = value;
    else if (name.startsWith('param_')) params.set(paramName(name.slice(6)), value);
    else throw unsupported(`external data (the multipart field ${name})`);
  }
  return { query, params };
}
