import { context, diag, type Span } from '@opentelemetry/api';
import { noteInPartition } from './event-time.ts';
import { beginReceived, type Processing, tracesRecords } from './kafka-spans.ts';
import { Current, type Position, pathways } from './pathway.ts';
import { headerOf } from './platformatic-headers.ts';
import { noteConsumed } from './throughput.ts';

/** The parts of a stream of `@platformatic/kafka` that are used. */
interface ReceivedMessage {
  readonly topic: string;
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers: Map<unknown, unknown>;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: bigint;
}
export interface MessagesStream {
  readonly consumer?: { readonly groupId?: string };
  emit(event: string, ...args: unknown[]): boolean;
  listenerCount(event: string): number;
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage>;
}

/** A record that was handed out: where it is, and its trace when spans are wanted. */
interface Delivery {
  readonly position: Position | undefined;
  readonly processing: Processing | undefined;
}

function carrierOf(headers: Map<unknown, unknown>): Record<string, unknown> {
  const entries = [...headers].map(([key, value]) => [
    key instanceof Uint8Array ? Buffer.from(key).toString() : key,
    value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function receive(message: ReceivedMessage, group: string): Delivery {
  const { topic, partition, headers } = message;
  if (message.timestamp > 0n) noteInPartition(topic, group, partition, message.timestamp, message.offset);
  let position: Position | undefined;
  if (pathways.active) {
    const route = pathways.recorder.route({ direction: 'in', system: 'kafka', destination: topic, group });
    position = pathways.receive(route, headerOf(headers));
  }
  if (!tracesRecords()) return { position, processing: undefined };
  const about = { topic, partition, group };
  noteConsumed(about, 1);
  const { key, value } = message;
  const described = { key, value, offset: String(message.offset), timestamp: String(message.timestamp) };
  return { position, processing: beginReceived(about, { ...described, headers: carrierOf(headers) }) };
}

/**
 * Every way to read a stream ends in its `data` event, which is where a record counts as received; listeners (and what
 * is piped to) run in its pathway and span. A `for await` loop captured its asynchronous context before: it gets one
 * that always shows the record handed out last, whose span ends when the next one is asked for.
 */
export function followMessages(stream: MessagesStream): void {
  const { emit } = stream;
  const iterate = stream[Symbol.asyncIterator];
  const deliveries = new WeakMap<object, Delivery>();
  stream.emit = function emitInPathway(event, ...args) {
    const message = args[0];
    if (event !== 'data' || typeof message !== 'object' || message === null) return emit.call(this, event, ...args);
    let delivery: Delivery | undefined;
    try {
      delivery = receive(message as ReceivedMessage, stream.consumer?.groupId ?? '');
      deliveries.set(message, delivery);
    } catch (error) {
      diag.error('@weir/sdk: a record could not be instrumented', error);
    }
    const { position, processing } = delivery ?? {};
    const call = () => emit.call(this, event, ...args);
    const traced = () => (processing === undefined ? call() : context.with(processing.within, call));
    try {
      return position === undefined ? traced() : pathways.handling.run(position, traced);
    } finally {
      if (this.listenerCount('data') > 0) processing?.span?.end();
    }
  };
  stream[Symbol.asyncIterator] = function iterateInPathway() {
    return inPathways(iterate.call(this), deliveries);
  };
}

function inPathways(
  iterator: AsyncIterator<ReceivedMessage>,
  deliveries: WeakMap<object, Delivery>,
): AsyncIterableIterator<ReceivedMessage> {
  const current = new Current();
  let span: Span | undefined;
  const finish = <T>(result?: T): T => {
    current.record = undefined;
    current.trace = undefined;
    span?.end();
    span = undefined;
    return result as T;
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next(...args) {
      finish();
      // The loop's own context from here on: `next` is called in it, and what it awaits resumes in it.
      const around = pathways.handling.getStore();
      if (around !== current) {
        if (!(around instanceof Current)) current.outer = around;
        pathways.handling.enterWith(current);
      }
      return iterator.next(...args).then((result) => {
        const delivery = result.done === true ? undefined : deliveries.get(result.value);
        current.record = delivery?.position;
        current.trace = delivery?.processing?.within;
        span = delivery?.processing?.span;
        return result;
      });
    },
    return: (value) => {
      finish();
      return iterator.return?.(value) ?? Promise.resolve({ done: true, value });
    },
    throw: (error) => {
      finish();
      return iterator.throw?.(error) ?? Promise.reject(error);
    },
  };
}
