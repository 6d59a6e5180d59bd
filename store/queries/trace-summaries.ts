import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { numberOf } from './cells.ts';
import { TRACE_ID } from './traces.ts';

/** A trace that was found: its id, and when its newest fitting span started, nanoseconds since 1970. */
export interface TraceMatch {
  readonly traceId: string;
  readonly newest: bigint;
}

export interface TraceSummary {
  readonly traceId: string;
  readonly start: Millis;
  readonly durationMs: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
  /** Service and name of the span that started first. */
  readonly rootService: string;
  readonly rootName: string;
}

const SECOND = 1_000_000_000n;
/** A trace is looked for this far before the span it was found by. */
const LONGEST_S = 86_400;
/** Spans of traces are read in at most so many pieces of time. */
const PIECES = 8;

interface Piece {
  /** Seconds since 1970, both included. */
  readonly from: number;
  readonly to: number;
  readonly ids: readonly string[];
}

/** The traces as a whole, whatever part of them was found, the newest start first. */
export async function readSummaries(store: Store, matches: readonly TraceMatch[]): Promise<TraceSummary[]> {
  if (matches.length === 0) return [];
  const pieces = piecesOf(await readExtents(store, matches));
  const params: Record<string, unknown> = {};
  const conditions = pieces.map(({ from, to, ids }, i) => {
    params[`ids${i}`] = ids;
    return `(${TRACE_ID} IN {ids${i}:Array(String)} AND Timestamp >= toDateTime(${from}) AND Timestamp <= toDateTime(${to}))`;
  });
  const rows = await store.rows<TraceSummary>(
    `
SELECT ${TRACE_ID} AS traceId, toUnixTimestamp64Nano(min(Timestamp)) / 1e6 AS start,
    (max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) - toUnixTimestamp64Nano(min(Timestamp))) / 1e6 AS durationMs,
    toUInt32(count()) AS spans, toUInt32(countIf(StatusCode = 'Error')) AS errors,
    arraySort(groupUniqArray(ServiceName)) AS services,
    argMin(ServiceName, (Timestamp, ParentSpanId)) AS rootService, argMin(SpanName, (Timestamp, ParentSpanId)) AS rootName
FROM spans
WHERE ${conditions.join(' OR ')}
GROUP BY TraceId
ORDER BY start DESC, traceId`,
    params,
  );
  return rows.map((row) => ({ ...row, spans: numberOf(row.spans), errors: numberOf(row.errors) }));
}

interface Extent {
  readonly traceId: string;
  readonly first: number;
  readonly last: number;
}

/** Where the traces lie, from `trace_times`; at least the second of the span that was found. */
async function readExtents(store: Store, matches: readonly TraceMatch[]): Promise<Extent[]> {
  const seconds = matches.map((match) => Number(match.newest / SECOND));
  const rows = await store.rows<Extent>(
    `
SELECT ${TRACE_ID} AS traceId, toUnixTimestamp(min(Start)) AS first, toUnixTimestamp(max(End)) + 1 AS last
FROM trace_times
WHERE ${TRACE_ID} IN {ids:Array(String)} AND Start >= toDateTime({oldest:UInt32}) AND Start <= toDateTime({newest:UInt32})
GROUP BY TraceId`,
    {
      ids: matches.map((match) => match.traceId),
      oldest: Math.max(0, Math.min(...seconds) - LONGEST_S),
      // A trace that began in two inserts has a row that starts later than the span it was found by.
      newest: Math.max(...seconds) + LONGEST_S,
    },
  );
  const known = new Map(rows.map((row) => [row.traceId, row]));
  return matches.map(({ traceId }, i) => {
    const second = seconds[i] as number;
    const { first, last } = known.get(traceId) ?? { first: second, last: second + 1 };
    return { traceId, first: Math.min(first, second), last: Math.max(last, second + 1) };
  });
}

/** Traces cut at the longest pauses between them, so that little time is read in which none of them lies. */
function piecesOf(extents: readonly Extent[]): Piece[] {
  const sorted = [...extents].sort((a, b) => a.first - b.first);
  let reach = sorted[0]?.last ?? 0;
  const pauses: { readonly at: number; readonly length: number }[] = [];
  for (const [i, extent] of sorted.entries()) {
    if (extent.first > reach) pauses.push({ at: i, length: extent.first - reach });
    reach = Math.max(reach, extent.last);
  }
  const cuts = pauses
    .sort((a, b) => b.length - a.length)
    .slice(0, PIECES - 1)
    .map((pause) => pause.at)
    .sort((a, b) => a - b);
  return [0, ...cuts].map((begin, i) => {
    const part = sorted.slice(begin, cuts[i]);
    return {
      from: Math.min(...part.map((extent) => extent.first)),
      to: Math.max(...part.map((extent) => extent.last)),
      ids: part.map((extent) => extent.traceId),
    };
  });
}
