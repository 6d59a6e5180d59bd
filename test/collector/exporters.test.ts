import { ROOT_CONTEXT, SeverityNumber, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../store/harness.ts';
import { startTestCollector, type TestCollector, waitForRows } from './harness.ts';

let test: TestStore;
let collector: TestCollector;

beforeAll(async () => {
  test = await startTestStore();
  collector = await startTestCollector(test.store);
});
afterAll(async () => {
  await collector?.stop();
  await test?.stop();
});

const PROTOCOLS = ['http/protobuf', 'http/protobuf gzip', 'http/json', 'grpc', 'grpc gzip'] as const;
type Protocol = (typeof PROTOCOLS)[number];

interface Exporter<T> {
  export(items: T, done: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
}
type ExporterClass<T> = new (config: never) => Exporter<T>;

/** Sends items through an exporter class of the SDK as it comes, told nothing but an address and a compression. */
function exported<T>(
  protocol: Protocol,
  path: string,
  classes: { readonly proto: ExporterClass<T>; readonly json: ExporterClass<T>; readonly grpc: ExporterClass<T> },
  items: T,
): Promise<void> {
  const isGrpc = protocol.startsWith('grpc');
  const url = isGrpc ? collector.grpc : `${collector.http}${path}`;
  const compression = protocol.endsWith('gzip') ? 'gzip' : 'none';
  const Class = isGrpc ? classes.grpc : protocol === 'http/json' ? classes.json : classes.proto;
  const exporter = new Class({ url, compression } as never);
  return new Promise<void>((done, fail) => {
    exporter.export(items, ({ code, error }) => (code === 0 ? done() : fail(error ?? new Error(`code ${code}`))));
  }).finally(() => exporter.shutdown());
}

/** An hour ago: the store forgets what is older than its retention. */
const BASE = Math.floor(Date.now() / 1000) - 3600;

const nanos = ([seconds, rest]: readonly [number, number]): string =>
  String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));
/** Items and what describes them come to the store by inserts of their own, one of which is the first. */
const DESCRIBED = 'notEmpty(ResourceAttributes)';

const resource = (protocol: string) =>
  resourceFromAttributes({ 'service.name': `shop ${protocol}`, 'service.namespace': 'orders', 'host.cpus': 4 });
const resourceColumns = (protocol: string) => ({
  ServiceName: `shop ${protocol}`,
  ResourceAttributes: { 'host.cpus': '4', 'service.name': `shop ${protocol}`, 'service.namespace': 'orders' },
});

describe.each(PROTOCOLS)('an SDK exporter over %s', (protocol) => {
  it('stores spans as they were sent', async () => {
    const memory = new InMemorySpanExporter();
    const provider = new TracerProvider({
      resource: resource(protocol),
      spanProcessors: [new SimpleSpanProcessor({ exporter: memory } as never)],
    });
    const tracer = provider.getTracer('orders-lib', '1.2.3');
    const parent = tracer.startSpan('GET /orders', {
      kind: SpanKind.SERVER,
      startTime: [BASE, 123_456_789],
      attributes: {
        'http.route': '/orders',
        'http.response.status_code': 500,
        ratio: 0.25,
        ok: false,
        list: ['a', 'b'],
      },
    });
    parent.addEvent('exception', { 'exception.message': 'Grüße 🚀' }, [BASE, 200_000_001]);
    parent.setStatus({ code: SpanStatusCode.ERROR, message: 'no stock' });
    const child = tracer.startSpan(
      'orders send',
      {
        kind: SpanKind.PRODUCER,
        startTime: [BASE, 200_000_000],
        links: [
          {
            context: { traceId: 'f'.repeat(32), spanId: 'e'.repeat(16), traceFlags: TraceFlags.SAMPLED },
            attributes: { why: 'batch' },
          },
        ],
      },
      trace.setSpan(ROOT_CONTEXT, parent),
    );
    child.setStatus({ code: SpanStatusCode.OK });
    child.end([BASE, 300_000_000]);
    parent.end([BASE + 1, 1]);
    const spans = memory.getFinishedSpans();
    expect(spans).toHaveLength(2);
    await exported(protocol, '/v1/traces', { proto: ProtoTraces, json: JsonTraces, grpc: GrpcTraces }, spans);

    const rows = await waitForRows(
      test.store,
      `SELECT * EXCEPT (Timestamp, Duration, \`Events.Timestamp\`), toString(toUnixTimestamp64Nano(Timestamp)) AS Start,
         toString(Duration) AS Duration, arrayMap(t -> toString(toUnixTimestamp64Nano(t)), \`Events.Timestamp\`) AS EventTimes
       FROM otel_traces WHERE ServiceName = 'shop ${protocol}' AND ${DESCRIBED} ORDER BY Timestamp`,
      2,
    );
    const shared = { ...resourceColumns(protocol), ScopeName: 'orders-lib', ScopeVersion: '1.2.3', TraceState: '' };
    expect(rows).toEqual([
      {
        ...shared,
        Start: `${BASE}123456789`,
        TraceId: parent.spanContext().traceId,
        SpanId: parent.spanContext().spanId,
        ParentSpanId: '',
        SpanName: 'GET /orders',
        SpanKind: 'Server',
        SpanAttributes: {
          'http.response.status_code': '500',
          'http.route': '/orders',
          list: '["a","b"]',
          ok: 'false',
          ratio: '0.25',
        },
        Duration: '876543212',
        StatusCode: 'Error',
        StatusMessage: 'no stock',
        EventTimes: [`${BASE}200000001`],
        'Events.Name': ['exception'],
        'Events.Attributes': [{ 'exception.message': 'Grüße 🚀' }],
        'Links.TraceId': [],
        'Links.SpanId': [],
        'Links.TraceState': [],
        'Links.Attributes': [],
      },
      {
        ...shared,
        Start: `${BASE}200000000`,
        TraceId: parent.spanContext().traceId,
        SpanId: child.spanContext().spanId,
        ParentSpanId: parent.spanContext().spanId,
        SpanName: 'orders send',
        SpanKind: 'Producer',
        SpanAttributes: {},
        Duration: '100000000',
        StatusCode: 'Ok',
        StatusMessage: '',
        EventTimes: [],
        'Events.Name': [],
        'Events.Attributes': [],
        'Links.TraceId': ['f'.repeat(32)],
        'Links.SpanId': ['e'.repeat(16)],
        'Links.TraceState': [''],
        'Links.Attributes': [{ why: 'batch' }],
      },
    ]);
  });

  it('stores log records as they were sent', async () => {
    const memory = new InMemoryLogRecordExporter();
    const provider = new LoggerProvider({
      resource: resource(protocol),
      processors: [new SimpleLogRecordProcessor({ exporter: memory } as never)],
    });
    const logger = provider.getLogger('orders-log', '2.0.0', { schemaUrl: 'https://schema' });
    const context = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      traceFlags: TraceFlags.SAMPLED,
    });
    logger.emit({
      timestamp: [BASE, 987_654_321],
      severityNumber: SeverityNumber.ERROR,
      severityText: 'ERROR',
      body: { text: 'line 1\n\nline 3', codes: [1, 2], nested: { ok: true } },
      attributes: { attempt: 3, 'order.id': 'o-1' },
      eventName: 'order.refused',
      context,
    });
    logger.emit({ timestamp: [BASE + 1, 0], body: 'plain text' });
    const records = memory.getFinishedLogRecords();
    await exported(protocol, '/v1/logs', { proto: ProtoLogs, json: JsonLogs, grpc: GrpcLogs }, records);

    const rows = await waitForRows(
      test.store,
      `SELECT * EXCEPT (Timestamp, TimestampTime), toString(toUnixTimestamp64Nano(Timestamp)) AS Time
       FROM otel_logs WHERE ServiceName = 'shop ${protocol}' AND ${DESCRIBED} ORDER BY Timestamp`,
      2,
    );
    const shared = {
      ...resourceColumns(protocol),
      ResourceSchemaUrl: '',
      ScopeSchemaUrl: 'https://schema',
      ScopeName: 'orders-log',
      ScopeVersion: '2.0.0',
      ScopeAttributes: {},
    };
    expect(rows).toEqual([
      {
        ...shared,
        Time: `${BASE}987654321`,
        TraceId: 'a'.repeat(32),
        SpanId: 'b'.repeat(16),
        TraceFlags: 1,
        SeverityNumber: 17,
        SeverityText: 'ERROR',
        Body: '{"codes":[1,2],"nested":{"ok":true},"text":"line 1\\n\\nline 3"}',
        LogAttributes: { attempt: '3', 'order.id': 'o-1' },
        EventName: 'order.refused',
      },
      {
        ...shared,
        Time: `${BASE + 1}000000000`,
        TraceId: '',
        SpanId: '',
        TraceFlags: 0,
        SeverityNumber: 0,
        SeverityText: '',
        Body: 'plain text',
        LogAttributes: {},
        EventName: '',
      },
    ]);
  });

  it('stores gauges, sums, histograms and exponential histograms as they were sent', async () => {
    const memory = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const reader = new PeriodicExportingMetricReader({ exporter: memory, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({
      resource: resource(protocol),
      readers: [reader],
      views: [
        {
          instrumentName: 'process.duration',
          aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } },
        },
        {
          instrumentName: 'request.duration',
          aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [0.1, 1, 10] } },
        },
      ],
    });
    const meter = provider.getMeter('orders-meter', '3.0.0');
    meter.createGauge('queue.length', { unit: '{job}', description: 'Jobs that wait' }).record(7, { topic: 'orders' });
    meter.createCounter('orders.total', { unit: '1' }).add(12.5, { kind: 'b', channel: 'a' });
    const request = meter.createHistogram('request.duration', { unit: 's' });
    for (const seconds of [0.05, 0.5, 0.75, 20]) request.record(seconds, { route: '/x' });
    const processing = meter.createHistogram('process.duration', { unit: 's' });
    for (const seconds of [0, 0.001, 0.5, 3]) processing.record(seconds);
    await reader.forceFlush();
    const [sent] = memory.getMetrics();
    if (sent === undefined) throw new Error('the SDK collected nothing');
    await reader.shutdown();
    await exported(protocol, '/v1/metrics', { proto: ProtoMetrics, json: JsonMetrics, grpc: GrpcMetrics }, sent);

    const metrics = new Map(sent.scopeMetrics[0]?.metrics.map((metric) => [metric.descriptor.name, metric]));
    const common = (name: string, unit: string, attributes: object) => {
      const point = metrics.get(name)?.dataPoints[0];
      return {
        ...resourceColumns(protocol),
        ResourceSchemaUrl: '',
        ScopeName: 'orders-meter',
        ScopeVersion: '3.0.0',
        ScopeAttributes: {},
        ScopeDroppedAttrCount: 0,
        ScopeSchemaUrl: '',
        MetricName: name,
        MetricDescription: metrics.get(name)?.descriptor.description,
        MetricUnit: unit,
        Attributes: attributes,
        Start: nanos(point?.startTime ?? [0, 0]),
        Time: nanos(point?.endTime ?? [0, 0]),
        Flags: 0,
        ...Object.fromEntries(
          ['FilteredAttributes', 'TimeUnix', 'Value', 'SpanId', 'TraceId'].map((column) => [`Exemplars.${column}`, []]),
        ),
      };
    };
    const rows = async (table: string) => {
      const found = await waitForRows<Record<string, unknown>>(
        test.store,
        `SELECT * EXCEPT (StartTimeUnix, TimeUnix), toString(toUnixTimestamp64Nano(StartTimeUnix)) AS Start,
           toString(toUnixTimestamp64Nano(TimeUnix)) AS Time
         FROM otel_metrics_${table}
         WHERE ServiceName = 'shop ${protocol}' AND ${DESCRIBED} AND MetricUnit != ''`,
        1,
      );
      return found;
    };
    expect(await rows('gauge')).toEqual([{ ...common('queue.length', '{job}', { topic: 'orders' }), Value: 7 }]);
    expect(await rows('sum')).toEqual([
      {
        ...common('orders.total', '1', { channel: 'a', kind: 'b' }),
        Value: 12.5,
        AggregationTemporality: 1,
        IsMonotonic: true,
      },
    ]);
    expect(await rows('histogram')).toEqual([
      {
        ...common('request.duration', 's', { route: '/x' }),
        Count: 4,
        Sum: 21.3,
        BucketCounts: [1, 2, 0, 1],
        ExplicitBounds: [0.1, 1, 10],
        Min: 0.05,
        Max: 20,
        AggregationTemporality: 1,
      },
    ]);
    const value = metrics.get('process.duration')?.dataPoints[0]?.value as unknown as {
      scale: number;
      zeroCount: number;
      sum: number;
      positive: { offset: number; bucketCounts: number[] };
    };
    expect(value.positive.bucketCounts.reduce((total, count) => total + count, 0)).toBe(3);
    expect(await rows('exponential_histogram')).toEqual([
      {
        ...common('process.duration', 's', {}),
        Count: 4,
        Sum: value.sum,
        Scale: value.scale,
        ZeroCount: 1,
        PositiveOffset: value.positive.offset,
        PositiveBucketCounts: value.positive.bucketCounts,
        NegativeOffset: 0,
        NegativeBucketCounts: [],
        Min: 0,
        Max: 3,
        AggregationTemporality: 1,
      },
    ]);
  });
});

it('counts the spans of all exporters in the 10 s rollup', async () => {
  const rows = await waitForRows<{ Service: string; Count: number }>(
    test.store,
    `SELECT Service, toUInt32(sum(Count)) AS Count FROM red_10s WHERE Service LIKE 'shop %' AND Source = 'spans'
     GROUP BY Service HAVING Count = 2`,
    PROTOCOLS.length,
  );
  expect(rows).toHaveLength(PROTOCOLS.length);
});
