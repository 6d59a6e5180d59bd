import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentConsumer, instrumentProducer, type ProducerLike } from '../../sdk/src/kafka-client.ts';
import { pathways } from '../../sdk/src/pathway.ts';
import { withMessage } from '../../sdk/src/sdk.ts';

interface Message {
  value: string;
  headers?: Record<string, unknown>;
}
interface Record_ {
  topic: string;
  acks?: number;
  messages: Message[];
}

const untraced = () => false;
const { recorder } = pathways;
beforeAll(() => {
  recorder.active = true;
});
afterAll(() => {
  recorder.active = false;
});
const counts = () =>
  [...recorder.busy()].map((checkpoint) => {
    checkpoint.takeWindows();
    const { direction, destination } = checkpoint.place;
    return `${direction} ${destination} ${checkpoint.latency.take().count}`;
  });
beforeEach(() => {
  counts();
  recorder.takeProblems();
});

function producer(sendBatchSends = false) {
  const sent: Record_[] = [];
  const made = {
    async send(record: unknown) {
      sent.push(record as Record_);
      return 'offsets';
    },
    async sendBatch(batch: unknown) {
      const { topicMessages } = batch as { topicMessages: Record_[] };
      // As Confluent's client does it.
      if (sendBatchSends) await Promise.all(topicMessages.map((record) => this.send(record)));
      else sent.push(...topicMessages);
    },
    async transaction() {
      const inner = { send: async (record: unknown) => void sent.push(record as Record_) };
      return inner;
    },
  };
  return { sent, producer: instrumentProducer(made as unknown as ProducerLike & typeof made, untraced) };
}

const header = (message: Message | undefined) => String(message?.headers?.['weir-pathway'] ?? '');

describe('a producer', () => {
  it('writes headers into copies: what the host holds stays as it was', async () => {
    const { sent, producer: one } = producer();
    const headers = Object.freeze({ own: 'kept' });
    const record = Object.freeze({ topic: 'a', acks: 1, messages: [{ value: '1', headers }, { value: '2' }] });
    await expect(one.send(record)).resolves.toBe('offsets');
    expect(record.messages).toEqual([{ value: '1', headers }, { value: '2' }]);
    expect(sent[0]).toMatchObject({ topic: 'a', acks: 1, messages: [{ value: '1', headers }, { value: '2' }] });
    expect(header(sent[0]?.messages[1])).toMatch(/^00-[0-9a-f]{16}-[0-9a-f]{14}-0{12}$/);
    expect(counts()).toEqual(['out a 2']);
  });

  it('keeps messages that are objects of a class', async () => {
    const { sent, producer: one } = producer();
    class Lazy {
      headers = { own: 'kept' };
      get value() {
        return 'computed';
      }
    }
    await one.send({ topic: 'a', messages: [new Lazy()] });
    expect(sent[0]?.messages[0]?.value).toBe('computed');
    expect(header(sent[0]?.messages[0])).not.toBe('');
  });

  it.each([false, true])('counts a batch once, also where sendBatch calls send itself: %s', async (calls) => {
    const { sent, producer: one } = producer(calls);
    const topicMessages = [
      { topic: 'a', messages: [{ value: '1' }, { value: '2' }] },
      { topic: 'b', messages: [{ value: '3' }] },
    ];
    await one.sendBatch({ topicMessages });
    expect(sent).toHaveLength(2);
    expect(counts()).toEqual(['out a 2', 'out b 1']);
  });

  it('follows transactions, and is followed once', async () => {
    const { sent, producer: one } = producer();
    expect(instrumentProducer(one, untraced)).toBe(one);
    const transaction = (await one.transaction()) as ProducerLike;
    await transaction.send({ topic: 'a', messages: [{ value: '1' }] });
    expect(header(sent[0]?.messages[0])).not.toBe('');
    expect(counts()).toEqual(['out a 1']);
  });

  it.each([
    undefined,
    null,
    7,
    {},
    { topic: 'a' },
    { topic: 'a', messages: 'no list' },
    { topic: 'a', messages: [null] },
  ])('hands on what it does not understand: %j', async (record) => {
    const { sent, producer: one } = producer();
    await one.send(record);
    await one.sendBatch({ topicMessages: [] });
    expect(sent[0]).toBe(record);
  });

  it('does nothing while nothing is recorded', async () => {
    const { sent, producer: one } = producer();
    recorder.active = false;
    const record = { topic: 'a', messages: [{ value: '1' }] };
    await one.send(record);
    recorder.active = true;
    expect(sent[0]).toBe(record);
    expect(counts()).toEqual([]);
  });
});

type Handler = (payload: unknown) => Promise<void>;

function consumer(config: { eachMessage?: Handler; eachBatch?: Handler }) {
  let ran: { eachMessage?: Handler; eachBatch?: Handler; autoCommit?: boolean } = {};
  const run = (own: unknown) => {
    ran = own as typeof ran;
  };
  const made = instrumentConsumer({ run }, 'g', untraced);
  made.run({ autoCommit: false, ...config } as never);
  expect(ran.autoCommit).toBe(false);
  return ran;
}

describe('a consumer', () => {
  it('handles each message in its pathway; what the handler throws is thrown on', async () => {
    const { sent, producer: one } = producer();
    await one.send({ topic: 'a', messages: [{ value: '1' }] });
    const [message] = sent[0]?.messages ?? [];
    const ran = consumer({
      eachMessage: async () => {
        await one.send({ topic: 'b', messages: [{ value: '2' }] });
        throw new TypeError('poison');
      },
    });
    const payload = { topic: 'a', partition: 0, message };
    await expect(ran.eachMessage?.(payload)).rejects.toThrow('poison');
    expect(counts()).toEqual(['out a 1', 'in a 1', 'out b 1']);
    expect(header(sent[1]?.messages[0]).slice(20, 34)).toBe(header(message).slice(20, 34));
  });

  it('handles a batch in the pathways of all, and of one where it is named', async () => {
    const { sent, producer: one } = producer();
    for (let i = 0; i < 20; i++) {
      await one.send({ topic: 'a', messages: [{ value: String(i) }] });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const messages = sent.flatMap((record) => record.messages);
    const origins = messages.map((message) => header(message).slice(20, 34));
    const onward: string[] = [];
    const ran = consumer({
      eachBatch: async () => {
        const before = sent.length;
        for (const message of messages) {
          await withMessage(message, () => one.send({ topic: 'b', messages: [{ value: message.value }] }));
        }
        onward.push(...sent.slice(before).map((record) => header(record.messages[0]).slice(20, 34)));
        await one.send({ topic: 'c', messages: messages.map(({ value }) => ({ value })) });
      },
    });
    await ran.eachBatch?.({ batch: { topic: 'a', partition: 0, messages } });
    expect(onward).toEqual(origins);
    const drawn = sent.at(-1)?.messages.map((message) => header(message).slice(20, 34)) ?? [];
    expect(drawn).not.toEqual(origins);
    expect(drawn.toSorted()).toEqual(origins.toSorted());
    expect(counts()).toEqual(['out a 20', 'in a 20', 'out b 20', 'out c 20']);
  });

  it('runs without handlers, or without anything', () => {
    const ran: unknown[] = [];
    const made = instrumentConsumer({ run: (config) => void ran.push(config) }, '', untraced);
    made.run(undefined);
    made.run({});
    expect(ran).toEqual([undefined, {}]);
  });
});

describe('a client that throws at once', () => {
  it('is heard by the host, and its spans end as failed', () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
    const made = {
      send() {
        throw new RangeError('not connected');
      },
    };
    const one = instrumentProducer(made as ProducerLike, () => true);
    expect(() => one.send({ topic: 'orders', messages: [{ value: 'v' }] })).toThrow('not connected');
    const [span] = exporter.getFinishedSpans();
    expect(span?.attributes['error.type']).toBe('RangeError');
    trace.disable();
  });
});
