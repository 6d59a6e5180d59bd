import {
  type Attributes,
  context,
  diag,
  type Link,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { type Carrier, headerGetter, headerValue } from './carrier.ts';
import { noteEventTime, noteInPartition } from './event-time.ts';
import { tracesRecords } from './kafka-spans.ts';
import { pathways } from './pathway.ts';
import { PATHWAY_HEADER } from './pathway-header.ts';
import { ATTR } from './semconv.ts';
import { inSpan } from './span.ts';

export type { Carrier } from './carrier.ts';

interface QueueOptions {
  /** `messaging.system`: rabbitmq, aws_sqs, pulsar, or a name of your own. */
  readonly system: string;
  /** Queue or topic. */
  readonly destination: string;
  readonly partition?: string | number;
  readonly attributes?: Attributes;
}

export interface ProduceOptions extends QueueOptions {
  /** The headers object the message will be sent with; pathway and trace are written into it. */
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

/** Links a batch's span may have; of more messages the span keeps the number. */
const MAX_LINKS = 128;

function creationContext(headers: Carrier | undefined) {
  return headers === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers, headerGetter);
}

function describe(options: QueueOptions, operation: 'send' | 'process', group?: string): Attributes {
  return {
    ...options.attributes,
    [ATTR.messagingSystem]: options.system,
    [ATTR.messagingDestination]: options.destination,
    [ATTR.messagingOperationName]: operation,
    [ATTR.messagingOperationType]: operation,
    ...(options.partition === undefined ? {} : { [ATTR.messagingPartition]: String(options.partition) }),
    ...(group === undefined ? {} : { [ATTR.messagingGroup]: group }),
  };
}

function millis(time: number | Date | undefined): number | undefined {
  const value = time === undefined ? Number.NaN : Number(time);
  return value > 0 ? Math.trunc(value) : undefined;
}

function noteTime(
  destination: string,
  group: string | undefined,
  partition: string | number | undefined,
  time: number,
) {
  if (partition === undefined) noteEventTime(destination, group, time);
  else noteInPartition(destination, group, partition, time);
}

function route(direction: 'in' | 'out', { system, destination }: QueueOptions, group: string) {
  return pathways.recorder.route({ direction, system, destination, group });
}

/**
 * Sends a message through `send`. Before, its pathway and the trace of a producer span are written into
 * `options.headers`, so that whoever consumes the message continues both.
 */
export function produce<T>(options: ProduceOptions, send: () => T): T {
  const { headers } = options;
  try {
    if (pathways.active) {
      const sending = pathways.send(route('out', options, ''));
      headers[PATHWAY_HEADER] = sending.header(headers[PATHWAY_HEADER]);
      sending.end();
    }
  } catch (error) {
    // Frozen headers, or none: the message is sent all the same, and its pathway ends here.
    pathways.recorder.problem('unwritable_header');
    diag.warn('@weir/sdk: the headers of a message cannot be written to', error);
    return send();
  }
  if (!tracesRecords()) return send();
  const attributes = describe(options, 'send');
  return inSpan(`send ${options.destination}`, { kind: SpanKind.PRODUCER, attributes }, () => {
    propagation.inject(context.active(), headers);
    return send();
  });
}

/** Handles one message in its pathway, and in a consumer span that continues the trace of the message's headers. */
export function consume<T>(options: ConsumeOptions, handle: () => T): T {
  const { destination, group, headers, partition } = options;
  const time = millis(options.eventTime);
  if (time !== undefined) noteTime(destination, group, partition, time);
  if (pathways.active) {
    const at = pathways.receive(route('in', options, group ?? ''), headerValue(headers, PATHWAY_HEADER));
    return pathways.handling.run(at, () => process(options, time, handle));
  }
  return process(options, time, handle);
}

function process<T>(options: ConsumeOptions, time: number | undefined, handle: () => T): T {
  if (!tracesRecords()) return handle();
  const attributes = describe(options, 'process', options.group);
  if (options.messageId !== undefined) attributes[ATTR.messagingMessageId] = options.messageId;
  if (time !== undefined) attributes[ATTR.eventTime] = time;
  const parent = creationContext(options.headers);
  return inSpan(`process ${options.destination}`, { kind: SpanKind.CONSUMER, attributes }, handle, parent);
}

/**
 * Handles several messages at once. Each is counted in its own pathway; what is sent meanwhile continues one of them
 * (see `withMessage`). One consumer span links to the trace of each, up to 128.
 */
export function consumeBatch<T>(options: BatchOptions, handle: () => T): T {
  const { destination, group, messages, partition } = options;
  let newest = 0;
  for (const { eventTime } of messages) {
    const time = millis(eventTime);
    if (time === undefined) continue;
    newest = Math.max(newest, time);
    noteTime(destination, group, partition, time);
  }
  if (pathways.active) {
    const headers = messages.map((message) => headerValue(message.headers, PATHWAY_HEADER));
    const batch = pathways.receiveBatch(route('in', options, group ?? ''), headers);
    return pathways.handling.run(batch, () => processBatch(options, newest, handle));
  }
  return processBatch(options, newest, handle);
}

function processBatch<T>(options: BatchOptions, newest: number, handle: () => T): T {
  if (!tracesRecords()) return handle();
  const attributes = describe(options, 'process', options.group);
  attributes[ATTR.messagingBatchCount] = options.messages.length;
  if (newest > 0) attributes[ATTR.eventTime] = newest;
  const links: Link[] = [];
  for (const { headers } of options.messages) {
    if (links.length === MAX_LINKS) break;
    const created = trace.getSpanContext(creationContext(headers));
    if (created !== undefined) links.push({ context: created });
  }
  return inSpan(`process ${options.destination}`, { kind: SpanKind.CONSUMER, attributes, links }, handle);
}

type Message = Omit<ConsumeOptions, 'system' | 'destination' | 'group'>;

export interface Queue {
  /** As `produce`: writes into `headers`, then calls `send`. */
  produce<T>(headers: Carrier, send: () => T): T;
  /** As `consume`. */
  consume<T>(message: Message, handle: () => T): T;
  /** As `consumeBatch`. */
  consumeBatch<T>(messages: BatchOptions['messages'], handle: () => T): T;
}

/** A queue this package has no instrumentation for, named once: SQS, RabbitMQ, a Redis stream, a CDC feed. */
export function queue(options: {
  readonly system: string;
  readonly destination: string;
  readonly group?: string;
}): Queue {
  return {
    produce: (headers, send) => produce({ ...options, headers }, send),
    consume: (message, handle) => consume({ ...options, ...message }, handle),
    consumeBatch: (messages, handle) => consumeBatch({ ...options, messages }, handle),
  };
}
