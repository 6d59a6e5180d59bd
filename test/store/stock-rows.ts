import type { Store } from '../../store/client.ts';

/**
 * A way in for tests, in the words of the OpenTelemetry Collector's ClickHouse exporter: rows of `otel_traces`,
 * `otel_metrics_gauge`, `otel_metrics_sum`, `otel_metrics_histogram` and `otel_metrics_exponential_histogram`, as JSONEachRow takes
 * them, become rows of the tables telemetry is stored in. Tables that keep nothing feed views that derive what the wire reader
 * derives, in SQL of their own.
 */
export type StockTable = (typeof STOCK_TABLES)[number];
const STOCK_TABLES = [
  'otel_traces',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
] as const;

const prepared = new WeakMap<Store, Promise<void>>();

/** Inserts stock rows; with a `token` once however often it is called. */
export async function insertStock(
  store: Store,
  table: StockTable,
  rows: readonly object[],
  options: { readonly token?: string } = {},
): Promise<void> {
  let ready = prepared.get(store);
  if (ready === undefined) {
    ready = prepare(store);
    prepared.set(store, ready);
  }
  await ready;
  await store.insert(`from_${table}`, rows, options);
}

async function prepare(store: Store): Promise<void> {
  for (const query of statements()) await store.client.command({ query });
}

const first = (map: string, ...keys: readonly string[]): string =>
  `multiIf(${keys.flatMap((key) => [`${map}['${key}'] != ''`, `${map}['${key}']`]).join(', ')}, '')`;

const PIPELINE = `multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
    ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'], 'default')`;
const SCOPE_ID = 'cityHash64(ServiceName, mapSort(ResourceAttributes), ScopeName, ScopeVersion)';
const NAMESPACE = (map: string) => {
  const namespace = first(map, 'db.namespace', 'db.name');
  return `if(match(${namespace}, '^[0-9]*$'), '', ${namespace})`;
};
const TOPIC = (map: string) => first(map, 'messaging.destination.name', 'messaging.destination');
const GROUP = (map: string) =>
  first(map, 'messaging.consumer.group.name', 'messaging.kafka.consumer.group', 'messaging.consumer_group');

const METRIC_TYPES = {
  otel_metrics_gauge: 'gauge',
  otel_metrics_sum: 'sum',
  otel_metrics_histogram: 'histogram',
  otel_metrics_exponential_histogram: 'exponential_histogram',
} as const;
type MetricTable = keyof typeof METRIC_TYPES;

const temporalityOf = (table: MetricTable) =>
  table === 'otel_metrics_gauge' ? 'toUInt8(0)' : 'toUInt8(AggregationTemporality)';
const monotonicOf = (table: MetricTable) => (table === 'otel_metrics_sum' ? 'IsMonotonic' : 'false');
const seriesIdOf = (table: MetricTable) =>
  `cityHash64(${SCOPE_ID}, MetricName, MetricUnit, '${METRIC_TYPES[table]}', ${temporalityOf(table)}, ${monotonicOf(table)}, mapSort(Attributes))`;

const DURATIONS = `MetricName IN ('messaging.process.duration', 'http.server.request.duration',
    'messaging.client.operation.duration', 'db.client.operation.duration', 'http.client.request.duration')`;

function* statements(): Iterable<string> {
  for (const table of STOCK_TABLES) {
    yield `CREATE TABLE from_${table} ENGINE = Null AS SELECT * FROM ${table} WHERE 0`;
  }
  yield view('spans', 'otel_traces', SPANS);
  yield view('scopes_of_spans', 'otel_traces', scopesOf('Timestamp'), 'resource_scopes');
  for (const [table, type] of Object.entries(METRIC_TYPES) as [MetricTable, string][]) {
    yield view(`scopes_of_${type}`, table, scopesOf('TimeUnix'), 'resource_scopes');
    yield view(`series_of_${type}`, table, seriesOf(table), 'metric_series');
  }
  yield view('points_of_gauge', 'otel_metrics_gauge', pointsOf('otel_metrics_gauge'), 'metric_points');
  yield view('points_of_sum', 'otel_metrics_sum', pointsOf('otel_metrics_sum'), 'metric_points');
  yield view(
    'histograms',
    'otel_metrics_histogram',
    `${histogramOf('otel_metrics_histogram')}, BucketCounts, ExplicitBounds`,
    'metric_histograms',
  );
  yield view(
    'exponential_histograms',
    'otel_metrics_exponential_histogram',
    `${histogramOf('otel_metrics_exponential_histogram')}, Scale, ZeroCount, PositiveOffset, PositiveBucketCounts, NegativeOffset, NegativeBucketCounts`,
    'metric_exponential_histograms',
  );
}

const view = (name: string, table: StockTable, columns: string, target = 'spans') =>
  `CREATE MATERIALIZED VIEW from_stock_${name} TO ${target} AS SELECT ${columns} FROM from_${table} AS stock`;

const packed = (list: string) =>
  `arrayStringConcat(arrayMap(text -> concat(replaceAll(replaceAll(text, '\\x01', '\\x01\\x02'), '\\0', '\\x01\\x01'), '\\0'), ${list}))`;

const DESTINATION_KIND = `multiIf(
    SpanAttributes['messaging.system'] != '' OR ${TOPIC('SpanAttributes')} != '', 'topic',
    ${first('SpanAttributes', 'db.system.name', 'db.system')} != '', 'database',
    SpanKind IN ('Client', 'SPAN_KIND_CLIENT'), 'external',
    '')`;

/** Times are converted by way of nanoseconds, because a cast would go through seconds and lose digits. */
const SPANS = `
    Timestamp, CAST(unhex(stock.TraceId) AS FixedString(16)) AS TraceId, CAST(unhex(stock.SpanId) AS FixedString(8)) AS SpanId,
    CAST(unhex(stock.ParentSpanId) AS FixedString(8)) AS ParentSpanId, TraceState, toString(SpanName) AS SpanName,
    multiIf(stock.SpanKind = '', 'Unspecified', initcap(lower(replaceOne(stock.SpanKind, 'SPAN_KIND_', '')))) AS SpanKind,
    ServiceName, ${PIPELINE} AS Pipeline, ${SCOPE_ID} AS ScopeId, Duration,
    multiIf(stock.StatusCode IN ('Error', 'STATUS_CODE_ERROR'), 'Error', stock.StatusCode IN ('Ok', 'STATUS_CODE_OK'), 'Ok', 'Unset') AS StatusCode,
    StatusMessage,
    ${packed('mapKeys(mapSort(SpanAttributes))')} AS AttributeKeys, ${packed('mapValues(mapSort(SpanAttributes))')} AS AttributeValues,
    arrayMap((time, name, attributes) -> (time, name, attributes, toUInt32(0)), stock.\`Events.Timestamp\`, stock.\`Events.Name\`, stock.\`Events.Attributes\`) AS Events,
    arrayMap((trace, span, state, attributes) -> (CAST(unhex(trace) AS FixedString(16)), CAST(unhex(span) AS FixedString(8)), state, attributes, toUInt32(0), toUInt32(0)),
        stock.\`Links.TraceId\`, stock.\`Links.SpanId\`, stock.\`Links.TraceState\`, stock.\`Links.Attributes\`) AS Links,
    ${DESTINATION_KIND} AS DestinationKind,
    multiIf(DestinationKind = '', '', DestinationKind = 'topic', ${TOPIC('SpanAttributes')}, DestinationKind = 'database', ${NAMESPACE('SpanAttributes')},
        ${first('SpanAttributes', 'peer.service', 'server.address', 'net.peer.name')}) AS Destination,
    multiIf(DestinationKind = 'topic', SpanAttributes['messaging.system'],
        DestinationKind = 'database', ${first('SpanAttributes', 'db.system.name', 'db.system')},
        ${first('SpanAttributes', 'http.request.method', 'http.method')} != '', 'http',
        ${first('SpanAttributes', 'rpc.system.name', 'rpc.system')}) AS DestinationSystem,
    if(DestinationKind = 'topic', ${GROUP('SpanAttributes')}, '') AS ConsumerGroup,
    toUInt32OrDefault(SpanAttributes['messaging.batch.message_count'], toUInt32(1)) AS Messages,
    toUInt64OrZero(SpanAttributes['weir.event.time']) AS EventTime,
    toUInt16OrZero(${first('SpanAttributes', 'http.response.status_code', 'http.status_code')}) AS HttpStatus,
    SpanAttributes['http.route'] AS HttpRoute, SpanAttributes['error.type'] AS ErrorType,
    ${first('SpanAttributes', 'db.collection.name', 'db.sql.table')} AS DbCollection`;

const scopesOf = (time: string) => `DISTINCT
    ${SCOPE_ID} AS ScopeId, toDateTime(${time}) AS Seen, ServiceName, ${PIPELINE} AS Pipeline,
    ResourceAttributes['weir.origin'] AS Origin, ResourceAttributes['weir.console.url'] AS ConsoleUrl,
    ResourceAttributes, ScopeName, ScopeVersion`;

const seriesOf = (table: MetricTable) => `DISTINCT
    ${seriesIdOf(table)} AS SeriesId, toDateTime(TimeUnix) AS Seen, MetricName, ServiceName, ${PIPELINE} AS Pipeline, ${SCOPE_ID} AS ScopeId,
    '${METRIC_TYPES[table]}' AS Type, ${temporalityOf(table)} AS Temporality, ${monotonicOf(table)} AS IsMonotonic,
    MetricDescription AS Description, MetricUnit AS Unit, stock.Attributes AS Attributes, stock.Attributes['weir.signal'] AS Signal,
    ${first('stock.Attributes', 'topic', 'messaging.destination.name', 'messaging.destination')} AS Topic,
    ${first('stock.Attributes', 'group', 'messaging.consumer.group.name', 'messaging.kafka.consumer.group')} AS ConsumerGroup,
    ${first('stock.Attributes', 'partition', 'messaging.destination.partition.id')} AS Partition`;

const pointsOf = (table: MetricTable) => `
    ServiceName, MetricName, ${PIPELINE} AS Pipeline, Attributes['weir.signal'] AS Signal, '${METRIC_TYPES[table]}' AS Type,
    ${temporalityOf(table)} AS Temporality, ${monotonicOf(table)} AS IsMonotonic, ${seriesIdOf(table)} AS SeriesId,
    StartTimeUnix AS StartTime, TimeUnix AS Time, Value, Flags`;

const histogramOf = (table: MetricTable) => {
  const derived = (value: string, type = 'String') =>
    `if(${DURATIONS}, ${value}, CAST(${type === 'Bool' ? 'false' : "''"} AS ${type}))`;
  const kind = `multiIf(MetricName = 'messaging.process.duration', 'Consumer', MetricName = 'http.server.request.duration', 'Server',
    MetricName = 'messaging.client.operation.duration' AND ${first('Attributes', 'messaging.operation.type', 'messaging.operation')} IN ('send', 'publish'), 'Producer',
    'Client')`;
  const place = `multiIf(startsWith(MetricName, 'messaging.'), 'topic', startsWith(MetricName, 'db.'), 'database',
    MetricName = 'http.server.request.duration', '', 'external')`;
  const system = first('Attributes', 'db.system.name', 'db.system');
  return `
    ServiceName, MetricName, ${PIPELINE} AS Pipeline, ${seriesIdOf(table)} AS SeriesId, ${temporalityOf(table)} AS Temporality,
    StartTimeUnix AS StartTime, TimeUnix AS Time, Count, Sum, Min, Max, Flags,
    ${derived(kind)} AS Kind, ${derived(place)} AS DestinationKind,
    ${derived(`multiIf(Attributes['http.route'] != '', concat(Attributes['http.request.method'], ' ', Attributes['http.route']), ${first('Attributes', 'messaging.operation.name', 'db.operation.name', 'http.request.method')})`)} AS Operation,
    ${derived(`multiIf(Kind = 'Server', '', DestinationKind = 'topic', ${TOPIC('Attributes')}, DestinationKind = 'database', ${NAMESPACE('Attributes')}, Attributes['server.address'])`)} AS Destination,
    ${derived(`multiIf(DestinationKind = 'topic', Attributes['messaging.system'], DestinationKind = 'database', ${system}, 'http')`)} AS DestinationSystem,
    ${derived(GROUP('Attributes'))} AS ConsumerGroup,
    ${derived(`Attributes['error.type'] != '' OR Attributes['http.response.status_code'] >= '500'`, 'Bool')} AS IsError`;
};
