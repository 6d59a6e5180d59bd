import { encodeRequest } from '../../../collector/otlp/encode.ts';
import type { AnyValue, KeyValue, LogRecord, Metric, Resource, Span } from '../../../collector/otlp/model.ts';

/** Attributes of texts. */
export function texts(values: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

export function attribute(key: string, value: AnyValue): KeyValue {
  return { key, value };
}

export function spanBytes(span: Span): Uint8Array {
  return inner(encodeRequest('traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }), 3);
}

export function logBytes(record: LogRecord): Uint8Array {
  return inner(encodeRequest('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }), 3);
}

/** The only data point of a metric. */
export function pointBytes(metric: Metric): Uint8Array {
  return inner(encodeRequest('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] }), 5);
}

export function resourceBytes(resource: Resource): Uint8Array {
  return inner(encodeRequest('traces', { resourceSpans: [{ resource }] }), 2);
}

/** The bytes of the first field, of that its first field, and so on: each field number is below 16. */
function inner(bytes: Uint8Array, levels: number): Uint8Array {
  let rest = bytes;
  for (let level = 0; level < levels; level++) {
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7) {
      const byte = rest[at++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    rest = rest.subarray(at, at + length);
  }
  return rest;
}
