import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../../collector/otlp/encode.ts';
import { DEFAULT_READER_LIMITS } from '../../../../collector/reader/limits.ts';
import { WireReader } from '../../../../collector/reader/reader.ts';
import { convert } from '../../../../collector/receivers/prometheus/conversion.ts';
import { metricsRequest, nanoseconds } from '../../../../collector/receivers/prometheus/request.ts';
import { NO_SERIES, type SeriesState, track } from '../../../../collector/receivers/prometheus/series.ts';
import { readText } from './exposition-text.ts';

const T0 = 1_800_000_000_000;
const EVER = { now: BigInt(T0) * 1_000_000n, oldest: 0n, newest: 1n << 63n };

let reader: WireReader;
beforeAll(async () => {
  reader = await WireReader.open({ limits: DEFAULT_READER_LIMITS });
});

const label = fc.constantFrom('a', 'b', 'le', 'quantile', 'job', 'instance', 'otel_scope_name', 'weir.pipeline', 'é');
const text = fc.oneof(fc.constantFrom('1', '0.5', '+Inf', '-1', 'x', 'shop:9090'), fc.string({ maxLength: 5 }));
const value = fc.oneof(fc.nat(5), fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 60));
const family = fc.constantFrom('f', 'g', 'target_info', 'kafka_brokers');
const sample = fc.record({
  name: fc
    .tuple(family, fc.constantFrom('', '_total', '_bucket', '_sum', '_count', '_created', '_info'))
    .map((parts) => parts.join('')),
  labels: fc.dictionary(label, text, { maxKeys: 4 }),
  value,
  time: fc.option(fc.integer({ min: 1, max: T0 }), { nil: undefined }),
});
const type = fc.tuple(
  family,
  fc.constantFrom('counter', 'gauge', 'histogram', 'summary', 'info', 'stateset', 'unknown'),
);
const exposition = fc.record({ types: fc.array(type, { maxLength: 4 }), samples: fc.array(sample, { maxLength: 30 }) });

function written({ types, samples }: typeof exposition extends fc.Arbitrary<infer T> ? T : never): string {
  const quote = (inner: string) => `"${inner.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
  const number = (inner: number) =>
    Number.isFinite(inner) ? String(inner) : Number.isNaN(inner) ? 'NaN' : inner > 0 ? '+Inf' : '-Inf';
  return [
    ...types.map(([name, kind]) => `# TYPE ${name} ${kind}`),
    ...samples.map(({ name, labels, value: inner, time }) => {
      const inside = [quote(name), ...Object.entries(labels).map(([key, one]) => `${quote(key)}=${quote(one)}`)];
      return `{${inside.join(',')}} ${number(inner)}${time === undefined ? '' : ` ${time}`}`;
    }),
    '',
  ].join('\n');
}

describe('whatever targets say in turn', () => {
  it('becomes requests that the reader takes whole: no point is refused, none is lost', () => {
    fc.assert(
      fc.property(fc.array(exposition, { minLength: 1, maxLength: 4 }), (scrapes) => {
        let state: SeriesState = NO_SERIES;
        for (const [i, scrape] of scrapes.entries()) {
          const time = T0 + i * 1000;
          const { samples, families } = readText(written(scrape));
          const { points, dropped } = convert(samples, families, time, 'http');
          const tracked = track(points, state, time);
          state = tracked.state;
          const outcome = reader.read('metrics', encodeRequest('metrics', metricsRequest(tracked.points)), EVER);
          expect([outcome.accepted, outcome.rejections.message('points')]).toEqual([tracked.points.length, '']);
          expect(new Set(points.map(({ key }) => key)).size).toBe(points.length);
          // Every sample is in a point, describes one, or is counted.
          if (points.length === 0 && dropped.size === 0) {
            expect(samples.filter(({ name }) => !/^target_info$|_created$/.test(name))).toEqual([]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('starts no later than its point is, and never after the series was first seen', () => {
    fc.assert(
      fc.property(fc.array(exposition, { minLength: 2, maxLength: 4 }), (scrapes) => {
        let state: SeriesState = NO_SERIES;
        for (const [i, scrape] of scrapes.entries()) {
          const time = T0 + i * 1000;
          const { samples, families } = readText(written(scrape));
          const tracked = track(convert(samples, families, time, 'http').points, state, time);
          state = tracked.state;
          for (const { start, time: at, data } of tracked.points) {
            if (data !== undefined && start !== undefined) expect(start).toBeLessThanOrEqual(Math.max(at, time));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a time that OTLP cannot write', () => {
  it.each([
    [-5, 1_000_000n],
    [0, 1_000_000n],
    [T0 + 0.4, BigInt(T0) * 1_000_000n],
    // Microseconds or nanoseconds where milliseconds belong would come round to any date.
    [T0 * 1000, 18_446_744_073_708_000_000n],
    [T0 * 1e6, 18_446_744_073_708_000_000n],
  ])('%d is the nearest one, not another', (time, expected) => {
    expect(nanoseconds(time)).toBe(expected);
  });

  it('is refused by the reader by its reason, and the rest of the scrape is taken', () => {
    const { samples, families } = readText([`late 1 ${T0 * 1000}`, 'early 1 -5', 'fine 1', ''].join('\n'));
    const { points } = track(convert(samples, families, T0, 'http').points, NO_SERIES, T0);
    const limits = { now: EVER.now, oldest: BigInt(T0 - 1000) * 1_000_000n, newest: BigInt(T0 + 1000) * 1_000_000n };
    const outcome = reader.read('metrics', encodeRequest('metrics', metricsRequest(points)), limits);
    expect(outcome.accepted).toBe(1);
    expect(outcome.rejections.message('points')).toMatch(/after the year 2105.*older than what is taken/);
  });
});
