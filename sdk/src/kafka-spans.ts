import {
  type Attributes,
  type Context,
  context,
  diag,
  type Link,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type TextMapSetter,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { headerGetter } from './carrier.ts';
import { Current, pathways } from './pathway.ts';
import { ATTR, SCOPE } from './semconv.ts';
import { recordError } from './span.ts';
import { shared } from './state.ts';

/** Spans and links that a batch may bring; of more records the batch's own span keeps the number. */
const MAX_PER_BATCH = 128;
const NOOP = new ProxyTracerProvider().getDelegate();

/** A record as Kafka's clients hand it over. */
export interface KafkaMessage {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly offset?: string;
  readonly timestamp?: string;
  readonly headers?: Record<string, unknown> | undefined;
  readonly partition?: number;
}

export interface Received {
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
}

/** How spans are made in this process; set by `instrument`. */
export const tracing = shared('tracing', () => ({
  /** False with WEIR_SPANS=off. */
  spans: true,
  /** Whether the sampler follows an unsampled parent, so that none needs to be asked. */
  followsParent: false,
}));

/** Whether anybody takes spans. */
export function tracesRecords(): boolean {
  if (!tracing.spans) return false;
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider && provider.getDelegate() === NOOP);
}

const setter: TextMapSetter<Record<string, unknown>> = {
  set: (carrier, key, value) => {
    carrier[key] = value;
  },
};

let provider: unknown;
let cached: Tracer | undefined;

/** The tracer of the provider that is registered now; looking it up by name costs as much as a span. */
function tracer(): Tracer {
  const registered = trace.getTracerProvider();
  const current = registered instanceof ProxyTracerProvider ? registered.getDelegate() : registered;
  if (cached === undefined || current !== provider) {
    provider = current;
    cached = current.getTracer(SCOPE);
  }
  return cached;
}

/** Whether what follows this context would not be sampled anyway. */
function unsampled(from: Context): boolean {
  const parent = trace.getSpanContext(from);
  return parent !== undefined && tracing.followsParent && (parent.traceFlags & TraceFlags.SAMPLED) === 0;
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

function describe(topic: string, operation: string, type: string, message?: KafkaMessage): Attributes {
  const attributes: Attributes = {
    [ATTR.messagingSystem]: 'kafka',
    [ATTR.messagingDestination]: topic,
    [ATTR.messagingOperationName]: operation,
    [ATTR.messagingOperationType]: type,
  };
  const key = message?.key == null ? undefined : text(message.key);
  if (key !== undefined) {
    attributes[ATTR.kafkaKey] = key;
    if (message?.value === null) attributes[ATTR.kafkaTombstone] = true;
  }
  if (message?.offset !== undefined) attributes[ATTR.kafkaOffset] = Number(message.offset);
  return attributes;
}

/** The context that something sent now belongs to: of a stream's loop, that of the record it was handed last. */
function sendingContext(): Context {
  const active = context.active();
  const handling = pathways.handling.getStore();
  if (!(handling instanceof Current) || handling.trace === undefined) return active;
  return trace.getSpanContext(active) === undefined ? (handling.trace as Context) : active;
}

/**
 * Begins the span of a message that is sent and writes the trace into its headers. Returns the span only when it is
 * sampled: a record that is not costs an identifier and no more.
 */
export function beginSend(topic: string, message: KafkaMessage, headers: Record<string, unknown>): Span | undefined {
  const from = sendingContext();
  if (unsampled(from)) {
    propagation.inject(from, headers, setter);
    return undefined;
  }
  const span = tracer().startSpan(`send ${topic}`, { kind: SpanKind.PRODUCER }, from);
  propagation.inject(trace.setSpan(from, span), headers, setter);
  if (!span.isRecording()) return undefined;
  span.setAttributes(describe(topic, 'send', 'send', message));
  if (message.partition !== undefined) span.setAttribute(ATTR.messagingPartition, String(message.partition));
  return span;
}

/** Ends spans with the outcome of a promise, which is passed on untouched. */
export function endWith<T>(spans: readonly Span[], result: T): T {
  if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') {
    for (const span of spans) span.end();
    return result;
  }
  return (result as unknown as Promise<unknown>).then(
    (value) => {
      for (const span of spans) span.end();
      return value;
    },
    (error: unknown) => {
      fail(spans, error);
      throw error;
    },
  ) as T;
}

/** Ends spans as failed. */
export function fail(spans: readonly Span[], error: unknown): void {
  for (const span of spans) {
    recordError(error, span);
    span.end();
  }
}

function run<T>(from: Context, spans: readonly Span[], work: () => T): T {
  let result: T;
  try {
    result = context.with(from, work);
  } catch (error) {
    fail(spans, error);
    throw error;
  }
  return spans.length === 0 ? result : endWith(spans, result);
}

function creation(message: KafkaMessage): Context {
  const headers = message.headers;
  return headers == null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers, headerGetter);
}

function describeReceived(span: Span, received: Received, message: KafkaMessage): void {
  span.setAttributes(describe(received.topic, 'process', 'process', message));
  span.setAttribute(ATTR.messagingPartition, String(received.partition));
  if (received.group !== '') span.setAttribute(ATTR.messagingGroup, received.group);
  const time = Number(message.timestamp);
  if (time > 0) span.setAttribute(ATTR.eventTime, time);
}

/** The context a record is handled in, and its span when it is sampled. */
export interface Processing {
  readonly within: Context;
  readonly span: Span | undefined;
}

/** Begins the consumer span of a record, which continues the trace of whoever sent it. */
export function beginReceived(received: Received, message: KafkaMessage): Processing {
  const from = creation(message);
  if (unsampled(from)) return { within: from, span: undefined };
  const span = tracer().startSpan(`process ${received.topic}`, { kind: SpanKind.CONSUMER }, from);
  const within = trace.setSpan(from, span);
  if (!span.isRecording()) return { within, span: undefined };
  describeReceived(span, received, message);
  return { within, span };
}

/** Handles one record in its consumer span; without one where a sampler, a propagator or a tracer of the host throws. */
export function processMessage<T>(received: Received, message: KafkaMessage, work: () => T): T {
  let processing: Processing;
  try {
    processing = beginReceived(received, message);
  } catch (error) {
    diag.error('@weir/sdk: a record could not be traced', error);
    return work();
  }
  const { within, span } = processing;
  return span === undefined ? context.with(within, work) : run(within, [span], work);
}

/**
 * Handles a batch: a client span for the batch, and, when it is sampled, a consumer span for each of its first 128
 * records, linked to the trace that sent the record. A failure of the handler is the failure of all of them.
 */
export function processBatch<T>(received: Received, messages: readonly KafkaMessage[], work: () => T): T {
  let poll: Span;
  try {
    poll = tracer().startSpan(`poll ${received.topic}`, { kind: SpanKind.CLIENT }, ROOT_CONTEXT);
  } catch (error) {
    diag.error('@weir/sdk: a batch could not be traced', error);
    return work();
  }
  const within = trace.setSpan(context.active(), poll);
  if (!poll.isRecording()) return context.with(within, work);
  poll.setAttributes(describe(received.topic, 'poll', 'receive'));
  poll.setAttribute(ATTR.messagingPartition, String(received.partition));
  poll.setAttribute(ATTR.messagingBatchCount, messages.length);
  if (received.group !== '') poll.setAttribute(ATTR.messagingGroup, received.group);
  const spans = [poll];
  for (const message of messages.slice(0, MAX_PER_BATCH)) {
    try {
      spans.push(beginProcess(received, message, within));
    } catch (error) {
      diag.error('@weir/sdk: a record of a batch could not be traced', error);
    }
  }
  return run(within, spans, work);
}

function beginProcess(received: Received, message: KafkaMessage, within: Context): Span {
  const sent = trace.getSpanContext(creation(message));
  const links: Link[] = sent === undefined ? [] : [{ context: sent }];
  const span = tracer().startSpan(`process ${received.topic}`, { kind: SpanKind.CONSUMER, links }, within);
  if (span.isRecording()) describeReceived(span, received, message);
  return span;
}
