import { isInternalThread } from 'node:worker_threads';
import { diag, metrics, ProxyTracerProvider, trace } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { preferredVariables, withVariables } from './environment.ts';
import { exporterFromEnvironment, Flusher, flushInterval } from './flush.ts';
import { passThroughHttp } from './http.ts';
import { tracing } from './kafka-spans.ts';
import { KafkaInstrumentation, patchKafka } from './kafkajs.ts';
import { registerLoader } from './loader.ts';
import { pathways } from './pathway.ts';
import { followPlatformatic } from './platformatic.ts';
import { currentResource } from './resource.ts';
import { ATTR } from './semconv.ts';
import { shared } from './state.ts';

export interface InstrumentOptions {
  /** Name of this stage (`service.name`); OTEL_SERVICE_NAME when absent. */
  readonly service?: string;
  /** Pipeline it belongs to (`weir.pipeline`); `service.namespace` of OTEL_RESOURCE_ATTRIBUTES serves as well. */
  readonly pipeline?: string;
  /** Address of the stage's own console, linked from Weir. */
  readonly consoleUrl?: string;
  /** OTLP base address; OTEL_EXPORTER_OTLP_ENDPOINT, then http://localhost:4318, when absent. */
  readonly endpoint?: string;
  /** More attributes of the resource. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Instrumentations besides kafkajs, http, express and undici. */
  readonly instrumentations?: readonly Instrumentation[];
  /** Longest time a shutdown may take, in milliseconds. */
  readonly shutdownTimeoutMs?: number;
}

export interface Instrumented {
  /** Exports what is held and stops. Never rejects, bounded by `shutdownTimeoutMs`, safe twice. */
  shutdown(): Promise<void>;
}

const DEFAULT_SHUTDOWN_MS = 5000;
const state = shared('sdk', () => ({ running: undefined as Instrumented | undefined }));

/** Middleware and handlers are no stages of a pipeline: only the route they give the server span is wanted. */
function defaultInstrumentations(): Instrumentation[] {
  const ignoreLayersType = [ExpressLayerType.MIDDLEWARE, ExpressLayerType.REQUEST_HANDLER, ExpressLayerType.ROUTER];
  return [new HttpInstrumentation(), new ExpressInstrumentation({ ignoreLayersType }), new UndiciInstrumentation()];
}

/** Whether the program (or a preload before ours) has set up OpenTelemetry: then that set-up is used, not fought. */
function isSetUp(): boolean {
  const provider = trace.getTracerProvider();
  const none = new ProxyTracerProvider().getDelegate();
  if (provider instanceof ProxyTracerProvider ? provider.getDelegate() !== none : true) return true;
  return metrics.getMeterProvider().constructor.name !== 'NoopMeterProvider';
}

const isOff = (value: string | undefined) => value?.trim().toLowerCase() === 'off';

/** The names of samplers that sample nothing whose parent is not sampled. */
function followsParent(env: NodeJS.ProcessEnv): boolean {
  const sampler = env['OTEL_TRACES_SAMPLER']?.trim();
  return !sampler || sampler.startsWith('parentbased_');
}

function resourceVariables(options: InstrumentOptions): Record<string, string> {
  const attributes: Record<string, string> = {
    ...options.attributes,
    ...(options.pipeline === undefined ? {} : { [ATTR.pipeline]: options.pipeline }),
    ...(options.consoleUrl === undefined ? {} : { [ATTR.consoleUrl]: options.consoleUrl }),
  };
  const variables = preferredVariables(process.env, attributes);
  if (options.endpoint !== undefined) variables['OTEL_EXPORTER_OTLP_ENDPOINT'] = options.endpoint;
  if (isOff(process.env['WEIR_SPANS'])) variables['OTEL_TRACES_EXPORTER'] = 'none';
  return variables;
}

function startSdk(options: InstrumentOptions, instrumentations: Instrumentation[]): NodeSDK {
  const sdk = new NodeSDK({
    instrumentations,
    ...(options.service === undefined ? {} : { serviceName: options.service }),
  });
  sdk.start();
  return sdk;
}

/** Records pathways from now on; undefined where the OTEL_* variables want no metrics over OTLP. */
function startFlusher(options: InstrumentOptions): Flusher | undefined {
  const exporter = exporterFromEnvironment();
  if (exporter === undefined) return undefined;
  const resource = currentResource(options.service === undefined ? {} : { [ATTR.serviceName]: options.service });
  pathways.recorder.service = String(resource.attributes[ATTR.serviceName] ?? 'unknown_service');
  pathways.recorder.active = true;
  const flusher = new Flusher({ exporter, resource, interval: flushInterval() });
  flusher.start();
  return flusher;
}

interface Started {
  readonly sdk: NodeSDK | undefined;
  readonly flusher: Flusher | undefined;
}

function start(options: InstrumentOptions): Started {
  if (process.env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return { sdk: undefined, flusher: undefined };
  const present = isSetUp();
  tracing.spans = !isOff(process.env['WEIR_SPANS']);
  const spans = !present && tracing.spans ? defaultInstrumentations() : [];
  const instrumentations = [new KafkaInstrumentation(), ...spans, ...(options.instrumentations ?? [])];
  registerLoader(instrumentations);
  const started = withVariables(resourceVariables(options), () => {
    tracing.followsParent = !present && followsParent(process.env);
    const sdk = present ? undefined : startSdk(options, instrumentations);
    return { sdk, flusher: startFlusher(options) };
  });
  passThroughHttp();
  followPlatformatic();
  return started;
}

function bounded(work: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    work.then(done, done);
  });
}

/** Spans held by the batch processor, now: the host goes on working, so nothing is shut down. */
function flushSpans(): Promise<unknown> {
  const provider = trace.getTracerProvider() as {
    getDelegate?: () => { forceFlush?: () => Promise<void> };
    forceFlush?: () => Promise<void>;
  };
  const delegate = provider.getDelegate?.() ?? provider;
  return delegate.forceFlush?.() ?? Promise.resolve();
}

/**
 * SIGTERM: a host with a handler of its own decides when it ends, so its spans are only flushed; a host without one
 * would have ended at once, so the SDK shuts down and then lets the signal do what it would have done.
 */
function onSignal(
  signal: NodeJS.Signals,
  instrumented: Instrumented,
  flush: () => Promise<unknown>,
  timeoutMs: number,
): void {
  const listener = async () => {
    if (process.listenerCount(signal) > 1) {
      await bounded(flush(), timeoutMs);
      return;
    }
    await instrumented.shutdown();
    process.removeListener(signal, listener);
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  process.on(signal, listener);
}

/**
 * Sets up OpenTelemetry for this process: OTLP export of traces, metrics and logs, pathways, and instrumentations for
 * Kafka's clients, http, express and undici. Where OpenTelemetry is set up already, only pathways and what belongs to
 * them are added to it. Whatever goes wrong is told through OpenTelemetry's diagnostics and never thrown: the
 * host works without telemetry rather than not at all. A second call returns the running SDK.
 *
 * Modules imported before this call stay untraced; preload `@weir/sdk/register` instead, or hand the Kafka client to
 * `instrumentKafka`.
 */
export function instrument(options: InstrumentOptions = {}): Instrumented {
  if (state.running !== undefined) return state.running;
  // Node preloads `--require` into the thread that runs loader hooks as well: nothing of the host happens there.
  if (isInternalThread) return { shutdown: () => Promise.resolve() };
  const timeoutMs = options.shutdownTimeoutMs ?? DEFAULT_SHUTDOWN_MS;
  let started: Started = { sdk: undefined, flusher: undefined };
  try {
    started = start(options);
  } catch (error) {
    diag.error('@weir/sdk: OpenTelemetry could not be set up; the program goes on without it', error);
  }
  const { sdk, flusher } = started;
  let stopped: Promise<void> | undefined;
  const instrumented: Instrumented = {
    shutdown() {
      stopped ??= bounded(Promise.allSettled([sdk?.shutdown(), flusher?.stop()]), timeoutMs);
      return stopped;
    },
  };
  state.running = instrumented;
  if (sdk !== undefined || flusher !== undefined) {
    const flush = () => Promise.allSettled([flushSpans(), flusher?.flush()]);
    process.once('beforeExit', () => void instrumented.shutdown());
    onSignal('SIGTERM', instrumented, flush, timeoutMs);
    onSignal('SIGINT', instrumented, flush, timeoutMs);
  }
  return instrumented;
}

/**
 * Instruments a client of kafkajs or of Confluent's package whose module was imported before the SDK started: producers
 * and consumers made from it (and from its class) afterwards carry pathways and spans. Returns the client; safe on one that is already instrumented.
 */
export function instrumentKafka<K extends object>(client: K): K {
  try {
    patchKafka(client);
  } catch (error) {
    diag.error('@weir/sdk: the Kafka client could not be instrumented', error);
  }
  return client;
}

/** Exports what is held and stops the running SDK; for hosts that end with `process.exit`. Never rejects. */
export function shutdown(): Promise<void> {
  return state.running?.shutdown() ?? Promise.resolve();
}
