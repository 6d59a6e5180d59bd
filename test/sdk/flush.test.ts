import { resourceFromAttributes } from '@opentelemetry/resources';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counters } from '../../sdk/src/counters.ts';
import { exporterFromEnvironment, Flusher, flushInterval } from '../../sdk/src/flush.ts';
import { pathways } from '../../sdk/src/pathway.ts';

const { recorder } = pathways;
beforeEach(() => {
  recorder.active = true;
  for (const checkpoint of recorder.busy()) checkpoint.latency.take();
  [...counters.take()];
});
afterEach(() => {
  recorder.active = false;
});

/** An exporter that fails as often as it is told, and keeps what it is given otherwise. */
function exporter(failures = 0) {
  const sent: ResourceMetrics[] = [];
  const state = { failures, calls: 0, stopped: 0, handling: [] as unknown[], error: new Error('away'), throws: false };
  const made: PushMetricExporter = {
    export(metrics, done) {
      state.calls++;
      if (state.throws) throw new Error('not serializable');
      state.handling.push(pathways.handling.getStore());
      setTimeout(() => {
        if (state.failures-- > 0) return done({ code: 1, error: state.error });
        sent.push(metrics);
        done({ code: 0 });
      }, 1);
    },
    forceFlush: async () => {},
    shutdown: async () => void state.stopped++,
  };
  const resource = resourceFromAttributes({ 'service.name': 'flushed' });
  return { sent, state, made, flusher: new Flusher({ exporter: made, resource, interval: 60_000 }) };
}

function record(topic: string, count: number): void {
  const place = { direction: 'in', system: 'kafka', destination: topic, group: 'g' } as const;
  for (let i = 0; i < count; i++) pathways.receive(recorder.route(place), undefined);
}

/** Sums of `weir.pathway.records` in payloads, by destination. */
function recordsIn(payloads: readonly ResourceMetrics[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const metric of payloads.flatMap((payload) => payload.scopeMetrics.flatMap((scope) => scope.metrics))) {
    if (metric.descriptor.name !== 'weir.pathway.records') continue;
    for (const { attributes, value } of metric.dataPoints) {
      const name = String(attributes['messaging.destination.name']);
      sums[name] = (sums[name] ?? 0) + Number(value);
    }
  }
  return sums;
}

describe('flushing', () => {
  it('sends each record once, with the resource, outside of any pathway', async () => {
    const { sent, state, flusher } = exporter();
    record('a', 3);
    const place = { direction: 'in', system: 'kafka', destination: 'a', group: 'g' } as const;
    await pathways.handling.run(pathways.receive(recorder.route(place), undefined), () => flusher.flush());
    record('a', 2);
    await flusher.flush();
    await flusher.flush();
    expect(recordsIn(sent)).toEqual({ a: 6 });
    expect(sent[0]?.resource.attributes).toEqual({ 'service.name': 'flushed' });
    expect(state.handling.every((handling) => handling === undefined)).toBe(true);
  });

  it('keeps what could not be sent, and sends it with the next', async () => {
    const { sent, flusher } = exporter(2);
    record('a', 1);
    await flusher.flush();
    record('a', 10);
    await flusher.flush();
    expect(sent).toEqual([]);
    record('a', 100);
    await flusher.flush();
    expect(recordsIn(sent)).toEqual({ a: 111 });
    const starts = sent.map((payload) => payload.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.endTime);
    expect(starts).toHaveLength(3);
  });

  it('gives the oldest up after thirty, and says how many points were lost', async () => {
    const { sent, state, flusher } = exporter(1e9);
    for (let i = 0; i < 33; i++) {
      record(`t${i}`, 1);
      await flusher.flush();
    }
    state.failures = 0;
    record('last', 1);
    await flusher.flush();
    const names = Object.keys(recordsIn(sent));
    expect(names).toHaveLength(30);
    expect(names).toContain('last');
    expect(names).not.toContain('t3');
    await flusher.flush();
    const lost = sent
      .flatMap((payload) => payload.scopeMetrics.flatMap((scope) => scope.metrics))
      .filter((metric) => metric.descriptor.name === 'weir.pathway.problems')
      .flatMap((metric) => metric.dataPoints as { attributes: Record<string, unknown>; value: number }[])
      .filter((point) => point.attributes['reason'] === 'export_failed');
    // Three metrics of one point each, of four payloads; more where a payload tells of a loss itself.
    expect(lost.reduce((sum, { value }) => sum + Number(value), 0)).toBeGreaterThanOrEqual(12);
  });

  it('keeps no more than a hundred thousand points, the newest payload whatever its size', async () => {
    const { sent, state, flusher } = exporter(1e9);
    const route = recorder.route({ direction: 'in', system: 'kafka', destination: 'replayed', group: 'g' });
    const replay = (from: number) => {
      const checkpoint = route.after(0, 0);
      for (let i = 0; i < 40_000; i++) checkpoint.add((from + i) * 10_000_000, 1, 1, 1);
      return flusher.flush();
    };
    for (let i = 0; i < 5; i++) await replay(i * 40_000);
    state.failures = 0;
    await flusher.flush();
    expect(recordsIn(sent)).toEqual({ replayed: 80_000 });
  });

  it('gives up what the receiver will never take, and goes on with the rest', async () => {
    const { sent, state, flusher } = exporter(1);
    state.error = Object.assign(new Error('Bad Request'), { code: 400 });
    record('bad', 1);
    await flusher.flush();
    record('good', 1);
    await flusher.flush();
    expect(recordsIn(sent)).toEqual({ good: 1 });
    const problems = sent.flatMap((payload) => payload.scopeMetrics.flatMap((scope) => scope.metrics));
    expect(problems.map(({ descriptor }) => descriptor.name)).toContain('weir.pathway.problems');
  });

  it('never rejects, whatever the exporter and the resource of the host do', async () => {
    const { sent, state, flusher } = exporter();
    state.throws = true;
    record('a', 1);
    await expect(flusher.flush()).resolves.toBeUndefined();
    state.throws = false;
    await flusher.flush();
    expect(recordsIn(sent)).toEqual({ a: 1 });

    const made = exporter();
    const attributes = { 'service.name': 'flushed' };
    const resource = { attributes, waitForAsyncAttributes: () => Promise.reject(new Error('no metadata')) };
    const foreign = new Flusher({ exporter: made.made, resource: resource as never, interval: 60_000 });
    record('b', 1);
    await expect(foreign.flush()).resolves.toBeUndefined();
    expect(recordsIn(made.sent)).toEqual({ b: 1 });
  });

  it('sends the rest when it stops', async () => {
    const { sent, state, flusher } = exporter();
    flusher.start();
    record('a', 1);
    const under = flusher.flush();
    record('a', 4);
    await flusher.stop();
    await under;
    expect(recordsIn(sent)).toEqual({ a: 5 });
    expect(state.stopped).toBe(1);
  });

  it('comes early when the recorder asks for it', { timeout: 10_000 }, async () => {
    const { sent, flusher } = exporter();
    flusher.start();
    record('a', 1);
    recorder.onPressure();
    recorder.onPressure();
    await expect.poll(() => recordsIn(sent), { timeout: 5000 }).toEqual({ a: 1 });
    await flusher.stop();
    recorder.onPressure = () => {};
  });
});

describe('the exporter', () => {
  it.each([
    [{}, true],
    [{ OTEL_METRICS_EXPORTER: 'otlp,console' }, true],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, true],
    [{ OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, true],
    [{ OTEL_METRICS_EXPORTER: 'none' }, false],
    [{ OTEL_METRICS_EXPORTER: 'prometheus' }, false],
    [{ OTEL_SDK_DISABLED: 'true' }, false],
  ])('for %o is there: %s', async (env, there) => {
    const made = exporterFromEnvironment(env as NodeJS.ProcessEnv);
    expect(made !== undefined).toBe(there);
    await made?.shutdown();
  });

  it('is used every ten seconds, or as often as the operator says', () => {
    expect(flushInterval({})).toBe(10_000);
    expect(flushInterval({ OTEL_METRIC_EXPORT_INTERVAL: '2500' })).toBe(2500);
    expect(flushInterval({ OTEL_METRIC_EXPORT_INTERVAL: 'often' })).toBe(10_000);
  });
});
