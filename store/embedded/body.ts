import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { Refusal, unsupported } from './refusal.ts';

/** The request body with its `Content-Encoding` undone. Errors of the decoder arrive as code 354. */
export function decodeBody(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const decoder = createDecoder(encoding);
  if (decoder === undefined) return request;
  const out = new PassThrough();
  request.on('error', (error) => out.destroy(error));
  request.on('close', () => {
    if (!request.complete) out.destroy(new Error('the client closed the connection before the end of the body'));
  });
  decoder.on('error', (error) => {
    out.destroy(
      new Refusal(354, 'ZLIB_INFLATE_FAILED', `the ${encoding} body cannot be decompressed: ${error.message}`, 400),
    );
  });
  request.pipe(decoder).pipe(out);
  return out;
}

function createDecoder(encoding: string) {
  if (encoding === '' || encoding === 'identity') return undefined;
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  if (encoding === 'zstd') return createZstdDecompress();
  throw unsupported(`Content-Encoding ${JSON.stringify(encoding.slice(0, 32))}`);
}

/** The first bytes of a body, as many as were asked for or the body has, and the rest of it. */
export interface BodyReader {
  readonly rest: AsyncIterable<Buffer>;
  /** All bytes read so far, grown to `bytes` where the body has them. */
  read(bytes: number): Promise<Buffer>;
  readonly ended: boolean;
}

export function createBodyReader(body: Readable): BodyReader {
  const iterator = body[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let size = 0;
  let ended = false;
  async function* remaining(): AsyncGenerator<Buffer> {
    while (!ended) {
      const step = await iterator.next();
      if (step.done) return;
      yield step.value as Buffer;
    }
  }
  return {
    get rest() {
      return remaining();
    },
    get ended() {
      return ended;
    },
    async read(bytes) {
      while (!ended && size < bytes) {
        const step = await iterator.next();
        if (step.done) ended = true;
        else {
          chunks.push(step.value as Buffer);
          size += (step.value as Buffer).length;
        }
      }
      const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
      chunks.splice(0, chunks.length, whole);
      return whole;
    },
  };
}
