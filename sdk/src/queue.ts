import {
  type Attributes,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import { noteEventTime } from './event-time.ts';
import { ATTR } from './semconv.ts';
import { inSpan } from './span.ts';

/** Headers of a message. Context is written as strings and read from strings, buffers and lists (the last wins). */
export type Carrier = Record<string, unknown>;

interface QueueOptions {
  /** `messaging.system`: rabbitmq, aws_sqs, pulsar, or a name of your own. */
  readonly system: string;
  /** Queue or topic. */
  readonly destination: string;
  readonly partition?: string | number;
  readonly attributes?: Attributes;
}

export interface ProduceOptions extends QueueOptions {
  /** The headers object the message will be sent with; the trace context is written into it. */
  readonly headers: Carrier;
}

export interface ConsumeOptions extends QueueOptions {
  readonly group?: string;
  readonly headers?: Carrier;
  readonly messageId?: string;
  /** When the record's event happened: unix milliseconds or a date. */
  readonly eventTime?: number | Date;
}

export interface BatchOptions extends QueueOptions {
  readonly group?: string;
  readonly messages: readonly { readonly headers?: Carrier; readonly eventTime?: number | Date }[];
}

function readHeader(value: unknown): string | undefined {
  if (Array.isArray(value)) return readHeader(value.at(-1));
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

const headerGetter: TextMapGetter<Carrier> = {
  keys: (carrier) => Object.keys(carrier),
  get(carrier, key) {
    const name = Object.hasOwn(carrier, key) ? key : Object.keys(carrier).find((k) => k.toLowerCase() === key);
    return name === undefined ? undefined : readHeader(carrier[name]);
  },
};

function creationContext(headers: Carrier | undefined) {
  return headers === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers, headerGetter);
}

function describe(options: QueueOptions, type: 'send' | 'process', group?: string): Attributes {
  return {
    ...options.attributes,
    [ATTR.messagingSystem]: options.system,
    [ATTR.messagingDestination]: options.destination,
    [ATTR.messagingOperationType]: type,
    [ATTR.messagingOperationName]: type,
    ...(options.partition === undefined ? {} : { [ATTR.messagingPartition]: String(options.partition) }),
    ...(group === undefined ? {} : { [ATTR.messagingGroup]: group }),
  };
}

function millis(time: number | Date | undefined): number | undefined {
  const value = time === undefined ? Number.NaN : Number(time);
  return value > 0 ? Math.trunc(value) : undefined;
}

/**
 * Sends a message through `send` in a producer span and writes its context into `options.headers` before, so that
 * whoever consumes the message continues the trace.
 */
export function produce<T>(options: ProduceOptions, send: () => T): T {
  const attributes = describe(options, 'send');
  return inSpan(`send ${options.destination}`, { kind: SpanKind.PRODUCER, attributes }, () => {
    propagation.inject(context.active(), options.headers);
    return send();
  });
}

/** Handles one message in a consumer span that continues the trace of the message's headers. */
export function consume<T>(options: ConsumeOptions, handle: () => T): T {
  const attributes = describe(options, 'process', options.group);
  if (options.messageId !== undefined) attributes[ATTR.messagingMessageId] = options.messageId;
  const time = millis(options.eventTime);
  if (time !== undefined) {
    attributes[ATTR.eventTime] = time;
    noteEventTime(options.destination, options.group, time);
  }
  const parent = creationContext(options.headers);
  return inSpan(`process ${options.destination}`, { kind: SpanKind.CONSUMER, attributes }, handle, parent);
}

/** Handles several messages at once in one consumer span, linked to the trace of each. */
export function consumeBatch<T>(options: BatchOptions, handle: () => T): T {
  const attributes = describe(options, 'process', options.group);
  attributes[ATTR.messagingBatchCount] = options.messages.length;
  const links: Link[] = [];
  let newest = 0;
  for (const { headers, eventTime } of options.messages) {
    const created = trace.getSpanContext(creationContext(headers));
    if (created !== undefined) links.push({ context: created });
    newest = Math.max(newest, millis(eventTime) ?? 0);
  }
  if (newest > 0) {
    attributes[ATTR.eventTime] = newest;
    noteEventTime(options.destination, options.group, newest);
  }
  return inSpan(`process ${options.destination}`, { kind: SpanKind.CONSUMER, attributes, links }, handle);
}
