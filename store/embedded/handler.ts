import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { acceptedEncoding, formatSummary, type Headers, sendBody, sendRefusal } from './answer.ts';
import { type BodyReader, createBodyReader, decodeBody } from './body.ts';
import { authenticate, checkSource } from './credentials.ts';
import type { Guard } from './guard.ts';
import type { InsertFiles } from './insert-files.ts';
import { parseForm, parseOptions, type RequestOptions } from './options.ts';
import { answerQuery } from './query.ts';
import { parseEngineError, Refusal, unsupported } from './refusal.ts';
import { quoteText, type SessionPool } from './sessions.ts';
import type { InsertFile, InsertSpool } from './spool.ts';
import { parseStatement, type Statement } from './statements.ts';

export interface HandlerParts {
  readonly password: string;
  readonly timezone: string;
  readonly guard: Guard;
  readonly readers: SessionPool;
  readonly writers: SessionPool;
  /** For inserts from files, which are large: small writes do not wait behind them. */
  readonly loaders: SessionPool;
  /** For KILL QUERY, which must not wait behind what it kills. */
  readonly controllers: SessionPool;
  readonly spool: InsertSpool;
  readonly files: InsertFiles;
  readonly count: (what: 'query' | 'insert' | 'refused', detail: string) => void;
}

/** A statement without raw data: SQL text, VALUES included. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
/** Enough to find an insert's head in. */
const HEAD_BYTES = 256 * 1024;

/** Serves the part of ClickHouse's HTTP interface that the embedded engine has. */
export function createHandler(parts: HandlerParts): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    let headers: Headers = { 'X-ClickHouse-Timezone': parts.timezone, 'X-ClickHouse-Server-Display-Name': 'weir' };
    const serve = async () => {
      checkSource(request);
      const url = parseUrl(request.url ?? '/');
      if (await answerPlainPath(request, url, response)) return;
      authenticate(request, url.searchParams, parts.password);
      if (url.pathname !== '/') throw unsupported(`the path ${url.pathname.slice(0, 100)}`);
      let options = parseOptions(request, url);
      headers = { ...headers, 'X-ClickHouse-Query-Id': cleanHeader(options.queryId) };
      let body = createBodyReader(decodeBody(request));
      const type = request.headers['content-type'] ?? '';
      if (type.startsWith('multipart/form-data')) {
        options = await readForm(type, body, options);
        body = createBodyReader(Readable.from([]));
      }
      await runStatement(parts, request, response, options, body, headers);
    };
    serve().catch((error: unknown) => {
      const refusal = parseEngineError(error);
      parts.count('refused', refusal.type);
      sendRefusal(request, response, refusal, headers);
    });
  };
}

function parseUrl(target: string): URL {
  if (!target.startsWith('/')) throw unsupported('an absolute request target');
  try {
    return new URL(`http://localhost${target}`);
  } catch {
    throw new Refusal(36, 'BAD_ARGUMENTS', 'malformed URL');
  }
}

function cleanHeader(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 256);
}

/** Liveness paths that need no password and reach no data. */
async function answerPlainPath(request: IncomingMessage, url: URL, response: ServerResponse): Promise<boolean> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const alive = url.pathname === '/ping' || url.pathname === '/replicas_status';
  if (!alive && (url.pathname !== '/' || url.search !== '')) return false;
  const body = Buffer.from('Ok.\n');
  await sendBody(response, { 'Content-Type': 'text/html; charset=UTF-8' }, body, undefined);
  return true;
}

async function readForm(type: string, body: BodyReader, options: RequestOptions): Promise<RequestOptions> {
  const whole = await body.read(MAX_TEXT_BYTES + 1);
  if (!body.ended) throw new Refusal(229, 'QUERY_IS_TOO_LARGE', `the form is over ${MAX_TEXT_BYTES} bytes`);
  const form = parseForm(type, whole);
  return { ...options, query: options.query + form.query, params: new Map([...options.params, ...form.params]) };
}

async function runStatement(
  parts: HandlerParts,
  request: IncomingMessage,
  response: ServerResponse,
  options: RequestOptions,
  body: BodyReader,
  headers: Headers,
): Promise<void> {
  const { statement, bytes } = await readStatement(options, body);
  parts.guard.check(statement, options.params);
  checkParams(statement, options.params);
  if (statement.kind !== 'read' && options.readOnly) {
    throw new Refusal(
      164,
      'READONLY',
      'Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries',
    );
  }
  if (options.insertFile !== undefined && (statement.data === undefined || statement.format !== 'Native')) {
    throw new Refusal(36, 'BAD_ARGUMENTS', 'only INSERT ... FORMAT Native takes its data from a file');
  }
  if (statement.data !== undefined) {
    await runInsert(parts, statement, bytes, body, options, { response, headers });
    return;
  }
  parts.count('query', statement.verb);
  const pool = statement.kind === 'read' ? parts.readers : parts.writers;
  const lease = await pool.lease(options);
  let gone = false;
  const abandon = () => {
    gone = true;
    // The result has no reader any more; a write goes on, as in ClickHouse. The session is given up with its query,
    // so that the kill cannot meet another request's.
    if (statement.kind !== 'read' || response.writableFinished) return;
    lease.spoil();
    killQuery(parts.controllers, lease.mark);
  };
  response.once('close', abandon);
  try {
    if (response.destroyed && !gone) return;
    const encoding = options.compressResponse ? acceptedEncoding(request) : undefined;
    await answerQuery(lease, statement, sqlText(statement.sql), options, { response, headers, encoding });
  } finally {
    response.off('close', abandon);
    await lease.release();
  }
}

function killQuery(pool: SessionPool, mark: string): void {
  const kill = async () => {
    const lease = await pool.lease({ database: 'default', settings: new Map(), params: new Map() });
    try {
      await lease.query(`KILL QUERY WHERE Settings['log_comment'] = ${quoteText(mark)} ASYNC`, 'TabSeparated');
    } finally {
      await lease.release();
    }
  };
  // A query that cannot be killed ends by itself.
  kill().catch(() => undefined);
}

/**
 * Query parameter and body are one text, joined by a line end. Only as much of the body is read as it takes to know
 * the statement: the head of an insert with raw data, or the whole text of anything else.
 */
async function readStatement(
  options: RequestOptions,
  body: BodyReader,
): Promise<{ statement: Statement; bytes: Buffer }> {
  const join = (part: Buffer) =>
    options.query === '' ? part : Buffer.concat([Buffer.from(options.query), Buffer.from('\n'), part]);
  let bytes = join(await body.read(HEAD_BYTES));
  if (!body.ended) {
    const early = parseHead(bytes);
    if (early !== undefined) return { statement: early, bytes };
    bytes = join(await body.read(MAX_TEXT_BYTES + 1));
    if (!body.ended) {
      throw new Refusal(
        229,
        'QUERY_IS_TOO_LARGE',
        `the statement is over ${MAX_TEXT_BYTES} bytes: insert in another format than VALUES, or in parts`,
      );
    }
  }
  return { statement: parseStatement(bytes.toString('latin1')), bytes };
}

/** The statement of the first bytes when they are an insert with raw data; undefined when more must be read. */
function parseHead(bytes: Buffer): Statement | undefined {
  try {
    const statement = parseStatement(bytes.toString('latin1'));
    return statement.data !== undefined && statement.format !== 'Values' ? statement : undefined;
  } catch {
    return undefined;
  }
}

/** Refuses `{name:Type}` without a value here: sessions are shared, and must never lend one request's to another. */
function checkParams(statement: Statement, params: ReadonlyMap<string, string>): void {
  const { tokens, sql } = statement;
  tokens.forEach((token, i) => {
    const name = tokens[i + 1];
    if (token.kind !== 'mark' || token.value !== '{' || name === undefined || name.kind === 'string') return;
    if (tokens[i + 2]?.value !== ':' || tokens[i + 2]?.kind !== 'mark') return;
    const spelled = name.kind === 'word' ? sql.slice(name.start, name.end) : sql.slice(name.start + 1, name.end - 1);
    if (params.has(spelled)) return;
    throw new Refusal(456, 'UNKNOWN_QUERY_PARAMETER', `Substitution \`${spelled}\` is not set`);
  });
}

function sqlText(sql: string): string {
  const bytes = Buffer.from(sql, 'latin1');
  if (!isUtf8(bytes)) throw new Refusal(36, 'BAD_ARGUMENTS', 'the statement is not UTF-8');
  return bytes.toString();
}

/**
 * Data of an insert goes through a file: given inline, the engine ends it at the first blank line and runs the rest
 * as SQL. The file is read with the format named, never guessed by its name or content.
 */
async function runInsert(
  parts: HandlerParts,
  statement: Statement,
  bytes: Buffer,
  body: BodyReader,
  options: RequestOptions,
  answer: { response: ServerResponse; headers: Headers },
): Promise<void> {
  const data = statement.data as NonNullable<Statement['data']>;
  const format = statement.format as string;
  const inText = format === 'Values';
  const head = bytes.subarray(data.start, inText ? statement.sql.length : bytes.length);
  const into = sqlText(statement.sql.slice(0, data.infileAt));
  const settings = sqlText(statement.sql.slice(data.infileAt, data.formatAt));
  parts.count('insert', format);
  const file = await insertFile(parts, head, body, options);
  try {
    const lease = await (options.insertFile === undefined ? parts.writers : parts.loaders).lease(options);
    try {
      const sql = `${into} FROM INFILE ${quoteText(file.path)} COMPRESSION 'none' ${settings} FORMAT ${format}`;
      const result = await lease.query(sql, 'TabSeparated');
      const summary = formatSummary({
        writtenRows: result.rowsRead,
        writtenBytes: file.bytes,
        elapsed: result.elapsed,
      });
      const headers = {
        ...answer.headers,
        'Content-Type': 'text/plain; charset=UTF-8',
        'X-ClickHouse-Summary': summary,
      };
      await sendBody(answer.response, headers, Buffer.alloc(0), undefined);
    } finally {
      await lease.release();
    }
  } finally {
    await file.remove();
  }
}

/** The file an insert is loaded from: a copy of the body, or the file the request names instead of a body. */
async function insertFile(
  parts: HandlerParts,
  head: Buffer,
  body: BodyReader,
  options: RequestOptions,
): Promise<InsertFile> {
  if (options.insertFile === undefined) return parts.spool.write(head, body.rest);
  if (head.length > 0 || !body.ended) throw new Refusal(36, 'BAD_ARGUMENTS', 'an insert from a file with a body too');
  return parts.files.take(options.insertFile);
}
