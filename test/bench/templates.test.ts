import { describe, expect, test } from 'vitest';
import { createTemplates, type Signal, type Template } from '../../bench/ingest/templates/template.ts';
import type { KeyValue } from '../../collector/otlp/model.ts';
import { decodeRequest } from '../oracle/decode.ts';

/** Its lower 32 bits overflow 20 ms later, as the clock's do every four seconds. */
const NOW = ((1_790_000_000_000_000_000n >> 32n) << 32n) - 20_000_000n;
const ITEMS = 512;
const options = { host: 'localhost', items: ITEMS, count: 2, seed: 7 };

function templates(signal: Signal, seed = 7): readonly Template[] {
  return createTemplates({ ...options, signal, seed });
}

function spansOf(template: Template) {
  const { resourceSpans = [] } = decodeRequest('traces', template.body);
  return resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans));
}

/** Texts of all attributes under a key. */
function values(lists: readonly (readonly KeyValue[] | undefined)[], key: string): string[] {
  return lists.flatMap((list = []) =>
    list.filter((one) => one.key === key).map(({ value }) => value?.stringValue ?? String(value?.intValue)),
  );
}

const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe('spans', () => {
  const [template, other] = templates('traces') as [Template, Template];
  template.renew(NOW);
  other.renew(NOW);
  const spans = spansOf(template);

  test('are as many as told, of the shape that was measured', () => {
    expect(spans).toHaveLength(ITEMS);
    const bytes = template.body.length / ITEMS;
    expect(bytes).toBeGreaterThan(650);
    expect(bytes).toBeLessThan(780);
    const all = [...spans, ...spansOf(other)];
    expect(mean(all.map(({ attributes = [] }) => attributes.length))).toBeCloseTo(14.2, 0);
    expect(mean(all.map(({ events = [] }) => events.length))).toBeCloseTo(0.12, 1);
    expect(mean(all.map(({ links = [] }) => links.length))).toBeCloseTo(0.17, 1);
    const { resourceSpans = [] } = decodeRequest('traces', template.body);
    expect(resourceSpans.map(({ resource }) => resource?.attributes?.length)).toEqual(resourceSpans.map(() => 17));
  });

  test('make traces of ten whose parents are in them, within their times', () => {
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    expect(byId.size).toBe(ITEMS);
    const traces = Map.groupBy(spans, ({ traceId }) => traceId);
    expect(traces.size).toBe(Math.ceil(ITEMS / 10));
    for (const span of spans) {
      const [start, end] = [span.startTimeUnixNano as bigint, span.endTimeUnixNano as bigint];
      expect(end).toBeGreaterThanOrEqual(start);
      expect(start).toBeGreaterThanOrEqual(NOW - 200_000_000n);
      expect(start).toBeLessThan(NOW + 60_000_000_000n);
      if (span.parentSpanId === undefined) continue;
      const parent = byId.get(span.parentSpanId);
      expect(parent?.traceId).toBe(span.traceId);
      expect(parent?.startTimeUnixNano as bigint).toBeLessThanOrEqual(start);
    }
  });

  test('are other spans after each renewal and in each template, in the same bytes', () => {
    const seen = { traceIds: new Set<string>(), spanIds: new Set<string>(), requestIds: new Set<string>() };
    const count = { traces: 0, spans: 0, requests: 0 };
    const length = template.body.length;
    for (const one of [template, other, template, other]) {
      one.renew(NOW);
      const now = spansOf(one);
      const requests = values(
        now.map(({ attributes }) => attributes),
        'http.request.header.x_request_id',
      );
      for (const { traceId, spanId } of now) {
        seen.traceIds.add(traceId as string);
        seen.spanIds.add(spanId as string);
      }
      for (const id of requests) {
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
        seen.requestIds.add(id);
      }
      count.traces += Math.ceil(ITEMS / 10);
      count.spans += now.length;
      count.requests += requests.length;
    }
    expect(seen.traceIds.size).toBe(count.traces);
    expect(seen.spanIds.size).toBe(count.spans);
    expect(seen.requestIds.size).toBe(count.requests);
    expect(template.body.length).toBe(length);
  });

  test('of two seeds share no id', () => {
    const [foreign] = templates('traces', 8) as [Template, Template];
    foreign.renew(NOW);
    const ids = new Set(spans.map(({ traceId }) => traceId));
    expect(spansOf(foreign).filter(({ traceId }) => ids.has(traceId))).toEqual([]);
  });

  test('carry whole numbers that keep their width', () => {
    const sizes = values(
      spans.map(({ attributes }) => attributes),
      'http.response.body.size',
    ).map(Number);
    expect(new Set(sizes).size).toBe(sizes.length);
    for (const size of sizes) {
      expect(size).toBeGreaterThanOrEqual(2 ** 21);
      expect(size).toBeLessThan(2 ** 28);
    }
  });
});

describe('log records', () => {
  test('are of 300 bytes, with a body that differs each time', () => {
    const [template] = templates('logs') as [Template, Template];
    const bodies = new Set<string>();
    for (let i = 0; i < 3; i++) {
      template.renew(NOW);
      const { resourceLogs = [] } = decodeRequest('logs', template.body);
      const records = resourceLogs.flatMap(({ scopeLogs = [] }) =>
        scopeLogs.flatMap(({ logRecords = [] }) => logRecords),
      );
      expect(records).toHaveLength(ITEMS);
      for (const { body, traceId } of records) {
        expect(body?.stringValue).toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22} .*\d{6}/);
        expect(traceId).toMatch(/^[0-9a-f]{32}$/);
        bodies.add(body?.stringValue as string);
      }
    }
    expect(bodies.size).toBe(3 * ITEMS);
    expect(Math.abs(template.body.length / ITEMS - 300)).toBeLessThan(40);
  });
});

describe('metric points', () => {
  const pair = templates('metrics') as [Template, Template];
  for (const template of pair) template.renew(NOW);
  const metricsOf = (template: Template) =>
    (decodeRequest('metrics', template.body).resourceMetrics ?? []).flatMap(({ scopeMetrics = [] }) =>
      scopeMetrics.flatMap(({ metrics = [] }) => metrics),
    );
  const [first, second] = pair.map(metricsOf) as [ReturnType<typeof metricsOf>, ReturnType<typeof metricsOf>];
  const pointsOf = (metrics: typeof first) => ({
    gauge: metrics.flatMap(({ gauge }) => gauge?.dataPoints ?? []),
    sum: metrics.flatMap(({ sum }) => sum?.dataPoints ?? []),
    histogram: metrics.flatMap(({ histogram }) => histogram?.dataPoints ?? []),
    exponential: metrics.flatMap(({ exponentialHistogram }) => exponentialHistogram?.dataPoints ?? []),
    summary: metrics.flatMap(({ summary }) => summary?.dataPoints ?? []),
  });

  test('are of all kinds, nearly a third each of the three large ones', () => {
    const counts = Object.values(pointsOf(first)).map((points) => points.length);
    expect(counts).toEqual([160, 160, 16, 160, 16]);
  });

  test('each belong to a series of its own, other ones in each template', () => {
    const series = [first, second].flatMap((metrics) =>
      pointsOf(metrics).gauge.flatMap(({ attributes }) => values([attributes], 'app.shard')),
    );
    expect(new Set(series).size).toBe(320);
  });

  test('count in their histograms what is in their buckets', () => {
    const { histogram, exponential } = pointsOf(first);
    const total = (buckets: readonly bigint[] = []) => buckets.reduce((a, b) => a + BigInt(b), 0n);
    for (const { count, bucketCounts, explicitBounds } of histogram) {
      expect(bucketCounts?.length).toBe((explicitBounds?.length ?? 0) + 1);
      expect(total(bucketCounts)).toBe(count);
    }
    for (const { count, positive } of exponential) {
      expect(positive?.bucketCounts?.length).toBe(50);
      expect(total(positive?.bucketCounts)).toBe(count);
    }
  });

  test('say the time of sending, and cumulative ones grow', () => {
    const before = pointsOf(first).sum;
    const [template] = pair;
    template.renew(NOW + 10_000_000_000n);
    const after = pointsOf(metricsOf(template)).sum;
    expect(before.every(({ timeUnixNano }) => timeUnixNano === NOW)).toBe(true);
    expect(after.every(({ timeUnixNano }) => timeUnixNano === NOW + 10_000_000_000n)).toBe(true);
    after.forEach(({ asDouble }, i) => {
      expect(asDouble as number).toBeGreaterThanOrEqual(before[i]?.asDouble as number);
    });
  });
});
