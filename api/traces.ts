import type { Request } from 'express';
import type { Millis } from '../core/time.ts';
import type { TraceSearchView, TraceView } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import { readServices } from '../store/queries/ingest.ts';
import { readTrace, searchTraces } from '../store/queries/traces.ts';
import { invalid, unknown } from './failure.ts';
import { parseNumber, parseRange, parseText } from './request.ts';

const SEARCH_LIMIT = 200;

export async function readTraceView(store: Store, id: string): Promise<TraceView> {
  if (!/^[0-9a-f]{1,32}$/i.test(id)) throw invalid('path.id', 'A trace id is up to 32 hexadecimal digits');
  const spans = await readTrace(store, id);
  if (spans.length === 0) throw unknown('api_trace_unknown', `No span of trace ${id} is stored`);
  return {
    traceId: id,
    spans: spans.map(({ status, statusMessage, links, ...span }) => ({
      ...span,
      error: status === 'Error',
      message: statusMessage,
      links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
    })),
  };
}

/** Traces of a range that hold a fitting span: of a service, at least so slow, with an error. */
export async function searchTraceViews(
  store: Store,
  request: Request,
  now: Millis,
  longest: Millis,
): Promise<TraceSearchView> {
  const { from, to } = parseRange(request, now, Math.min(longest, 7 * 86_400_000));
  const service = parseText(request, 'service');
  const minDurationMs = parseNumber(request, 'min_ms', 0, 86_400_000);
  const errors = parseText(request, 'errors');
  if (errors !== undefined && errors !== '1' && errors !== '0') throw invalid('query.errors', '"errors" is 1 or 0');
  const limit = parseNumber(request, 'limit', 1, SEARCH_LIMIT) ?? 100;
  const [hits, services] = await Promise.all([
    searchTraces(store, {
      from,
      to,
      limit: Math.floor(limit),
      onlyErrors: errors === '1',
      ...(service === undefined ? {} : { service }),
      ...(minDurationMs === undefined ? {} : { minDurationMs }),
    }),
    readServices(store, now - 7 * 86_400_000),
  ]);
  return { services: [...new Set(services.map((seen) => seen.service))].sort(), hits, from, to };
}
