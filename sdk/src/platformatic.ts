import { subscribe } from 'node:diagnostics_channel';
import { diag, type Span } from '@opentelemetry/api';
import { noteInPartition } from './event-time.ts';
import { beginSend, endWith, tracesRecords } from './kafka-spans.ts';
import { Current, type Handling, type Position, pathways, type Sending } from './pathway.ts';
import { PATHWAY_HEADER } from './pathway-header.ts';
import type { Route } from './recorder.ts';
import { shared } from './state.ts';
import { noteConsumed, noteSent } from './throughput.ts';

/** The parts of `@platformatic/kafka` that are used; found by structure, never imported. */
interface Message {
  readonly topic: string;
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers?: Map<unknown, unknown> | Record<string, unknown>;
}
interface ReceivedMessage extends Message {
  readonly headers: Map<unknown, unknown>;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: bigint;
}
interface SendOptions {
  readonly messages: readonly Message[];
}
type Callback = (error: unknown, result: unknown) => void;
interface Producer {
  send(options: SendOptions, callback?: Callback): unknown;
}
interface MessagesStream {
  readonly consumer?: { readonly groupId?: string };
  emit(event: string, ...args: unknown[]): boolean;
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage>;
}
interface ProducerStream {
  readonly producer: Producer;
  write(message: Message, ...rest: unknown[]): boolean;
  end(...args: unknown[]): unknown;
}
type Serialize = (value: unknown) => unknown;
/** A header's key and value in the form this producer's serializers take. */
type Form = (text: string) => unknown;

const state = shared('platformatic', () => ({
  subscribed: false,
  /** Messages that were given their headers when they were written to a stream. */
  written: new WeakSet<object>(),
  forms: new WeakMap<object, { key: Form; value: Form } | undefined>(),
}));
const HEADER_BYTES = Buffer.from(PATHWAY_HEADER);

/** Of the two ways to hand over a header, the one that a serializer turns into its plain bytes. */
function formFor(serialize: Serialize | undefined): Form | undefined {
  const forms: Form[] = [(text) => Buffer.from(text), (text) => text];
  return forms.find((form) => {
    try {
      const bytes = serialize === undefined ? form(PATHWAY_HEADER) : serialize(form(PATHWAY_HEADER));
      return bytes instanceof Uint8Array && HEADER_BYTES.equals(bytes);
    } catch {
      return false;
    }
  });
}

interface ClientOptions {
  readonly serializers?: { readonly headerKey?: Serialize; readonly headerValue?: Serialize };
  readonly registry?: { getSerializers?(): { headerKey?: Serialize; headerValue?: Serialize } };
}

function formsOf(producer: object): { key: Form; value: Form } | undefined {
  if (state.forms.has(producer)) return state.forms.get(producer);
  const symbol = Object.getOwnPropertySymbols(producer).find((key) => key.description === 'plt.kafka.base.options');
  const options = symbol === undefined ? undefined : (producer as Record<symbol, ClientOptions>)[symbol];
  const serializers = options?.registry?.getSerializers?.() ?? options?.serializers;
  const key = formFor(serializers?.headerKey);
  const value = formFor(serializers?.headerValue);
  const forms = key === undefined || value === undefined ? undefined : { key, value };
  if (forms === undefined)
    diag.warn('@weir/sdk: header serializers of a producer take no text; it stays without pathways');
  state.forms.set(producer, forms);
  return forms;
}

function headerOf(headers: Map<unknown, unknown> | Record<string, unknown> | undefined): unknown {
  if (headers === undefined) return undefined;
  if (!(headers instanceof Map)) return headers[PATHWAY_HEADER];
  const present = headers.get(PATHWAY_HEADER);
  if (present !== undefined || headers.size === 0) return present;
  for (const [key, value] of headers) if (key instanceof Uint8Array && HEADER_BYTES.equals(key)) return value;
  return undefined;
}

/** A copy of a message that carries a pathway and, when spans are wanted, a trace. */
function withContext(message: Message, sending: Sending, producer: object, traced: boolean, spans: Span[]): Message {
  const forms = formsOf(producer);
  if (forms === undefined) return message;
  const added: Record<string, unknown> = { [PATHWAY_HEADER]: sending.header(headerOf(message.headers)) };
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
    if (sending === undefined) {
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
      if (pathways.active && Array.isArray(options?.messages)) prepared = prepare(options, this, spans);
    } catch (error) {
      diag.error('@weir/sdk: a send could not be instrumented', error);
    }
    if (typeof callback !== 'function' || spans.length === 0)
      return endWith(spans, send.call(this, prepared, callback));
    return send.call(this, prepared, (error, result) => {
      for (const span of spans) span.end();
      callback(error, result);
    });
  };
}

/** A stream sends later, from a timer: what it continues is known when a message is written. */
function followProducerStream(stream: ProducerStream): void {
  const { write, end } = stream;
  const take = (message: unknown) => {
    try {
      if (!pathways.active || typeof (message as Message | undefined)?.topic !== 'string') return message;
      const sending = pathways.send(outRoute((message as Message).topic));
      const spans: Span[] = [];
      const copy = withContext(message as Message, sending, stream.producer, tracesRecords(), spans);
      sending.end();
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

function receive(message: ReceivedMessage, group: string): Position | undefined {
  const { topic, partition } = message;
  if (message.timestamp > 0n) noteInPartition(topic, group, partition, message.timestamp, message.offset);
  if (tracesRecords()) noteConsumed({ topic, partition, group }, 1);
  if (!pathways.active) return undefined;
  const route = pathways.recorder.route({ direction: 'in', system: 'kafka', destination: topic, group });
  return pathways.receive(route, headerOf(message.headers));
}

/**
 * Every way to read a stream ends in its `data` event, which is where a record counts as received; listeners (and what
 * is piped to) run in its pathway. A `for await` loop captured its asynchronous context before: it gets one that always
 * shows the record handed out last.
 */
function followMessages(stream: MessagesStream): void {
  const { emit } = stream;
  const iterate = stream[Symbol.asyncIterator];
  const positions = new WeakMap<object, Position>();
  stream.emit = function emitInPathway(event, ...args) {
    const message = args[0];
    if (event !== 'data' || typeof message !== 'object' || message === null) return emit.call(this, event, ...args);
    let handling: Handling | undefined;
    try {
      const position = receive(message as ReceivedMessage, stream.consumer?.groupId ?? '');
      if (position !== undefined) {
        handling = position;
        positions.set(message, position);
      }
    } catch (error) {
      diag.error('@weir/sdk: a record could not be instrumented', error);
    }
    if (handling === undefined) return emit.call(this, event, ...args);
    return pathways.handling.run(handling, () => emit.call(this, event, ...args));
  };
  stream[Symbol.asyncIterator] = function iterateInPathway() {
    return inPathways(iterate.call(this), positions);
  };
}

function inPathways(
  iterator: AsyncIterator<ReceivedMessage>,
  positions: WeakMap<object, Position>,
): AsyncIterableIterator<ReceivedMessage> {
  const current = new Current();
  const finish = <T>(result: T): T => {
    current.record = undefined;
    return result;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next(...args) {
      current.record = undefined;
      // The loop's own context from here on: `next` is called in it, and what it awaits resumes in it.
      if (pathways.active && pathways.handling.getStore() !== current) pathways.handling.enterWith(current);
      return iterator.next(...args).then((result) => {
        current.record = result.done === true ? undefined : positions.get(result.value);
        return result;
      });
    },
    return: (value) => iterator.return?.(value).then(finish) ?? Promise.resolve({ done: true, value }),
    throw: (error) => iterator.throw?.(error).then(finish) ?? Promise.reject(error),
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
