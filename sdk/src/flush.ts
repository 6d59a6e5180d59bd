import { context, createContextKey, diag } from '@opentelemetry/api';
import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import type { MetricData, PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { followWallClock } from './clock.ts';
import { counters } from './counters.ts';
import { eventTimes } from './event-time.ts';
import { counterMetrics, durationMetrics, pathwayMetrics, timeMetrics } from './metrics.ts';
import { pathways } from './pathway.ts';
import { METRIC, SCOPE } from './semconv.ts';
import { durations } from './throughput.ts';
import { watermarkValues } from './watermark.ts';

/** OpenTelemetry's own key, by which instrumentations leave an exporter's requests alone. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

const DEFAULT_INTERVAL = 10_000;
/** Payloads kept while the receiver is away: five minutes' worth. */
const MAX_PENDING = 30;
/** Points kept likewise, some twenty megabytes: a replay of old records makes large payloads. The newest is always kept. */
const MAX_PENDING_POINTS = 100_000;
/** No two flushes are closer than this, in milliseconds, however fast memory fills. */
const MIN_INTERVAL = 1000;

/** The exporter the OTEL_* variables ask for; undefined when they ask for none that takes delta histograms. */
export function exporterFromEnvironment(env: NodeJS.ProcessEnv = process.env): PushMetricExporter | undefined {
  const wanted = (env['OTEL_METRICS_EXPORTER']?.trim() || 'otlp').split(',').map((name) => name.trim());
  if (!wanted.includes('otlp') || env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return undefined;
  const protocol = env['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol?.trim() === 'grpc') return new GrpcExporter();
  return protocol?.trim() === 'http/json' ? new JsonExporter() : new ProtobufExporter();
}

/** How often to flush, in milliseconds: OTEL_METRIC_EXPORT_INTERVAL, ten seconds when absent. */
export function flushInterval(env: NodeJS.ProcessEnv = process.env): number {
  const interval = Number(env['OTEL_METRIC_EXPORT_INTERVAL']);
  return interval > 0 ? interval : DEFAULT_INTERVAL;
}

export interface FlusherOptions {
  readonly exporter: PushMetricExporter;
  readonly resource: Resource;
  /** Milliseconds between flushes. */
  readonly interval: number;
}

/** Whether a receiver would say the same again: a bad request, or one that is too large. */
function isFinal(failure: Error): boolean {
  const { code } = failure as { code?: unknown };
  return code === 400 || code === 413;
}

function pointsOf({ scopeMetrics }: ResourceMetrics): number {
  let points = 0;
  for (const { metrics } of scopeMetrics) for (const { dataPoints } of metrics) points += dataPoints.length;
  return points;
}

/**
 * Sends what pathways and counters left behind, once an interval and when stopped. A payload that could not be sent is
 * kept and sent again with the next, up to 30 of them and 100 000 points; then the oldest is given up, and counted.
 */
export class Flusher {
  readonly #options: FlusherOptions;
  readonly #pending: ResourceMetrics[] = [];
  #timer: NodeJS.Timeout | undefined;
  #early: NodeJS.Timeout | undefined;
  #since = Date.now();
  #sending: Promise<void> | undefined;
  #lost = 0;

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  start(): void {
    this.#since = Date.now();
    this.#timer = setInterval(() => void this.flush(), this.#options.interval);
    this.#timer.unref();
    pathways.recorder.onPressure = () => {
      this.#early ??= setTimeout(() => {
        this.#early = undefined;
        void this.flush();
      }, MIN_INTERVAL).unref();
    };
  }

  #collect(): MetricData[] {
    const from = this.#since;
    const to = Math.max(Date.now(), from + 1);
    this.#since = to;
    followWallClock(to);
    if (this.#lost > 0) counters.add(METRIC.pathwayProblems, { reason: 'export_failed' }, this.#lost);
    const overflow = counters.takeOverflow();
    if (overflow > 0) counters.add(METRIC.pathwayProblems, { reason: 'too_many_series' }, overflow);
    this.#lost = 0;
    return [
      ...pathwayMetrics(pathways.recorder, from, to),
      ...counterMetrics(counters, from, to),
      ...durationMetrics(durations.take(), from, to),
      ...timeMetrics(eventTimes.values(), watermarkValues(), to),
    ];
  }

  /** Sends what there is. Never rejects; one payload is under way at a time. */
  async flush(): Promise<void> {
    try {
      const metrics = this.#collect();
      const { resource } = this.#options;
      if (metrics.length > 0) {
        this.#pending.push({ resource, scopeMetrics: [{ scope: { name: SCOPE }, metrics }] });
        let points = this.#pending.reduce((sum, payload) => sum + pointsOf(payload), 0);
        while (this.#pending.length > 1 && (this.#pending.length > MAX_PENDING || points > MAX_PENDING_POINTS)) {
          points -= this.#giveUp();
        }
      }
    } catch (error) {
      diag.error('@weir/sdk: metrics could not be collected', error);
    }
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  /** Gives the number of points that are lost. */
  #giveUp(): number {
    const payload = this.#pending.shift();
    const points = payload === undefined ? 0 : pointsOf(payload);
    this.#lost += points;
    return points;
  }

  async #send(): Promise<void> {
    const { resource } = this.#options;
    try {
      await resource.waitForAsyncAttributes?.();
    } catch (error) {
      diag.warn('@weir/sdk: some attributes of the resource are not known', error);
    }
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      const payload = next;
      const failure = await this.#export(payload);
      if (failure !== undefined && isFinal(failure)) {
        diag.error('@weir/sdk: metrics were refused and are given up', failure.message);
        if (this.#pending[0] === payload) this.#giveUp();
        continue;
      }
      if (failure !== undefined) {
        diag.warn(`@weir/sdk: metrics could not be sent, ${this.#pending.length} payloads wait`, failure.message);
        return;
      }
      if (this.#pending[0] === payload) this.#pending.shift();
    }
  }

  /** Sends one payload, outside of the host's traces and pathways. Returns what went wrong. */
  #export(payload: ResourceMetrics): Promise<Error | undefined> {
    const { exporter } = this.#options;
    return new Promise((resolve) => {
      const send = () =>
        exporter.export(payload, ({ code, error }) =>
          resolve(code === 0 ? undefined : (error ?? new Error('refused'))),
        );
      try {
        pathways.handling.run(undefined, () => context.with(context.active().setValue(SUPPRESS_TRACING, true), send));
      } catch (error) {
        resolve(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Sends the rest and stops. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#early);
    // What is under way was collected before: the rest goes after it.
    await this.#sending;
    await this.flush();
    pathways.recorder.onPressure = () => {};
    await this.#options.exporter.shutdown();
  }
}
