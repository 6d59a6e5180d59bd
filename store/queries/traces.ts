import type { Labels } from '../../core/labels.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';

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

export const SPAN_KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

export const SPAN_STATUSES = ['Unset', 'Ok', 'Error'] as const;
export type SpanStatus = (typeof SPAN_STATUSES)[number];

/** One span as stored. Times are unix milliseconds with a fraction (exact to a quarter of a microsecond). */
export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '' of a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly service: string;
  readonly start: Millis;
  readonly durationMs: number;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  readonly attributes: Labels;
  readonly resource: Labels;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

const SPAN_LIMIT = 10_000;

/** The index over trace ids stands on this expression, so every search for one is written with it. */
export const TRACE_ID = 'lower(hex(TraceId))';

/** An id as text: lower-case hexadecimal, '' where all bytes are zero, which means none. */
export function idSql(column: string, bytes: 8 | 16): string {
  return `if(${column} = toFixedString('', ${bytes}), '', lower(hex(${column})))`;
}

/**
 * An id as it is stored: 32 lower-case digits. Shorter ids, as of 64 bits, are filled up with zeros in front. Undefined
 * of what is no id, all zeros included.
 */
export function parseTraceId(text: string): string | undefined {
  if (!/^[0-9a-f]{1,32}$/i.test(text)) return undefined;
  const id = text.toLowerCase().padStart(32, '0');
  return /^0+$/.test(id) ? undefined : id;
}

const SPANS_SQL = `
WITH (SELECT (min(Start), max(End) + 1) FROM trace_times WHERE ${TRACE_ID} = {id:String}) AS lies
SELECT ${TRACE_ID} AS traceId, ${idSql('SpanId', 8)} AS spanId, ${idSql('ParentSpanId', 8)} AS parentSpanId,
    SpanName AS name, SpanKind AS kind, ServiceName AS service, toString(ScopeId) AS scope,
    toUnixTimestamp64Nano(Timestamp) / 1e6 AS start, Duration / 1e6 AS durationMs,
    StatusCode AS status, StatusMessage AS statusMessage, Attributes AS attributes,
    arrayMap(event -> (toUnixTimestamp64Nano(event.1) / 1e6, event.2, event.3), Events) AS eventList,
    arrayMap(link -> (lower(hex(link.1)), lower(hex(link.2)), link.4), Links) AS linkList
FROM spans
WHERE ${TRACE_ID} = {id:String} AND Timestamp >= lies.1 AND Timestamp <= lies.2
ORDER BY Timestamp, spanId
LIMIT ${SPAN_LIMIT}`;

interface SpanRow extends Omit<StoredSpan, 'events' | 'links' | 'resource'> {
  readonly scope: string;
  readonly eventList: readonly (readonly [time: number, name: string, attributes: Labels])[];
  readonly linkList: readonly (readonly [traceId: string, spanId: string, attributes: Labels])[];
}

/**
 * All spans of a trace (at most 10 000), by start, with what their resources say. `trace_times` tells which part of time
 * to look at, and the index over trace ids which blocks of it.
 */
export async function readTrace(store: Store, traceId: string): Promise<StoredSpan[]> {
  const id = parseTraceId(traceId);
  if (id === undefined) return [];
  // Rows are wanted whole, so fetching the wide columns in a second pass only reads the same blocks twice.
  const rows = await store.rows<SpanRow>(SPANS_SQL, { id }, { query_plan_optimize_lazy_materialization: 0 });
  const resources = await readResources(store, new Set(rows.map((row) => row.scope)));
  return rows.map(({ eventList, linkList, scope, ...span }) => ({
    ...span,
    resource: resources.get(scope) ?? {},
    events: eventList.map(([time, name, attributes]) => ({ time, name, attributes })),
    links: linkList.map(([linked, spanId, attributes]) => ({ traceId: linked, spanId, attributes })),
  }));
}

/** What scopes say never changes, for their id is a hash of it; by store, and when there are too many, anew. */
const known = new WeakMap<Store, Map<string, Labels>>();
const MOST_KNOWN = 10_000;

/** Resource attributes by scope id (as decimal text, for it has 64 bits). */
async function readResources(store: Store, scopes: ReadonlySet<string>): Promise<ReadonlyMap<string, Labels>> {
  let resources = known.get(store);
  if (resources === undefined || resources.size > MOST_KNOWN) {
    resources = new Map<string, Labels>();
    known.set(store, resources);
  }
  const missing = [...scopes].filter((scope) => !resources.has(scope));
  if (missing.length === 0) return resources;
  const rows = await store.rows<{ scope: string; resource: Labels }>(
    `
SELECT toString(ScopeId) AS scope, ResourceAttributes AS resource
FROM resource_scopes
WHERE ScopeId IN {scopes:Array(UInt64)}
LIMIT 1 BY ScopeId`,
    { scopes: missing.map(BigInt) },
  );
  for (const { scope, resource } of rows) resources.set(scope, resource);
  return resources;
}
