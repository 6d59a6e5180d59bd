import type { Request } from 'express';
import { WeirError } from '../core/errors.ts';
import type { Millis } from '../core/time.ts';
import type { AttributeListView, SlowSpansView, TraceSearchView, TraceView } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import { readServices } from '../store/queries/ingest.ts';
import { readSlowestSpans } from '../store/queries/slow-spans.ts';
import { readAttributeKeys, readAttributeValues } from '../store/queries/span-attributes.ts';
import type { SpanFilter } from '../store/queries/span-filter.ts';
import { searchTraces } from '../store/queries/trace-search.ts';
import { parseTraceId, readTrace, SPAN_KINDS, SPAN_STATUSES } from '../store/queries/traces.ts';
import { invalid, unknown } from './failure.ts';
import { parseChoice, parseNumber, parsePairs, parseRange, parseText } from './request.ts';

const SEARCH_LIMIT = 200;
const WEEK_MS = 7 * 86_400_000;

export async function readTraceView(store: Store, id: string): Promise<TraceView> {
  if (!/^[0-9a-f]{1,32}$/i.test(id)) throw invalid('path.id', 'A trace id is up to 32 hexadecimal digits');
  const spans = await readTrace(store, id);
  if (spans.length === 0) throw unknown('api_trace_unknown', `No span of trace ${id} is stored`);
  return {
    traceId: parseTraceId(id) ?? id,
    spans: spans.map(({ status, statusMessage, links, ...span }) => ({
      ...span,
      error: status === 'Error',
      message: statusMessage,
      links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
    })),
  };
}

/** Traces of a range that hold a fitting span, in pages. */
export async function searchTraceViews(
  store: Store,
  request: Request,
  now: Millis,
  longest: Millis,
): Promise<TraceSearchView> {
  const { from, to, limit, ...filter } = parseSearch(request, now, longest);
  const before = parseText(request, 'before');
  const [found, services] = await Promise.all([
    searchTraces(store, { ...filter, from, to, limit, ...(before === undefined ? {} : { before }) }).catch(
      (error: unknown) => {
        if (error instanceof WeirError && error.code === 'store_search_cursor_invalid') {
          throw invalid('query.before', error.message);
        }
        throw error;
      },
    ),
    readServices(store, now - WEEK_MS),
  ]);
  return {
    services: [...new Set(services.map((seen) => seen.service))].sort(),
    hits: found.traces,
    from,
    to,
    searchedTo: found.searchedTo,
    next: found.next ?? null,
  };
}

export async function slowSpanViews(
  store: Store,
  request: Request,
  now: Millis,
  longest: Millis,
): Promise<SlowSpansView> {
  const search = parseSearch(request, now, longest);
  return { spans: await readSlowestSpans(store, search), from: search.from, to: search.to };
}

/** Keys of attributes, or with `key` its values, to choose from; counted over a sample of the newest spans that fit. */
export async function attributeViews(
  store: Store,
  request: Request,
  now: Millis,
  longest: Millis,
): Promise<AttributeListView> {
  const search = parseSearch(request, now, longest);
  const key = parseText(request, 'key');
  const prefix = parseText(request, 'prefix');
  const query = { ...search, ...(prefix === undefined ? {} : { prefix }) };
  return {
    found: key === undefined ? await readAttributeKeys(store, query) : await readAttributeValues(store, key, query),
  };
}

type Search = SpanFilter & { readonly from: Millis; readonly to: Millis; readonly limit: number };

/**
 * `service`, `operation`, `pipeline`, `kind`, `status`, `min_ms`, `max_ms`, `attribute=key=value` and `resource=key=value` (as often as
 * needed), `errors=1` for `status=Error`, and the range, at most a week.
 */
function parseSearch(request: Request, now: Millis, longest: Millis): Search {
  const { from, to } = parseRange(request, now, Math.min(longest, WEEK_MS));
  const errors = parseChoice(request, 'errors', ['0', '1']);
  const status = errors === '1' ? 'Error' : parseChoice(request, 'status', SPAN_STATUSES);
  const limit = Math.floor(parseNumber(request, 'limit', 1, SEARCH_LIMIT) ?? 100);
  const filter = {
    pipeline: parseText(request, 'pipeline'),
    service: parseText(request, 'service'),
    operation: parseText(request, 'operation'),
    kind: parseChoice(request, 'kind', SPAN_KINDS),
    status,
    minDurationMs: parseNumber(request, 'min_ms', 0, 86_400_000),
    maxDurationMs: parseNumber(request, 'max_ms', 0, 86_400_000),
    attributes: parsePairs(request, 'attribute'),
    resource: parsePairs(request, 'resource'),
  };
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  return { from, to, limit, ...(given as SpanFilter) };
}
