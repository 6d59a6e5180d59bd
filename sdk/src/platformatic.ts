import { subscribe } from 'node:diagnostics_channel';
import { diag, type Span } from '@opentelemetry/api';
import { beginSend, endWith, fail, tracesRecords } from './kafka-spans.ts';
import { pathways, type Sending } from './pathway.ts';
import { PATHWAY_HEADER } from './pathway-header.ts';
import { followMessages } from './platformatic-consumer.ts';
import { formsOf, type Headers, headerOf } from './platformatic-headers.ts';
import type { Route } from './recorder.ts';
import { shared } from './state.ts';
import { noteSent } from './throughput.ts';

/** The parts of `@platformatic/kafka` that are used; found by structure, never imported. */
interface Message {
  readonly topic: string;
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers?: Headers;
}
interface SendOptions {
  readonly messages: readonly Message[];
}
type Callback = (error: unknown, result: unknown) => void;
interface Producer {
  send(options: SendOptions, callback?: Callback): unknown;
}
interface ProducerStream {
  readonly producer: Producer;
  write(message: Message, ...rest: unknown[]): boolean;
  end(...args: unknown[]): unknown;
}
const state = shared('platformatic', () => ({
  subscribed: false,
  /** Messages that were given their headers when they were written to a stream. */
  written: new WeakSet<object>(),
}));
/** A copy of a message that carries a pathway and, when spans are wanted, a trace. */
function withContext(
  message: Message,
  sending: Sending | undefined,
  producer: object,
  traced: boolean,
  spans: Span[],
): Message {
  const forms = formsOf(producer);
  if (forms === undefined) {
    pathways.recorder.problem('unwritable_header');
    return message;
  }
  const added: Record<string, unknown> =
    sending === undefined ? {} : { [PATHWAY_HEADER]: sending.header(headerOf(message.headers)) };
  if (traced) {
    const span = beginSend(message.topic, { key: message.key, value: message.value }, added);
    if (span !== undefined) spans.push(span);
  }
  const { headers } = message;
  const merged = new Map<unknown, unknown>(headers instanceof Map ? headers : Object.entries(headers ?? {}));
  for (const key of [...merged.keys()]) {
    const name = key instanceof Uint8Array ? Buffer.from(key).toString() : key;
    if (typeof name === 'string' && Object.hasOwn(added, name)) merged.delete(key);
  }
  for (const [key, value] of Object.entries(added)) merged.set(forms.key(key), forms.value(String(value)));
  return { ...message, headers: merged };
}

function outRoute(topic: string): Route {
  return pathways.recorder.route({ direction: 'out', system: 'kafka', destination: topic, group: '' });
}

function prepare(options: SendOptions, producer: object, spans: Span[]): SendOptions {
  const traced = tracesRecords();
  const sendings = new Map<string, Sending>();
  const messages = options.messages.map((message) => {
    if (state.written.has(message)) return message;
    let sending = sendings.get(message.topic);
    if (sending === undefined && pathways.active) {
      sending = pathways.send(outRoute(message.topic));
      sendings.set(message.topic, sending);
    }
    if (traced) noteSent(message.topic, 1);
    return withContext(message, sending, producer, traced, spans);
  });
  for (const sending of sendings.values()) sending.end();
  return { ...options, messages };
}

function followProducer(producer: Producer): void {
  const { send } = producer;
  producer.send = function sendInPathway(options, callback) {
    const spans: Span[] = [];
    let prepared = options;
    try {
      if ((pathways.active || tracesRecords()) && Array.isArray(options?.messages))
        prepared = prepare(options, this, spans);
    } catch (error) {
      diag.error('@weir/sdk: a send could not be instrumented', error);
    }
    if (typeof callback !== 'function' || spans.length === 0)
      return endWith(spans, send.call(this, prepared, callback));
    return send.call(this, prepared, (error, result) => {
      if (error == null) for (const span of spans) span.end();
      else fail(spans, error);
      callback(error, result);
    });
  };
}

/** A stream sends later, from a timer: what it continues is known when a message is written. */
function followProducerStream(stream: ProducerStream): void {
  const { write, end } = stream;
  const take = (message: unknown) => {
    try {
      const traced = tracesRecords();
      if (!(pathways.active || traced) || typeof (message as Message | undefined)?.topic !== 'string') return message;
      const sending = pathways.active ? pathways.send(outRoute((message as Message).topic)) : undefined;
      const spans: Span[] = [];
      const copy = withContext(message as Message, sending, stream.producer, traced, spans);
      sending?.end();
      for (const span of spans) span.end();
      state.written.add(copy);
      return copy;
    } catch (error) {
      diag.error('@weir/sdk: a message could not be instrumented', error);
      return message;
    }
  };
  stream.write = function writeInPathway(message, ...rest) {
    return write.call(this, take(message) as Message, ...rest);
  };
  stream.end = function endInPathway(message, ...rest) {
    return end.call(this, typeof message === 'object' && message !== null ? take(message) : message, ...rest);
  };
}

const FOLLOWED: Readonly<Record<string, (instance: never) => void>> = {
  producer: followProducer,
  'producer-stream': followProducerStream,
  'messages-stream': followMessages,
};

/**
 * Follows every client of `@platformatic/kafka` that this process creates from now on, by the channel on which the
 * library announces them. Safe to call twice.
 */
export function followPlatformatic(): void {
  if (state.subscribed) return;
  state.subscribed = true;
  subscribe('plt:kafka:instances', (announced) => {
    try {
      const { type, instance } = announced as { type: string; instance: never };
      FOLLOWED[type]?.(instance);
    } catch (error) {
      diag.error('@weir/sdk: a Kafka client could not be instrumented', error);
    }
  });
}
