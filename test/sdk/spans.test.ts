import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callDatabase, consume, consumeBatch, produce, recordError, stage } from '../../sdk/src/sdk.ts';

const exporter = new InMemorySpanExporter();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

const only = () => {
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  return spans[0] as NonNullable<(typeof spans)[number]>;
};

const queue = { system: 'pulsar', destination: 'orders' };

describe('stage', () => {
  it('passes this, arguments and results through, synchronous or not', async () => {
    const counter = {
      step: 2,
      add: stage('add', function (this: { step: number }, a: number) {
        return a + this.step;
      }),
    };
    expect(counter.add(3)).toBe(5);
    const later = stage('later', async (a: number, b: number) => a * b);
    await expect(later(6, 7)).resolves.toBe(42);
    expect(exporter.getFinishedSpans().map(({ name, kind }) => [name, kind])).toEqual([
      ['add', SpanKind.INTERNAL],
      ['later', SpanKind.INTERNAL],
    ]);
  });

  it('marks failures and throws the very same error', async () => {
    const error = Object.assign(new RangeError('too far'), { code: 'E_FAR' });
    const sync = stage('sync', () => {
      throw error;
    });
    expect(() => sync()).toThrow(error);
    const rejecting = stage('rejecting', () => Promise.reject('plain text'));
    await expect(rejecting()).rejects.toBe('plain text');
    const [first, second] = exporter.getFinishedSpans();
    expect(first).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'too far' } });
    expect(first?.attributes['error.type']).toBe('E_FAR');
    expect(first?.events[0]?.name).toBe('exception');
    expect(second?.attributes['error.type']).toBe('_OTHER');
  });
});

describe('queues', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it.each([
    ['a string', traceparent],
    ['a buffer', Buffer.from(traceparent)],
    [
      'a list, of which the last counts',
      ['00-00000000000000000000000000000001-0000000000000001-01', Buffer.from(traceparent)],
    ],
  ])('continue the trace from %s', (_, value) => {
    consume({ ...queue, headers: { Traceparent: value } }, () => {});
    expect(only().spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(only().parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  it.each([{}, { traceparent: 'nonsense' }, { traceparent: 7 }, { traceparent: null }, { traceparent: [] }])(
    'begin a trace of their own with headers %o',
    (headers) => {
      expect(consume({ ...queue, headers }, () => 'handled')).toBe('handled');
      expect(only().parentSpanContext).toBeUndefined();
    },
  );

  it('write the producer into the headers before the message is sent', () => {
    const headers: Record<string, unknown> = { own: 'kept' };
    produce({ ...queue, headers, partition: 3 }, () => expect(headers['traceparent']).toBeDefined());
    const span = only();
    expect(headers).toMatchObject({ own: 'kept', traceparent: expect.stringContaining(span.spanContext().spanId) });
    expect(span).toMatchObject({ name: 'send orders', kind: SpanKind.PRODUCER });
    expect(span.attributes).toMatchObject({
      'messaging.system': 'pulsar',
      'messaging.operation.type': 'send',
      'messaging.destination.partition.id': '3',
    });
  });

  it('take event times as numbers or dates, and leave out what is none', () => {
    const times = [1_700_000_000_000.7, new Date(5), undefined, 0, -1, Number.NaN, new Date(Number.NaN)];
    for (const eventTime of times) consume({ ...queue, ...(eventTime === undefined ? {} : { eventTime }) }, () => {});
    const seen = exporter.getFinishedSpans().map((span) => span.attributes['weir.event.time']);
    expect(seen).toEqual([1_700_000_000_000, 5, undefined, undefined, undefined, undefined, undefined]);
  });

  it('link a batch to the trace of each message and give it the newest event time', () => {
    const messages = [{ headers: { traceparent }, eventTime: 10 }, { eventTime: 30 }, { headers: {}, eventTime: 20 }];
    consumeBatch({ ...queue, group: 'g', messages }, () => {});
    const span = only();
    expect(span.links.map((link) => link.context.traceId)).toEqual(['0af7651916cd43dd8448eb211c80319c']);
    expect(span.attributes).toMatchObject({
      'messaging.batch.message_count': 3,
      'messaging.consumer.group.name': 'g',
      'weir.event.time': 30,
    });
  });

  it('let a handler say that it failed without throwing', () => {
    consume(queue, () => recordError(new TypeError('unreadable')));
    expect(only()).toMatchObject({ status: { code: SpanStatusCode.ERROR } });
    context.with(ROOT_CONTEXT, () => recordError(new Error('nobody listens')));
  });
});

describe('databases', () => {
  it('are called in a client span with their name', async () => {
    await expect(
      callDatabase({ system: 'postgresql', database: 'shop', operation: 'SELECT' }, async () => [1]),
    ).resolves.toEqual([1]);
    expect(only()).toMatchObject({ name: 'SELECT shop', kind: SpanKind.CLIENT });
    expect(only().attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.operation.name': 'SELECT',
    });
  });
});
