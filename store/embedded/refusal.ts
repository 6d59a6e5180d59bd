/**
 * An answer in ClickHouse's own terms: `Code: 497. DB::Exception: ... (ACCESS_DENIED)`. Thrown by our side of the
 * interface; the engine's own errors are parsed into the same shape.
 */
export class Refusal extends Error {
  readonly code: number;
  readonly type: string;
  /** HTTP status where it differs from the one ClickHouse gives this code. */
  readonly status: number | undefined;

  constructor(code: number, type: string, message: string, status?: number) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.type = type;
    this.status = status;
  }

  get body(): string {
    return `Code: ${this.code}. DB::Exception: ${this.message}. (${this.type})\n`;
  }
}

/** Something the guard does not let through; `what` names it. */
export function denied(what: string): Refusal {
  return new Refusal(
    497,
    'ACCESS_DENIED',
    `${what} is refused by the embedded engine: it reaches outside the database`,
  );
}

/** A part of the interface that is not here. */
export function unsupported(what: string): Refusal {
  return new Refusal(48, 'NOT_IMPLEMENTED', `${what} is not supported by the embedded engine`);
}

/** An error thrown by the engine, as a Refusal; anything that is not one of ours becomes code 1002. */
export function parseEngineError(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const text = error instanceof Error ? error.message : String(error);
  const match = /^Code: (\d+)\. (?:DB::Exception: )?(.*?)\.? \(([A-Z0-9_]+)\)\s*$/s.exec(text);
  if (!match) return new Refusal(1002, 'UNKNOWN_EXCEPTION', text);
  return new Refusal(Number(match[1]), match[3] as string, match[2] as string);
}

const BAD_REQUEST = new Set([
  6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676,
]);
const NOT_FOUND = new Set([46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511]);
const OTHER_STATUS: Readonly<Record<number, number>> = {
  48: 501,
  76: 503,
  159: 408,
  192: 403,
  193: 403,
  194: 401,
  202: 503,
  209: 503,
  229: 413,
  236: 503,
  381: 411,
  439: 503,
  497: 403,
  512: 403,
  516: 403,
  779: 415,
};

/** The HTTP status ClickHouse answers an error code with (its `exceptionCodeToHTTPStatus`), and 503 for 202 and 236. */
export function statusOf(refusal: Refusal): number {
  if (refusal.status !== undefined) return refusal.status;
  if (BAD_REQUEST.has(refusal.code)) return 400;
  if (NOT_FOUND.has(refusal.code)) return 404;
  return OTHER_STATUS[refusal.code] ?? 500;
}
