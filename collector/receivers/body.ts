import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { WeirError } from '../../core/errors.ts';
import type { Admission } from '../admission.ts';
import { malformed, tooLarge } from '../otlp/decode.ts';

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  identity: undefined,
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  zstd: createZstdDecompress,
};

export interface Body {
  readonly bytes: Buffer;
  /** Gives the bytes back to `admission`; call it when the request is dealt with. */
  release(): void;
}

/**
 * Reads and decompresses a request's body. Bytes are counted as they come out of the decompressor, so a small body that
 * unpacks to gigabytes costs no more than `limit`. Throws `collector_request_too_large`,
 * `collector_request_malformed` (unknown or broken compression), `collector_overloaded`, `collector_request_aborted`.
 * After a throw the rest of the request is read and thrown away, so that the sender gets to see the answer.
 */
export async function readBody(request: IncomingMessage, limit: number, admission: Admission): Promise<Body> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (!Object.hasOwn(DECODERS, encoding)) {
    request.resume();
    throw malformed(`the content encoding "${encoding}" is not known; send gzip, deflate, zstd or none`, '');
  }
  const over = () => tooLarge(`the request is larger than ${limit} bytes (max_request_bytes); send smaller batches`);
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume();
    throw over();
  }
  const decoder = DECODERS[encoding]?.();
  let taken = 0;
  const release = () => {
    admission.give(taken);
    taken = 0;
  };
  try {
    const chunks: Buffer[] = [];
    await new Promise<void>((done, fail) => {
      const source = decoder === undefined ? request : request.pipe(decoder);
      source.on('data', (chunk: Buffer) => {
        try {
          admission.take(chunk.length);
          taken += chunk.length;
          chunks.push(chunk);
          if (taken > limit) fail(over());
        } catch (error) {
          fail(error);
        }
      });
      source.on('end', done);
      decoder?.on('error', (error) => fail(malformed(`the body is not valid ${encoding}: ${error.message}`, '')));
      const aborted = () => fail(new WeirError('collector_request_aborted', 'the sender closed the connection'));
      request.on('error', aborted);
      request.on('close', () => {
        if (!request.complete) aborted();
      });
    });
    return { bytes: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks), release };
  } catch (error) {
    release();
    if (decoder !== undefined) {
      request.unpipe(decoder);
      decoder.on('error', () => {});
      decoder.destroy();
    }
    request.removeAllListeners('data');
    request.resume();
    throw error;
  }
}
