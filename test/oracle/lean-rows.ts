import type { KeyValue, LogRecord, OtlpRequests, OtlpSignal, Span } from '../../collector/otlp/model.ts';
import { Rejections } from '../../collector/otlp/rejections.ts';
import { attributePairs, valueText } from './attributes.ts';
import { lookup, spanColumns } from './lean-derived.ts';
import { addMetricRows } from './lean-metrics.ts';
import { fixedId, type LeanContext, type LeanRow, LeanRows, scopeRow, text } from './lean-row.ts';
import { logRows } from './log-rows.ts';
import { SPAN_KINDS, STATUS_CODES, traceRows } from './trace-rows.ts';
import { isStorable } from './values.ts';

/** A request as rows of the lean tables. */
export function leanRows<S extends OtlpSignal>(signal: S, request: OtlpRequests[S], context: LeanContext): LeanRows {
  const rows = new LeanRows();
  if (signal === 'traces') addSpans(request as OtlpRequests['traces'], context, rows);
  else if (signal === 'logs') addLogs(request as OtlpRequests['logs'], context, rows);
  else addMetricRows(request as OtlpRequests['metrics'], context, rows);
  return rows;
}

function addSpans(request: OtlpRequests['traces'], context: LeanContext, rows: LeanRows): void {
  for (const { resource, schemaUrl, scopeSpans } of request.resourceSpans ?? []) {
    for (const { scope, schemaUrl: scopeSchemaUrl, spans } of scopeSpans ?? []) {
      const row = scopeRow(resource, schemaUrl, scope, scopeSchemaUrl);
      for (const span of spans ?? []) {
        const rejections = new Rejections();
        // The stock row makers know which spans break the protocol's rules.
        traceRows({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }, rejections);
        if (rows.refused(rejections) || rows.outside(span.startTimeUnixNano ?? 0n, context)) continue;
        rows.add('spans', spanRow(span, row));
      }
    }
  }
}

function spanRow(span: Span, scope: LeanRow): LeanRow {
  const kind = SPAN_KINDS[span.kind ?? 0] ?? 'Unspecified';
  return {
    Timestamp: text(span.startTimeUnixNano),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: fixedId(span.parentSpanId, 16),
    TraceState: span.traceState ?? '',
    Flags: span.flags ?? 0,
    SpanName: span.name ?? '',
    SpanKind: kind,
    ServiceName: scope.ServiceName,
    Pipeline: scope.Pipeline,
    ScopeId: scope,
    Duration: text((span.endTimeUnixNano ?? 0n) - (span.startTimeUnixNano ?? 0n)),
    StatusCode: STATUS_CODES[span.status?.code ?? 0] ?? 'Unset',
    StatusMessage: span.status?.message ?? '',
    ...packed(span.attributes),
    DroppedAttributes: span.droppedAttributesCount ?? 0,
    DroppedEvents: span.droppedEventsCount ?? 0,
    DroppedLinks: span.droppedLinksCount ?? 0,
    Events: (span.events ?? []).map((event) => [
      text(event.timeUnixNano),
      event.name ?? '',
      attributePairs(event.attributes),
      event.droppedAttributesCount ?? 0,
    ]),
    Links: (span.links ?? []).map((link) => [
      fixedId(link.traceId, 32),
      fixedId(link.spanId, 16),
      link.traceState ?? '',
      attributePairs(link.attributes),
      link.droppedAttributesCount ?? 0,
      link.flags ?? 0,
    ]),
    ...spanColumns(lookup(span.attributes), kind),
  };
}

function addLogs(request: OtlpRequests['logs'], context: LeanContext, rows: LeanRows): void {
  for (const { resource, schemaUrl, scopeLogs } of request.resourceLogs ?? []) {
    for (const { scope, schemaUrl: scopeSchemaUrl, logRecords } of scopeLogs ?? []) {
      const row = scopeRow(resource, schemaUrl, scope, scopeSchemaUrl);
      for (const record of logRecords ?? []) {
        const rejections = new Rejections();
        logRows({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }, rejections, context.now);
        const time = record.timeUnixNano || record.observedTimeUnixNano || context.now;
        if (rows.refused(rejections) || rows.outside(time, context)) continue;
        rows.add('logs', logRow(record, time, row));
      }
    }
  }
}

function logRow(record: LogRecord, time: bigint, scope: LeanRow): LeanRow {
  const severity = record.severityNumber ?? 0;
  return {
    Timestamp: text(time),
    // One that cannot be stored is as good as none: the record has another time.
    ObservedTimestamp: text(isStorable(record.observedTimeUnixNano) ? record.observedTimeUnixNano : 0n),
    TraceId: fixedId(record.traceId, 32),
    SpanId: fixedId(record.spanId, 16),
    Flags: record.flags ?? 0,
    SeverityNumber: severity >= 0 && severity <= 255 ? severity : 0,
    SeverityText: record.severityText ?? '',
    ServiceName: scope.ServiceName,
    Pipeline: scope.Pipeline,
    ScopeId: scope,
    Body: valueText(record.body),
    ...packed(record.attributes),
    DroppedAttributes: record.droppedAttributesCount ?? 0,
    EventName: record.eventName ?? '',
  };
}

/** Attributes as spans and logs keep them (docs/decisions/0008), and the map made of them again. */
function packed(attributes: readonly KeyValue[] | undefined): LeanRow {
  const pairs = attributePairs(attributes);
  const pack = (texts: readonly string[]) =>
    texts.map((text) => `${text.replaceAll('\x01', '\x01\x02').replaceAll('\0', '\x01\x01')}\0`).join('');
  return {
    AttributeKeys: pack(pairs.map(([key]) => key)),
    AttributeValues: pack(pairs.map(([, value]) => value)),
    Attributes: pairs,
  };
}
