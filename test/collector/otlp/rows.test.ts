import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../collector/otlp/json.ts';
import { encodeLines, LINES_LIMITS } from '../../../collector/otlp/lines.ts';
import {
  type MetricsRequest,
  OTLP_SIGNALS,
  type OtlpRequests,
  type OtlpSignal,
} from '../../../collector/otlp/model.ts';
import { Rejections } from '../../../collector/otlp/rejections.ts';
import { stockRows } from '../../../collector/otlp/rows.ts';
import { parseProtobuf } from '../../../collector/otlp/wire.ts';
import { END, requestsJson, START, toProtobuf } from './requests.ts';

const ARRIVAL = 1_750_000_000_000_000_000n;

function written<S extends OtlpSignal>(signal: S, request: OtlpRequests[S], rejections = new Rejections()) {
  const pieces = encodeLines(stockRows(signal, request, rejections, ARRIVAL));
  return pieces.map(({ table, bytes }) => ({ table, lines: bytes.toString().trimEnd().split('\n') }));
}

const fromJson = <S extends OtlpSignal>(signal: S, json: unknown = requestsJson[signal]) =>
  parseJson(signal, Buffer.from(JSON.stringify(json)));
const columns = <S extends OtlpSignal>(signal: S) =>
  written(signal, fromJson(signal)).flatMap(({ lines }) => lines.map((line) => JSON.parse(line)));

describe('rows', () => {
  it.each(OTLP_SIGNALS)('of %s are the same from JSON and from protobuf', (signal) => {
    const rejections = new Rejections();
    const protobuf = parseProtobuf(signal, toProtobuf(signal, requestsJson[signal]));
    expect(written(signal, protobuf, rejections)).toEqual(written(signal, fromJson(signal)));
    expect(rejections.total).toBe(0);
  });

  it('keep nanoseconds and 64-bit counts as bare integers with all digits', () => {
    const [span] = written('traces', fromJson('traces'))[0]?.lines ?? [];
    expect(span).toContain(`"Timestamp":${START}`);
    expect(span).toContain(`"Duration":${END - START}`);
    expect(span).toContain(`"Events.Timestamp":[${START + 1n}]`);
    const huge = 18446744073709551615n;
    const request: MetricsRequest = {
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [{ name: 'm', summary: { dataPoints: [{ timeUnixNano: END, count: huge }] } }] }] },
      ],
    };
    expect(written('metrics', request)[0]?.lines[0]).toContain(`"Count":${huge}`);
  });

  it('hold attributes as text with sorted keys', () => {
    const [span] = columns('traces');
    expect(Object.entries(span.SpanAttributes)).toEqual([
      ['a.flag', 'true'],
      ['b.count', '-9223372036854775808'],
      ['c.ratio', '0.25'],
      ['d.list', '["x",9007199254740993,null]'],
      ['e.map', '{"k1":false,"k2":1.5}'],
      ['f.bytes', 'AP8Q'],
      ['g.empty', ''],
      ['z.text', 'Grüße 🚀'],
    ]);
    expect(span).toMatchObject({
      SpanKind: 'Server',
      StatusCode: 'Error',
      StatusMessage: 'no stock',
      ServiceName: 'gateway',
    });
  });

  it('survive keys that mean something to JavaScript', () => {
    const attributes = ['__proto__', 'constructor', 'toJSON', '1'].map((key) => ({ key, value: { stringValue: key } }));
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: START, attributes }] }] }] };
    const line = written('logs', request)[0]?.lines[0] ?? '';
    expect(line).toContain(
      '"LogAttributes":{"1":"1","__proto__":"__proto__","constructor":"constructor","toJSON":"toJSON"}',
    );
  });

  it('of logs take the observed time, then the time of arrival, where their own is unknown', () => {
    const [, observed] = written('logs', fromJson('logs'))[0]?.lines ?? [];
    expect(observed).toContain(`"Timestamp":${END}`);
    const undated = { resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] };
    expect(written('logs', undated)[0]?.lines[0]).toContain(`"Timestamp":${ARRIVAL}`);
  });

  it('go to the table of their kind of metric', () => {
    const tables = written('metrics', fromJson('metrics')).map(({ table }) => table.replace('otel_metrics_', ''));
    expect(tables).toEqual(['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary']);
    const [gauge, sum, histogram, exponential, summary] = columns('metrics');
    expect(gauge).toMatchObject({ Value: -7, 'Exemplars.TraceId': ['0102030405060708090a0b0c0d0e0fff'] });
    expect(sum).toMatchObject({ Value: 12.5, AggregationTemporality: 2, IsMonotonic: true });
    expect(histogram).toMatchObject({ BucketCounts: [1, 2, 0], ExplicitBounds: [0.5, 1], Min: 0.25, Max: 1 });
    expect(exponential).toMatchObject({ Scale: -1, PositiveOffset: -3, NegativeOffset: 2, NegativeBucketCounts: [2] });
    expect(summary).toMatchObject({ 'ValueAtQuantiles.Quantile': [0.5, 0.99], 'ValueAtQuantiles.Value': [0.1, 0.9] });
  });

  it('write numbers that JSON lacks as ClickHouse reads them; a staleness marker is no number', () => {
    const value = (point: object) => {
      const dataPoints = [{ timeUnixNano: END, ...point }];
      const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }] };
      return JSON.parse(written('metrics', request)[0]?.lines[0] ?? '{}').Value;
    };
    expect(value({ asDouble: Number.NaN })).toBe('nan');
    expect(value({ asDouble: Number.POSITIVE_INFINITY })).toBe('inf');
    expect(value({ asDouble: Number.NEGATIVE_INFINITY })).toBe('-inf');
    expect(value({ flags: 1 })).toBe('nan');
    expect(value({ asInt: 0n })).toBe(0);
  });
});

describe('items that break the rules', () => {
  const point = (changes: object, kind = 'exponentialHistogram') => {
    const dataPoints = [{ timeUnixNano: END, ...changes }];
    return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', [kind]: { dataPoints } }] }] }] };
  };
  it.each([
    ['a scale no double can follow', point({ scale: 40, positive: { bucketCounts: [1n] } }), 'invalid_buckets'],
    ['buckets beyond doubles', point({ scale: 0, positive: { offset: 2000, bucketCounts: [1n] } }), 'invalid_buckets'],
    ['a number point without a number', point({}, 'gauge'), 'missing_value'],
    ['a start after 2105', point({ startTimeUnixNano: 2n ** 63n, asInt: 1n }, 'sum'), 'invalid_time'],
    ['an exemplar after 2105', point({ asInt: 1n, exemplars: [{ timeUnixNano: 2n ** 63n }] }, 'sum'), 'invalid_time'],
  ])('%s', (_, request, reason) => {
    const rejections = new Rejections();
    expect(written('metrics', request as MetricsRequest, rejections)).toEqual([]);
    expect([...rejections.counts]).toEqual([[reason, 1]]);
    expect(rejections.message('data points')).toContain('1 data points refused');
    expect(rejections.message('data points')).toContain('dataPoints[0]');
  });

  it('a metric without a name loses all its points', () => {
    const rejections = new Rejections();
    const dataPoints = [
      { timeUnixNano: END, asInt: 1n },
      { timeUnixNano: END, asInt: 2n },
    ];
    written('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints } }] }] }] }, rejections);
    expect([...rejections.counts]).toEqual([['missing_name', 2]]);
  });
});

describe('lines', () => {
  const logs = (count: number, time: (i: number) => bigint, text = '') => ({
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: Array.from({ length: count }, (_, i) => ({
              timeUnixNano: time(i),
              body: { stringValue: text },
            })),
          },
        ],
      },
    ],
  });
  const pieces = (request: OtlpRequests['logs']) => encodeLines(stockRows('logs', request, new Rejections(), ARRIVAL));

  it('are cut into pieces that fit a segment', () => {
    const byDays = pieces(logs(200, (i) => START + BigInt(i) * 86_400_000_000_000n));
    expect(byDays.map(({ rows, days }) => [rows, days.size])).toEqual(Array(200 / LINES_LIMITS.days).fill([50, 50]));
    const bySize = pieces(logs(20, () => START, 'x'.repeat(1 << 20)));
    expect(bySize.length).toBeGreaterThan(4);
    expect(bySize.reduce((total, { rows }) => total + rows, 0)).toBe(20);
    const byRows = pieces(logs(LINES_LIMITS.rows + 1, () => START));
    expect(byRows.map(({ rows }) => rows).reduce((a, b) => a + b)).toBe(LINES_LIMITS.rows + 1);
  });

  it('hold one row each, whatever the text', () => {
    const [piece] = pieces(logs(1, () => START, 'a\n\nb\r\u2028; DROP TABLE otel_logs'));
    expect(piece?.bytes.toString().split('\n')).toHaveLength(2);
  });
});
