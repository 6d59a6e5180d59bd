import type { Attributes, HrTime } from '@opentelemetry/api';
import { ValueType } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import { type Checkpoint, WINDOW_SECONDS } from './checkpoint.ts';
import type { Counters } from './counters.ts';
import type { Recorder } from './recorder.ts';
import { ATTR, METRIC } from './semconv.ts';
import { SKETCH_SCALE, type SketchPoint } from './sketch.ts';
import { DURATION_BOUNDS, type DurationPoint } from './throughput.ts';

/** Unix milliseconds as OpenTelemetry's packages want them. */
function hrTime(millis: number): HrTime {
  return [Math.floor(millis / 1000), Math.round((millis % 1000) * 1_000_000)];
}

type Point<T> = DataPoint<T>;

function descriptor(name: string, unit: string, description: string, valueType = ValueType.DOUBLE) {
  return { name, unit, description, valueType };
}

const delta = { aggregationTemporality: AggregationTemporality.DELTA };

function sumMetric(name: string, unit: string, description: string, dataPoints: Point<number>[]): MetricData {
  const type = { dataPointType: DataPointType.SUM as const, isMonotonic: true, ...delta };
  return { descriptor: descriptor(name, unit, description, ValueType.INT), ...type, dataPoints };
}

function gaugeMetric(name: string, unit: string, description: string, dataPoints: Point<number>[]): MetricData {
  const type = { dataPointType: DataPointType.GAUGE as const, ...delta };
  return { descriptor: descriptor(name, unit, description), ...type, dataPoints };
}

function exponential(point: SketchPoint) {
  const { count, sum, zeroCount, min, max, offset, counts } = point;
  const positive = { offset, bucketCounts: counts };
  return { count, sum, zeroCount, min, max, scale: SKETCH_SCALE, positive, negative: { offset: 0, bucketCounts: [] } };
}

function checkpointAttributes({ place, hash, parent }: Checkpoint): Attributes {
  return {
    [ATTR.pathwayHash]: hash,
    [ATTR.pathwayParent]: parent,
    [ATTR.pathwayDirection]: place.direction,
    [ATTR.messagingSystem]: place.system,
    [ATTR.messagingDestination]: place.destination,
    ...(place.direction === 'in' ? { [ATTR.messagingGroup]: place.group } : {}),
  };
}

/** What pathways left behind between two times (unix milliseconds), as OTLP metrics with delta temporality. */
export function pathwayMetrics(recorder: Recorder, from: number, to: number): MetricData[] {
  const interval = { startTime: hrTime(from), endTime: hrTime(to) };
  const latency: Point<ReturnType<typeof exponential>>[] = [];
  const edge: Point<ReturnType<typeof exponential>>[] = [];
  const records: Point<number>[] = [];
  for (const checkpoint of recorder.busy()) {
    const attributes = checkpointAttributes(checkpoint);
    latency.push({ ...interval, attributes, value: exponential(checkpoint.latency.take()) });
    edge.push({ ...interval, attributes, value: exponential(checkpoint.edge.take()) });
    for (const [window, value] of checkpoint.takeWindows()) {
      const startTime: HrTime = [window * WINDOW_SECONDS, 0];
      records.push({ startTime, endTime: [startTime[0] + WINDOW_SECONDS, 0], attributes, value });
    }
  }
  const problems = [...recorder.takeProblems()].map(([reason, value]) => ({
    ...interval,
    attributes: { [ATTR.reason]: reason },
    value,
  }));
  const type = { dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM as const, ...delta };
  const metrics: MetricData[] = [];
  if (latency.length > 0) {
    const whole = descriptor(METRIC.pathwayLatency, 's', "From a pathway's origin to a checkpoint");
    const hop = descriptor(METRIC.pathwayEdgeLatency, 's', 'From the previous checkpoint of a pathway to this one');
    metrics.push({ descriptor: whole, ...type, dataPoints: latency }, { descriptor: hop, ...type, dataPoints: edge });
    metrics.push(sumMetric(METRIC.pathwayRecords, '{record}', 'Records at a checkpoint, by when they began', records));
  }
  if (problems.length > 0) {
    const what = 'Records whose pathway could not be taken as it came';
    metrics.push(sumMetric(METRIC.pathwayProblems, '{record}', what, problems));
  }
  return metrics;
}

const SUMS: Readonly<Record<string, readonly [unit: string, description: string]>> = {
  [METRIC.deadLetters]: ['{record}', 'Records given up'],
  [METRIC.schemaViolations]: ['{record}', 'Records that break their schema'],
  [METRIC.duplicates]: ['{record}', 'Records seen before'],
  [METRIC.lateEvents]: ['{record}', 'Events the watermark had passed'],
  [METRIC.outOfOrderEvents]: ['{record}', 'Events older than one before them in their partition'],
  [METRIC.sentMessages]: ['{message}', 'Messages a producer sent'],
  [METRIC.consumedMessages]: ['{message}', 'Messages handed to the program'],
  [METRIC.pathwayProblems]: ['{record}', 'Records whose pathway could not be taken as it came'],
};

/** What was counted between two times. */
export function counterMetrics(counters: Counters, from: number, to: number): MetricData[] {
  const interval = { startTime: hrTime(from), endTime: hrTime(to) };
  const points = new Map<string, Point<number>[]>();
  for (const { metric, attributes, value } of counters.take()) {
    const list = points.get(metric) ?? [];
    points.set(metric, list);
    list.push({ ...interval, attributes, value });
  }
  return [...points].map(([name, list]) => sumMetric(name, ...(SUMS[name] ?? ['1', '']), list));
}

type Values = Iterable<{ readonly attributes: Attributes; readonly value: number }>;

/** Gauges of event times, in unix milliseconds. */
export function timeMetrics(eventTimes: Values, watermarks: Values, at: number): MetricData[] {
  const points = (values: Values) =>
    [...values].map((value) => ({ ...value, startTime: hrTime(at), endTime: hrTime(at) }));
  return [
    gaugeMetric(METRIC.eventTime, 'ms', 'Newest event time handled, unix milliseconds', points(eventTimes)),
    gaugeMetric(METRIC.watermark, 'ms', 'Every event before has been handled, unix milliseconds', points(watermarks)),
  ].filter((metric) => metric.dataPoints.length > 0);
}

/** Histogram of how long records were handled for. */
export function durationMetrics(durations: readonly DurationPoint[], from: number, to: number): MetricData[] {
  if (durations.length === 0) return [];
  const interval = { startTime: hrTime(from), endTime: hrTime(to) };
  const dataPoints = durations.map(({ attributes, counts, count, sum, min, max }) => ({
    ...interval,
    attributes,
    value: { buckets: { boundaries: [...DURATION_BOUNDS], counts }, count, sum, min, max },
  }));
  const type = { dataPointType: DataPointType.HISTOGRAM as const, ...delta };
  return [
    { descriptor: descriptor(METRIC.processDuration, 's', 'How long records were handled'), ...type, dataPoints },
  ];
}
