import { MIDNIGHT } from './telemetry.ts';

/** A query of somebody else's tool, in SQL as it comes out of the tool, and the name it is known under here. */
export interface Question {
  readonly name: string;
  readonly sql: string;
}

const from = `toDateTime64(${MIDNIGHT / 1000 + 3600}, 9)`;
const to = `toDateTime64(${MIDNIGHT / 1000 + 7200}, 9)`;
const within = (column: string) => `${column} >= ${from} AND ${column} <= ${to}`;
const seconds = (column: string) =>
  `${column} >= toDateTime(${MIDNIGHT / 1000 + 3600}) AND ${column} <= toDateTime(${MIDNIGHT / 1000 + 7200})`;
/** The trace of the spans 4000 to 4007. */
export const TRACE = 'lower(hex(MD5(toString(500))))';

/** The examples of the exporter's README. */
const README: readonly Question[] = [
  {
    name: 'logs by severity and time',
    sql: `SELECT toDateTime(toStartOfInterval(TimestampTime, INTERVAL 60 second)) as time, SeverityText, count() as count
      FROM otel_logs WHERE ${seconds('TimestampTime')} GROUP BY SeverityText, time ORDER BY time, SeverityText`,
  },
  {
    name: 'any log of a service',
    sql: `SELECT Timestamp as log_time, Body FROM otel_logs WHERE ServiceName = 'service-3' AND ${seconds('TimestampTime')} ORDER BY log_time LIMIT 100`,
  },
  {
    name: 'logs by an attribute',
    sql: `SELECT Timestamp as log_time, Body FROM otel_logs WHERE LogAttributes['thread.name'] = 'worker-2' AND ${seconds('TimestampTime')} ORDER BY log_time LIMIT 100`,
  },
  {
    name: 'logs whose body holds a token',
    sql: `SELECT Timestamp as log_time, Body FROM otel_logs WHERE hasToken(Body, 'lost') AND ${seconds('TimestampTime')} ORDER BY log_time LIMIT 100`,
  },
  {
    name: 'logs whose body is like a pattern',
    sql: `SELECT Timestamp as log_time, Body FROM otel_logs WHERE Body like '%paid' AND ${seconds('TimestampTime')} ORDER BY log_time LIMIT 100`,
  },
  {
    name: 'spans by an attribute',
    sql: `SELECT Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, Duration, StatusCode, StatusMessage, toString(SpanAttributes), toString(ResourceAttributes), toString(Events.Name), toString(Links.TraceId)
      FROM otel_traces WHERE ServiceName = 'service-3' AND SpanAttributes['http.route'] = '/r/7' AND ${within('Timestamp')} ORDER BY Timestamp LIMIT 100`,
  },
  {
    name: 'a trace by its id, by way of the index table',
    sql: `WITH ${TRACE} as trace_id,
        (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) as start,
        (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) as end
      SELECT Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, Duration, StatusCode, StatusMessage, toString(SpanAttributes), toString(ResourceAttributes), toString(Events.Name), toString(Links.TraceId)
      FROM otel_traces WHERE TraceId = trace_id AND Timestamp >= start AND Timestamp <= end ORDER BY Timestamp`,
  },
  {
    name: 'spans that failed',
    sql: `SELECT Timestamp, TraceId, SpanName, StatusCode, StatusMessage FROM otel_traces
      WHERE ServiceName = 'service-3' AND StatusCode = 'Error' AND ${within('Timestamp')} ORDER BY Timestamp LIMIT 100`,
  },
  {
    name: 'slow spans',
    sql: `SELECT Timestamp, TraceId, SpanName, Duration FROM otel_traces
      WHERE ServiceName = 'service-3' AND Duration > 300 * 1e6 AND ${within('Timestamp')} ORDER BY Timestamp LIMIT 100`,
  },
  ...(['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'] as const).map((kind) => ({
    name: `points of a ${kind}`,
    sql: `SELECT * FROM otel_metrics_${kind} WHERE MetricName LIKE '%.free' AND Attributes['http.route'] = '/r/3' AND ${within('TimeUnix')}
      ORDER BY TimeUnix, ServiceName LIMIT 100`,
  })),
];

/** What Grafana's ClickHouse data source makes of its query builders for OpenTelemetry. */
const GRAFANA: readonly Question[] = [
  {
    name: 'Grafana: logs',
    sql: `SELECT Timestamp as "timestamp", Body as "body", SeverityText as "level", mapConcat(ResourceAttributes, ScopeAttributes, LogAttributes) as "labels", TraceId as "traceID"
      FROM "otel_logs" WHERE ( timestamp >= ${from} AND timestamp <= ${to} ) ORDER BY timestamp DESC LIMIT 100`,
  },
  {
    name: 'Grafana: volume of logs',
    sql: `SELECT toStartOfInterval("Timestamp", INTERVAL 60 second) as "time",
        sum(multiSearchAny(toString(SeverityText), ['error', 'Error', 'ERROR'])) as error, sum(multiSearchAny(toString(SeverityText), ['info', 'Info', 'INFO'])) as info
      FROM "otel_logs" WHERE ( time >= ${from} AND time <= ${to} ) GROUP BY time ORDER BY time ASC`,
  },
  {
    name: 'Grafana: search of traces',
    sql: `SELECT "TraceId" as traceID, "ServiceName" as "serviceName", "SpanName" as "operationName", "Timestamp" as "startTime", multiply("Duration", 0.000001) as "duration"
      FROM "otel_traces" WHERE ( ${within('Timestamp')} ) AND ( ParentSpanId = '' ) AND ( Duration > 0 ) AND ( SpanName = 'GET /cart' )
      ORDER BY Timestamp DESC, Duration DESC LIMIT 50`,
  },
  {
    name: 'Grafana: one trace',
    sql: `WITH ${TRACE} as trace_id, (SELECT min(Start) FROM "otel_traces_trace_id_ts" WHERE TraceId = trace_id) as trace_start,
        (SELECT max(End) + 1 FROM "otel_traces_trace_id_ts" WHERE TraceId = trace_id) as trace_end
      SELECT "TraceId" as traceID, "SpanId" as spanID, "ParentSpanId" as parentSpanID, "ServiceName" as serviceName, "SpanName" as operationName,
        multiply(toUnixTimestamp64Nano("Timestamp"), 0.000001) as startTime, multiply("Duration", 0.000001) as duration,
        arrayMap(key -> map('key', key, 'value',"SpanAttributes"[key]), mapKeys("SpanAttributes")) as tags,
        arrayMap(key -> map('key', key, 'value',"ResourceAttributes"[key]), mapKeys("ResourceAttributes")) as serviceTags,
        if("StatusCode" IN ('Error', 'STATUS_CODE_ERROR'), 2, 0) as statusCode, "StatusMessage" as statusMessage, "SpanKind" as kind,
        arrayMap((name, timestamp, attributes) -> tuple(name, toString(toUnixTimestamp64Milli(timestamp)), arrayMap( key -> map('key', key, 'value', attributes[key]), mapKeys(attributes)))::Tuple(name String, timestamp String, fields Array(Map(String, String))), "Events".Name, "Events".Timestamp, "Events".Attributes) AS logs,
        arrayMap((traceID, spanID, attributes) -> tuple(traceID, spanID, arrayMap(key -> map('key', key, 'value', attributes[key]), mapKeys(attributes)))::Tuple(traceID String, spanID String, tags Array(Map(String, String))), "Links".TraceId, "Links".SpanId, "Links".Attributes) AS references
      FROM "otel_traces" WHERE traceID = trace_id AND "startTime" >= toUnixTimestamp64Milli(toDateTime64(trace_start, 9)) AND "Timestamp" <= trace_end ORDER BY startTime LIMIT 1000`,
  },
  {
    name: 'Grafana: values of a variable',
    sql: `SELECT DISTINCT ServiceName FROM otel_traces WHERE ${within('Timestamp')} ORDER BY ServiceName`,
  },
  {
    name: 'Grafana: values of an attribute',
    sql: `SELECT DISTINCT ResourceAttributes['k8s.pod.name'] AS pod FROM otel_metrics_gauge WHERE MetricName = 'memory.used' AND ${within('TimeUnix')} ORDER BY pod`,
  },
  {
    name: 'Grafana: a panel of a gauge',
    sql: `SELECT toStartOfInterval(TimeUnix, INTERVAL 60 second) AS time, Attributes['http.route'] AS route, avg(Value) FROM otel_metrics_gauge
      WHERE MetricName = 'memory.used' AND ServiceName = 'service-3' AND ${within('TimeUnix')} GROUP BY time, route ORDER BY time, route`,
  },
  {
    name: 'Grafana: logs of a body, a level and an attribute, and of the key of logs',
    sql: `SELECT Timestamp as "timestamp", Body as "body", SeverityText as "level", TraceId as "traceID" FROM "otel_logs"
      WHERE ( toStartOfFiveMinutes(Timestamp) >= toStartOfFiveMinutes(${from}) AND toStartOfFiveMinutes(Timestamp) <= toStartOfFiveMinutes(${to}) )
        AND ( timestamp >= ${from} AND timestamp <= ${to} ) AND ( level IN ('ERROR', 'WARN') ) AND ( LogAttributes['thread.name'] = 'worker-2' )
        AND ( ResourceAttributes['service.namespace'] = 'shop' ) AND ( body LIKE '%lost%' )
      ORDER BY toStartOfFiveMinutes(Timestamp) DESC, timestamp DESC LIMIT 100`,
  },
  {
    name: 'Grafana: one trace, without the index table',
    sql: `SELECT "TraceId" as traceID, "SpanId" as spanID, "StatusCode" as statusCode, "SpanKind" as kind FROM "otel_traces" WHERE traceID = ${TRACE} ORDER BY "Timestamp" LIMIT 1000`,
  },
  {
    name: 'Grafana: logs of a trace',
    sql: `SELECT Timestamp as "timestamp", Body as "body", SeverityText as "level" FROM "otel_logs" WHERE ( TraceId = ${TRACE} ) ORDER BY timestamp ASC LIMIT 1000`,
  },
  {
    name: 'Grafana: search of traces by a tag and a tag of the service',
    sql: `SELECT "TraceId" as traceID, multiply(toUnixTimestamp64Nano("Timestamp"), 0.000001) as "startTime", multiply("Duration", 0.000001) as "duration" FROM "otel_traces"
      WHERE ( ${within('Timestamp')} ) AND ( SpanAttributes['http.response.status_code'] = '500' ) AND ( ResourceAttributes['host.name'] IN ('host-1', 'host-2') )
        AND ( StatusCode != 'Error' ) AND ( SpanKind = 'Server' ) ORDER BY Timestamp DESC LIMIT 50`,
  },
  {
    name: 'Grafana: time series of spans by service',
    sql: `SELECT toStartOfInterval(toDateTime(Timestamp), INTERVAL 60 second) as "time", ServiceName, count(*) as n, max(Duration) as slowest FROM "otel_traces"
      WHERE ( Timestamp >= ${from} AND Timestamp <= ${to} ) GROUP BY ServiceName, time ORDER BY time ASC, ServiceName LIMIT 1000`,
  },
  {
    name: 'Grafana: rate of a counter',
    sql: `SELECT time, route, sum(step) AS per_minute FROM (
        SELECT toStartOfInterval(TimeUnix, INTERVAL 60 second) AS time, Attributes['http.route'] AS route, Value - lagInFrame(Value, 1, Value) OVER (
            PARTITION BY ServiceName, Attributes ORDER BY TimeUnix ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS step
        FROM "otel_metrics_sum" WHERE MetricName = 'bytes.used' AND IsMonotonic AND AggregationTemporality = 2 AND ${within('TimeUnix')})
      GROUP BY time, route ORDER BY time, route`,
  },
  {
    name: 'Grafana: metrics to choose from',
    sql: `SELECT DISTINCT MetricName, MetricUnit, MetricDescription FROM otel_metrics_sum WHERE ${within('TimeUnix')} ORDER BY MetricName`,
  },
  ...(
    [
      ['otel_logs', 'LogAttributes'],
      ['otel_traces', 'SpanAttributes'],
      ['otel_traces', 'ResourceAttributes'],
      ['otel_metrics_gauge', 'Attributes'],
    ] as const
  ).map(([table, column]) => ({
    name: `Grafana: keys of ${column} of ${table}`,
    sql: `SELECT DISTINCT arrayJoin(${column}.keys) as keys FROM ${table} ORDER BY keys LIMIT 1000`,
  })),
];

/** HyperDX (ClickStack): its search, its histogram of time, its fields and its percentiles. */
const HYPERDX: readonly Question[] = [
  {
    name: 'HyperDX: search',
    sql: `SELECT Timestamp, ServiceName, SeverityText, Body FROM otel_logs WHERE ((Timestamp >= fromUnixTimestamp64Milli(${MIDNIGHT + 3_600_000}) AND Timestamp <= fromUnixTimestamp64Milli(${MIDNIGHT + 7_200_000}))
      AND ((hasToken(lower(Body), lower('paid'))) AND (SeverityText ILIKE '%error%'))) ORDER BY (TimestampTime, Timestamp) DESC LIMIT 200`,
  },
  {
    name: 'HyperDX: all of a row',
    sql: `SELECT *, Timestamp AS "__hdx_timestamp", Body AS "__hdx_body", TraceId AS "__hdx_trace_id", ResourceAttributes AS "__hdx_resource_attributes"
      FROM otel_logs WHERE TraceId = ${TRACE} AND ${within('Timestamp')} ORDER BY Timestamp LIMIT 10`,
  },
  {
    name: 'HyperDX: percentiles by operation',
    sql: `SELECT quantile(0.95)(Duration / 1e6) AS p95, count() AS n, countIf(StatusCode = 'Error') AS errors, SpanName AS "group", toStartOfInterval(toDateTime(Timestamp), INTERVAL 1 minute) AS __hdx_time_bucket
      FROM otel_traces WHERE ${within('Timestamp')} AND SpanKind IN ('Server', 'SPAN_KIND_SERVER', 'Consumer', 'SPAN_KIND_CONSUMER') AND ServiceName = 'service-3'
      GROUP BY "group", __hdx_time_bucket ORDER BY __hdx_time_bucket, "group"`,
  },
  {
    name: 'HyperDX: keys of attributes',
    sql: `SELECT arraySort(groupUniqArrayArray(1000)(mapKeys(SpanAttributes))) AS k, arraySort(groupUniqArrayArray(mapKeys(ResourceAttributes))) AS r FROM otel_traces WHERE ${within('Timestamp')}`,
  },
  {
    name: 'HyperDX: rate of a counter',
    sql: `WITH Source AS (SELECT *, cityHash64(mapConcat(ScopeAttributes, ResourceAttributes, Attributes)) AS AttributesHash FROM otel_metrics_sum
        WHERE ${within('TimeUnix')} AND MetricName = 'bytes.used')
      SELECT toStartOfInterval(toDateTime(TimeUnix), INTERVAL 5 minute) AS bucket, uniqExact(AttributesHash) AS series, max(Value) AS high, any(IsMonotonic) AS monotonic, any(MetricUnit) AS unit
      FROM Source WHERE AggregationTemporality = 2 GROUP BY bucket ORDER BY bucket`,
  },
  {
    name: 'HyperDX: map of services',
    sql: `SELECT p.ServiceName AS caller, c.ServiceName AS called, count() AS calls FROM otel_traces AS p INNER JOIN otel_traces AS c ON p.TraceId = c.TraceId AND p.SpanId = c.ParentSpanId
      WHERE ${within('p.Timestamp')} AND ${within('c.Timestamp')} AND p.ServiceName != c.ServiceName GROUP BY caller, called ORDER BY caller, called`,
  },
  {
    name: 'HyperDX: one row, by what it shows',
    sql: `SELECT * FROM otel_traces WHERE Timestamp = parseDateTime64BestEffort('${new Date(MIDNIGHT + 5_760_000).toISOString().slice(0, 19)}.000000123Z', 9, 'UTC')
      AND TraceId = ${TRACE} AND SpanKind = 'SPAN_KIND_SERVER' OR (TraceId = ${TRACE} AND ParentSpanId = '') ORDER BY Timestamp LIMIT 1`,
  },
  {
    name: 'HyperDX: logs by severity, with the gaps filled',
    sql: `SELECT count(), SeverityText AS "group", toStartOfInterval(toDateTime(Timestamp), INTERVAL 1 minute) AS "__hdx_time_bucket" FROM otel_logs
      WHERE (Timestamp >= fromUnixTimestamp64Milli(${MIDNIGHT + 3_600_000}) AND Timestamp <= fromUnixTimestamp64Milli(${MIDNIGHT + 7_200_000}))
        AND (LogAttributes['order.id'] ILIKE '%99%' OR EventName = 'order.lost')
      GROUP BY SeverityText AS "group", toStartOfInterval(toDateTime(Timestamp), INTERVAL 1 minute) AS "__hdx_time_bucket" ORDER BY "group", "__hdx_time_bucket"
      WITH FILL FROM toUnixTimestamp(toStartOfInterval(fromUnixTimestamp64Milli(${MIDNIGHT + 3_600_000}), INTERVAL 1 minute))
        TO toUnixTimestamp(toStartOfInterval(fromUnixTimestamp64Milli(${MIDNIGHT + 7_200_000}), INTERVAL 1 minute)) STEP 60`,
  },
  {
    name: 'HyperDX: values to filter by',
    sql: `WITH sampled AS (SELECT ServiceName AS p0, SeverityText AS p1, ResourceAttributes['k8s.pod.name'] AS p2, LogAttributes['thread.name'] AS p3 FROM otel_logs WHERE ${within('Timestamp')} LIMIT 100000)
      SELECT arraySort(groupUniqArray(100)(p0)) AS services, arraySort(groupUniqArray(100)(p1)) AS levels, arraySort(groupUniqArray(100)(p2)) AS pods, arraySort(groupUniqArray(100)(p3)) AS threads FROM sampled`,
  },
  {
    name: 'HyperDX: values of an attribute',
    sql: `SELECT DISTINCT SpanAttributes['http.route'] AS value FROM otel_traces WHERE value != '' AND ${within('Timestamp')} ORDER BY value LIMIT 100`,
  },
  {
    name: 'HyperDX: fields of a table by their keys',
    sql: `SELECT arrayJoin(SpanAttributes.keys) AS key FROM otel_traces GROUP BY key ORDER BY key LIMIT 1000`,
  },
  {
    name: 'HyperDX: exceptions of spans',
    sql: `SELECT Timestamp, SpanId, e.Name AS event, e.Attributes['exception.type'] AS type FROM otel_traces ARRAY JOIN Events.Name AS "e.Name", Events.Attributes AS "e.Attributes"
      WHERE "e.Name" = 'exception' AND ${within('Timestamp')} ORDER BY Timestamp, SpanId LIMIT 50`,
  },
  {
    name: 'HyperDX: first event of each span that has any',
    sql: `SELECT Timestamp, Events.Name[1] AS first, Events.Attributes[1]['exception.type'] AS type, length(Links.TraceId) AS links FROM otel_traces
      WHERE has(Events.Name, 'retry') AND ${within('Timestamp')} ORDER BY Timestamp LIMIT 50`,
  },
  {
    name: 'HyperDX: a heatmap of durations',
    sql: `SELECT toStartOfInterval(toDateTime(Timestamp), INTERVAL 5 minute) AS bucket, widthBucket(Duration, 0, 400000000, 40) AS y, count() AS n FROM otel_traces WHERE ${within('Timestamp')} GROUP BY bucket, y ORDER BY bucket, y`,
  },
  {
    name: 'HyperDX: quantile of a gauge',
    sql: `SELECT quantile(0.95)(toFloat64OrDefault(toString(Value))) AS p95, toStartOfInterval(toDateTime(TimeUnix), INTERVAL 1 minute) AS "__hdx_time_bucket" FROM otel_metrics_gauge
      WHERE ${within('TimeUnix')} AND (MetricName = 'memory.used') AND ResourceAttributes['service.namespace'] = 'bank' GROUP BY "__hdx_time_bucket" ORDER BY "__hdx_time_bucket"`,
  },
  {
    name: 'HyperDX: what a counter rose by, series by series',
    sql: `WITH Source AS (SELECT *, cityHash64(mapConcat(ScopeAttributes, ResourceAttributes, Attributes)) AS AttributesHash FROM otel_metrics_sum
          WHERE ${within('TimeUnix')} AND MetricName = 'bytes.used'),
        Risen AS (SELECT *, lagInFrame(Value, 1, Value) OVER (PARTITION BY AttributesHash ORDER BY TimeUnix ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
          if(AggregationTemporality = 1, Value, greatest(Value - before, 0)) AS Rate FROM Source)
      SELECT toStartOfInterval(toDateTime(TimeUnix), INTERVAL 5 minute) AS bucket, any(ServiceName) AS service, any(MetricUnit) AS unit, sum(Rate) AS risen
      FROM Risen WHERE ServiceName = 'service-3' GROUP BY bucket ORDER BY bucket`,
  },
  {
    name: 'HyperDX: buckets of a histogram between two points of a series',
    sql: `WITH Source AS (SELECT *, cityHash64(mapConcat(ScopeAttributes, ResourceAttributes, Attributes)) AS AttributesHash FROM otel_metrics_histogram
          WHERE ${within('TimeUnix')} AND MetricName = 'latency.used'),
        Rates AS (SELECT TimeUnix, ExplicitBounds, AttributesHash, lagInFrame(BucketCounts) OVER (PARTITION BY AttributesHash ORDER BY TimeUnix ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
          if(AggregationTemporality = 1 OR length(before) = 0, BucketCounts, arrayMap((was, is) -> if(is < was, is, toUInt64(is - was)), before, BucketCounts)) AS Rate FROM Source)
      SELECT toStartOfInterval(toDateTime(TimeUnix), INTERVAL 10 minute) AS bucket, ExplicitBounds, sumForEach(Rate) AS counts FROM Rates GROUP BY bucket, ExplicitBounds ORDER BY bucket`,
  },
  {
    name: 'HyperDX: quantiles of a summary',
    sql: `SELECT TimeUnix, ValueAtQuantiles.Value[indexOf(ValueAtQuantiles.Quantile, 0.99)] AS p99, Sum / Count AS mean FROM otel_metrics_summary
      WHERE ${within('TimeUnix')} AND MetricName = 'pause.used' AND ServiceName = 'service-3' ORDER BY TimeUnix LIMIT 50`,
  },
];

export const QUESTIONS: readonly Question[] = [...README, ...GRAFANA, ...HYPERDX];
