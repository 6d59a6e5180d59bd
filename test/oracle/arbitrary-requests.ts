import fc from 'fast-check';
import type {
  Exemplar,
  ExponentialBuckets,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  LogRecord,
  LogsRequest,
  Metric,
  MetricsRequest,
  NumberDataPoint,
  OtlpRequests,
  OtlpSignal,
  Span,
  SpanEvent,
  SpanLink,
  SpanStatus,
  SummaryDataPoint,
  TracesRequest,
} from '../../collector/otlp/model.ts';
import {
  anyValue,
  attributes,
  count64,
  double,
  fewAttributes,
  innerTime,
  int64,
  itemTime,
  looseSpanId,
  looseTraceId,
  partial,
  resource,
  scope,
  spanId,
  text,
  traceId,
  uint32,
} from './arbitrary-values.ts';

/** Random requests of the three signals: valid on the wire, with every field, and some items that must be refused. */

const url = fc.constantFrom('', 'https://opentelemetry.io/schemas/1.26.0', 'https://opentelemetry.io/schemas/1.40.0');
/** Mostly what the protocol names, now and then a number of tomorrow. */
function enumeration(last: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 20, arbitrary: fc.nat(last) },
    { weight: 1, arbitrary: fc.constantFrom(last + 1, 77, 300, -1, 2 ** 31 - 1) },
  );
}

const event = partial<SpanEvent>({
  timeUnixNano: innerTime,
  name: text,
  attributes: fewAttributes,
  droppedAttributesCount: uint32,
});
const link = partial<SpanLink>({
  traceId: looseTraceId,
  spanId: looseSpanId,
  traceState: text,
  attributes: fewAttributes,
  droppedAttributesCount: uint32,
  flags: uint32,
});
const status = partial<SpanStatus>({ message: text, code: enumeration(2) });
const duration = fc.oneof(
  { weight: 20, arbitrary: fc.nat().map(BigInt) },
  { weight: 1, arbitrary: fc.constantFrom(0n, -1n, -1_000_000n) },
);

const span: fc.Arbitrary<Span> = fc
  .tuple(
    fc.record({ traceId, spanId, startTimeUnixNano: itemTime }),
    duration,
    partial<Omit<Span, 'traceId' | 'spanId' | 'startTimeUnixNano' | 'endTimeUnixNano'>>({
      parentSpanId: looseSpanId,
      traceState: text,
      name: fc.oneof(fc.constantFrom('GET /orders', 'orders process'), text),
      kind: enumeration(5),
      attributes,
      droppedAttributesCount: uint32,
      events: fc.array(event, { maxLength: 3 }),
      droppedEventsCount: uint32,
      links: fc.array(link, { maxLength: 2 }),
      droppedLinksCount: uint32,
      status,
      flags: uint32,
    }),
  )
  .map(([needed, length, rest]) => ({
    ...needed,
    ...rest,
    endTimeUnixNano: BigInt.asUintN(64, needed.startTimeUnixNano + length),
  }));

const logRecord = partial<LogRecord>({
  timeUnixNano: itemTime,
  observedTimeUnixNano: itemTime,
  severityNumber: enumeration(24),
  severityText: fc.constantFrom('', 'INFO', 'WARN', 'ERROR'),
  body: anyValue,
  attributes,
  droppedAttributesCount: uint32,
  flags: uint32,
  traceId: looseTraceId,
  spanId: looseSpanId,
  eventName: fc.oneof(fc.constantFrom('', 'order.refused'), text),
});

const value = fc.oneof(
  { weight: 8, arbitrary: double.map((asDouble) => ({ asDouble })) },
  { weight: 8, arbitrary: int64.map((asInt) => ({ asInt })) },
  { weight: 1, arbitrary: fc.constant({}) },
);
const exemplar: fc.Arbitrary<Exemplar> = fc
  .tuple(
    value,
    partial<Omit<Exemplar, 'asDouble' | 'asInt'>>({
      timeUnixNano: innerTime,
      spanId: looseSpanId,
      traceId: looseTraceId,
      filteredAttributes: fewAttributes,
    }),
  )
  .map(([value, rest]) => ({ ...rest, ...value }));
const exemplars = fc.array(exemplar, { maxLength: 2 });
const pointFlags = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 1) }, { weight: 1, arbitrary: uint32 });
const point = { attributes, startTimeUnixNano: innerTime, flags: pointFlags } as const;

const numberPoint: fc.Arbitrary<NumberDataPoint> = fc
  .tuple(value, fc.record({ timeUnixNano: itemTime }), partial({ ...point, exemplars }))
  .map(([value, needed, rest]) => ({ ...rest, ...needed, ...value }));

const bounds = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.uniqueArray(fc.double({ noNaN: true }), { maxLength: 6 }).map((list) => list.sort((a, b) => a - b)),
  },
  { weight: 1, arbitrary: fc.array(double, { maxLength: 4 }) },
);
const buckets = fc
  .tuple(bounds, fc.array(count64, { minLength: 7, maxLength: 7 }), fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1))
  .map(([explicitBounds, counts, excess]) => ({
    explicitBounds,
    bucketCounts:
      explicitBounds.length === 0 && excess === 0 ? [] : counts.slice(0, explicitBounds.length + 1 + excess),
  }));
const histogramPoint: fc.Arbitrary<HistogramDataPoint> = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: buckets }, { weight: 1, arbitrary: fc.constant({}) }),
    fc.record({ timeUnixNano: itemTime }),
    partial({ ...point, exemplars, count: count64, sum: double, min: double, max: double }),
  )
  .map(([buckets, needed, rest]) => ({ ...rest, ...needed, ...buckets }));

const scale = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -3, max: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom(-10, -11, 20, 21, -(2 ** 31), 2 ** 31 - 1) },
);
const side = partial<ExponentialBuckets>({
  offset: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -120, max: 100 }) },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 31 - 1, -(2 ** 31), -4000, 1023) },
  ),
  bucketCounts: fc.array(count64, { maxLength: 6 }),
});
const exponentialPoint: fc.Arbitrary<ExponentialHistogramDataPoint> = fc
  .tuple(
    fc.record({ timeUnixNano: itemTime }),
    partial<Omit<ExponentialHistogramDataPoint, 'timeUnixNano'>>({
      ...point,
      exemplars,
      count: count64,
      sum: double,
      scale,
      zeroCount: count64,
      positive: side,
      negative: side,
      min: double,
      max: double,
      zeroThreshold: double,
    }),
  )
  .map(([needed, rest]) => ({ ...rest, ...needed }));

const summaryPoint: fc.Arbitrary<SummaryDataPoint> = fc
  .tuple(
    fc.record({ timeUnixNano: itemTime }),
    partial<Omit<SummaryDataPoint, 'timeUnixNano'>>({
      ...point,
      count: count64,
      sum: double,
      quantileValues: fc.array(partial({ quantile: double, value: double }), { maxLength: 3 }),
    }),
  )
  .map(([needed, rest]) => ({ ...rest, ...needed }));

const many = <P>(one: fc.Arbitrary<P>) => fc.array(one, { maxLength: 4 });
const aggregationTemporality = enumeration(2);
const data = fc.oneof(
  { weight: 3, arbitrary: partial({ dataPoints: many(numberPoint) }).map((gauge) => ({ gauge })) },
  {
    weight: 3,
    arbitrary: partial({ dataPoints: many(numberPoint), aggregationTemporality, isMonotonic: fc.boolean() }).map(
      (sum) => ({ sum }),
    ),
  },
  {
    weight: 3,
    arbitrary: partial({ dataPoints: many(histogramPoint), aggregationTemporality }).map((histogram) => ({
      histogram,
    })),
  },
  {
    weight: 3,
    arbitrary: partial({ dataPoints: many(exponentialPoint), aggregationTemporality }).map((exponentialHistogram) => ({
      exponentialHistogram,
    })),
  },
  { weight: 2, arbitrary: partial({ dataPoints: many(summaryPoint) }).map((summary) => ({ summary })) },
  { weight: 1, arbitrary: fc.constant({}) },
);
const METRIC_NAMES = [
  ...['http.server.request.duration', 'http.client.request.duration', 'db.client.operation.duration'],
  ...['messaging.client.operation.duration', 'messaging.process.duration', 'queue.length', 'weir.event.time', ''],
];
const metric: fc.Arbitrary<Metric> = fc
  .tuple(
    data,
    partial<Pick<Metric, 'name' | 'description' | 'unit' | 'metadata'>>({
      name: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...METRIC_NAMES) }, { weight: 1, arbitrary: text }),
      description: text,
      unit: fc.constantFrom('', 's', '{job}', 'By'),
      metadata: fewAttributes,
    }),
  )
  .map(([data, rest]) => ({ ...rest, ...data }));

const traces = partial<TracesRequest>({
  resourceSpans: fc.array(
    partial({
      resource,
      schemaUrl: url,
      scopeSpans: fc.array(partial({ scope, schemaUrl: url, spans: fc.array(span, { maxLength: 6 }) }), {
        maxLength: 3,
      }),
    }),
    { maxLength: 3 },
  ),
});
const logs = partial<LogsRequest>({
  resourceLogs: fc.array(
    partial({
      resource,
      schemaUrl: url,
      scopeLogs: fc.array(partial({ scope, schemaUrl: url, logRecords: fc.array(logRecord, { maxLength: 6 }) }), {
        maxLength: 3,
      }),
    }),
    { maxLength: 3 },
  ),
});
const metrics = partial<MetricsRequest>({
  resourceMetrics: fc.array(
    partial({
      resource,
      schemaUrl: url,
      scopeMetrics: fc.array(partial({ scope, schemaUrl: url, metrics: fc.array(metric, { maxLength: 5 }) }), {
        maxLength: 3,
      }),
    }),
    { maxLength: 3 },
  ),
});

export const arbitraryRequests: { readonly [S in OtlpSignal]: fc.Arbitrary<OtlpRequests[S]> } = {
  traces,
  metrics,
  logs,
};
