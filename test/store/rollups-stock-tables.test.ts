import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestStore, type TestStore } from './harness.ts';
import { insertBatch } from './queries/red-rows.ts';
import { NOON, point, span } from './queries/telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const insert = (table: string, rows: readonly object[], token?: string) => insertBatch(stand.store, table, rows, token);

describe('stock tables', () => {
  test('nanoseconds survive as decimal strings and as bare integers, zero included', async () => {
    const second = NOON / 1000;
    const bare = (digits: string) => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);
    const row = (name: string, Timestamp: unknown) => ({ ...span({ service: 'exact', name }), Timestamp });
    await insert('otel_traces', [row('decimal', `${second}.123456789`), row('bare', bare(`${second}987654321`))]);
    await insert('otel_metrics_sum', [point({ service: 'exact', value: 1 }, { StartTimeUnix: bare('0') })]);
    const rows = await stand.store.rows(
      `SELECT name, ns FROM (
          SELECT SpanName AS name, toString(toUnixTimestamp64Nano(Timestamp)) AS ns FROM otel_traces
          WHERE ServiceName = 'exact'
          UNION ALL
          SELECT 'start', toString(toUnixTimestamp64Nano(StartTimeUnix)) FROM otel_metrics_sum
          WHERE ServiceName = 'exact')
      ORDER BY name`,
    );
    expect(rows).toEqual([
      { name: 'bare', ns: `${second}987654321` },
      { name: 'decimal', ns: `${second}123456789` },
      { name: 'start', ns: '0' },
    ]);
  });

  test('have the columns that readers of the exporter expect', async () => {
    const columns = await stand.store.rows<{ table: string; names: string[] }>(
      `SELECT table, arraySort(groupArray(name)) AS names FROM system.columns
      WHERE database = currentDatabase() AND table LIKE 'otel%' GROUP BY table`,
    );
    const of = (table: string) => columns.find((row) => row.table === table)?.names ?? [];
    expect(of('otel_traces')).toEqual(
      [
        ...['Timestamp', 'TraceId', 'SpanId', 'ParentSpanId', 'TraceState', 'SpanName', 'SpanKind', 'ServiceName'],
        ...[
          'ResourceAttributes',
          'ScopeName',
          'ScopeVersion',
          'SpanAttributes',
          'Duration',
          'StatusCode',
          'StatusMessage',
        ],
        ...['Events.Timestamp', 'Events.Name', 'Events.Attributes'],
        ...['Links.TraceId', 'Links.SpanId', 'Links.TraceState', 'Links.Attributes'],
      ].sort(),
    );
    const common = [
      ...[
        'ResourceAttributes',
        'ResourceSchemaUrl',
        'ScopeName',
        'ScopeVersion',
        'ScopeAttributes',
        'ScopeDroppedAttrCount',
      ],
      ...['ScopeSchemaUrl', 'ServiceName', 'MetricName', 'MetricDescription', 'MetricUnit', 'Attributes'],
      ...['StartTimeUnix', 'TimeUnix', 'Flags'],
    ];
    const exemplars = ['FilteredAttributes', 'TimeUnix', 'Value', 'SpanId', 'TraceId'].map(
      (name) => `Exemplars.${name}`,
    );
    const range = ['Min', 'Max', 'AggregationTemporality'];
    expect(of('otel_metrics_gauge')).toEqual([...common, ...exemplars, 'Value'].sort());
    expect(of('otel_metrics_sum')).toEqual(
      [...common, ...exemplars, 'Value', 'AggregationTemporality', 'IsMonotonic'].sort(),
    );
    expect(of('otel_metrics_histogram')).toEqual(
      [...common, ...exemplars, ...range, 'Count', 'Sum', 'BucketCounts', 'ExplicitBounds'].sort(),
    );
    expect(of('otel_metrics_exponential_histogram')).toEqual(
      [
        ...[...common, ...exemplars, ...range, 'Count', 'Sum', 'Scale', 'ZeroCount', 'PositiveOffset'],
        ...['PositiveBucketCounts', 'NegativeOffset', 'NegativeBucketCounts'],
      ].sort(),
    );
    expect(of('otel_metrics_summary')).toEqual(
      [...common, 'Count', 'Sum', 'ValueAtQuantiles.Quantile', 'ValueAtQuantiles.Value'].sort(),
    );
    expect(of('otel_logs')).toEqual(
      expect.arrayContaining([
        'Timestamp',
        'TimestampTime',
        'SeverityText',
        'SeverityNumber',
        'Body',
        'LogAttributes',
        'EventName',
      ]),
    );
  });

  test('the trace index holds when a trace happened', async () => {
    await insert('otel_traces', [
      span({ trace: 'ab12', at: NOON + 61_000 }),
      span({ trace: 'ab12', at: NOON }),
      span({ trace: '', at: NOON - 50_000 }),
    ]);
    const rows = await stand.store.rows(
      `SELECT TraceId, toUnixTimestamp(min(Start)) AS start, toUnixTimestamp(max(End)) AS end
      FROM otel_traces_trace_id_ts GROUP BY TraceId`,
    );
    expect(rows).toEqual([{ TraceId: 'ab12', start: NOON / 1000, end: NOON / 1000 + 61 }]);
  });
});
