/** Why single items of a decodable request are refused; the label `reason` of the dropped count. */
export const REJECTION_REASONS = [
  'invalid_trace_id',
  'invalid_span_id',
  'invalid_time',
  'missing_name',
  'missing_value',
  'invalid_buckets',
  'too_old',
  'too_new',
  'filtered',
  'cardinality',
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** What was refused of one request: counts by reason, and the first few cases in words with their places. */
export class Rejections {
  readonly counts = new Map<RejectionReason, number>();
  readonly #examples: string[] = [];
  total = 0;

  /** Refuses `items` items. `where` is only called for the cases that will be shown. */
  add(reason: RejectionReason, what: string, where: () => string, items = 1): void {
    const before = this.counts.get(reason) ?? 0;
    if (before === 0 && reason !== 'filtered') this.#examples.push(`${what} at ${where()}`);
    this.counts.set(reason, before + items);
    this.total += items;
  }

  /** Items the sender is told of: not those that a filter drops, which is no fault of the sender. */
  get refused(): number {
    return this.total - (this.counts.get('filtered') ?? 0);
  }

  /** One sentence for `partial_success.error_message`; '' when nothing was refused. `noun` is in the plural. */
  message(noun: string): string {
    return this.refused === 0 ? '' : `${this.refused} ${noun} refused: ${this.#examples.join('; ')}`;
  }
}
