import type { Labels } from '../../../core/labels.ts';

/** Yesterday at noon, UTC: young enough for every table's TTL, and the same time of day in every run. */
export const NOON = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000 + 43_200_000;

/** Exact DateTime64(9) of unix milliseconds (a fraction is allowed) as the decimal string ClickHouse reads. */
export function nanos(ms: number): string {
  const micros = Math.round(ms * 1000);
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}000`;
}

export interface SpanSpec {
  readonly at?: number;
  readonly ms?: number;
  readonly kind?: string;
  readonly name?: string;
  readonly service?: string;
  readonly pipeline?: string;
  readonly error?: boolean;
  readonly trace?: string;
  readonly attributes?: Labels;
  readonly resource?: Labels;
}

/** A row of `otel_traces`. `at` is the START of the span, unix milliseconds. */
export function span(spec: SpanSpec = {}): object {
  return {
    Timestamp: nanos(spec.at ?? NOON),
    TraceId: spec.trace ?? '',
    SpanId: '00f067aa0ba902b7',
    SpanName: spec.name ?? 'work',
    SpanKind: spec.kind ?? 'Server',
    ServiceName: spec.service ?? 'gateway',
    ResourceAttributes: {
      ...(spec.pipeline === undefined ? {} : { 'weir.pipeline': spec.pipeline }),
      ...spec.resource,
    },
    SpanAttributes: spec.attributes ?? {},
    Duration: Math.round((spec.ms ?? 5) * 1e6),
    StatusCode: spec.error === true ? 'Error' : 'Unset',
  };
}

export const consume = (topic: string, group: string, spec: SpanSpec = {}): object =>
  span({
    kind: 'Consumer',
    ...spec,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.destination.name': topic,
      ...(group === '' ? {} : { 'messaging.consumer.group.name': group }),
      ...spec.attributes,
    },
  });

export const produce = (topic: string, spec: SpanSpec = {}): object =>
  span({
    kind: 'Producer',
    ...spec,
    attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': topic, ...spec.attributes },
  });

export const query = (namespace: string, spec: SpanSpec = {}): object =>
  span({
    kind: 'Client',
    ...spec,
    attributes: { 'db.system.name': 'postgresql', 'db.namespace': namespace, ...spec.attributes },
  });

export interface PointSpec {
  readonly at?: number;
  readonly metric?: string;
  readonly value?: number;
  readonly service?: string;
  readonly pipeline?: string;
  readonly attributes?: Labels;
}

/** A row of `otel_metrics_gauge`; with `rest` of any other metrics table. */
export function point(spec: PointSpec = {}, rest: object = {}): object {
  return {
    ResourceAttributes: spec.pipeline === undefined ? {} : { 'weir.pipeline': spec.pipeline },
    ServiceName: spec.service ?? 'collector',
    MetricName: spec.metric ?? 'temperature',
    Attributes: spec.attributes ?? {},
    TimeUnix: nanos(spec.at ?? NOON),
    ...(spec.value === undefined ? {} : { Value: spec.value }),
    ...rest,
  };
}

/** One partition's lag in records. */
export const lag = (topic: string, group: string, partition: number, value: number, spec: PointSpec = {}): object =>
  point({
    metric: 'kafka.consumer_group.lag',
    value,
    ...spec,
    attributes: { group, partition: String(partition), topic },
  });

/** One partition's lag in seconds. */
export const lagTime = (topic: string, group: string, partition: number, value: number, spec: PointSpec = {}): object =>
  lag(topic, group, partition, value, { ...spec, metric: 'weir.consumer_group.lag_time' });
