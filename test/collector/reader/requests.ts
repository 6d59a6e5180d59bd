import { encodeRequest } from '../../../collector/otlp/encode.ts';
import type { AnyValue, KeyValue, LogRecord, OtlpRequests, OtlpSignal, Span } from '../../../collector/otlp/model.ts';
import type { ReaderHooks } from '../../../collector/reader/hooks.ts';
import { DEFAULT_READER_LIMITS, type ReaderLimits } from '../../../collector/reader/limits.ts';
import { WireReader } from '../../../collector/reader/reader.ts';

export const START = 1_790_000_000_000_000_000n;
export const SECOND = 1_000_000_000n;
export const CONTEXT = { now: START, oldest: 0n, newest: START + 3600n * SECOND };

export function openReader(
  options: { limits?: Partial<ReaderLimits>; hooks?: ReaderHooks; revision?: string } = {},
): Promise<WireReader> {
  return WireReader.open({ ...options, limits: { ...DEFAULT_READER_LIMITS, ...options.limits } });
}

export function encode<S extends OtlpSignal>(signal: S, request: OtlpRequests[S]): Buffer {
  return Buffer.from(encodeRequest(signal, request));
}

export function pair(key: string, value: string | bigint | AnyValue): KeyValue {
  if (typeof value === 'string') return { key, value: { stringValue: value } };
  return { key, value: typeof value === 'bigint' ? { intValue: value } : value };
}

let ids = 0n;

/** A span that breaks no rule, of an id of its own. */
export function span(own: Partial<Span> = {}): Span {
  ids += 1n;
  return {
    traceId: ids.toString(16).padStart(32, 'a'),
    spanId: ids.toString(16).padStart(16, 'b'),
    name: 'work',
    startTimeUnixNano: START,
    endTimeUnixNano: START + SECOND,
    ...own,
  };
}

/** A request of one resource and scope. */
export function traces(spans: readonly Span[], resource: readonly KeyValue[] = [pair('service.name', 'shop')]): Buffer {
  return encode('traces', { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }] });
}

export function logs(logRecords: readonly LogRecord[]): Buffer {
  return encode('logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}
