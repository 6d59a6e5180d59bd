import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { instrumentKafka } from '../../sdk/src/sdk.ts';

type Handler = (payload: unknown) => Promise<void>;
interface RunConfig {
  eachMessage?: Handler;
  eachBatch?: Handler;
  autoCommit?: boolean;
}

/** The part of kafkajs the instrumentations touch; `run` keeps the configuration it was called with. */
function fakeKafkaClass() {
  return class Kafka {
    readonly ran: RunConfig[] = [];
    producer() {
      return {
        send: async () => 'sent',
        sendBatch: async () => 'sent',
        transaction: async () => ({}),
        on() {},
        events: {},
      };
    }
    consumer(_: { groupId: string }) {
      const { ran } = this;
      return {
        events: {},
        on() {},
        async run(config: RunConfig) {
          ran.push(config);
        },
      };
    }
  };
}

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  context.disable();
});

const message = (offset: number) => ({
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  offset: `${offset}`,
  timestamp: '1700000000000',
  headers: {},
});

it('puts the group and the event time on consumer spans, of two groups side by side', async () => {
  const Kafka = fakeKafkaClass();
  const kafka = instrumentKafka(new Kafka());
  instrumentKafka(kafka);
  const handled: string[] = [];
  for (const groupId of ['one', 'two']) {
    await kafka.consumer({ groupId }).run({
      autoCommit: false,
      eachMessage: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        handled.push(groupId);
      },
    });
  }
  expect(kafka.ran.map((config) => config.autoCommit)).toEqual([false, false]);
  const payload = { topic: 'orders', partition: 4, message: message(1) };
  await Promise.all(kafka.ran.map((config) => config.eachMessage?.(payload)));
  expect(handled.sort()).toEqual(['one', 'two']);
  const spans = exporter.getFinishedSpans();
  expect(spans.map((span) => span.attributes['messaging.consumer.group.name']).sort()).toEqual(['one', 'two']);
  for (const span of spans) {
    expect(span.kind).toBe(SpanKind.CONSUMER);
    expect(span.attributes).toMatchObject({
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '4',
      'weir.event.time': 1_700_000_000_000,
    });
  }
});

it('describes every record of a batch', async () => {
  const Kafka = fakeKafkaClass();
  const kafka = instrumentKafka(new Kafka());
  await kafka.consumer({ groupId: 'g' }).run({ eachBatch: async () => {} });
  await kafka.ran[0]?.eachBatch?.({ batch: { topic: 'orders', partition: 0, messages: [message(1), message(2)] } });
  const processed = exporter.getFinishedSpans().filter((span) => span.kind === SpanKind.CONSUMER);
  expect(processed).toHaveLength(2);
  for (const span of processed) expect(span.attributes['messaging.consumer.group.name']).toBe('g');
});

it('leaves alone what is no Kafka client', () => {
  for (const thing of [{}, [], new Map(), Object.create(null) as object]) expect(instrumentKafka(thing)).toBe(thing);
});
