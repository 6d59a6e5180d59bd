import { diag, type Span } from '@opentelemetry/api';
import { eventTimes, type PartitionTimes } from './event-time.ts';
import {
  beginSend,
  endWith,
  fail,
  type KafkaMessage,
  processBatch,
  processMessage,
  type Received,
} from './kafka-spans.ts';
import { type Position, pathways } from './pathway.ts';
import { PATHWAY_HEADER } from './pathway-header.ts';
import type { Route } from './recorder.ts';
import { noteConsumed, noteSent, timeProcess } from './throughput.ts';

/** Producers and consumers of kafkajs and of clients with its shape, such as Confluent's. */
interface ProducerRecord {
  readonly topic: string;
  readonly messages: readonly KafkaMessage[];
}
interface ProducerBatch {
  readonly topicMessages?: readonly ProducerRecord[];
}
type Send = (this: unknown, record: unknown) => unknown;
export interface ProducerLike {
  send: Send;
  sendBatch?: Send;
  transaction?: (this: unknown, ...args: unknown[]) => unknown;
}
type Callback = (this: unknown, payload: unknown) => unknown;
interface RunConfig {
  eachMessage?: Callback;
  eachBatch?: Callback;
}
export interface ConsumerLike {
  run(this: unknown, config?: RunConfig): unknown;
}
interface MessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaMessage;
}
interface BatchPayload {
  readonly batch: { readonly topic: string; readonly partition: number; readonly messages: readonly KafkaMessage[] };
}

/** Whether a client's spans are ours to make; another instrumentation may have it already. */
export type Traced = () => boolean;

const wrapped = new WeakSet<object>();
/** Records that have their headers: Confluent's `sendBatch` calls its own `send`. */
const prepared = new WeakSet<object>();

/** Routes of one client by topic, so that a record costs one look-up. */
function routesOf(direction: 'in' | 'out', group: string): (topic: string) => Route {
  const routes = new Map<string, Route>();
  return (topic) => {
    let route = routes.get(topic);
    if (route === undefined) {
      if (routes.size >= pathways.recorder.limits.checkpoints) routes.clear();
      route = pathways.recorder.route({ direction, system: 'kafka', destination: topic, group });
      routes.set(topic, route);
    }
    return route;
  };
}

/** A copy of a message with headers of its own: the host may share one headers object among messages. */
function withHeaders(message: KafkaMessage, headers: Record<string, unknown>): KafkaMessage {
  const prototype = Object.getPrototypeOf(message);
  if (prototype === Object.prototype || prototype === null) return { ...message, headers };
  // Getters of a class would be lost in a copy.
  (message as { headers: unknown }).headers = headers;
  return message;
}

function outgoing(record: ProducerRecord, route: Route, traced: boolean, spans: Span[]): ProducerRecord {
  if (prepared.has(record)) return record;
  const { topic, messages } = record;
  const sending = pathways.active ? pathways.send(route) : undefined;
  let text = '';
  let bytes: Buffer | undefined;
  const copies = new Array<KafkaMessage>(messages.length);
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] as KafkaMessage;
    const headers: Record<string, unknown> = { ...message.headers };
    if (sending !== undefined) {
      const next = sending.header(headers[PATHWAY_HEADER]);
      // Messages of one call mostly have the same; as bytes it is encoded once.
      if (next !== text) {
        text = next;
        bytes = Buffer.from(next, 'latin1');
      }
      headers[PATHWAY_HEADER] = bytes;
    }
    if (traced) {
      const span = beginSend(topic, message, headers);
      if (span !== undefined) spans.push(span);
    }
    copies[i] = withHeaders(message, headers);
  }
  sending?.end();
  if (traced) noteSent(topic, messages.length);
  const copy = { ...record, messages: copies };
  prepared.add(copy);
  return copy;
}

const isRecord = (value: unknown): value is ProducerRecord =>
  typeof (value as ProducerRecord | undefined)?.topic === 'string' && Array.isArray((value as ProducerRecord).messages);

/** Runs what the host asked for, whatever becomes of the telemetry. */
function guarded<T>(what: string, fallback: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    diag.error(`@weir/sdk: ${what} could not be instrumented`, error);
    return fallback;
  }
}

/** Sends of a producer (and of its transactions) carry pathways, and spans where they are wanted. */
export function instrumentProducer<P extends ProducerLike>(producer: P, traced: Traced): P {
  if (wrapped.has(producer)) return producer;
  wrapped.add(producer);
  const route = routesOf('out', '');
  const { send, sendBatch, transaction } = producer;
  const replace = (original: Send, prepare: (argument: unknown, spans: Span[], traces: boolean) => unknown): Send =>
    function sendInPathway(argument) {
      const spans: Span[] = [];
      const ready = guarded('a send', argument, () => {
        const traces = traced();
        return pathways.active || traces ? prepare(argument, spans, traces) : argument;
      });
      let result: unknown;
      try {
        result = original.call(this, ready);
      } catch (error) {
        fail(spans, error);
        throw error;
      }
      return spans.length === 0 ? result : endWith(spans, result);
    };
  producer.send = replace(send, (argument, spans, traces) =>
    isRecord(argument) ? outgoing(argument, route(argument.topic), traces, spans) : argument,
  );
  if (typeof sendBatch === 'function') {
    producer.sendBatch = replace(sendBatch, (argument, spans, traces) => {
      const topicMessages = (argument as ProducerBatch | undefined)?.topicMessages;
      if (!Array.isArray(topicMessages) || !topicMessages.every(isRecord)) return argument;
      const records = topicMessages.map((record) => outgoing(record, route(record.topic), traces, spans));
      return { ...(argument as ProducerBatch), topicMessages: records };
    });
  }
  if (typeof transaction === 'function') {
    producer.transaction = async function begin(...args) {
      const begun = (await transaction.apply(this, args)) as ProducerLike | undefined;
      return typeof begun?.send === 'function' ? instrumentProducer(begun, traced) : begun;
    };
  }
  return producer;
}

/** The event times of the partition that is read; most records come from where the one before came from. */
function timesOf(group: string): (topic: string, partition: number) => PartitionTimes | undefined {
  let last: PartitionTimes | undefined;
  let lastTopic = '';
  let lastPartition = -1;
  return (topic, partition) => {
    if (topic !== lastTopic || partition !== lastPartition) {
      last = eventTimes.partition(topic, group, partition);
      lastTopic = topic;
      lastPartition = partition;
    }
    return last;
  };
}

function note(times: PartitionTimes | undefined, { timestamp, offset }: KafkaMessage): void {
  if (typeof timestamp === 'string') times?.note(timestamp, offset);
}

function eachMessage(callback: Callback, group: string, traced: Traced): Callback {
  const route = routesOf('in', group);
  const times = timesOf(group);
  const { handling } = pathways;
  return function handle(payload) {
    const { topic, partition, message } = payload as MessagePayload;
    let position: Position | undefined;
    try {
      note(times(topic, partition), message);
      if (pathways.active) position = pathways.receive(route(topic), message.headers?.[PATHWAY_HEADER]);
    } catch (error) {
      diag.error('@weir/sdk: a record could not be instrumented', error);
    }
    const call = () => callback.call(this, payload);
    if (!traced()) return position === undefined ? call() : handling.run(position, call);
    const about: Received = { topic, partition, group };
    noteConsumed(about, 1);
    const work = () => timeProcess(about, 1, () => processMessage(about, message, call));
    return position === undefined ? work() : handling.run(position, work);
  };
}

function eachBatch(callback: Callback, group: string, traced: Traced): Callback {
  const route = routesOf('in', group);
  const times = timesOf(group);
  const { handling } = pathways;
  return function handle(payload) {
    const { topic, partition, messages } = (payload as BatchPayload).batch;
    const received = guarded('a batch', undefined, () => {
      const partitionTimes = times(topic, partition);
      for (const message of messages) note(partitionTimes, message);
      if (!pathways.active) return undefined;
      const headers = messages.map((message) => message.headers?.[PATHWAY_HEADER]);
      return pathways.receiveBatch(route(topic), headers);
    });
    const call = () => callback.call(this, payload);
    if (!traced()) return received === undefined ? call() : handling.run(received, call);
    const about: Received = { topic, partition, group };
    noteConsumed(about, messages.length);
    const work = () => timeProcess(about, messages.length, () => processBatch(about, messages, call));
    return received === undefined ? work() : handling.run(received, work);
  };
}

/** Records of a consumer's handlers are counted in their pathways, and what handlers send continues them. */
export function instrumentConsumer<C extends ConsumerLike>(consumer: C, group: string, traced: Traced): C {
  if (wrapped.has(consumer)) return consumer;
  wrapped.add(consumer);
  const run = consumer.run;
  consumer.run = function runInPathway(config) {
    if (config == null) return run.call(this, config);
    const own = { ...config };
    if (typeof config.eachMessage === 'function') own.eachMessage = eachMessage(config.eachMessage, group, traced);
    if (typeof config.eachBatch === 'function') own.eachBatch = eachBatch(config.eachBatch, group, traced);
    return run.call(this, own);
  };
  return consumer;
}
