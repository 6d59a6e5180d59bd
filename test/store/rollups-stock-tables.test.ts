import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestStore, type TestStore } from './harness.ts';
import { NOON, point, span } from './queries/telemetry-rows.ts';
import { insertStock, type StockTable } from './stock-rows.ts';
import { insertWire } from './wire-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const insert = (table: StockTable, rows: readonly object[]) => insertWire(stand.store, table, rows);

describe('stock tables', () => {
  test('nanoseconds survive on the wire and in inserts by hand, as decimal strings and as bare integers, zero included', async () => {
    const second = NOON / 1000;
    const bare = (digits: string) => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);
    const { store } = stand;
    const row = (name: string, Timestamp: unknown) => ({
      ServiceName: 'exact',
      SpanName: name,
      Timestamp,
      AttributeKeys: '',
      AttributeValues: '',
    });
    await store.insert('spans', [row('decimal', `${second}.123456789`), row('bare', bare(`${second}987654321`))]);
    const byHand = { ServiceName: 'exact', MetricName: 'by hand', Type: 'sum', Time: `${second}.000000001` };
    await store.insert('metric_points', [{ ...byHand, StartTime: bare('0') }]);
    await insert('otel_traces', [{ ...span({ service: 'exact', name: 'wire' }), Timestamp: `${second}.555555555` }]);
    await insert('otel_metrics_sum', [
      point({ service: 'exact', metric: 'wire', value: 1 }, { TimeUnix: `${second}.777777777` }),
    ]);
    const rows = await store.rows(
      `SELECT name, ns FROM (
          SELECT SpanName AS name, toString(toUnixTimestamp64Nano(Timestamp)) AS ns FROM otel_traces
          WHERE ServiceName = 'exact'
          UNION ALL
          SELECT concat('start ', MetricName), toString(toUnixTimestamp64Nano(StartTimeUnix)) FROM otel_metrics_sum
          WHERE ServiceName = 'exact'
          UNION ALL
          SELECT concat('time ', MetricName), toString(toUnixTimestamp64Nano(TimeUnix)) FROM otel_metrics_sum
          WHERE ServiceName = 'exact')
      ORDER BY name`,
    );
    expect(rows).toEqual([
      { name: 'bare', ns: `${second}987654321` },
      { name: 'decimal', ns: `${second}123456789` },
      { name: 'start by hand', ns: '0' },
      { name: 'start wire', ns: '0' },
      { name: 'time by hand', ns: `${second}000000001` },
      { name: 'time wire', ns: `${second}777777777` },
      { name: 'wire', ns: `${second}555555555` },
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
    const trace = 'ab12'.repeat(8);
    const index = () =>
      stand.store.rows(
        `SELECT TraceId, toUnixTimestamp(min(Start)) AS start, toUnixTimestamp(max(End)) AS end
        FROM otel_traces_trace_id_ts WHERE TraceId NOT LIKE '4bf9%' GROUP BY TraceId`,
      );
    await insert('otel_traces', [span({ trace, at: NOON + 61_000 }), span({ trace, at: NOON })]);
    // No span on the wire is without a trace; one that was inserted by hand is in no trace.
    await insertStock(stand.store, 'otel_traces', [span({ trace: '', at: NOON - 50_000 })]);
    expect(await index()).toEqual([{ TraceId: trace, start: NOON / 1000, end: NOON / 1000 + 61 }]);
    await insert('otel_traces', [span({ trace, at: NOON - 5000 })]);
    expect(await index()).toEqual([{ TraceId: trace, start: NOON / 1000 - 5, end: NOON / 1000 + 61 }]);
  });
});
