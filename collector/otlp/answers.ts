import { WeirError } from '../../core/errors.ts';
import type { OtlpSignal } from './model.ts';
import { messageType } from './schema.ts';

/** Codes of google.rpc.Status that we answer with. */
export const RPC = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export type Encoding = 'protobuf' | 'json';

const REJECTED_KEYS: Readonly<Record<OtlpSignal, string>> = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
};

const ALL_TAKEN: Readonly<Record<Encoding, Buffer>> = { protobuf: Buffer.alloc(0), json: Buffer.from('{}') };

const response = messageType('ExportServiceResponse');
const status = messageType('RpcStatus');
const retryInfo = messageType('RetryInfo');

/** The answer to a request that was taken, with what was refused of it. */
export function encodeResponse(
  encoding: Encoding,
  signal: OtlpSignal,
  outcome: { readonly rejected: number; readonly message: string },
): Buffer {
  const { rejected, message } = outcome;
  if (rejected === 0 && message === '') return ALL_TAKEN[encoding];
  if (encoding === 'json') {
    const key = REJECTED_KEYS[signal];
    return Buffer.from(JSON.stringify({ partialSuccess: { [key]: String(rejected), errorMessage: message } }));
  }
  return Buffer.from(response.encode({ partial_success: { rejected, error_message: message } }).finish());
}

/** A google.rpc.Status; `retryAfterMs` becomes its RetryInfo. */
export function encodeStatus(encoding: Encoding, code: number, message: string, retryAfterMs?: number): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  const details = [];
  if (retryAfterMs !== undefined) {
    const delay = { seconds: Math.floor(retryAfterMs / 1000), nanos: (retryAfterMs % 1000) * 1_000_000 };
    const value = retryInfo.encode({ retry_delay: delay }).finish();
    details.push({ type_url: 'type.googleapis.com/google.rpc.RetryInfo', value });
  }
  return Buffer.from(status.encode({ code, message, details }).finish());
}

export interface Failure {
  readonly rpc: number;
  readonly http: number;
  readonly message: string;
  /** Set when the sender may try again. */
  readonly retryAfterMs?: number;
}

/**
 * An error in the words of both protocols. Senders retry 503 and UNAVAILABLE and give up on the rest, so retryable
 * errors must come out as the former. An error nobody foresaw is INTERNAL: the same bytes would bring it again.
 */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof WeirError)) {
    return { rpc: RPC.internal, http: 500, message: 'the collector failed on this request; its log says how' };
  }
  const { message } = error;
  if (error.retryable) {
    return { rpc: RPC.unavailable, http: 503, message, retryAfterMs: error.retryAfterMs ?? 1000 };
  }
  if (error.code === 'collector_request_too_large') return { rpc: RPC.resourceExhausted, http: 413, message };
  if (error.code === 'collector_encoding_unknown') return { rpc: RPC.unimplemented, http: 415, message };
  if (error.code === 'collector_service_unknown') return { rpc: RPC.notFound, http: 404, message };
  if (error.code === 'collector_deadline_exceeded') return { rpc: RPC.deadlineExceeded, http: 408, message };
  if (error.code === 'collector_unauthenticated') return { rpc: RPC.unauthenticated, http: 401, message };
  return { rpc: RPC.invalidArgument, http: 400, message };
}
