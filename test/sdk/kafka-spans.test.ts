import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { beginSend, processBatch, processMessage, tracesRecords, tracing } from '../../sdk/src/kafka-spans.ts';

const exporter = new InMemorySpanExporter();
const received = { topic: 'orders', partition: 3, group: 'g' };
/** A producer's span of another service, sampled or not. */
const traceparent = (sampled: boolean, id = 1) =>
  `00-${String(id).padStart(32, 'a')}-${String(id).padStart(16, 'b')}-0${sampled ? 1 : 0}`;

function use(sampler?: Sampler): void {
  trace.disable();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors, ...(sampler === undefined ? {} : { sampler }) }));
}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterEach(() => {
  exporter.reset();
  tracing.spans = true;
  tracing.followsParent = false;
});
afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

describe('spans of records', () => {
  it('are made when somebody takes them, and not with WEIR_SPANS=off', () => {
    trace.disable();
    expect(tracesRecords()).toBe(false);
    use();
    expect(tracesRecords()).toBe(true);
    tracing.spans = false;
    expect(tracesRecords()).toBe(false);
  });

  it('have the names of the semantic conventions', async () => {
    use();
    const headers: Record<string, unknown> = { own: 'kept' };
    beginSend('orders', { key: Buffer.from('k'), value: null, partition: 3 }, headers)?.end();
    const [sent] = exporter.getFinishedSpans();
    expect(sent).toMatchObject({ name: 'send orders', kind: SpanKind.PRODUCER });
    expect(sent?.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.destination.name': 'orders',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.kafka.message.key': 'k',
      'messaging.kafka.message.tombstone': true,
      'messaging.destination.partition.id': '3',
    });
    expect(headers).toMatchObject({
      own: 'kept',
      traceparent: expect.stringContaining(String(sent?.spanContext().spanId)),
    });
    const message = {
      value: 'v',
      offset: '17',
      timestamp: '1700000000000',
      headers: { traceparent: headers['traceparent'] },
    };
    await expect(processMessage(received, message, () => Promise.reject(new RangeError('x')))).rejects.toThrow('x');
    const processed = exporter.getFinishedSpans()[1];
    expect(processed?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId);
    expect(processed).toMatchObject({ kind: SpanKind.CONSUMER, status: { code: SpanStatusCode.ERROR, message: 'x' } });
    expect(processed?.attributes).toMatchObject({
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': 'g',
      'messaging.kafka.offset': 17,
      'weir.event.time': 1_700_000_000_000,
      'error.type': 'RangeError',
    });
  });
});

describe('a record that is not sampled', () => {
  it.each([true, false])('has no span, and its trace goes on (asking no sampler: %s)', (followsParent) => {
    use(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    tracing.followsParent = followsParent;
    const onward: Record<string, unknown> = {};
    processMessage(received, { headers: { traceparent: traceparent(false, 7) } }, () => {
      expect(trace.getSpanContext(context.active())).toMatchObject({
        traceId: '7'.padStart(32, 'a'),
        traceFlags: TraceFlags.NONE,
      });
      expect(beginSend('next', {}, onward)).toBeUndefined();
    });
    expect(onward['traceparent']).toMatch(new RegExp(`^00-${'7'.padStart(32, 'a')}-[0-9a-f]{16}-00$`));
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('is nine of ten, of those without a parent too; what follows a sampled one is sampled', () => {
    use(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }));
    tracing.followsParent = true;
    let sampled = 0;
    for (let i = 0; i < 3000; i++) {
      const headers: Record<string, unknown> = {};
      const span = beginSend('orders', {}, headers);
      span?.end();
      sampled += span === undefined ? 0 : 1;
      expect(String(headers['traceparent']).endsWith('-01')).toBe(span !== undefined);
      processMessage(received, { headers }, () => {
        expect(trace.getSpanContext(context.active())?.traceFlags).toBe(span === undefined ? 0 : 1);
      });
    }
    expect(sampled).toBeGreaterThan(230);
    expect(sampled).toBeLessThan(370);
    expect(exporter.getFinishedSpans()).toHaveLength(2 * sampled);
  });
});

describe('a batch', () => {
  const messages = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      offset: String(i),
      headers: { traceparent: traceparent(true, i + 1) },
    }));

  it('has a span for itself, and one for each record that links to whoever sent it', () => {
    use();
    expect(processBatch(received, [...messages(3), { offset: '3' }], () => 7)).toBe(7);
    const spans = exporter.getFinishedSpans();
    const poll = spans.find((span) => span.kind === SpanKind.CLIENT);
    expect(poll).toMatchObject({ name: 'poll orders', attributes: { 'messaging.batch.message_count': 4 } });
    const processed = spans.filter((span) => span.kind === SpanKind.CONSUMER);
    expect(processed.map((span) => span.links.map((link) => link.context.spanId))).toEqual([
      ['1'.padStart(16, 'b')],
      ['2'.padStart(16, 'b')],
      ['3'.padStart(16, 'b')],
      [],
    ]);
    for (const span of processed) expect(span.parentSpanContext?.spanId).toBe(poll?.spanContext().spanId);
  });

  it('of a thousand records traces 128, and fails as one', () => {
    use();
    expect(() =>
      processBatch(received, messages(1000), () => {
        throw new TypeError('all of it');
      }),
    ).toThrow('all of it');
    const spans = exporter.getFinishedSpans();
    expect(spans).toHaveLength(129);
    for (const span of spans) expect(span.attributes['error.type']).toBe('TypeError');
    expect(spans[0]?.attributes['messaging.batch.message_count']).toBe(1000);
  });

  it('that is not sampled makes none', () => {
    use(new AlwaysOffSampler());
    processBatch(received, messages(1000), () => {
      expect(trace.getSpanContext(context.active())?.traceFlags).toBe(TraceFlags.NONE);
    });
    expect(exporter.getFinishedSpans()).toEqual([]);
    expect(context.active()).toBe(ROOT_CONTEXT);
  });
});

describe('a sampler of the host that throws', () => {
  const broken: Sampler = {
    shouldSample() {
      throw new Error('a bug of the host');
    },
    toString: () => 'broken',
  };

  it('keeps no record from its handler', async () => {
    use(broken);
    expect(await processMessage(received, { offset: '1' }, async () => 'handled')).toBe('handled');
    expect(processBatch(received, [{ offset: '1' }], () => 'handled')).toBe('handled');
    await expect(processMessage(received, {}, () => Promise.reject(new Error('own')))).rejects.toThrow('own');
  });
});
