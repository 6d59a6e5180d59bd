import { WeirError } from '../../../core/errors.ts';
import type { Telemetry } from '../../../core/telemetry.ts';
import type { Admission, Ticket } from '../../admission.ts';
import type { OtlpHttpConfig } from '../../config.ts';
import type { Ingest } from '../../ingest.ts';
import { describeFailure, type Encoding, encodeResponse, encodeStatus } from '../../otlp/answers.ts';
import type { OtlpSignal } from '../../otlp/model.ts';
import { ACCEPTED, assertSize, type Compression, compressionNamed, unpack } from '../compression.ts';
import { assertMaySend } from '../sender.ts';

export const RECEIVER = 'otlp_http';

/** What the head of a request says; values of headers as they came. */
export interface RequestHead {
  readonly signal: OtlpSignal;
  readonly encoding: Encoding;
  readonly authorization: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Bytes of the body; undefined when it comes in chunks. */
  readonly length: number | undefined;
}

export interface Reply {
  readonly status: number;
  /** All but `content-length`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request that may send its body. */
export interface Exchange {
  readonly head: RequestHead;
  readonly compression: Compression | 'identity';
  /** Holds the request's bytes until `leave`. */
  readonly ticket: Ticket;
}

/** What is decided about a request, whoever speaks HTTP with its sender. */
export interface Exchanges {
  /** Lets a request in whose ticket was taken. Throws what `refuse` makes an answer of; the ticket stays the caller's. */
  open(head: RequestHead, ticket: Ticket): Exchange;
  /** Unpacks the body, makes it durable and says so. Throws what `refuse` makes an answer of. */
  complete(exchange: Exchange, body: Uint8Array): Promise<Reply>;
  /** Counts a refused request and says why; undefined when nobody is there to be told. */
  refuse(signal: OtlpSignal, encoding: Encoding, error: unknown): Reply | undefined;
  /** Throws `collector_overloaded`. */
  enter(): Ticket;
}

const SIGNALS: ReadonlyMap<string, OtlpSignal> = new Map([
  ['/v1/traces', 'traces'],
  ['/v1/metrics', 'metrics'],
  ['/v1/logs', 'logs'],
]);
const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  ['application/json', 'json'],
]);
const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** The signal that is sent to a path without its query. */
export function signalOf(path: string): OtlpSignal | undefined {
  return SIGNALS.get(path);
}

export function encodingOf(contentType: string): Encoding | undefined {
  return ENCODINGS.get(contentType) ?? ENCODINGS.get((contentType.split(';')[0] as string).trim().toLowerCase());
}

export interface ExchangesOptions {
  readonly config: OtlpHttpConfig;
  readonly ingest: Ingest;
  readonly admission: Admission;
  readonly telemetry: Telemetry;
}

export function createExchanges({ config, ingest, admission, telemetry }: ExchangesOptions): Exchanges {
  const limit = config.max_request_bytes;
  return {
    enter: () => admission.enter(),
    open(head, ticket) {
      assertMaySend(config, head.authorization, ingest);
      const compression = compressionNamed(head.contentEncoding);
      if (head.length !== undefined) assertSize(head.length, limit);
      return { head, compression, ticket };
    },
    async complete({ head, compression, ticket }, body) {
      const { signal, encoding } = head;
      const bytes = compression === 'identity' ? body : await unpack(compression, body, limit, ticket);
      const outcome = await ingest.consume(RECEIVER, signal, encoding, bytes);
      const headers = { 'content-type': CONTENT_TYPES[encoding] };
      return { status: 200, headers, body: encodeResponse(encoding, signal, outcome) };
    },
    refuse(signal, encoding, error) {
      if (error instanceof WeirError && error.code === 'collector_request_aborted') return undefined;
      ingest.refused(RECEIVER, signal, error);
      const { http, rpc, message, retryAfterMs } = describeFailure(error);
      if (http === 500) {
        telemetry.log.error({ event: 'collector_request_failed', err: error }, 'a request failed inside');
      }
      const headers: Record<string, string> = { 'content-type': CONTENT_TYPES[encoding] };
      if (http === 401) headers['www-authenticate'] = 'Bearer';
      if (http === 415) headers['accept-encoding'] = ACCEPTED;
      if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
      return { status: http, headers, body: encodeStatus(encoding, rpc, message, retryAfterMs) };
    },
  };
}
