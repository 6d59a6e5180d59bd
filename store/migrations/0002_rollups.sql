-- Rollups of 10 s, filled by materialized views as telemetry arrives. The detector, the charts and the pipeline model read
-- these, raw rows are for drill-down. Every plain column is a dimension and stands in the sorting key, everything else is
-- an aggregate that adds up when parts merge: read with sum, max, sumMap and GROUP BY, never with FINAL.
--
-- A span counts in the step in which it ENDED, a delta histogram point in the step that holds the end of its interval, a
-- gauge in the step of its sample.
--
-- Buckets is a histogram of durations in seconds with index = ceil(log2(seconds) * 32), clamped to -957 (zero) .. 1100. Bucket i
-- covers (2^((i-1)/32), 2^(i/32)], and its geometric middle 2^((i-0.5)/32) is never more than 1.09 % away from a value in it.
--
-- Kind: Server, Client, Producer, Consumer or Internal. Destination: the topic, the database's namespace or the called host.
-- DestinationSystem: kafka, postgresql, http and so on. DestinationKind: topic, database, external or ''. Old spellings of an attribute
-- (core/semconv.ts) are read where the new one is absent.

CREATE TABLE IF NOT EXISTS red_10s {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    Operation LowCardinality(String) CODEC(ZSTD(1)),
    Destination LowCardinality(String) CODEC(ZSTD(1)),
    DestinationSystem LowCardinality(String) CODEC(ZSTD(1)),
    DestinationKind LowCardinality(String) CODEC(ZSTD(1)),
    ConsumerGroup LowCardinality(String) CODEC(ZSTD(1)),
    Source LowCardinality(String) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    Errors SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    Messages SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    DurationSum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    EventTimeMax SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1)),
    Buckets SimpleAggregateFunction(sumMap, Tuple(Array(Int16), Array(UInt64))) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (toStartOfHour(Time), Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, Operation, ConsumerGroup, Source, Time)
TTL Time + toIntervalDay(90)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS red_10s_traces_mv {on_cluster} TO red_10s AS
WITH
    multiIf(SpanAttributes['messaging.system'] != '' OR SpanAttributes['messaging.destination.name'] != '' OR SpanAttributes['messaging.destination'] != '', 'topic',
            SpanAttributes['db.system.name'] != '' OR SpanAttributes['db.system'] != '', 'database',
            SpanKind IN ('Client', 'SPAN_KIND_CLIENT'), 'external',
            '') AS destination_kind,
    multiIf(SpanAttributes['db.namespace'] != '', SpanAttributes['db.namespace'], SpanAttributes['db.name']) AS namespace
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration), 10000000000) * 10) AS Time,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    multiIf(SpanKind IN ('Server', 'SPAN_KIND_SERVER'), 'Server',
            SpanKind IN ('Client', 'SPAN_KIND_CLIENT'), 'Client',
            SpanKind IN ('Producer', 'SPAN_KIND_PRODUCER'), 'Producer',
            SpanKind IN ('Consumer', 'SPAN_KIND_CONSUMER'), 'Consumer',
            'Internal') AS Kind,
    SpanName AS Operation,
    multiIf(destination_kind = '', '',
            destination_kind = 'topic', if(SpanAttributes['messaging.destination.name'] != '', SpanAttributes['messaging.destination.name'], SpanAttributes['messaging.destination']),
            -- A namespace of digits only is Redis' database number, which names nothing.
            destination_kind = 'database', if(match(namespace, '^[0-9]*$'), '', namespace),
            SpanAttributes['peer.service'] != '', SpanAttributes['peer.service'],
            SpanAttributes['server.address'] != '', SpanAttributes['server.address'],
            SpanAttributes['net.peer.name']) AS Destination,
    multiIf(destination_kind = 'topic', SpanAttributes['messaging.system'],
            destination_kind = 'database', if(SpanAttributes['db.system.name'] != '', SpanAttributes['db.system.name'], SpanAttributes['db.system']),
            SpanAttributes['http.request.method'] != '' OR SpanAttributes['http.method'] != '', 'http',
            SpanAttributes['rpc.system.name'] != '', SpanAttributes['rpc.system.name'],
            SpanAttributes['rpc.system']) AS DestinationSystem,
    destination_kind AS DestinationKind,
    multiIf(destination_kind != 'topic', '',
            SpanAttributes['messaging.consumer.group.name'] != '', SpanAttributes['messaging.consumer.group.name'],
            SpanAttributes['messaging.kafka.consumer.group'] != '', SpanAttributes['messaging.kafka.consumer.group'],
            SpanAttributes['messaging.consumer_group']) AS ConsumerGroup,
    'spans' AS Source,
    count() AS Count,
    countIf(StatusCode IN ('Error', 'STATUS_CODE_ERROR')) AS Errors,
    sum(toUInt64OrDefault(SpanAttributes['messaging.batch.message_count'], toUInt64(1))) AS Messages,
    sum(Duration / 1e9) AS DurationSum,
    max(toUInt64OrZero(SpanAttributes['weir.event.time'])) AS EventTimeMax,
    sumMap([toInt16(ceil(log2(greatest(Duration, 1) / 1e9) * 32))], [toUInt64(1)]) AS Buckets
FROM otel_traces
GROUP BY Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source;

-- Duration histograms of metrics, delta temporality only (a view sees one insert and cannot subtract cumulative points).
-- The count of an explicit bucket goes to the geometric middle of its bounds. The first bucket is taken from its
-- upper bound's half (or from Min when it is known), the last one up to Max, and a point without bounds counts at its mean.
CREATE MATERIALIZED VIEW IF NOT EXISTS red_10s_histogram_mv {on_cluster} TO red_10s AS
WITH
    multiIf(startsWith(MetricName, 'messaging.'), 'topic', startsWith(MetricName, 'db.'), 'database', MetricName = 'http.server.request.duration', '', 'external') AS destination_kind,
    if(Attributes['db.namespace'] != '', Attributes['db.namespace'], Attributes['db.name']) AS namespace,
    if(Attributes['messaging.operation.type'] != '', Attributes['messaging.operation.type'], Attributes['messaging.operation']) AS operation_type,
    length(ExplicitBounds) AS bounds,
    arrayMap(i -> multiIf(bounds = 0, Sum / greatest(otel_metrics_histogram.Count, 1),
                          i = bounds + 1, sqrt(ExplicitBounds[bounds] * greatest(Max, ExplicitBounds[bounds])),
                          i = 1 AND Min > 0 AND Min < ExplicitBounds[1], sqrt(Min * ExplicitBounds[1]),
                          i = 1 OR ExplicitBounds[i - 1] <= 0, ExplicitBounds[i] / sqrt(2),
                          sqrt(ExplicitBounds[i - 1] * ExplicitBounds[i])),
             arrayEnumerate(if(bounds = 0, [otel_metrics_histogram.Count], BucketCounts))) AS middles,
    arrayMap(v -> toInt16(least(greatest(ceil(log2(greatest(v, 1e-9)) * 32), -957), 1100)), middles) AS indexes,
    if(bounds = 0, [otel_metrics_histogram.Count], BucketCounts) AS counts
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(TimeUnix) - 1, 10000000000) * 10) AS Time,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    multiIf(MetricName = 'messaging.process.duration', 'Consumer',
            MetricName = 'http.server.request.duration', 'Server',
            MetricName = 'messaging.client.operation.duration' AND operation_type IN ('send', 'publish'), 'Producer',
            'Client') AS Kind,
    multiIf(Attributes['http.route'] != '', concat(Attributes['http.request.method'], ' ', Attributes['http.route']),
            Attributes['messaging.operation.name'] != '', Attributes['messaging.operation.name'],
            Attributes['db.operation.name'] != '', Attributes['db.operation.name'],
            Attributes['http.request.method']) AS Operation,
    multiIf(Kind = 'Server', '',
            destination_kind = 'topic', if(Attributes['messaging.destination.name'] != '', Attributes['messaging.destination.name'], Attributes['messaging.destination']),
            destination_kind = 'database', if(match(namespace, '^[0-9]*$'), '', namespace),
            Attributes['server.address']) AS Destination,
    multiIf(destination_kind = 'topic', Attributes['messaging.system'],
            destination_kind = 'database', if(Attributes['db.system.name'] != '', Attributes['db.system.name'], Attributes['db.system']),
            'http') AS DestinationSystem,
    destination_kind AS DestinationKind,
    multiIf(Attributes['messaging.consumer.group.name'] != '', Attributes['messaging.consumer.group.name'],
            Attributes['messaging.kafka.consumer.group'] != '', Attributes['messaging.kafka.consumer.group'],
            Attributes['messaging.consumer_group']) AS ConsumerGroup,
    'metrics' AS Source,
    sum(otel_metrics_histogram.Count) AS Count,
    sumIf(otel_metrics_histogram.Count, Attributes['error.type'] != '' OR Attributes['http.response.status_code'] >= '500') AS Errors,
    sum(otel_metrics_histogram.Count) AS Messages,
    sum(otel_metrics_histogram.Sum) AS DurationSum,
    sumMap(indexes, counts) AS Buckets
FROM otel_metrics_histogram
WHERE AggregationTemporality = 1
    AND MetricName IN ('messaging.process.duration', 'http.server.request.duration', 'messaging.client.operation.duration', 'db.client.operation.duration', 'http.client.request.duration')
GROUP BY Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source;

-- Exponential histograms brought to scale 5 (base 2^(1/32)): buckets of a finer scale fall into one of ours, a coarser one
-- counts at its geometric middle. Their bucket k at scale s covers (2^(k/2^s), 2^((k+1)/2^s)].
CREATE MATERIALIZED VIEW IF NOT EXISTS red_10s_exponential_histogram_mv {on_cluster} TO red_10s AS
WITH
    multiIf(startsWith(MetricName, 'messaging.'), 'topic', startsWith(MetricName, 'db.'), 'database', MetricName = 'http.server.request.duration', '', 'external') AS destination_kind,
    if(Attributes['db.namespace'] != '', Attributes['db.namespace'], Attributes['db.name']) AS namespace,
    if(Attributes['messaging.operation.type'] != '', Attributes['messaging.operation.type'], Attributes['messaging.operation']) AS operation_type,
    arrayPushBack(arrayMap(i -> toInt16(least(greatest(ceil((PositiveOffset + i - 0.5) * exp2(5 - Scale)), -957), 1100)), arrayEnumerate(PositiveBucketCounts)), toInt16(-957)) AS indexes,
    arrayPushBack(PositiveBucketCounts, ZeroCount) AS counts
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(TimeUnix) - 1, 10000000000) * 10) AS Time,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    multiIf(MetricName = 'messaging.process.duration', 'Consumer',
            MetricName = 'http.server.request.duration', 'Server',
            MetricName = 'messaging.client.operation.duration' AND operation_type IN ('send', 'publish'), 'Producer',
            'Client') AS Kind,
    multiIf(Attributes['http.route'] != '', concat(Attributes['http.request.method'], ' ', Attributes['http.route']),
            Attributes['messaging.operation.name'] != '', Attributes['messaging.operation.name'],
            Attributes['db.operation.name'] != '', Attributes['db.operation.name'],
            Attributes['http.request.method']) AS Operation,
    multiIf(Kind = 'Server', '',
            destination_kind = 'topic', if(Attributes['messaging.destination.name'] != '', Attributes['messaging.destination.name'], Attributes['messaging.destination']),
            destination_kind = 'database', if(match(namespace, '^[0-9]*$'), '', namespace),
            Attributes['server.address']) AS Destination,
    multiIf(destination_kind = 'topic', Attributes['messaging.system'],
            destination_kind = 'database', if(Attributes['db.system.name'] != '', Attributes['db.system.name'], Attributes['db.system']),
            'http') AS DestinationSystem,
    destination_kind AS DestinationKind,
    multiIf(Attributes['messaging.consumer.group.name'] != '', Attributes['messaging.consumer.group.name'],
            Attributes['messaging.kafka.consumer.group'] != '', Attributes['messaging.kafka.consumer.group'],
            Attributes['messaging.consumer_group']) AS ConsumerGroup,
    'metrics' AS Source,
    sum(otel_metrics_exponential_histogram.Count) AS Count,
    sumIf(otel_metrics_exponential_histogram.Count, Attributes['error.type'] != '' OR Attributes['http.response.status_code'] >= '500') AS Errors,
    sum(otel_metrics_exponential_histogram.Count) AS Messages,
    sum(otel_metrics_exponential_histogram.Sum) AS DurationSum,
    sumMap(indexes, counts) AS Buckets
FROM otel_metrics_exponential_histogram
WHERE AggregationTemporality = 1
    AND MetricName IN ('messaging.process.duration', 'http.server.request.duration', 'messaging.client.operation.duration', 'db.client.operation.duration', 'http.client.request.duration')
GROUP BY Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source;

-- The gauge weir.event.time (unix milliseconds) counts for freshness as the span attribute of the same name does.
CREATE MATERIALIZED VIEW IF NOT EXISTS red_10s_event_time_mv {on_cluster} TO red_10s AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(TimeUnix), 10000000000) * 10) AS Time,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    'Internal' AS Kind,
    'metrics' AS Source,
    max(toUInt64(greatest(Value, 0))) AS EventTimeMax
FROM otel_metrics_gauge
WHERE MetricName = 'weir.event.time' AND isFinite(Value)
GROUP BY Time, Pipeline, Service, Kind, Source;

-- Gauges and sums per series. MetricKind says how to read Last and Sum: `gauge` (Last), `delta` (Sum per step is what
-- happened in it), `cumulative` (a counter: the difference of Last between steps). Signal is the attribute weir.signal.
-- Last is (nanoseconds, value), so that max() keeps the newest.
CREATE TABLE IF NOT EXISTS gauge_10s {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    MetricKind LowCardinality(String) CODEC(ZSTD(1)),
    Signal LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Topic SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    ConsumerGroup SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    Partition SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    Attributes SimpleAggregateFunction(anyLast, Map(String, String)) CODEC(ZSTD(1)),
    Last SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1)),
    Min SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    Max SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    Sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (toStartOfHour(Time), Signal, MetricName, MetricKind, Pipeline, Service, SeriesId, Time)
TTL Time + toIntervalDay(90)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS gauge_10s_gauge_mv {on_cluster} TO gauge_10s AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(TimeUnix), 10000000000) * 10) AS Time,
    MetricName,
    'gauge' AS MetricKind,
    toString(otel_metrics_gauge.Attributes['weir.signal']) AS Signal,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    cityHash64(mapSort(otel_metrics_gauge.Attributes)) AS SeriesId,
    any(multiIf(otel_metrics_gauge.Attributes['topic'] != '', otel_metrics_gauge.Attributes['topic'],
                otel_metrics_gauge.Attributes['messaging.destination.name'] != '', otel_metrics_gauge.Attributes['messaging.destination.name'],
                otel_metrics_gauge.Attributes['messaging.destination'])) AS Topic,
    any(multiIf(otel_metrics_gauge.Attributes['group'] != '', otel_metrics_gauge.Attributes['group'],
                otel_metrics_gauge.Attributes['messaging.consumer.group.name'] != '', otel_metrics_gauge.Attributes['messaging.consumer.group.name'],
                otel_metrics_gauge.Attributes['messaging.kafka.consumer.group'])) AS ConsumerGroup,
    any(multiIf(otel_metrics_gauge.Attributes['partition'] != '', otel_metrics_gauge.Attributes['partition'],
                otel_metrics_gauge.Attributes['messaging.destination.partition.id'])) AS Partition,
    anyLast(CAST(otel_metrics_gauge.Attributes, 'Map(String, String)')) AS Attributes,
    max((toUInt64(toUnixTimestamp64Nano(TimeUnix)), Value)) AS Last,
    min(Value) AS Min,
    max(Value) AS Max,
    sum(Value) AS Sum,
    count() AS Count
FROM otel_metrics_gauge
WHERE isFinite(Value)
GROUP BY Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId;

CREATE MATERIALIZED VIEW IF NOT EXISTS gauge_10s_sum_mv {on_cluster} TO gauge_10s AS
SELECT
    toDateTime(intDiv((toUnixTimestamp64Nano(TimeUnix) - if(AggregationTemporality = 1, 1, 0)), 10000000000) * 10) AS Time,
    MetricName,
    multiIf(AggregationTemporality = 1, 'delta', IsMonotonic, 'cumulative', 'gauge') AS MetricKind,
    toString(otel_metrics_sum.Attributes['weir.signal']) AS Signal,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    cityHash64(mapSort(otel_metrics_sum.Attributes)) AS SeriesId,
    any(multiIf(otel_metrics_sum.Attributes['topic'] != '', otel_metrics_sum.Attributes['topic'],
                otel_metrics_sum.Attributes['messaging.destination.name'] != '', otel_metrics_sum.Attributes['messaging.destination.name'],
                otel_metrics_sum.Attributes['messaging.destination'])) AS Topic,
    any(multiIf(otel_metrics_sum.Attributes['group'] != '', otel_metrics_sum.Attributes['group'],
                otel_metrics_sum.Attributes['messaging.consumer.group.name'] != '', otel_metrics_sum.Attributes['messaging.consumer.group.name'],
                otel_metrics_sum.Attributes['messaging.kafka.consumer.group'])) AS ConsumerGroup,
    any(multiIf(otel_metrics_sum.Attributes['partition'] != '', otel_metrics_sum.Attributes['partition'],
                otel_metrics_sum.Attributes['messaging.destination.partition.id'])) AS Partition,
    anyLast(CAST(otel_metrics_sum.Attributes, 'Map(String, String)')) AS Attributes,
    max((toUInt64(toUnixTimestamp64Nano(TimeUnix)), Value)) AS Last,
    min(Value) AS Min,
    max(Value) AS Max,
    sum(Value) AS Sum,
    count() AS Count
FROM otel_metrics_sum
WHERE isFinite(Value)
GROUP BY Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId;
