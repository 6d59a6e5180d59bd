import type { Span, SpanEvent, SpanLink, TracesRequest } from '../../collector/otlp/model.ts';
import type { Rejections } from '../../collector/otlp/rejections.ts';
import { attributeMap, serviceName } from './attributes.ts';
import { dayOf, exact, idFault, isId, isStorableOrUnset, refuseTime, type StockRow } from './values.ts';

export const SPAN_KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const;
export const STATUS_CODES = ['Unset', 'Ok', 'Error'] as const;

/** Rows of `otel_traces`. Spans that break the protocol's rules are left out and told to `rejections`. */
export function traceRows(request: TracesRequest, rejections: Rejections): StockRow[] {
  const rows: StockRow[] = [];
  for (const [r, { resource, scopeSpans }] of (request.resourceSpans ?? []).entries()) {
    const ofResource = { ServiceName: serviceName(resource), ResourceAttributes: attributeMap(resource?.attributes) };
    for (const [s, { scope, spans }] of (scopeSpans ?? []).entries()) {
      const shared = { ...ofResource, ScopeName: scope?.name ?? '', ScopeVersion: scope?.version ?? '' };
      for (const [i, span] of (spans ?? []).entries()) {
        const where = () => `resourceSpans[${r}].scopeSpans[${s}].spans[${i}]`;
        if (isValid(span, rejections, where)) rows.push(spanRow(span, shared));
      }
    }
  }
  return rows;
}

function isValid(span: Span, rejections: Rejections, where: () => string): boolean {
  if (!isId(span.traceId, 32)) {
    rejections.add('invalid_trace_id', idFault('the trace id', span.traceId, 32), where);
    return false;
  }
  if (!isId(span.spanId, 16)) {
    rejections.add('invalid_span_id', idFault('the span id', span.spanId, 16), where);
    return false;
  }
  if (!hasLength(span.parentSpanId, 16)) {
    rejections.add('invalid_span_id', idFault('the parent span id', span.parentSpanId, 16), where);
    return false;
  }
  if (refuseTime(span.startTimeUnixNano, 'the start time', rejections, where)) return false;
  if (refuseTime(span.endTimeUnixNano, 'the end time', rejections, where)) return false;
  if ((span.endTimeUnixNano as bigint) < (span.startTimeUnixNano as bigint)) {
    rejections.add('invalid_time', 'the span ends before it starts', where);
    return false;
  }
  if (!(span.events ?? []).every((event) => isStorableOrUnset(event.timeUnixNano))) {
    rejections.add('invalid_time', 'an event lies after the year 2105', where);
    return false;
  }
  // Links with empty or zero ids are allowed; ids of another length are not ids.
  const badTrace = span.links?.find((link) => !hasLength(link.traceId, 32));
  if (badTrace !== undefined) {
    rejections.add('invalid_trace_id', idFault('the trace id of a link', badTrace.traceId, 32), where);
    return false;
  }
  const badSpan = span.links?.find((link) => !hasLength(link.spanId, 16));
  if (badSpan !== undefined) {
    rejections.add('invalid_span_id', idFault('the span id of a link', badSpan.spanId, 16), where);
    return false;
  }
  return true;
}

function hasLength(id: string | undefined, digits: number): boolean {
  return id === undefined || id.length === 0 || id.length === digits;
}

function spanRow(span: Span, shared: Readonly<Record<string, unknown>>): StockRow {
  const start = span.startTimeUnixNano as bigint;
  const events: readonly SpanEvent[] = span.events ?? [];
  const links: readonly SpanLink[] = span.links ?? [];
  return {
    day: dayOf(start),
    columns: {
      Timestamp: exact(start),
      TraceId: span.traceId,
      SpanId: span.spanId,
      ParentSpanId: rootless(span.parentSpanId),
      TraceState: span.traceState ?? '',
      SpanName: span.name ?? '',
      SpanKind: SPAN_KINDS[span.kind ?? 0] ?? 'Unspecified',
      ...shared,
      SpanAttributes: attributeMap(span.attributes),
      Duration: exact((span.endTimeUnixNano as bigint) - start),
      StatusCode: STATUS_CODES[span.status?.code ?? 0] ?? 'Unset',
      StatusMessage: span.status?.message ?? '',
      'Events.Timestamp': events.map((event) => exact(event.timeUnixNano)),
      'Events.Name': events.map((event) => event.name ?? ''),
      'Events.Attributes': events.map((event) => attributeMap(event.attributes)),
      'Links.TraceId': links.map((link) => link.traceId ?? ''),
      'Links.SpanId': links.map((link) => link.spanId ?? ''),
      'Links.TraceState': links.map((link) => link.traceState ?? ''),
      'Links.Attributes': links.map((link) => attributeMap(link.attributes)),
    },
  };
}

/** Some senders write eight zero bytes for "no parent". */
function rootless(parentSpanId: string | undefined): string {
  return parentSpanId === undefined || parentSpanId === '0000000000000000' ? '' : parentSpanId;
}
