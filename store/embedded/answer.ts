import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import { type Refusal, statusOf } from './refusal.ts';

export type Headers = Readonly<Record<string, string>>;

/** Counters of one query, as ClickHouse names them; the engine tells rows and time only. */
export interface Summary {
  readonly writtenRows?: number;
  readonly writtenBytes?: number;
  readonly resultRows?: number;
  readonly resultBytes?: number;
  /** Seconds. */
  readonly elapsed: number;
}

/** The value of `X-ClickHouse-Summary`: numbers as strings. */
export function formatSummary(summary: Summary): string {
  const count = (value: number | undefined) => String(Math.round(value ?? 0));
  return JSON.stringify({
    read_rows: count(summary.writtenRows),
    read_bytes: count(summary.writtenBytes),
    written_rows: count(summary.writtenRows),
    written_bytes: count(summary.writtenBytes),
    total_rows_to_read: '0',
    result_rows: count(summary.resultRows ?? summary.writtenRows),
    result_bytes: count(summary.resultBytes ?? summary.writtenBytes),
    elapsed_ns: count(summary.elapsed * 1e9),
  });
}

type Encoding = 'gzip' | 'deflate' | 'br' | 'zstd';
const ENCODINGS: readonly Encoding[] = ['gzip', 'zstd', 'br', 'deflate'];

/** The first encoding of Accept-Encoding, in our order of preference; undefined for none. */
export function acceptedEncoding(request: IncomingMessage): Encoding | undefined {
  const accepted = String(request.headers['accept-encoding'] ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase().split(';'))
    .filter(([, q]) => !/^\s*q=0(?:\.0*)?$/.test(q ?? ''))
    .map(([name]) => name);
  return ENCODINGS.find((encoding) => accepted.includes(encoding));
}

function createEncoder(encoding: Encoding) {
  if (encoding === 'gzip') return createGzip({ level: 3, flush: constants.Z_SYNC_FLUSH });
  if (encoding === 'deflate') return createDeflate({ level: 3, flush: constants.Z_SYNC_FLUSH });
  if (encoding === 'zstd') return createZstdCompress();
  return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });
}

/** A body sent piece by piece. `write` waits for a slow client; both throw when the client has gone. */
export interface AnswerBody {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** After the status line has gone: tells the error inside the body, then breaks the connection off. */
  fail(refusal: Refusal): Promise<void>;
}

/** Sends the head (status 200) and opens the body. */
export function openAnswer(response: ServerResponse, headers: Headers, encoding: Encoding | undefined): AnswerBody {
  const tag = randomBytes(8).toString('hex');
  response.writeHead(200, {
    ...headers,
    'X-ClickHouse-Exception-Tag': tag,
    ...(encoding === undefined ? {} : { 'Content-Encoding': encoding, Vary: 'Accept-Encoding' }),
  });
  const encoder = encoding === undefined ? undefined : createEncoder(encoding);
  encoder?.pipe(response);
  const target = encoder ?? response;
  const write = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      if (response.destroyed) {
        reject(new Error('the client has closed the connection'));
        return;
      }
      if (target.write(bytes)) {
        resolve();
        return;
      }
      const done = () => {
        target.off('drain', done);
        response.off('close', gone);
        resolve();
      };
      const gone = () => {
        target.off('drain', done);
        reject(new Error('the client has closed the connection'));
      };
      target.once('drain', done);
      response.once('close', gone);
    });
  return {
    write,
    end: () =>
      new Promise((resolve) => {
        response.once('finish', resolve).once('close', resolve);
        target.end();
      }),
    async fail(refusal) {
      const message = refusal.body;
      const text = `\r\n__exception__\r\n${tag}\r\n${message}${Buffer.byteLength(message)} ${tag}\r\n__exception__\r\n`;
      await write(Buffer.from(text));
      if (encoder !== undefined) await new Promise<void>((resolve) => encoder.flush(() => setImmediate(resolve)));
      response.socket?.destroySoon();
    },
  };
}

/** A whole body with its length, compressed when asked for. */
export async function sendBody(
  response: ServerResponse,
  headers: Headers,
  body: Uint8Array,
  encoding: Encoding | undefined,
): Promise<void> {
  if (encoding === undefined) {
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.writeHead(200, { ...headers, 'Content-Length': body.length }).end(body, () => resolve());
    });
    return;
  }
  const answer = openAnswer(response, headers, encoding);
  await answer.write(body);
  await answer.end();
}

/** An error answer. A request whose body was not read to its end is cut off after it. */
export function sendRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  headers: Headers,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const status = statusOf(refusal);
  const body = Buffer.from(refusal.body);
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'text/plain; charset=UTF-8',
    'Content-Length': body.length,
    'X-ClickHouse-Exception-Code': String(refusal.code),
    ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="Weir embedded ClickHouse"' } : {}),
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  response.end(body);
  // What is still on its way is read and thrown away, so that the client gets to see the answer.
  if (!request.complete) request.resume();
}
