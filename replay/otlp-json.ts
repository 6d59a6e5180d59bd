import { ATTR, METRIC } from '../core/semconv.ts';
import type { OtlpSignal } from './recording.ts';

type Json = Record<string, unknown>;

const ENVELOPES: Readonly<Record<OtlpSignal, string>> = {
  traces: 'resourceSpans',
  metrics: 'resourceMetrics',
  logs: 'resourceLogs',
};

export function signalOfJson(message: unknown): OtlpSignal | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  for (const [signal, key] of Object.entries(ENVELOPES)) if (key in message) return signal as OtlpSignal;
  return undefined;
}

function list(owner: Json, key: string): Json[] {
  const value = owner[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}

function nanosOf(value: unknown): bigint {
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.round(value));
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : 0n;
}

function move(owner: Json, key: string, map: (nanos: bigint) => bigint): void {
  const nanos = nanosOf(owner[key]);
  if (nanos !== 0n) owner[key] = String(map(nanos));
}

/** The function that moves everything by the distance of the first of `keys` that is set. */
function together(owner: Json, keys: readonly string[], map: (nanos: bigint) => bigint): (nanos: bigint) => bigint {
  const times = keys.map((key) => nanosOf(owner[key])).filter((nanos) => nanos !== 0n);
  const [distance = 0n] = times.map((nanos) => map(nanos) - nanos);
  return (nanos) => nanos + distance;
}

/** The same as `mapTimes` of the protobuf form, on a parsed message, in place. */
export function mapJsonTimes(message: Json, map: (nanos: bigint) => bigint): void {
  for (const key of Object.values(ENVELOPES)) {
    for (const resource of list(message, key)) {
      for (const scope of list(resource, 'scopeSpans')) for (const span of list(scope, 'spans')) moveSpan(span, map);
      for (const scope of list(resource, 'scopeLogs')) {
        for (const record of list(scope, 'logRecords')) {
          const moved = together(record, ['timeUnixNano', 'observedTimeUnixNano'], map);
          for (const name of ['timeUnixNano', 'observedTimeUnixNano']) move(record, name, moved);
          moveEventTime(record, moved);
        }
      }
      for (const scope of list(resource, 'scopeMetrics')) {
        for (const metric of list(scope, 'metrics')) movePoints(metric, map);
      }
    }
  }
}

function moveSpan(span: Json, map: (nanos: bigint) => bigint): void {
  const moved = together(span, ['startTimeUnixNano', 'endTimeUnixNano'], map);
  for (const name of ['startTimeUnixNano', 'endTimeUnixNano']) move(span, name, moved);
  for (const event of list(span, 'events')) move(event, 'timeUnixNano', moved);
  moveEventTime(span, moved);
}

function movePoints(metric: Json, map: (nanos: bigint) => bigint): void {
  for (const kind of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']) {
    const data = metric[kind];
    if (typeof data !== 'object' || data === null) continue;
    for (const point of list(data as Json, 'dataPoints')) {
      const nanos = nanosOf(point['timeUnixNano']);
      if (metric['name'] === METRIC.eventTime && nanos !== 0n) {
        const millis = (map(nanos) - nanos) / 1_000_000n;
        if (typeof point['asDouble'] === 'number') point['asDouble'] += Number(millis);
        else if (point['asInt'] !== undefined) point['asInt'] = String(nanosOf(point['asInt']) + millis);
      }
      move(point, 'startTimeUnixNano', map);
      move(point, 'timeUnixNano', map);
      for (const exemplar of list(point, 'exemplars')) move(exemplar, 'timeUnixNano', map);
    }
  }
}

function moveEventTime(owner: Json, map: (nanos: bigint) => bigint): void {
  for (const attribute of list(owner, 'attributes')) {
    if (attribute['key'] !== ATTR.eventTime) continue;
    const value = attribute['value'] as Json | undefined;
    const millis = nanosOf(value?.['intValue']);
    if (value !== undefined && millis !== 0n) value['intValue'] = String(map(millis * 1_000_000n) / 1_000_000n);
  }
}

/** Adds one string attribute to every resource, in place. */
export function addJsonResourceAttribute(message: Json, key: string, value: string): void {
  for (const envelope of Object.values(ENVELOPES)) {
    for (const owner of list(message, envelope)) {
      const resource = (
        typeof owner['resource'] === 'object' && owner['resource'] !== null ? owner['resource'] : {}
      ) as Json;
      owner['resource'] = {
        ...resource,
        attributes: [...list(resource, 'attributes'), { key, value: { stringValue: value } }],
      };
    }
  }
}
