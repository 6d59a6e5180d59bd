import type { IncomingMessage } from 'node:http';
import { WeirError } from '../../core/errors.ts';
import type { Ticket } from '../admission.ts';
import { Assembly } from './assembly.ts';
import { assertSize, type Compression, compressionNamed, unpack } from './compression.ts';

/** What the headers of a request say about its body. */
export interface BodyHeaders {
  readonly compression: Compression | 'identity';
  /** Undefined when the body comes in chunks. */
  readonly length: number | undefined;
}

/** Throws `collector_request_too_large` or `collector_encoding_unknown` before anything of the body is read. */
export function readBodyHeaders(request: IncomingMessage, limit: number): BodyHeaders {
  const { headers } = request;
  const compression = compressionNamed(headers['content-encoding']);
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (length !== undefined) assertSize(length, limit);
  return { compression, length };
}

/**
 * Reads and unpacks a request's body; every byte of it is counted on `ticket`. Throws `collector_request_too_large`,
 * `collector_request_malformed` (broken compression), `collector_overloaded`, `collector_request_aborted`.
 */
export async function readBody(
  request: IncomingMessage,
  { compression, length }: BodyHeaders,
  limit: number,
  ticket: Ticket,
): Promise<Uint8Array> {
  const bytes = await collect(request, new Assembly(length, ticket), limit, ticket);
  return compression === 'identity' ? bytes : await unpack(compression, bytes, limit, ticket);
}

function collect(request: IncomingMessage, assembly: Assembly, limit: number, ticket: Ticket): Promise<Uint8Array> {
  return new Promise((done, fail) => {
    let settled = false;
    const stop = (error: unknown) => {
      settled = true;
      fail(error);
    };
    request.on('data', (chunk: Buffer) => {
      if (settled) return;
      try {
        ticket.grow(chunk.length);
        assertSize(assembly.bytes + chunk.length, limit);
        assembly.add(chunk);
      } catch (error) {
        stop(error);
      }
    });
    request.on('end', () => {
      if (settled) return;
      settled = true;
      done(assembly.done());
    });
    request.on('error', () => stop(aborted()));
    request.on('close', () => {
      if (!request.complete) stop(aborted());
    });
  });
}

function aborted(): WeirError {
  return new WeirError('collector_request_aborted', 'the sender closed the connection');
}
