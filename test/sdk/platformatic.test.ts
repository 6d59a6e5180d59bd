import { channel } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import { propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pathways } from '../../sdk/src/pathway.ts';
import { followPlatformatic } from '../../sdk/src/platformatic.ts';
import { formsOf, headerOf } from '../../sdk/src/platformatic-headers.ts';
import { consume, produce } from '../../sdk/src/sdk.ts';

// The library itself is followed in test/kafka/sdk-platformatic.int.test.ts; these are the corners of it.
const HEADER = '00-2db29d25116c2b7f-0640b5eecfe240-00000007a121';
const { recorder } = pathways;
const announce = <T>(type: string, instance: T): T => {
  channel('plt:kafka:instances').publish({ type, instance });
  return instance;
};
beforeAll(() => {
  followPlatformatic();
  followPlatformatic();
  recorder.active = true;
});
beforeEach(() => {
  for (const checkpoint of recorder.busy()) checkpoint.latency.take();
  recorder.takeProblems();
});
afterAll(() => {
  recorder.active = false;
});

const options = (serializers: object) => ({ [Symbol('plt.kafka.base.options')]: { serializers } });
const asText = (value: unknown) => (typeof value === 'string' ? Buffer.from(value) : undefined);
const asJson = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('headers', () => {
  it('are written as the serializers want them', () => {
    expect(formsOf({})?.key('a')).toEqual(Buffer.from('a'));
    const text = formsOf(options({ headerKey: asText, headerValue: asText }));
    expect([text?.key('a'), text?.value('b')]).toEqual(['a', 'b']);
    const mixed = formsOf(options({ headerKey: asText }));
    expect([mixed?.key('a'), mixed?.value('b')]).toEqual(['a', Buffer.from('b')]);
    expect(formsOf(options({ headerKey: asJson }))).toBeUndefined();
  });

  it('are read from maps of text and of bytes, and from objects', () => {
    expect(headerOf(undefined)).toBeUndefined();
    expect(headerOf({ 'weir-pathway': HEADER })).toBe(HEADER);
    expect(headerOf(new Map([['weir-pathway', HEADER]]))).toBe(HEADER);
    expect(headerOf(new Map([[Buffer.from('weir-pathway'), HEADER]]))).toBe(HEADER);
    expect(headerOf(new Map([[Buffer.from('other'), HEADER]]))).toBeUndefined();
  });
});

interface Sent {
  messages: { topic: string; headers?: Map<unknown, unknown> }[];
}

describe('a producer', () => {
  const producer = (extra: object = {}) => {
    const sent: Sent[] = [];
    const send = (record: Sent, callback?: (error: unknown) => void) => {
      sent.push(record);
      callback?.(null);
      return 'result';
    };
    return { sent, producer: announce('producer', { ...extra, send }) };
  };

  it('sends copies with the header once, whatever form it had', () => {
    const { sent, producer: one } = producer();
    const headers = new Map<unknown, unknown>([
      [Buffer.from('weir-pathway'), Buffer.from(HEADER)],
      [Buffer.from('own'), Buffer.from('kept')],
    ]);
    expect(one.send({ messages: [{ topic: 'a', headers }, { topic: 'b' }] })).toBe('result');
    expect(headers.size).toBe(2);
    const keys = [...(sent[0]?.messages[0]?.headers?.keys() ?? [])].map(String);
    expect(keys).toEqual(['own', 'weir-pathway']);
    expect(headerOf(sent[0]?.messages[1]?.headers)).toBeInstanceOf(Buffer);
    expect([...recorder.busy()].map(({ place }) => place.destination)).toEqual(['a', 'b']);
  });

  it('whose serializers take no text sends messages as they are, which is counted', () => {
    const { sent, producer: one } = producer(options({ headerKey: asJson }));
    const message = { topic: 'a' };
    one.send({ messages: [message] });
    expect(sent[0]?.messages[0]).toBe(message);
    expect([...recorder.takeProblems()]).toEqual([['unwritable_header', 1]]);
  });

  it('sends traces on where no pathways are wanted', () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    recorder.active = false;
    const { sent, producer: one } = producer();
    one.send({ messages: [{ topic: 'a' }] });
    const written: Sent['messages'] = [];
    const stream = announce('producer-stream', {
      producer: {},
      write: (message: Sent['messages'][number]) => written.push(message) > 0,
      end() {},
    });
    stream.write({ topic: 'b' });
    recorder.active = true;
    trace.disable();
    propagation.disable();
    const traces = exporter.getFinishedSpans().map((span) => span.spanContext().spanId);
    expect(traces).toHaveLength(2);
    for (const [i, { headers }] of [...(sent[0]?.messages ?? []), ...written].entries()) {
      expect([...(headers?.keys() ?? [])].map(String)).toEqual(['traceparent']);
      expect(String([...(headers?.values() ?? [])])).toContain(traces[i]);
    }
  });

  it('that calls back with an error ends its spans as failed', () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
    const one = announce('producer', {
      send(_record: Sent, callback?: (error: unknown) => void) {
        callback?.(new RangeError('too large'));
      },
    });
    const heard: unknown[] = [];
    one.send({ messages: [{ topic: 'a' }] }, (error: unknown) => heard.push(error));
    expect(String(heard)).toBe('RangeError: too large');
    expect(exporter.getFinishedSpans().map(({ attributes }) => attributes['error.type'])).toEqual(['RangeError']);
    trace.disable();
  });

  it('is given what it does not understand', () => {
    const { sent, producer: one } = producer();
    for (const nonsense of [undefined, {}, { messages: 'none' }, { messages: [null] }]) one.send(nonsense as never);
    expect(sent).toHaveLength(4);
    expect(() => announce('producer', undefined)).not.toThrow();
  });
});

describe('a loop', () => {
  const records = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      topic: 'a',
      partition: 0,
      offset: BigInt(i),
      timestamp: 1_760_000_000_000n,
      headers: new Map([['weir-pathway', HEADER.replace('fe240', `fe2${i}0`)]]),
    }));
  const onward = () => {
    const headers: Record<string, unknown> = {};
    produce({ system: 'kafka', destination: 'b', headers }, () => {});
    return String(headers['weir-pathway']).slice(29, 34);
  };

  it('has the record it was handed last, and what was handled around it before and after', async () => {
    const stream = announce(
      'messages-stream',
      Object.assign(Readable.from(records(3)), { consumer: { groupId: 'g' } }),
    );
    const around = HEADER.replace('fe240', 'fe2f0');
    const queue = { system: 'nats', destination: 'q', headers: { 'weir-pathway': around } };
    const seen = await consume(queue, async () => {
      const inside: string[] = [onward()];
      for await (const _ of stream) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside.push(onward());
      }
      return [...inside, onward()];
    });
    expect(seen).toEqual(['fe2f0', 'fe200', 'fe210', 'fe220', 'fe2f0']);
    const received = [...recorder.busy()].find(({ place }) => place.destination === 'a');
    expect(received?.place.group).toBe('g');
    expect(received?.latency.take().count).toBe(3);
  });

  it('that breaks off, or whose stream fails, behaves as it would', async () => {
    const stream = announce('messages-stream', Readable.from(records(5)));
    let seen = 0;
    for await (const _ of stream) if (++seen === 2) break;
    expect(stream.destroyed).toBe(true);
    const failing = announce(
      'messages-stream',
      new Readable({
        objectMode: true,
        read() {
          this.destroy(new Error('gone'));
        },
      }),
    );
    await expect(async () => {
      for await (const _ of failing) seen++;
    }).rejects.toThrow('gone');
  });
});
