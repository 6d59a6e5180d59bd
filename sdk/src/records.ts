import type { Carrier } from './carrier.ts';
import { counters } from './counters.ts';
import { about } from './event-time.ts';
import { METRIC } from './semconv.ts';
import { errorType, recordError } from './span.ts';

/** Where records come from that something is said about. */
export interface RecordSource {
  /** Queue or topic they were read from. */
  readonly destination: string;
  readonly group?: string;
}

export interface DeadLetter extends RecordSource {
  /** What the record was given up for. */
  readonly error: unknown;
  /** Low in cardinality; the error's code or class when absent. */
  readonly reason?: string;
  /** Headers the record came with; they are kept. */
  readonly headers?: Carrier | undefined;
  readonly partition?: string | number;
  readonly offset?: string | number | bigint;
}

const MAX_TEXT = 1024;

/**
 * Counts a record that is given up (`weir.records.dead_lettered`), marks the active span as failed, and returns the
 * headers to send it to the dead letter queue with: those it came with, and where it came from and why under the names
 * that Kafka Connect uses (`__connect.errors.topic`, `.partition`, `.offset`, `.exception.class.name`,
 * `.exception.message`).
 */
export function deadLetter(options: DeadLetter): Record<string, unknown> {
  const { destination, group, error } = options;
  const reason = options.reason ?? errorType(error);
  counters.add(METRIC.deadLetters, { ...about(destination, group), reason });
  recordError(error);
  const message = error instanceof Error ? error.message : String(error);
  const headers: Record<string, unknown> = {
    ...options.headers,
    '__connect.errors.topic': destination,
    '__connect.errors.exception.class.name': error instanceof Error ? errorType(error) : reason,
    '__connect.errors.exception.message': message.slice(0, MAX_TEXT),
  };
  if (options.partition !== undefined) headers['__connect.errors.partition'] = String(options.partition);
  if (options.offset !== undefined) headers['__connect.errors.offset'] = String(options.offset);
  return headers;
}

export interface Validation {
  readonly valid: boolean;
  /** The reason that was counted. */
  readonly reason?: string;
  readonly error?: unknown;
}

/** The class of a violation, low in cardinality: ajv's keyword, zod's issue code, an error's code or class. */
function violation(error: unknown): string {
  const first = (list: unknown) => (Array.isArray(list) ? list[0] : undefined) as Record<string, unknown> | undefined;
  const issue = first(error) ?? first((error as { issues?: unknown } | undefined)?.issues);
  const kind = issue?.['keyword'] ?? issue?.['code'];
  if (typeof kind === 'string') return kind;
  return error === undefined ? 'invalid' : errorType(error);
}

/**
 * Checks a value and counts a violation (`weir.records.schema_violations`). A violation is what `check` answers with false
 * (ajv's compiled functions) or `{ success: false }` (zod's `safeParse`), or throws at. Never throws itself.
 */
export function validate<V>(source: RecordSource, value: V, check: (value: V) => unknown): Validation {
  let error: unknown;
  try {
    const verdict = check(value);
    if (verdict === false) error = (check as { errors?: unknown }).errors;
    else {
      const result = verdict as { success?: unknown; error?: unknown } | null | undefined;
      if (result?.success !== false) return { valid: true };
      error = result.error;
    }
  } catch (thrown) {
    error = thrown;
  }
  const reason = violation(error ?? undefined);
  counters.add(METRIC.schemaViolations, { ...about(source.destination, source.group), reason });
  return { valid: false, reason, error };
}

/** Identifiers remembered when nothing else is said; about 100 bytes each. */
const DEFAULT_CAPACITY = 100_000;

/**
 * Finds records that come twice. Two sets of identifiers: new ones go into the younger, and when that is full the older
 * is forgotten; so an identifier is remembered for at least `capacity` others, and memory holds twice as many.
 */
export class DuplicateDetector {
  readonly #source: Record<string, string>;
  readonly #capacity: number;
  #young = new Set<string | number | bigint>();
  #old = new Set<string | number | bigint>();

  constructor(source: RecordSource, capacity: number = DEFAULT_CAPACITY) {
    this.#source = about(source.destination, source.group);
    this.#capacity = Math.max(1, capacity);
  }

  /** Whether this identifier came before; if so it is counted (`weir.records.duplicates`). */
  seen(id: string | number | bigint): boolean {
    const duplicate = this.#young.has(id) || this.#old.has(id);
    if (duplicate) counters.add(METRIC.duplicates, this.#source);
    else if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    // One that is still met stays young.
    if (!this.#young.has(id)) this.#young.add(id);
    return duplicate;
  }
}

/** A `DuplicateDetector` for the records of one queue. */
export function duplicates(source: RecordSource, options: { readonly capacity?: number } = {}): DuplicateDetector {
  return new DuplicateDetector(source, options.capacity);
}
