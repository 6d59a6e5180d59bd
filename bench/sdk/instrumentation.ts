/**
 * Processor time that instrumentation adds to a message, beside OpenTelemetry's own instrumentation of kafkajs in the
 * same run: around a client that does nothing, so that a busy machine or a broker does not blur it. Variants take
 * turns; printed are medians and their ratio to the stock instrumentation with as many spans.
 *
 * `node bench/sdk/instrumentation.ts`
 */
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { tracing } from '../../sdk/src/kafka-spans.ts';
import { patchKafkaClass } from '../../sdk/src/kafkajs.ts';
import { pathways } from '../../sdk/src/pathway.ts';

const MESSAGES = 30_000;
const PER_SEND = 100;
const ROUNDS = 5;

type Message = {
  key: Buffer;
  value: Buffer;
  headers?: Record<string, Buffer | string>;
  offset?: string;
  timestamp?: string;
};
type Handler = (payload: unknown) => Promise<void>;
interface RunConfig {
  eachMessage?: Handler;
  eachBatch?: Handler;
}

/** A client that keeps what it is given. */
function clientClass() {
  return class Kafka {
    producer(_options?: unknown) {
      const sent: Message[] = [];
      const send = async ({ messages }: { messages: Message[] }) => void sent.push(...messages);
      return { sent, send, sendBatch: send, transaction: async () => ({}), on() {}, events: {} };
    }
    consumer(_options: { groupId: string }) {
      const state: { config: RunConfig } = { config: {} };
      return {
        state,
        events: {},
        on() {},
        async run(config: RunConfig) {
          state.config = config;
        },
      };
    }
  };
}

const exporter: SpanExporter = { export: (_, done) => done({ code: 0 }), shutdown: async () => {} };
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
);
const metricExporter = new InMemoryMetricExporter(1);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const stock = new KafkaJsInstrumentation();
function sampleSpans(ratio: number): void {
  trace.disable();
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  const processor = new BatchSpanProcessor({ exporter, maxQueueSize: 1_000_000, maxExportBatchSize: 10_000 });
  const provider = new TracerProvider({ sampler, spanProcessors: [processor] });
  trace.setGlobalTracerProvider(provider);
  // It keeps the tracer of the first provider it meets.
  stock.setTracerProvider(provider);
}

function patchStock(Kafka: unknown): void {
  for (const definition of stock.getModuleDefinitions() as InstrumentationNodeModuleDefinition[]) {
    definition.patch?.({ Kafka }, undefined);
  }
}

interface Variant {
  readonly patch: (Kafka: unknown) => void;
  readonly ratio: number;
  readonly active: boolean;
}
const ours = (Kafka: unknown) => void patchKafkaClass(Kafka as Parameters<typeof patchKafkaClass>[0]);
const variants: Record<string, Variant> = {
  none: { patch: () => {}, ratio: -1, active: false },
  pathways: { patch: ours, ratio: -1, active: true },
  'pathways, spans 10 %': { patch: ours, ratio: 0.1, active: true },
  'stock, spans 10 %': { patch: patchStock, ratio: 0.1, active: false },
  'pathways, all spans': { patch: ours, ratio: 1, active: true },
  'stock, all spans': { patch: patchStock, ratio: 1, active: false },
};
const PHASES = ['send', 'each', 'batch'] as const;
type Times = Record<(typeof PHASES)[number], number>;

async function cpu(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / MESSAGES;
}

const message = (i: number): Message => ({ key: Buffer.from(`key-${i % 100}`), value: Buffer.alloc(200) });

async function runOnce({ patch, ratio, active }: Variant): Promise<Times> {
  if (ratio < 0) trace.disable();
  else sampleSpans(ratio);
  pathways.recorder.active = active;
  tracing.followsParent = true;
  const Kafka = clientClass();
  patch(Kafka);
  const kafka = new Kafka();
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: 'g' });
  const messages = Array.from({ length: MESSAGES }, (_, i) => message(i));
  const send = await cpu(async () => {
    for (let i = 0; i < MESSAGES; i += PER_SEND) {
      await producer.send({ topic: 'orders', messages: messages.slice(i, i + PER_SEND) } as never);
    }
  });
  const received = producer.sent.map((sent, i) => {
    const headers = Object.entries(sent.headers ?? {}).map(([name, value]) => [name, Buffer.from(value)]);
    return {
      ...sent,
      headers: Object.fromEntries(headers),
      offset: String(i),
      timestamp: String(1_760_000_000_000 + i),
    };
  });
  await consumer.run({ eachMessage: async () => {}, eachBatch: async () => {} });
  const { eachMessage, eachBatch } = consumer.state.config;
  const each = await cpu(async () => {
    for (const one of received) await eachMessage?.({ topic: 'orders', partition: 0, message: one });
  });
  const batch = await cpu(async () => {
    for (let i = 0; i < MESSAGES; i += PER_SEND) {
      const some = received.slice(i, i + PER_SEND);
      await eachBatch?.({ batch: { topic: 'orders', partition: 0, messages: some } });
    }
  });
  return { send, each, batch };
}

const results = new Map<string, Times[]>(Object.keys(variants).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, variant] of Object.entries(variants)) {
    const times = await runOnce(variant);
    // The first round compiles.
    if (round > 0) results.get(name)?.push(times);
  }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const of = (name: string, phase: keyof Times) => median((results.get(name) ?? []).map((times) => times[phase]));
console.log(`nanoseconds of processor time added to a message (${PER_SEND} a send and a batch)`);
for (const name of Object.keys(variants)) {
  if (name === 'none') continue;
  const peer = name.replace(/^pathways/, 'stock');
  const cells = PHASES.map((phase) => {
    const added = of(name, phase) - of('none', phase);
    const ratio = results.has(peer) ? added / (of(peer, phase) - of('none', phase)) : Number.NaN;
    return `${phase} ${added.toFixed(0).padStart(6)}${Number.isNaN(ratio) ? '      ' : ` x${ratio.toFixed(2)}`}`;
  });
  console.log(`  ${name.padEnd(22)} ${cells.join('   ')}`);
}
process.exit(0);
