/**
 * The one error type that crosses rooms.
 *
 * `code` is `room_subject_event` and is the same word in log lines, metrics and the documentation.
 * `retryable` says whether the same call can succeed later with the same input: a receiver turns it into the
 * right protocol answer (400 or 503), a sender into a retry or a give-up.
 */
export class WeirError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  /** How long a retrying caller should wait, in milliseconds, when the thrower knows. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WeirError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The message of anything thrown, for logs and answers. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
