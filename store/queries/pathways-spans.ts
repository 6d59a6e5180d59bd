import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf, secondsCell } from './cells.ts';
import { idSql, type SpanKind, TRACE_ID } from './traces.ts';

/** What of a span says where it stands on a pathway. Times are unix milliseconds with a fraction. */
export interface PathwaySpan {
  readonly trace: string;
  readonly span: string;
  /** '' of a root. */
  readonly parent: string;
  readonly pipeline: string;
  readonly service: string;
  readonly kind: SpanKind;
  /** '' where it is no topic. */
  readonly topic: string;
  readonly system: string;
  readonly group: string;
  readonly start: Millis;
  readonly messages: number;
  /** Traces and spans it links to, at most 100. */
  readonly links: readonly (readonly [trace: string, span: string])[];
  readonly traceState: string;
}

const COLUMNS = `
    ${TRACE_ID} AS trace, ${idSql('SpanId', 8)} AS span, ${idSql('ParentSpanId', 8)} AS parent, Pipeline AS pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS service, SpanKind AS kind,
    if(DestinationKind = 'topic', Destination, '') AS topic, DestinationSystem AS system, ConsumerGroup AS group,
    toUnixTimestamp64Nano(Timestamp) / 1e6 AS start, Messages AS messages,
    arrayMap(link -> (lower(hex(link.1)), lower(hex(link.2))), arraySlice(Links, 1, 100)) AS links, TraceState AS traceState`;

export interface SeedQuery {
  /** Spans that ended in [from, to). */
  readonly from: Millis;
  readonly to: Millis;
  /** At most about so many spans. */
  readonly limit: number;
}

export interface Seeds {
  readonly spans: readonly PathwaySpan[];
  /** The share of traces they were taken from, 2^-k. */
  readonly share: number;
}

/** Spans that last longer are not looked at. */
const LONGEST_MS = 600_000;

/**
 * Producer and consumer spans of topics that ended in a range, of a share of the traces that makes them about `limit`. The share is
 * taken by a hash of the trace id, so that it holds whole traces, and the same ones from round to round. Services whose SDK
 * reports pathways by itself are left out.
 */
export async function readPathwaySeeds(store: Store, { from, to, limit }: SeedQuery): Promise<Seeds> {
  const params = { from: Math.floor(from), to: Math.floor(to), oldest: Math.floor(from - LONGEST_MS) };
  const where = `
Timestamp >= fromUnixTimestamp64Milli({oldest:Int64}) AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
    AND SpanKind IN ('Producer', 'Consumer') AND DestinationKind = 'topic' AND Destination != ''
    AND addNanoseconds(Timestamp, Duration) >= fromUnixTimestamp64Milli({from:Int64})
    AND addNanoseconds(Timestamp, Duration) < fromUnixTimestamp64Milli({to:Int64})
    AND (Pipeline, if(ServiceName = '', 'unknown_service', ServiceName)) NOT IN (
        SELECT Pipeline, Service FROM pathways_10s WHERE Time >= toDateTime({reporting:UInt32}))`;
  const reporting = secondsCell(from - LONGEST_MS);
  const [row] = await store.rows<{ n: number }>(`SELECT count() AS n FROM spans WHERE ${where}`, {
    ...params,
    reporting,
  });
  const count = numberOf(row?.n);
  const halvings = Math.min(20, Math.max(0, Math.ceil(Math.log2(count / limit))));
  if (!(count > 0)) return { spans: [], share: 1 };
  const spans = await store.rows<PathwaySpan>(
    `SELECT ${COLUMNS} FROM spans WHERE ${where} AND bitAnd(sipHash64(TraceId), {mask:UInt64}) = 0 ORDER BY start LIMIT {most:UInt32}`,
    { ...params, reporting, mask: 2 ** halvings - 1, most: 4 * limit },
  );
  return { spans, share: 2 ** -halvings };
}

export interface TracesQuery {
  readonly traces: readonly string[];
  /** No span before this time is looked for. */
  readonly oldest: Millis;
  readonly newest: Millis;
}

const MOST_SPANS = 50_000;
/** What one look may read: what is found by then is all there is. */
const BOUNDED = {
  max_rows_to_read: '20000000',
  read_overflow_mode: 'break',
  max_execution_time: 5,
  timeout_overflow_mode: 'break',
} as const;

/** Spans of some traces, as far as a bounded look finds them. */
export async function readPathwaySpans(store: Store, { traces, oldest, newest }: TracesQuery): Promise<PathwaySpan[]> {
  if (traces.length === 0) return [];
  return store.rows<PathwaySpan>(
    `
WITH (
    SELECT (min(Start), max(End) + 1) FROM trace_times
    WHERE ${TRACE_ID} IN {traces:Array(String)} AND Start >= toDateTime({oldest:UInt32})
) AS lies
SELECT ${COLUMNS}
FROM spans
WHERE ${TRACE_ID} IN {traces:Array(String)} AND Timestamp >= lies.1 AND Timestamp <= lies.2
    AND Timestamp < toDateTime({newest:UInt32})
LIMIT ${MOST_SPANS}`,
    { traces, oldest: secondsCell(oldest), newest: Math.ceil(newest / 1000) + 1 },
    BOUNDED,
  );
}
