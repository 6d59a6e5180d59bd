import type { IncomingMessage } from 'node:http';
import { WeirError } from '../../../core/errors.ts';
import type { Ticket } from '../../admission.ts';
import { Assembly } from '../assembly.ts';
import { assertSize } from '../compression.ts';

/**
 * Reads a request's body as it came; every byte of it is counted on `ticket`. Throws `collector_request_too_large`,
 * `collector_overloaded`, `collector_request_aborted`.
 */
export function readBody(
  request: IncomingMessage,
  length: number | undefined,
  limit: number,
  ticket: Ticket,
): Promise<Uint8Array> {
  const assembly = new Assembly(length, ticket);
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
