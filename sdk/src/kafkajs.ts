import { diag } from '@opentelemetry/api';
import { InstrumentationBase, InstrumentationNodeModuleDefinition, isWrapped } from '@opentelemetry/instrumentation';
import { type ConsumerLike, instrumentConsumer, instrumentProducer, type ProducerLike } from './kafka-client.ts';
import { tracesRecords } from './kafka-spans.ts';
import { SCOPE } from './semconv.ts';

const PATCHED = Symbol.for('weir.sdk.kafkajs.patched');

interface ConsumerOptions {
  readonly groupId?: unknown;
  readonly kafkaJS?: { readonly groupId?: unknown };
  readonly 'group.id'?: unknown;
}
interface KafkaPrototype {
  consumer(options?: ConsumerOptions): ConsumerLike;
  producer(options?: unknown): ProducerLike;
  [PATCHED]?: true;
}
interface KafkaClass {
  readonly prototype: Partial<KafkaPrototype>;
}

/** The group as kafkajs and Confluent's client are told it; empty when there is none. */
function groupOf(options: ConsumerOptions | undefined): string {
  const group = options?.groupId ?? options?.kafkaJS?.groupId ?? options?.['group.id'];
  return typeof group === 'string' ? group : '';
}

/**
 * Makes producers and consumers that a class of kafkajs's shape creates from now on carry pathways and spans. Where
 * another instrumentation of OpenTelemetry has wrapped the same class, spans are left to it. Returns whether the class
 * has that shape; safe to call twice.
 */
export function patchKafkaClass(kafka: KafkaClass | undefined): boolean {
  const prototype = kafka?.prototype;
  if (typeof prototype?.consumer !== 'function' || typeof prototype.producer !== 'function') return false;
  if (Object.hasOwn(prototype, PATCHED)) return true;
  const { consumer, producer } = prototype;
  const foreign = () => isWrapped(consumer) || isWrapped(prototype.consumer);
  const traced = () => tracesRecords() && !foreign();
  prototype.producer = function createProducer(options) {
    return instrumentProducer(producer.call(this as KafkaPrototype, options), traced);
  };
  prototype.consumer = function createConsumer(options) {
    return instrumentConsumer(consumer.call(this as KafkaPrototype, options), groupOf(options), traced);
  };
  Object.defineProperty(prototype, PATCHED, { value: true });
  return true;
}

/** kafkajs and `@confluentinc/kafka-javascript` where a program loads them; neither is required by this package. */
export class KafkaInstrumentation extends InstrumentationBase {
  constructor() {
    super(`${SCOPE}/kafka`, '0.1.0', {});
  }

  protected override init() {
    return [
      new InstrumentationNodeModuleDefinition('kafkajs', ['>=1.0.0 <3'], (exports: { Kafka?: KafkaClass }) => {
        patchKafkaClass(exports?.Kafka);
        return exports;
      }),
      new InstrumentationNodeModuleDefinition(
        '@confluentinc/kafka-javascript',
        ['>=0.1.0'],
        (exports: { KafkaJS?: { Kafka?: KafkaClass } }) => {
          patchKafkaClass(exports?.KafkaJS?.Kafka);
          return exports;
        },
      ),
    ];
  }
}

/** Instruments the class a client was made from, for programs that could not preload `@weir/sdk/register`. */
export function patchKafka(kafka: object): void {
  if (patchKafkaClass(kafka.constructor as unknown as KafkaClass)) return;
  diag.warn('@weir/sdk: instrumentKafka was given something that is no Kafka client');
}
