import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OtlpSignal } from '../../../collector/otlp/model.ts';
import { processorsConfig } from '../../../collector/processors/config.ts';
import { Filter } from '../../../collector/processors/filter.ts';
import { attribute, logBytes, pointBytes, spanBytes, texts } from './wire-items.ts';

function filterOf(...rules: object[]): { filter: Filter; dropped: string[] } {
  const dropped: string[] = [];
  return {
    filter: new Filter(processorsConfig.parse({ filter: rules }).filter, (rule) => dropped.push(rule)),
    dropped,
  };
}

const drops = (rule: object, signal: OtlpSignal, message: Uint8Array, metric = '', service = 'shop') =>
  filterOf({ signal, ...rule }).filter.drops(signal, service, metric, message);

const healthCheck = spanBytes({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  name: 'GET /healthz',
  kind: 2,
  startTimeUnixNano: 1_700_000_000_000_000_000n,
  attributes: [...texts({ 'url.path': '/healthz' }), attribute('http.response.status_code', { intValue: 200n })],
  events: [{ name: 'GET /orders', attributes: texts({ 'url.path': '/orders' }) }],
  status: { message: 'fine' },
});

describe('Filter', () => {
  it('is asked only for signals and services a rule is for', () => {
    const { filter } = filterOf({ signal: 'traces', service: 'shop-*', kind: 'server' });
    expect(filter.concerns('traces', 'shop-api')).toBe(true);
    expect(filter.concerns('traces', 'billing')).toBe(false);
    expect(filter.concerns('logs', 'shop-api')).toBe(false);
  });

  it.each([
    [{ name: 'GET /healthz*' }, true],
    [{ name: 'GET /health' }, false],
    [{ kind: 'server' }, true],
    [{ kind: 'client' }, false],
    [{ status: 'unset' }, true],
    [{ status: 'error' }, false],
    [{ attributes: { 'url.path': '/healthz' } }, true],
    [{ attributes: { 'url.path': '/orders' } }, false],
    [{ attributes: { 'http.response.status_code': '2*' } }, true],
    [{ attributes: { absent: '*' } }, false],
    [{ service: 'shop' }, true],
    [{ service: 'shop', name: 'GET /healthz', kind: 'server', status: 'unset' }, true],
    [{ service: 'shop', name: 'GET /healthz', kind: 'server', status: 'error' }, false],
  ])('a span and the conditions %j: %s', (rule, expected) => {
    expect(drops(rule, 'traces', healthCheck)).toBe(expected);
  });

  it('tells failed spans from others', () => {
    const failed = spanBytes({ name: 'GET /healthz', kind: 2, status: { message: 'no', code: 2 } });
    expect(drops({ name: 'GET /healthz', status: 'unset' }, 'traces', failed)).toBe(false);
    expect(drops({ status: 'error' }, 'traces', failed)).toBe(true);
  });

  it.each([
    [9, 'info', false],
    [8, 'info', true],
    [1, 'fatal', true],
    [0, 'fatal', false],
  ])('a log record of severity %i is below %s: %s', (severityNumber, severity_below, expected) => {
    const record = logBytes({ severityNumber, body: { stringValue: 'x' }, eventName: 'tick' });
    expect(drops({ severity_below }, 'logs', record)).toBe(expected);
    expect(drops({ severity_below, name: 'tock' }, 'logs', record)).toBe(false);
  });

  const own = texts({ pool: 'eden', 'jvm.id': '7' });
  it.each([
    ['gauge', { gauge: { dataPoints: [{ asDouble: 1, attributes: own, timeUnixNano: 1n }] } }],
    ['sum', { sum: { dataPoints: [{ asInt: 1n, attributes: own }], aggregationTemporality: 2 } }],
    [
      'histogram',
      {
        histogram: {
          dataPoints: [{ count: 3n, sum: 1, bucketCounts: [1n, 2n], explicitBounds: [0.5], attributes: own, max: 1 }],
        },
      },
    ],
    [
      'exponential histogram',
      {
        exponentialHistogram: {
          dataPoints: [{ count: 1n, scale: 3, attributes: own, negative: { offset: 1, bucketCounts: [1n] } }],
        },
      },
    ],
    ['summary', { summary: { dataPoints: [{ count: 1n, quantileValues: [{ quantile: 1 }], attributes: own }] } }],
  ])('finds the attributes of a point of a %s without being told its type', (_, data) => {
    const point = pointBytes({ ...data });
    expect(drops({ attributes: { pool: 'ed*' } }, 'metrics', point, 'jvm.memory')).toBe(true);
    expect(drops({ attributes: { pool: 'old' } }, 'metrics', point, 'jvm.memory')).toBe(false);
    expect(drops({ metric: 'jvm.*' }, 'metrics', point, 'jvm.memory')).toBe(true);
    expect(drops({ metric: 'jvm.*', attributes: { pool: 'eden' } }, 'metrics', point, 'process.cpu')).toBe(false);
  });

  it.each([
    ['ä', { stringValue: 'ä' }],
    ['true', { boolValue: true }],
    ['false', { boolValue: false }],
    ['-9223372036854775808', { intValue: -9_223_372_036_854_775_808n }],
    ['1.5e+300', { doubleValue: 1.5e300 }],
    ['', { arrayValue: { values: [{ stringValue: 'a' }] } }],
  ])('compares values as text: %s', (text, value) => {
    const message = spanBytes({ attributes: [attribute('k', value)] });
    expect(drops({ attributes: { k: text } }, 'traces', message)).toBe(true);
    expect(drops({ attributes: { k: `${text}!` } }, 'traces', message)).toBe(false);
  });

  it('takes the buckets of an exponential histogram for no attribute', () => {
    // As an attribute, the offset would be the key.
    const negative = { offset: 1, bucketCounts: [1n, 2n] };
    const point = pointBytes({ exponentialHistogram: { dataPoints: [{ count: 3n, negative }] } });
    expect(drops({ attributes: { '\u0002': '*' } }, 'metrics', point, 'm')).toBe(false);
  });

  it('reads the last of a key that comes twice, as the store does', () => {
    const message = spanBytes({ attributes: [...texts({ k: 'a' }), ...texts({ k: 'b' })] });
    expect(drops({ attributes: { k: 'a' } }, 'traces', message)).toBe(false);
    expect(drops({ attributes: { k: 'b' } }, 'traces', message)).toBe(true);
  });

  it('counts by the first rule that is met, by its name or its place', () => {
    const { filter, dropped } = filterOf(
      { signal: 'traces', name: 'nothing' },
      { signal: 'traces', kind: 'server' },
      { rule: 'health', signal: 'traces', name: 'GET /healthz' },
    );
    filter.drops('traces', 'shop', '', healthCheck);
    filter.drops('traces', 'shop', '', spanBytes({ name: 'GET /healthz', kind: 3 }));
    filter.drops('traces', 'shop', '', spanBytes({ name: 'GET /orders', kind: 3 }));
    expect(dropped).toEqual(['1', 'health']);
  });

  it('keeps what is no message, for the reader to refuse', () => {
    expect(drops({ name: '*' }, 'traces', healthCheck.subarray(0, -1))).toBe(false);
    const { filter } = filterOf(
      { signal: 'traces', attributes: { a: '*' }, name: '*', status: 'unset' },
      { signal: 'metrics', attributes: { a: '*' } },
      { signal: 'logs', severity_below: 'fatal' },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const signal of ['traces', 'metrics', 'logs'] as const) filter.drops(signal, 's', 'm', bytes);
      }),
      { numRuns: 3000 },
    );
  });
});
