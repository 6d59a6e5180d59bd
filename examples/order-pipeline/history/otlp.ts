import { type DurationPoint, type GaugePoint, type RecordsPoint, SCALE, type ServiceStep, STEP_MS } from './points.ts';

type Attributes = Readonly<Record<string, string | number>>;

function keyValues(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}

/** Unix milliseconds as OTLP's decimal nanoseconds. */
const nanos = (ms: number) => `${ms}000000`;

function durationPoint(point: DurationPoint, start: number) {
  return {
    attributes: keyValues(point.attributes),
    startTimeUnixNano: nanos(start),
    timeUnixNano: nanos(start + STEP_MS),
    count: String(point.count),
    sum: point.sum,
    min: point.min,
    max: point.max,
    scale: SCALE,
    zeroCount: '0',
    positive: { offset: point.offset, bucketCounts: point.buckets.map(String) },
  };
}

function gaugePoint(point: GaugePoint, start: number) {
  const value = Number.isInteger(point.value) ? { asInt: String(point.value) } : { asDouble: point.value };
  return { attributes: keyValues(point.attributes), timeUnixNano: nanos(start + STEP_MS), ...value };
}

function recordsPoint({ attributes, count }: RecordsPoint, start: number) {
  return {
    attributes: keyValues(attributes),
    startTimeUnixNano: nanos(start),
    timeUnixNano: nanos(start + STEP_MS),
    asInt: String(count),
  };
}

const UNITS: Readonly<Record<string, string>> = {
  'kafka.consumer_group.lag': '{record}',
  'weir.consumer_group.lag_time': 's',
  'weir.event.time': 'ms',
};

interface Metrics {
  readonly durations: Map<string, ReturnType<typeof durationPoint>[]>;
  readonly gauges: Map<string, ReturnType<typeof gaugePoint>[]>;
  readonly records: ReturnType<typeof recordsPoint>[];
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/**
 * One ExportMetricsServiceRequest (JSON) of several steps: delta exponential histograms, gauges and counts of records, one resource per
 * service, marked `weir.origin=generated`.
 */
export function metricsRequest(
  steps: readonly { readonly start: number; readonly services: readonly ServiceStep[] }[],
  resource: Readonly<Record<string, string>>,
) {
  const services = new Map<string, Metrics>();
  let points = 0;
  for (const { start, services: parts } of steps) {
    for (const part of parts) {
      let metrics = services.get(part.service);
      if (metrics === undefined) {
        metrics = { durations: new Map(), gauges: new Map(), records: [] };
        services.set(part.service, metrics);
      }
      for (const point of part.durations) push(metrics.durations, point.metric, durationPoint(point, start));
      for (const point of part.gauges) push(metrics.gauges, point.metric, gaugePoint(point, start));
      for (const point of part.records) metrics.records.push(recordsPoint(point, start));
      points += part.durations.length + part.gauges.length + part.records.length;
    }
  }
  const resourceMetrics = [...services].map(([service, metrics]) => ({
    resource: {
      attributes: keyValues({ ...resource, 'service.name': service, 'weir.origin': 'generated' }),
    },
    scopeMetrics: [
      {
        scope: { name: 'order-pipeline-history' },
        metrics: [
          ...[...metrics.durations].map(([name, dataPoints]) => ({
            name,
            unit: 's',
            exponentialHistogram: { aggregationTemporality: 1, dataPoints },
          })),
          ...[...metrics.gauges].map(([name, dataPoints]) => ({
            name,
            unit: UNITS[name] ?? '1',
            gauge: { dataPoints },
          })),
          ...(metrics.records.length === 0
            ? []
            : [
                {
                  name: 'weir.pathway.records',
                  unit: '{record}',
                  sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: metrics.records },
                },
              ]),
        ],
      },
    ],
  }));
  return { body: { resourceMetrics }, points };
}
