import { errorMessage, WeirError } from '../../core/errors.ts';
import type { Millis } from '../../core/time.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** What `Retry-After` asks for, if anything. */
  readonly retryAfterMs: number | undefined;
}

export interface HttpRequest {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: Millis;
  readonly signal?: AbortSignal | undefined;
}

const USER_AGENT = 'Weir/0.1';
const MAX_ANSWER = 64 * 1024;

/** `Retry-After` in seconds or as a date; undefined when absent or unreadable. At most one hour. */
export function parseRetryAfter(header: string | null, now: Millis): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const wait = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), 3_600_000);
}

async function readAnswer(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER) break;
  }
  return text.slice(0, MAX_ANSWER);
}

/**
 * Posts JSON and gives the answer, whatever its status; a redirect is an answer and is not followed.
 * Throws `alerting_notify_unreachable`, retryable, when there is none in time. The message names no address, because
 * addresses of webhooks are secrets.
 */
export async function postJson(request: HttpRequest, now: Millis): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await fetch(request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': USER_AGENT, ...request.headers },
      body: request.body,
      redirect: 'manual',
      signal: request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]),
    });
    const text = await readAnswer(response);
    return { status: response.status, text, retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), now) };
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code;
    const why = timeout.aborted ? `no answer within ${request.timeoutMs} ms` : (cause ?? errorMessage(error));
    throw new WeirError('alerting_notify_unreachable', why.replaceAll(request.url, '<secret>'), { retryable: true });
  }
}

/**
 * Statuses worth another attempt with the same body: 5xx, 408 and 429. Everything else outside 2xx is a permanent
 * refusal, redirects included.
 */
export function isRetryableStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** Throws `alerting_notify_refused` unless the status is 2xx. */
export function assertAccepted(answer: HttpAnswer): void {
  if (answer.status >= 200 && answer.status < 300) return;
  const said = answer.text.replace(/\s+/g, ' ').trim().slice(0, 200);
  throw new WeirError('alerting_notify_refused', `HTTP ${answer.status}${said === '' ? '' : `: ${said}`}`, {
    retryable: isRetryableStatus(answer.status),
    ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
  });
}
