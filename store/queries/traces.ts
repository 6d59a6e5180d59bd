import type { Labels } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { millisCell, numberOf } from './cells.ts';

export interface SpanEvent {
  readonly time: Millis;
  readonly name: string;
  readonly attributes: Labels;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Labels;
}

/** One span as stored. Times are unix milliseconds with a fraction (exact to a quarter of a microsecond). */
export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly service: string;
  readonly start: Millis;
  readonly durationMs: number;
  readonly status: 'Unset' | 'Ok' | 'Error';
  readonly statusMessage: string;
  readonly attributes: Labels;
  readonly resource: Labels;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

const SPAN_LIMIT = 10_000;

/** All spans of a trace (at most 10 000), by start. The index table tells which part of time to look at. */
export async function readTrace(store: Store, traceId: string): Promise<StoredSpan[]> {
  const rows = await store.rows<SpanRow>(
    `
WITH
    (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = {id:String}) AS first,
    (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = {id:String}) AS last
SELECT TraceId AS traceId, SpanId AS spanId, ParentSpanId AS parentSpanId, SpanName AS name,
    replaceOne(SpanKind, 'SPAN_KIND_', '') AS kind, ServiceName AS service,
    toUnixTimestamp64Nano(Timestamp) / 1e6 AS start, Duration / 1e6 AS durationMs,
    multiIf(StatusCode IN ('Error', 'STATUS_CODE_ERROR'), 'Error', StatusCode IN ('Ok', 'STATUS_CODE_OK'), 'Ok', 'Unset') AS status,
    StatusMessage AS statusMessage, SpanAttributes AS attributes, ResourceAttributes AS resource,
    arrayMap(time -> toUnixTimestamp64Nano(time) / 1e6, Events.Timestamp) AS eventTimes,
    Events.Name AS eventNames, Events.Attributes AS eventAttributes,
    Links.TraceId AS linkTraces, Links.SpanId AS linkSpans, Links.Attributes AS linkAttributes
FROM otel_traces
WHERE TraceId = {id:String} AND Timestamp >= first AND Timestamp <= last
ORDER BY Timestamp, spanId
LIMIT ${SPAN_LIMIT}`,
    { id: traceId.toLowerCase() },
  );
  return rows.map(parseSpan);
}

interface SpanRow extends Omit<StoredSpan, 'events' | 'links'> {
  readonly eventTimes: readonly number[];
  readonly eventNames: readonly string[];
  readonly eventAttributes: readonly Labels[];
  readonly linkTraces: readonly string[];
  readonly linkSpans: readonly string[];
  readonly linkAttributes: readonly Labels[];
}

function parseSpan(row: SpanRow): StoredSpan {
  const { eventTimes, eventNames, eventAttributes, linkTraces, linkSpans, linkAttributes, ...span } = row;
  const kind = span.kind.charAt(0).toUpperCase() + span.kind.slice(1).toLowerCase();
  return {
    ...span,
    kind,
    events: eventTimes.map((time, i) => ({ time, name: eventNames[i] ?? '', attributes: eventAttributes[i] ?? {} })),
    links: linkTraces.map((traceId, i) => ({
      traceId,
      spanId: linkSpans[i] ?? '',
      attributes: linkAttributes[i] ?? {},
    })),
  };
}

export interface TraceSearch {
  /** Unix milliseconds: spans that started in [from, to). */
  readonly from: Millis;
  readonly to: Millis;
  readonly service?: string;
  /** Of a span of the service, not of the whole trace. */
  readonly minDurationMs?: number;
  readonly onlyErrors?: boolean;
  readonly limit?: number;
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

/** Spans of one trace are looked for this far around the searched range. */
const AROUND_MS = 3_600_000;

/** Traces with a span that fits, the newest first. */
export async function searchTraces(store: Store, search: TraceSearch): Promise<TraceSummary[]> {
  const rows = await store.rows<TraceSummary>(
    `
SELECT TraceId AS traceId, min(toUnixTimestamp64Nano(Timestamp)) / 1e6 AS start,
    (max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) - min(toUnixTimestamp64Nano(Timestamp))) / 1e6 AS durationMs,
    toUInt32(count()) AS spans, toUInt32(countIf(StatusCode IN ('Error', 'STATUS_CODE_ERROR'))) AS errors,
    arraySort(groupUniqArray(ServiceName)) AS services,
    argMin(ServiceName, Timestamp) AS rootService, argMin(SpanName, Timestamp) AS rootName
FROM otel_traces
WHERE Timestamp >= fromUnixTimestamp64Milli({from:Int64} - ${AROUND_MS})
    AND Timestamp < fromUnixTimestamp64Milli({to:Int64} + ${AROUND_MS})
    AND TraceId IN (
        SELECT TraceId FROM otel_traces
        WHERE Timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
            AND TraceId != ''
            AND ({anyService:Bool} OR ServiceName = {service:String})
            AND Duration >= {minDuration:UInt64}
            AND (NOT {onlyErrors:Bool} OR StatusCode IN ('Error', 'STATUS_CODE_ERROR'))
        GROUP BY TraceId
        ORDER BY max(Timestamp) DESC
        LIMIT {limit:UInt32})
GROUP BY TraceId
ORDER BY start DESC`,
    {
      from: millisCell(search.from),
      to: millisCell(search.to),
      anyService: search.service === undefined,
      service: search.service ?? '',
      minDuration: Math.round((search.minDurationMs ?? 0) * 1e6),
      onlyErrors: search.onlyErrors ?? false,
      limit: search.limit ?? 50,
    },
  );
  return rows.map((row) => ({ ...row, spans: numberOf(row.spans), errors: numberOf(row.errors) }));
}
