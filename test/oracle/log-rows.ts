import type { LogRecord, LogsRequest } from '../../collector/otlp/model.ts';
import type { Rejections } from '../../collector/otlp/rejections.ts';
import { attributeMap, serviceName, valueText } from './attributes.ts';
import { dayOf, exact, idFault, isId, refuseTime, type StockRow } from './values.ts';

/**
 * Rows of `otel_logs`. A record's time is its own, else the observed one, else `now` (unix nanoseconds): the protocol
 * lets the first be unknown and asks whoever first sees the record to fill in the second.
 */
export function logRows(request: LogsRequest, rejections: Rejections, now: bigint): StockRow[] {
  const rows: StockRow[] = [];
  for (const [r, { resource, scopeLogs, schemaUrl }] of (request.resourceLogs ?? []).entries()) {
    const ofResource = {
      ServiceName: serviceName(resource),
      ResourceSchemaUrl: schemaUrl ?? '',
      ResourceAttributes: attributeMap(resource?.attributes),
    };
    for (const [s, { scope, logRecords, schemaUrl: scopeSchemaUrl }] of (scopeLogs ?? []).entries()) {
      const shared = {
        ...ofResource,
        ScopeSchemaUrl: scopeSchemaUrl ?? '',
        ScopeName: scope?.name ?? '',
        ScopeVersion: scope?.version ?? '',
        ScopeAttributes: attributeMap(scope?.attributes),
      };
      for (const [i, record] of (logRecords ?? []).entries()) {
        const time = record.timeUnixNano || record.observedTimeUnixNano || now;
        const where = () => `resourceLogs[${r}].scopeLogs[${s}].logRecords[${i}]`;
        if (isValid(record, time, rejections, where)) rows.push(logRow(record, time, shared));
      }
    }
  }
  return rows;
}

function isValid(record: LogRecord, time: bigint, rejections: Rejections, where: () => string): boolean {
  const { traceId = '', spanId = '' } = record;
  // All-zero ids are how some senders write "none".
  if (traceId !== '' && traceId.length !== 32) {
    rejections.add('invalid_trace_id', idFault('the trace id', traceId, 32), where);
    return false;
  }
  if (spanId !== '' && spanId.length !== 16) {
    rejections.add('invalid_span_id', idFault('the span id', spanId, 16), where);
    return false;
  }
  return !refuseTime(time, 'the time', rejections, where);
}

function logRow(record: LogRecord, time: bigint, shared: Readonly<Record<string, unknown>>): StockRow {
  const severity = record.severityNumber ?? 0;
  return {
    day: dayOf(time),
    columns: {
      Timestamp: exact(time),
      TraceId: isId(record.traceId, 32) ? record.traceId : '',
      SpanId: isId(record.spanId, 16) ? record.spanId : '',
      TraceFlags: (record.flags ?? 0) & 0xff,
      SeverityText: record.severityText ?? '',
      SeverityNumber: severity >= 0 && severity <= 255 ? severity : 0,
      ...shared,
      Body: valueText(record.body),
      LogAttributes: attributeMap(record.attributes),
      EventName: record.eventName ?? '',
    },
  };
}
