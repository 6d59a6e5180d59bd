import type { OutgoingHttpHeaders } from 'node:http2';
import { encodeStatus, type Failure, RPC } from '../../otlp/answers.ts';
import { ACCEPTED } from '../compression.ts';

export const CONTENT_TYPE = 'application/grpc+proto';

const UNITS_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds of a `grpc-timeout` such as `250m`; undefined without one, or where it cannot be read. */
export function parseTimeout(value: string | undefined): number | undefined {
  const found = value === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(value);
  return found === null ? undefined : Number(found[1]) * (UNITS_MS[found[2] as string] as number);
}

/** Whether a content type announces protobuf in gRPC's own framing. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(\+proto)?\s*(;|$)/i.test(contentType);
}

/** Text for `grpc-message`: what is not printable ASCII stands as `%XX` of its UTF-8 bytes. */
export function percentEncode(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** Longest text of a failure that is sent; a peer refuses headers of more than some kilobytes. */
const MESSAGE_LENGTH = 1024;

/** A failure as the only headers of an answer; `retryAfterMs` becomes RetryInfo in its details. */
export function failureHeaders(failure: Failure): OutgoingHttpHeaders {
  const message = failure.message.slice(0, MESSAGE_LENGTH);
  const details = encodeStatus('protobuf', failure.rpc, message, failure.retryAfterMs);
  return {
    ':status': 200,
    'content-type': CONTENT_TYPE,
    'grpc-status': String(failure.rpc),
    'grpc-message': percentEncode(message),
    'grpc-status-details-bin': details.toString('base64').replace(/=+$/, ''),
    ...(failure.rpc === RPC.unimplemented ? { 'grpc-accept-encoding': `identity, ${ACCEPTED}` } : {}),
  };
}
