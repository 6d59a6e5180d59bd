import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { filterSql, nanosOf, type SpanFilter } from './span-filter.ts';
import { idSql, type SpanKind, type SpanStatus } from './traces.ts';

/** A span in a list. */
export interface SpanSummary {
  /** '' when the span belongs to no trace. */
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly status: SpanStatus;
  readonly start: Millis;
  readonly durationMs: number;
}

export interface SlowSpansQuery extends SpanFilter {
  readonly from: Millis;
  readonly to: Millis;
  /** Default 50. */
  readonly limit?: number;
}

/** The slowest spans that started in [from, to), the slowest first. */
export async function readSlowestSpans(store: Store, query: SlowSpansQuery): Promise<SpanSummary[]> {
  const { cheap, dear, params } = filterSql(query, nanosOf(query.from), nanosOf(query.to));
  return store.rows<SpanSummary>(
    `
SELECT ${idSql('TraceId', 16)} AS traceId, ${idSql('SpanId', 8)} AS spanId, ServiceName AS service, SpanName AS name,
    SpanKind AS kind, StatusCode AS status, toUnixTimestamp64Nano(Timestamp) / 1e6 AS start, Duration / 1e6 AS durationMs
FROM spans
PREWHERE ${cheap}
WHERE ${dear}
ORDER BY Duration DESC, Timestamp DESC
LIMIT {limit:UInt32}`,
    { ...params, limit: query.limit ?? 50 },
  );
}
