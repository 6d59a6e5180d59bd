import type { Transform } from 'node:stream';
import {
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { errorMessage, WeirError } from '../../core/errors.ts';
import type { Ticket } from '../admission.ts';
import { malformed, tooLarge } from '../otlp/decode.ts';

export type Compression = 'gzip' | 'deflate' | 'zstd';

/** What receivers take, in the words of `Accept-Encoding`. */
export const ACCEPTED = 'gzip, deflate, zstd';

const NAMES: ReadonlyMap<string, Compression | 'identity'> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zlib', 'deflate'],
  ['zstd', 'zstd'],
]);

/** Below this a thread's round trip costs more than the work; above it the event loop would be held up. */
const SMALL_PACKED = 32 << 10;
const SMALL = 128 << 10;
const MIN_PIECE = 16 << 10;
/** What packed telemetry unpacks to, where the format does not say. */
const USUAL_RATIO = 8;

const ALGORITHMS = {
  gzip: { atOnce: gunzipSync, open: createGunzip, maxRatio: 1032 },
  deflate: { atOnce: inflateSync, open: createInflate, maxRatio: 1032 },
  zstd: { atOnce: zstdDecompressSync, open: createZstdDecompress, maxRatio: 1 << 16 },
} as const;

/** The compression of an encoding's name. Throws `collector_encoding_unknown`. */
export function compressionNamed(name: string | undefined): Compression | 'identity' {
  const compression = name === undefined ? 'identity' : NAMES.get(name.trim().toLowerCase());
  if (compression !== undefined) return compression;
  const message = `the encoding "${name}" is not known; send ${ACCEPTED} or none`;
  throw new WeirError('collector_encoding_unknown', message);
}

/** Throws what a receiver answers to a request above its limit. */
export function assertSize(bytes: number, limit: number): void {
  if (bytes > limit) {
    throw tooLarge(`the request is larger than ${limit} bytes (max_request_bytes); send smaller batches`);
  }
}

/**
 * Unpacks a whole body. Small ones at once, others on the thread pool in as few pieces as the format lets us foresee.
 * What is foreseen is counted on `ticket` before it is made, and every piece against `limit`, so a small body that
 * unpacks to gigabytes stops early. Throws `collector_request_too_large`, `collector_request_malformed`,
 * `collector_overloaded`.
 */
export async function unpack(
  compression: Compression,
  packed: Uint8Array,
  limit: number,
  ticket: Ticket,
): Promise<Uint8Array> {
  if (packed.length === 0) throw malformed(`the body is not valid ${compression}: it is empty`, '');
  const expected = expectedBytes(compression, packed);
  if (packed.length <= SMALL_PACKED && expected <= SMALL) {
    const bytes = atOnce(compression, packed, Math.min(SMALL, limit), expected);
    if (bytes !== undefined) {
      ticket.grow(bytes.length);
      return bytes;
    }
    assertSize(SMALL + 1, limit);
  }
  return await inPieces(compression, packed, limit, Math.min(Math.max(expected, MIN_PIECE), limit + 1), ticket);
}

/** Undefined when there are more than `most` bytes. */
function atOnce(compression: Compression, packed: Uint8Array, most: number, expected: number): Buffer | undefined {
  try {
    const chunkSize = Math.max(64, Math.min(expected, most) + 1);
    return ALGORITHMS[compression].atOnce(packed, { chunkSize, maxOutputLength: most });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw broken(compression, error);
  }
}

function inPieces(
  compression: Compression,
  packed: Uint8Array,
  limit: number,
  piece: number,
  ticket: Ticket,
): Promise<Uint8Array> {
  ticket.grow(piece);
  // One byte more than is foreseen, for a decompressor that fills its piece asks for another one.
  const decoder: Transform = ALGORITHMS[compression].open({ chunkSize: piece + 1 });
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let counted = piece;
    let bytes = 0;
    const stop = (error: unknown) => {
      fail(error);
      decoder.destroy();
    };
    decoder.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        assertSize(bytes, limit);
        if (bytes > counted) {
          ticket.grow(bytes - counted);
          counted = bytes;
        }
      } catch (error) {
        return stop(error);
      }
      chunks.push(chunk);
    });
    decoder.on('error', (error) => fail(broken(compression, error)));
    decoder.on('end', () => done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes)));
    decoder.end(packed);
  });
}

function broken(compression: Compression, error: unknown): WeirError {
  return malformed(`the body is not valid ${compression}: ${errorMessage(error)}`, '');
}

/**
 * How many bytes come out, as the format says where it does: gzip in its last four bytes, zstd in its header. Only a
 * hint, since the sender wrote it; never more than the format can hold.
 */
function expectedBytes(compression: Compression, packed: Uint8Array): number {
  const told = compression === 'gzip' ? gzipSize(packed) : compression === 'zstd' ? zstdSize(packed) : undefined;
  const usual = packed.length * USUAL_RATIO;
  if (told === undefined) return usual;
  return Math.min(told, packed.length * ALGORITHMS[compression].maxRatio);
}

function gzipSize(packed: Uint8Array): number | undefined {
  if (packed.length < 18) return undefined;
  return new DataView(packed.buffer, packed.byteOffset).getUint32(packed.length - 4, true);
}

/** Frame_Content_Size of RFC 8878, section 3.1.1. */
function zstdSize(packed: Uint8Array): number | undefined {
  if (packed.length < 18) return undefined;
  const view = new DataView(packed.buffer, packed.byteOffset);
  const descriptor = view.getUint8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number);
  switch (descriptor >> 6) {
    case 0:
      return isSingle ? view.getUint8(at) : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
