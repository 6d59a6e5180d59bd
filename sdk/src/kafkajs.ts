import { AsyncLocalStorage } from 'node:async_hooks';
import { diag, type Span } from '@opentelemetry/api';
import { InstrumentationBase, InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { noteEventTime } from './event-time.ts';
import { ATTR, SCOPE } from './semconv.ts';
import { shared } from './state.ts';

const VERSIONS = ['>=1.0.0 <3'];
const PATCHED = Symbol.for('weir.sdk.kafkajs.patched');

type Callback = (this: unknown, payload: unknown) => Promise<void>;
interface RunConfig {
  eachMessage?: Callback;
  eachBatch?: Callback;
}
interface Consumer {
  run(config?: RunConfig): Promise<void>;
}
interface KafkaPrototype {
  consumer(options: { groupId?: string }): Consumer;
  [PATCHED]?: true;
}
interface Kafkaish {
  consumer: unknown;
  producer: unknown;
}
interface KafkaClass {
  prototype: KafkaPrototype;
}

/** The group whose record is being handled. */
const groups = shared('kafkajs.groups', () => new AsyncLocalStorage<string>());

/**
 * Makes the consumer group known while a record is handled. OpenTelemetry's instrumentation starts its span inside
 * `eachMessage` from the record alone and never sees the group, so the user's callbacks are wrapped once more,
 * outside its wrapper: `run` of the innermost consumer is replaced before its own patch lays itself over it.
 * The assignment is plain on purpose: that patch unwraps whatever carries the marks of a shimmer.
 */
export function patchConsumerGroups(kafka: KafkaClass): void {
  const prototype = kafka?.prototype;
  if (typeof prototype?.consumer !== 'function' || Object.hasOwn(prototype, PATCHED)) return;
  const original = prototype.consumer;
  prototype.consumer = function consumer(options) {
    const created = original.call(this, options);
    const group = options?.groupId;
    if (typeof group === 'string') {
      const run = created.run;
      created.run = function runInGroup(config) {
        return run.call(this, config && inGroup(config, group));
      };
    }
    return created;
  };
  Object.defineProperty(prototype, PATCHED, { value: true });
}

function inGroup(config: RunConfig, group: string): RunConfig {
  const wrapped = { ...config };
  for (const name of ['eachMessage', 'eachBatch'] as const) {
    const callback = config[name];
    if (typeof callback !== 'function') continue;
    wrapped[name] = function handle(payload) {
      return groups.run(group, () => callback.call(this, payload));
    };
  }
  return wrapped;
}

class ConsumerGroupInstrumentation extends InstrumentationBase {
  constructor() {
    super(`${SCOPE}/kafkajs`, '0.1.0', {});
  }

  protected override init() {
    return new InstrumentationNodeModuleDefinition('kafkajs', VERSIONS, (exports: { Kafka: KafkaClass }) => {
      patchConsumerGroups(exports?.Kafka);
      return exports;
    });
  }
}

function describeConsumed(span: Span, topic: string, message: { timestamp?: string }): void {
  const group = groups.getStore();
  if (group !== undefined) span.setAttribute(ATTR.messagingGroup, group);
  const time = Number(message.timestamp);
  if (!(time > 0)) return;
  span.setAttribute(ATTR.eventTime, time);
  noteEventTime(topic, group, time);
}

/** The two instrumentations of kafkajs. The order is a law: the groups' patch must lie innermost. */
export function kafkaInstrumentations(): InstrumentationBase[] {
  return [
    new ConsumerGroupInstrumentation(),
    new KafkaJsInstrumentation({ consumerHook: (span, { topic, message }) => describeConsumed(span, topic, message) }),
  ] as InstrumentationBase[];
}

/**
 * Instruments the kafkajs class a client was made from, for programs that could not preload `@weir/sdk/register`.
 * Producers and consumers created afterwards are traced. Safe to call twice and on clients already instrumented.
 */
export function patchKafka(kafka: object, instrumentations: readonly InstrumentationBase[]): void {
  const prototype = (kafka.constructor as { prototype?: Partial<Kafkaish> } | undefined)?.prototype;
  if (typeof prototype?.consumer !== 'function' || typeof prototype.producer !== 'function') {
    diag.warn('@weir/sdk: instrumentKafka was given something that is no kafkajs client');
    return;
  }
  const exports = { Kafka: kafka.constructor };
  for (const instrumentation of instrumentations) {
    for (const definition of instrumentation.getModuleDefinitions()) definition.patch?.(exports, undefined);
  }
}
