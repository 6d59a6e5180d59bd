import { ATTR, METRIC } from '../core/semconv.ts';
import type { OtlpSignal } from './recording.ts';
import { lengthDelimited, readFields, readVarint, type WireField, writeVarint } from './wire.ts';

/**
 * Times in OTLP messages, changed in place: they are fixed64 fields, so no byte moves and everything this file does not
 * know stays as it was recorded. Field numbers: opentelemetry-proto 1.11.
 */
interface Shape {
  /** fixed64 unix nanoseconds. The first that is set is the anchor of a `unit`. */
  readonly times?: readonly number[];
  /** Nested messages by field. */
  readonly nested?: Readonly<Record<number, Shape>>;
  /** Field of key-value attributes that may hold `weir.event.time`. */
  readonly attributes?: number;
  /** All times inside move by the distance of the anchor, so that durations stay what they were. */
  readonly unit?: boolean;
}

const spanEvent: Shape = { times: [1] };
const span: Shape = { unit: true, times: [7, 8], nested: { 11: spanEvent }, attributes: 9 };
const logRecord: Shape = { unit: true, times: [1, 11], attributes: 6 };
const exemplar: Shape = { times: [2] };
const numberPoint: Shape = { times: [3, 2], nested: { 5: exemplar } };
const histogramPoint: Shape = { times: [3, 2], nested: { 8: exemplar } };
const exponentialPoint: Shape = { times: [3, 2], nested: { 11: exemplar } };
const summaryPoint: Shape = { times: [3, 2] };
const points = (point: Shape): Shape => ({ nested: { 1: point } });
const metric: Shape = {
  nested: {
    5: points(numberPoint),
    7: points(numberPoint),
    9: points(histogramPoint),
    10: points(exponentialPoint),
    11: points(summaryPoint),
  },
};
const envelope = (item: Shape): Shape => ({ nested: { 1: { nested: { 2: { nested: { 2: item } } } } } });

const SHAPES: Readonly<Record<OtlpSignal, Shape>> = {
  traces: envelope(span),
  metrics: envelope(metric),
  logs: envelope(logRecord),
};

/** Calls `map` with every time of the message (unix nanoseconds, zero left out) and writes back what it returns. */
export function mapTimes(bytes: Uint8Array, signal: OtlpSignal, map: (nanos: bigint) => bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  visit(bytes, view, SHAPES[signal], 0, bytes.length, map);
}

function visit(
  bytes: Uint8Array,
  view: DataView,
  shape: Shape,
  start: number,
  end: number,
  map: (nanos: bigint) => bigint,
): void {
  const fields = [...readFields(bytes, start, end)];
  const times = (shape.times ?? []).flatMap((number) => fields.filter((f) => f.number === number && f.type === 1));
  const anchor = times.map((field) => view.getBigUint64(field.start, true)).find((nanos) => nanos !== 0n);
  const distance = anchor === undefined ? 0n : map(anchor) - anchor;
  const inside = shape.unit === true ? (nanos: bigint) => nanos + distance : map;
  for (const field of times) {
    const nanos = view.getBigUint64(field.start, true);
    if (nanos === 0n) continue;
    const mapped = map(nanos);
    view.setBigUint64(field.start, shape.unit === true ? nanos + distance : mapped, true);
  }
  const eventTimes = shape === metric && text(bytes, fields, 1) === METRIC.eventTime;
  for (const field of fields) {
    if (field.type !== 2) continue;
    if (field.number === shape.attributes) moveEventTime(bytes, field, inside);
    const nested = shape.nested?.[field.number];
    if (nested === undefined) continue;
    if (eventTimes && field.number === 5) moveEventGauge(bytes, view, field, map);
    visit(bytes, view, nested, field.start, field.end, inside);
  }
}

/** The attribute `weir.event.time` (unix milliseconds) moves with its span, so that freshness stays what it was. */
function moveEventTime(bytes: Uint8Array, attribute: WireField, map: (nanos: bigint) => bigint): void {
  const fields = [...readFields(bytes, attribute.start, attribute.end)];
  if (text(bytes, fields, 1) !== ATTR.eventTime) return;
  const value = fields.find((field) => field.number === 2 && field.type === 2);
  if (value === undefined) return;
  for (const field of readFields(bytes, value.start, value.end)) {
    if (field.number !== 3 || field.type !== 0) continue;
    const [millis] = readVarint(bytes, field.start, field.end);
    writeVarint(bytes, field.start, field.end - field.start, map(millis * 1_000_000n) / 1_000_000n);
  }
}

/** The gauge `weir.event.time` holds unix milliseconds as its value; it moves with its point. */
function moveEventGauge(bytes: Uint8Array, view: DataView, gauge: WireField, map: (nanos: bigint) => bigint): void {
  for (const point of readFields(bytes, gauge.start, gauge.end)) {
    if (point.number !== 1 || point.type !== 2) continue;
    const fields = [...readFields(bytes, point.start, point.end)].filter((field) => field.type === 1);
    const time = fields.find((field) => field.number === 3);
    if (time === undefined) continue;
    const nanos = view.getBigUint64(time.start, true);
    const distance = (map(nanos) - nanos) / 1_000_000n;
    for (const { number, start } of fields) {
      if (number === 4) view.setFloat64(start, view.getFloat64(start, true) + Number(distance), true);
      if (number === 6) view.setBigInt64(start, view.getBigInt64(start, true) + distance, true);
    }
  }
}

function text(bytes: Uint8Array, fields: readonly WireField[], number: number): string {
  const field = fields.find((one) => one.number === number && one.type === 2);
  return field === undefined ? '' : Buffer.from(bytes.subarray(field.start, field.end)).toString('utf8');
}

/**
 * Which signal a message carries. The three envelopes look alike, so the first item decides: a span has fixed64 field 7,
 * a log record has fixed64 field 1 or 11, a metric has neither. Undefined for a message without items.
 */
export function signalOf(bytes: Uint8Array): OtlpSignal | undefined {
  for (const resource of readFields(bytes, 0, bytes.length)) {
    if (resource.number !== 1 || resource.type !== 2) continue;
    for (const scope of readFields(bytes, resource.start, resource.end)) {
      if (scope.number !== 2 || scope.type !== 2) continue;
      for (const item of readFields(bytes, scope.start, scope.end)) {
        if (item.number !== 2 || item.type !== 2) continue;
        const fixed = [...readFields(bytes, item.start, item.end)].filter((field) => field.type === 1);
        if (fixed.some((field) => field.number === 7)) return 'traces';
        if (fixed.some((field) => field.number === 1 || field.number === 11)) return 'logs';
        return 'metrics';
      }
    }
  }
  return undefined;
}

/** The message with one more string attribute on every resource. */
export function withResourceAttribute(bytes: Uint8Array, key: string, value: string): Uint8Array {
  const keyField = lengthDelimited(1, Buffer.from(key));
  const valueField = lengthDelimited(2, lengthDelimited(1, Buffer.from(value)));
  const attribute = lengthDelimited(1, Buffer.concat([keyField, valueField]));
  const parts: Uint8Array[] = [];
  for (const field of readFields(bytes, 0, bytes.length)) {
    if (field.number !== 1 || field.type !== 2) {
      parts.push(bytes.subarray(field.tag, field.end));
      continue;
    }
    let resource: Uint8Array = Buffer.alloc(0);
    const rest: Uint8Array[] = [];
    for (const inner of readFields(bytes, field.start, field.end)) {
      if (inner.number === 1 && inner.type === 2) {
        resource = Buffer.concat([resource, bytes.subarray(inner.start, inner.end)]);
      } else rest.push(bytes.subarray(inner.tag, inner.end));
    }
    const extended = lengthDelimited(1, Buffer.concat([resource, attribute]));
    parts.push(lengthDelimited(1, Buffer.concat([extended, ...rest])));
  }
  return Buffer.concat(parts);
}
