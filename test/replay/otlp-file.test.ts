import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WeirError } from '../../core/errors.ts';
import { parseOtlpFile } from '../../replay/otlp-file.ts';
import { replay } from '../../replay/replay.ts';
import { createTimeline } from '../../replay/timeline.ts';
import { createVirtualClock, type ReceivedRequest, startReceiver } from './receiver.ts';

const RECORDED = Date.UTC(2025, 5, 1, 8, 0, 0);
const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

/** The fields these tests look at; numbers as in opentelemetry-proto, written down apart from the product's. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Any { oneof value { string string_value = 1; int64 int_value = 3; double double_value = 4; } }
  message KeyValue { string key = 1; Any value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Scope { string name = 1; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; }
  message Span { string name = 5; fixed64 start = 7; fixed64 end = 8; repeated KeyValue attributes = 9; repeated Event events = 11; }
  message Point { fixed64 start = 2; fixed64 time = 3; double as_double = 4; sfixed64 as_int = 6; repeated KeyValue attributes = 7; }
  message Gauge { repeated Point data_points = 1; }
  message HistogramPoint { fixed64 start = 2; fixed64 time = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; }
  message Metric { string name = 1; Gauge gauge = 5; Gauge sum = 7; Histogram histogram = 9; }
  message Log { fixed64 time = 1; fixed64 observed = 11; Any body = 5; }
  message SpanScope { Scope scope = 1; repeated Span items = 2; }
  message MetricScope { Scope scope = 1; repeated Metric items = 2; }
  message LogScope { Scope scope = 1; repeated Log items = 2; }
  message ResourceSpans { Resource resource = 1; repeated SpanScope scopes = 2; }
  message ResourceMetrics { Resource resource = 1; repeated MetricScope scopes = 2; }
  message ResourceLogs { Resource resource = 1; repeated LogScope scopes = 2; }
  message Traces { repeated ResourceSpans resources = 1; }
  message Metrics { repeated ResourceMetrics resources = 1; }
  message Logs { repeated ResourceLogs resources = 1; }
`);

type Tree = Record<string, unknown>;

// biome-ignore lint/suspicious/noExplicitAny: the shape is what the test asserts.
function decode(type: string, body: Uint8Array): any {
  const message = root.lookupType(type);
  return message.toObject(message.decode(body), { longs: String }) as Tree;
}

/** What the real SDK's exporters send over HTTP, each request as it arrived. */
async function record(form: 'json' | 'protobuf'): Promise<ReceivedRequest[]> {
  await using receiver = await startReceiver();
  const url = (signal: string) => ({ url: `${receiver.url}/v1/${signal}` });
  const json = form === 'json';
  const resource = resourceFromAttributes({ 'service.name': 'enrichment' });

  const traces = new TracerProvider({
    resource,
    spanProcessors: [
      new SimpleSpanProcessor({ exporter: json ? new JsonTraces(url('traces')) : new ProtobufTraces(url('traces')) }),
    ],
  });
  const tracer = traces.getTracer('test');
  for (let i = 0; i < 3; i++) {
    const start = RECORDED + i * 10_000;
    const span = tracer.startSpan('process', {
      startTime: start,
      attributes: { 'weir.event.time': start - 4000, 'messaging.system': 'kafka' },
    });
    span.addEvent('retried', {}, start + 100);
    span.end(start + 250);
  }
  await traces.forceFlush();

  const logs = new LoggerProvider({
    resource,
    processors: [
      new SimpleLogRecordProcessor({ exporter: json ? new JsonLogs(url('logs')) : new ProtobufLogs(url('logs')) }),
    ],
  });
  logs.getLogger('test').emit({
    timestamp: RECORDED + 5000,
    observedTimestamp: RECORDED + 5250,
    body: 'late',
  });
  await logs.forceFlush();

  const reader = new PeriodicExportingMetricReader({
    exporter: json ? new JsonMetrics(url('metrics')) : new ProtobufMetrics(url('metrics')),
    exportIntervalMillis: 3_600_000,
  });
  const metrics = new MeterProvider({ resource, readers: [reader] });
  const meter = metrics.getMeter('test');
  meter.createGauge('queue.depth').record(7);
  meter.createCounter('handled').add(3);
  meter.createHistogram('duration').record(0.2);
  await metrics.forceFlush();
  await Promise.all([traces.shutdown(), logs.shutdown(), metrics.shutdown()]);
  return receiver.requests.filter(({ body }) => body.length > 0);
}

/** The Collector's file exporter: every message behind its length, or a line of JSON. */
function framed(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return [length, body];
    }),
  );
}

describe('OTLP recordings', () => {
  let folder: string;
  let asJson: ReceivedRequest[];
  let asProtobuf: ReceivedRequest[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weir-otlp-'));
    asJson = await record('json');
    asProtobuf = await record('protobuf');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const only = (requests: readonly ReceivedRequest[], path: string) => requests.filter((one) => one.path === path);

  async function replayBytes(bytes: Uint8Array, name: string, speed: number): Promise<ReceivedRequest[]> {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    await using receiver = await startReceiver();
    const clock = createVirtualClock(NOW);
    await replay({
      files: [file],
      endpoint: receiver.url,
      speed,
      now: clock.now,
      sleep: clock.sleep,
      liveFrom: RECORDED,
    });
    return receiver.requests;
  }

  test('protobuf spans move to now, keep durations, events and freshness, and are marked as replayed', async () => {
    const bodies = only(asProtobuf, '/v1/traces').map(({ body }) => body);
    const requests = await replayBytes(framed(bodies), 'spans.pb', 10);
    expect(requests.map(({ path }) => path)).toEqual(['/v1/traces', '/v1/traces', '/v1/traces']);
    requests.forEach(({ body, headers }, i) => {
      expect(headers['content-type']).toBe('application/x-protobuf');
      const [resource] = decode('Traces', body).resources;
      const attributes = resource.resource.attributes.map((one: Tree) => [one['key'], one['value']]);
      expect(attributes).toContainEqual(['service.name', { stringValue: 'enrichment' }]);
      expect(attributes.at(-1)).toEqual(['weir.origin', { stringValue: 'replayed' }]);
      const [span] = resource.scopes[0].items;
      const start = BigInt(NOW + i * 1000) * 1_000_000n;
      expect(span).toMatchObject({ name: 'process', start: String(start), end: String(start + 250_000_000n) });
      expect(span.events[0]).toMatchObject({ timeUnixNano: String(start + 100_000_000n), name: 'retried' });
      expect(span.attributes[0]).toEqual({
        key: 'weir.event.time',
        value: { intValue: String(NOW + i * 1000 - 4000) },
      });
    });
  });

  test('JSON lines say the same as protobuf', async () => {
    const lines = only(asJson, '/v1/traces').map(({ body }) => body.toString('utf8'));
    const requests = await replayBytes(Buffer.from(`${lines.join('\n')}\n\n`), 'spans.json', 10);
    expect(requests).toHaveLength(3);
    const [resource] = JSON.parse(requests[2]?.body.toString('utf8') ?? '').resourceSpans;
    expect(resource.resource.attributes.at(-1)).toEqual({ key: 'weir.origin', value: { stringValue: 'replayed' } });
    const [span] = resource.scopeSpans[0].spans;
    const start = BigInt(NOW + 2000) * 1_000_000n;
    expect(span).toMatchObject({
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + 250_000_000n),
      events: [{ timeUnixNano: String(start + 100_000_000n) }],
    });
    expect(span.attributes[0].value).toEqual({ intValue: String(NOW + 2000 - 4000) });
  });

  test('logs keep the distance between happening and being seen', async () => {
    const shift = BigInt(NOW - RECORDED) * 1_000_000n;
    const time = BigInt(RECORDED + 5000) * 1_000_000n + shift;
    const [binary] = await replayBytes(framed(only(asProtobuf, '/v1/logs').map(({ body }) => body)), 'logs.pb', 1);
    expect(binary?.path).toBe('/v1/logs');
    const [record] = decode('Logs', binary?.body as Buffer).resources[0].scopes[0].items;
    expect(record).toMatchObject({ time: String(time), observed: String(time + 250_000_000n) });
    const [text] = await replayBytes(only(asJson, '/v1/logs')[0]?.body as Buffer, 'logs.json', 1);
    const [line] = JSON.parse(text?.body.toString('utf8') ?? '').resourceLogs[0].scopeLogs[0].logRecords;
    expect(line).toMatchObject({ timeUnixNano: String(time), observedTimeUnixNano: String(time + 250_000_000n) });
  });

  test('metrics of every kind move, with the times their counters started', () => {
    const timeline = createTimeline(RECORDED, NOW, 1);
    const bytes = only(asProtobuf, '/v1/metrics')[0]?.body as Buffer;
    const before = decode('Metrics', bytes).resources[0].scopes[0].items;
    const batch = parseOtlpFile(framed([bytes]), 'm.pb').take(Infinity);
    const after = decode('Metrics', batch?.body(timeline) as Uint8Array).resources[0].scopes[0].items;
    expect(before.map((metric: Tree) => metric['name'])).toEqual(['queue.depth', 'handled', 'duration']);
    const times = (metric: Record<string, { dataPoints: { start?: string; time: string }[] } | undefined>) => {
      const point = (metric['gauge'] ?? metric['sum'] ?? metric['histogram'])?.dataPoints[0];
      return [BigInt(point?.start ?? 0), BigInt(point?.time ?? 0)];
    };
    const shift = BigInt(NOW - RECORDED) * 1_000_000n;
    for (const [i, metric] of before.entries()) {
      expect(times(after[i])).toEqual(times(metric).map((nanos) => (nanos === 0n ? 0n : nanos + shift)));
    }
  });

  test('the gauge of event times moves with its points', () => {
    const type = root.lookupType('Metrics');
    const point = { time: String(BigInt(RECORDED) * 1_000_000n), asDouble: RECORDED - 5000 };
    const items = [{ name: 'weir.event.time', gauge: { dataPoints: [point] } }];
    const bytes = type.encode(type.fromObject({ resources: [{ scopes: [{ items }] }] })).finish();
    const timeline = createTimeline(RECORDED - 60_000, NOW, 6);
    const moved = decode(
      'Metrics',
      parseOtlpFile(framed([bytes]), 'm.pb')
        .take(Infinity)
        ?.body(timeline) as Uint8Array,
    );
    expect(moved.resources[0].scopes[0].items[0].gauge.dataPoints[0].asDouble).toBe(NOW + 10_000 - 5000);
    expect(moved.resources[0].resource.attributes).toHaveLength(1);
  });

  test('gzip files, zstd messages and a bare message are read', () => {
    const [body] = only(asProtobuf, '/v1/traces').map((one) => one.body) as [Buffer];
    const [json] = only(asJson, '/v1/traces').map((one) => one.body) as [Buffer];
    expect(parseOtlpFile(framed([zstdCompressSync(body), zstdCompressSync(json)]), 'a').items).toHaveLength(2);
    expect(parseOtlpFile(body, 'a').items).toEqual([{ time: RECORDED + 250, count: 1 }]);
  });

  test('a compressed file replays like a plain one', async () => {
    const lines = only(asJson, '/v1/traces').map(({ body }) => body.toString('utf8'));
    expect(await replayBytes(gzipSync(lines.join('\n')), 'spans.json.gz', 1)).toHaveLength(3);
  });

  test.each([
    ['{"resourceSpans":[]}\n{broken\n', 'a:2: '],
    ['{"spans":[]}\n', 'a:1: neither resourceSpans, resourceMetrics nor resourceLogs is in it'],
    ['{"resourceSpans":[]}\n', 'a: no OTLP message with a time in it'],
    ['time,value\n1,2\n', 'a: message 1: breaks off at byte 0'],
    ['\u0000\u0000\u0000\u0003\u0001\u0002\u0003', 'a: message 1: not an OTLP message'],
    ['', 'a: no OTLP message'],
  ])('%j is refused with its place', (text, message) => {
    expect(() => parseOtlpFile(Buffer.from(text), 'a')).toThrow(message);
  });

  test('no bytes bring anything but messages or a typed error', () => {
    const sample = framed([asProtobuf[0]?.body ?? Buffer.alloc(0)]);
    const damaged = fc
      .array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 8 })
      .map((changes) => changes.reduce((bytes, [at, byte]) => bytes.fill(byte, at, at + 1), Buffer.from(sample)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), damaged), (bytes) => {
        try {
          const recording = parseOtlpFile(bytes, 'a');
          const timeline = createTimeline(0, NOW, 3);
          for (let batch = recording.take(Infinity); batch; batch = recording.take(Infinity)) batch.body(timeline);
        } catch (error) {
          expect(error).toBeInstanceOf(WeirError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
