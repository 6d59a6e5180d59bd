/** The columns the OpenTelemetry Collector's ClickHouse exporter gives its tables, in their order, as `name type`. */

const MAP = 'Map(LowCardinality(String), String)';
const nested = (name: string, ...columns: readonly (readonly [name: string, type: string])[]) =>
  columns.map(([column, type]) => `${name}.${column} Array(${type})`);

const POINT = [
  ...[`ResourceAttributes ${MAP}`, 'ResourceSchemaUrl String', 'ScopeName String', 'ScopeVersion String'],
  ...[`ScopeAttributes ${MAP}`, 'ScopeDroppedAttrCount UInt32', 'ScopeSchemaUrl String'],
  ...['ServiceName LowCardinality(String)', 'MetricName LowCardinality(String)', 'MetricDescription String'],
  ...['MetricUnit String', `Attributes ${MAP}`, 'StartTimeUnix DateTime64(9)', 'TimeUnix DateTime64(9)'],
];
const EXEMPLARS = nested(
  'Exemplars',
  ['FilteredAttributes', MAP],
  ['TimeUnix', 'DateTime64(9)'],
  ['Value', 'Float64'],
  ['SpanId', 'String'],
  ['TraceId', 'String'],
);
const EXTREMES = ['Min Float64', 'Max Float64', 'AggregationTemporality Int32'];

export const EXPORTER = {
  otel_traces: [
    ...['Timestamp DateTime64(9)', 'TraceId String', 'SpanId String', 'ParentSpanId String', 'TraceState String'],
    ...['SpanName LowCardinality(String)', 'SpanKind LowCardinality(String)', 'ServiceName LowCardinality(String)'],
    ...[`ResourceAttributes ${MAP}`, 'ScopeName String', 'ScopeVersion String', `SpanAttributes ${MAP}`],
    ...['Duration UInt64', 'StatusCode LowCardinality(String)', 'StatusMessage String'],
    ...nested('Events', ['Timestamp', 'DateTime64(9)'], ['Name', 'LowCardinality(String)'], ['Attributes', MAP]),
    ...nested('Links', ['TraceId', 'String'], ['SpanId', 'String'], ['TraceState', 'String'], ['Attributes', MAP]),
  ],
  otel_traces_trace_id_ts: ['TraceId String', 'Start DateTime', 'End DateTime'],
  otel_logs: [
    ...['Timestamp DateTime64(9)', 'TimestampTime DateTime', 'TraceId String', 'SpanId String', 'TraceFlags UInt8'],
    ...['SeverityText LowCardinality(String)', 'SeverityNumber UInt8', 'ServiceName LowCardinality(String)'],
    ...['Body String', 'ResourceSchemaUrl LowCardinality(String)', `ResourceAttributes ${MAP}`],
    ...['ScopeSchemaUrl LowCardinality(String)', 'ScopeName String', 'ScopeVersion LowCardinality(String)'],
    ...[`ScopeAttributes ${MAP}`, `LogAttributes ${MAP}`, 'EventName String'],
  ],
  otel_metrics_gauge: [...POINT, 'Value Float64', 'Flags UInt32', ...EXEMPLARS],
  otel_metrics_sum: [
    ...[...POINT, 'Value Float64', 'Flags UInt32', ...EXEMPLARS],
    ...['AggregationTemporality Int32', 'IsMonotonic Bool'],
  ],
  otel_metrics_histogram: [
    ...[...POINT, 'Count UInt64', 'Sum Float64', 'BucketCounts Array(UInt64)', 'ExplicitBounds Array(Float64)'],
    ...[...EXEMPLARS, 'Flags UInt32', ...EXTREMES],
  ],
  otel_metrics_exponential_histogram: [
    ...[...POINT, 'Count UInt64', 'Sum Float64', 'Scale Int32', 'ZeroCount UInt64'],
    ...['PositiveOffset Int32', 'PositiveBucketCounts Array(UInt64)'],
    ...['NegativeOffset Int32', 'NegativeBucketCounts Array(UInt64)'],
    ...[...EXEMPLARS, 'Flags UInt32', ...EXTREMES],
  ],
  otel_metrics_summary: [
    ...[...POINT, 'Count UInt64', 'Sum Float64'],
    ...[...nested('ValueAtQuantiles', ['Quantile', 'Float64'], ['Value', 'Float64']), 'Flags UInt32'],
  ],
} as const;

export type StockName = keyof typeof EXPORTER;
export const STOCK_NAMES = Object.keys(EXPORTER) as StockName[];
