import { errorMessage, WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';
import type { OtlpSignal } from './recording.ts';
import { readFields, readVarint } from './wire.ts';

export interface SenderOptions {
  /** Base address of an OTLP/HTTP receiver; `/v1/<signal>` is appended. */
  readonly endpoint: string;
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly now: () => Millis;
  readonly sleep: (ms: Millis, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly log: (line: string) => void;
  /** How long one request is tried before giving up. */
  readonly patience: Millis;
}

export interface OtlpRequest {
  readonly signal: OtlpSignal;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** The HTTP answers OTLP allows to retry. */
const RETRYABLE = new Set([429, 502, 503, 504]);
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/**
 * Posts one request and returns how many items the receiver rejected. Overload and lost connections are retried with
 * doubling waits (a `Retry-After` wins) until `patience` is over: `replay_send_failed`. Any other refusal is final:
 * `replay_send_refused`, with the receiver's own words.
 */
export async function sendOtlp(request: OtlpRequest, options: SenderOptions): Promise<number> {
  const url = `${options.endpoint.replace(/\/+$/, '')}/v1/${request.signal}`;
  const giveUpAt = options.now() + options.patience;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    const outcome = await post(url, request, options);
    if (outcome.ok) return outcome.rejected;
    options.signal?.throwIfAborted();
    if (!outcome.retryable) throw new WeirError('replay_send_refused', `${url}: ${outcome.reason}`);
    const pause = outcome.retryAfter ?? wait * (0.8 + 0.4 * options.random());
    if (options.now() + pause > giveUpAt) {
      throw new WeirError('replay_send_failed', `${url}: ${outcome.reason}; is Weir running?`, { retryable: true });
    }
    options.log(`${outcome.reason}; trying again in ${(pause / 1000).toFixed(1)} s`);
    await options.sleep(pause, options.signal);
  }
}

type Outcome =
  | { readonly ok: true; readonly rejected: number }
  | {
      readonly ok: false;
      readonly retryable: boolean;
      readonly reason: string;
      readonly retryAfter?: Millis | undefined;
    };

async function post(url: string, request: OtlpRequest, options: SenderOptions): Promise<Outcome> {
  let response: Response;
  let body: Buffer;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': request.contentType,
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      },
      body: request.body as Uint8Array<ArrayBuffer>,
      signal: options.signal ?? null,
    });
    body = Buffer.from(await response.arrayBuffer());
  } catch (error) {
    options.signal?.throwIfAborted();
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { ok: false, retryable: true, reason: `no answer (${errorMessage(cause)})` };
  }
  const json = (response.headers.get('content-type') ?? '').startsWith('application/json');
  if (response.ok) return { ok: true, rejected: json ? rejectedJson(body) : rejectedProtobuf(body) };
  if (response.status === 401 || response.status === 403) {
    return { ok: false, retryable: false, reason: `${response.status}: give the receiver's token with --token` };
  }
  const words = json ? statusWords(body) : statusWordsProtobuf(body);
  return {
    ok: false,
    retryable: RETRYABLE.has(response.status),
    reason: `the receiver answered ${response.status}${words === '' ? '' : `: ${words}`}`,
    retryAfter: parseRetryAfter(response.headers.get('retry-after'), options.now()),
  };
}

/** `Retry-After` as seconds or as an HTTP date, in milliseconds from now. */
export function parseRetryAfter(text: string | null, now: Millis): Millis | undefined {
  if (text === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function rejectedJson(body: Buffer): number {
  try {
    const answer = JSON.parse(body.toString('utf8')) as { partialSuccess?: Record<string, unknown> };
    const partial = answer.partialSuccess ?? {};
    return Number(partial['rejectedSpans'] ?? partial['rejectedDataPoints'] ?? partial['rejectedLogRecords'] ?? 0);
  } catch {
    return 0;
  }
}

/** Export*ServiceResponse { 1: partial_success { 1: rejected (int64) } }. */
function rejectedProtobuf(body: Buffer): number {
  try {
    for (const outer of readFields(body, 0, body.length)) {
      if (outer.number !== 1 || outer.type !== 2) continue;
      for (const field of readFields(body, outer.start, outer.end)) {
        if (field.number === 1 && field.type === 0) return Number(readVarint(body, field.start, field.end)[0]);
      }
    }
    return 0;
  } catch {
    return 0;
  }
}

function statusWords(body: Buffer): string {
  try {
    return String((JSON.parse(body.toString('utf8')) as { message?: unknown }).message ?? '');
  } catch {
    return '';
  }
}

/** google.rpc.Status { 2: message }. */
function statusWordsProtobuf(body: Buffer): string {
  try {
    for (const field of readFields(body, 0, body.length)) {
      if (field.number === 2 && field.type === 2) return body.toString('utf8', field.start, field.end);
    }
    return '';
  } catch {
    return '';
  }
}
