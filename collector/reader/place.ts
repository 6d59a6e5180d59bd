import type { OtlpSignal } from '../otlp/model.ts';
import type { RejectionReason } from '../otlp/rejections.ts';
import { type MessageSchema, requestSchema } from '../otlp/schema.ts';

const LENGTH = 2;

/**
 * The field of a request that holds byte `offset`, as `resourceSpans[0].scopeSpans[2].spans[17].name`; '' above all fields.
 * The bytes may be malformed from there on.
 */
export function placeOf(signal: OtlpSignal, bytes: Uint8Array, offset: number): string {
  const path: string[] = [];
  let schema: MessageSchema | undefined = requestSchema(signal);
  let at = 0;
  let end = bytes.length;
  while (schema !== undefined) {
    const found = fieldAt(schema, bytes, at, end, offset);
    if (found === undefined) break;
    path.push(found.name);
    schema = found.inside;
    at = found.at;
    end = found.end;
  }
  return path.join('.');
}

interface Found {
  readonly name: string;
  /** Of a message that holds the offset. */
  readonly inside: MessageSchema | undefined;
  readonly at: number;
  readonly end: number;
}

function fieldAt(
  schema: MessageSchema,
  bytes: Uint8Array,
  from: number,
  end: number,
  offset: number,
): Found | undefined {
  const seen = new Map<string, number>();
  for (let at = from; at < end; ) {
    const tag = varint(bytes, at, end);
    if (tag === undefined) return undefined;
    const number = (tag.value & 0xffffffff) >>> 3;
    const wireType = tag.value & 7;
    // Of these the field itself is what is wrong.
    if (number === 0 || wireType === 3 || wireType === 4 || wireType > 5) return undefined;
    const field = schema.byNumber[number];
    const name = field?.name ?? `field ${number}`;
    const index = seen.get(name) ?? 0;
    seen.set(name, index + 1);
    const next = skip(bytes, wireType, tag.end, end);
    if (next === undefined || next.start > offset) return { name, inside: undefined, at, end };
    if (offset <= next.end && field?.message !== undefined && wireType === LENGTH) {
      // The byte after a message belongs to it only when nothing follows, or when it broke off there.
      if (offset < next.end || next.end === end) {
        const place = field.repeated ? `${name}[${index}]` : name;
        return { name: place, inside: field.message, at: next.start, end: next.end };
      }
    } else if (offset < next.end) return { name, inside: undefined, at, end };
    at = next.end;
  }
  return undefined;
}

/** Where the value of a field starts and ends; undefined when it does not end. */
function skip(
  bytes: Uint8Array,
  wireType: number,
  at: number,
  end: number,
): { start: number; end: number } | undefined {
  if (wireType === 0) {
    const number = varint(bytes, at, end);
    return number === undefined ? undefined : { start: at, end: number.end };
  }
  if (wireType === 1 || wireType === 5) {
    const stop = at + (wireType === 1 ? 8 : 4);
    return stop > end ? undefined : { start: at, end: stop };
  }
  const length = wireType === LENGTH ? varint(bytes, at, end) : undefined;
  if (length === undefined || length.value >>> 0 > end - length.end) return undefined;
  return { start: length.end, end: length.end + (length.value >>> 0) };
}

function varint(bytes: Uint8Array, at: number, end: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (at >= end) return undefined;
    const byte = bytes[at++] as number;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at };
  }
  return undefined;
}

const LISTS: Readonly<Record<OtlpSignal, readonly [string, string, string]>> = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
};

/** Where the reader is, as it tells it. */
export interface Indexes {
  readonly resourceIndex: { readonly value: number };
  readonly scopeIndex: { readonly value: number };
  readonly metricIndex: { readonly value: number };
  readonly itemIndex: { readonly value: number };
}

/** The item that is refused for `reason`, as `resourceSpans[0].scopeSpans[2].spans[17]`. */
export function itemPlace(signal: OtlpSignal, reason: RejectionReason, indexes: Indexes): string {
  const [resources, scopes, items] = LISTS[signal];
  const isMetric = signal === 'metrics';
  const index = isMetric ? indexes.metricIndex.value : indexes.itemIndex.value;
  const place = `${resources}[${indexes.resourceIndex.value}].${scopes}[${indexes.scopeIndex.value}].${items}[${index}]`;
  // A metric without a name is refused with all of its points.
  return isMetric && reason !== 'missing_name' ? `${place}.dataPoints[${indexes.itemIndex.value}]` : place;
}
