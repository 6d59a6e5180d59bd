-- The tables telemetry is stored in: binary ids, enums, what rollups and searches ask for in columns of its own, and what a
-- resource, a scope or a series says about itself once instead of in every row. The names of the OpenTelemetry Collector's
-- ClickHouse exporter are views over these (0009).
--
-- A part is written Compact at insert (one file instead of sixty, a third of the cost) and becomes Wide in a merge.
-- A merge makes no part above 5 GB, which bounds how often a row is written again.
-- The index of trace ids is over the text that the views show, and serves filters on exactly that expression. Logs lie by five minutes,
-- which a filter on Timestamp alone does not prune by: its index does.
-- An id that is absent is all zeros. Times are nanoseconds. ServiceName is '' where the resource has none.

-- One row per instrumentation scope of a resource, told again as long as it speaks: Seen is the time of an item of it.
-- ScopeId is a hash of everything but Seen, so rows of one id are equal. The lists are for the dictionary of 0009.
CREATE TABLE IF NOT EXISTS resource_scopes {on_cluster}
(
    ScopeId UInt64 CODEC(ZSTD(1)),
    Seen DateTime CODEC(Delta, ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Origin LowCardinality(String) CODEC(ZSTD(1)),
    ConsoleUrl String CODEC(ZSTD(1)),
    ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceDroppedAttributes UInt32 CODEC(ZSTD(1)),
    EntityRefs String CODEC(ZSTD(1)),
    ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion LowCardinality(String) CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeDroppedAttributes UInt32 CODEC(ZSTD(1)),
    ResourceKeys Array(String) ALIAS mapKeys(ResourceAttributes),
    ResourceValues Array(String) ALIAS mapValues(ResourceAttributes),
    ScopeKeys Array(String) ALIAS mapKeys(ScopeAttributes),
    ScopeValues Array(String) ALIAS mapValues(ScopeAttributes)
)
ENGINE = {engine:ReplacingMergeTree(Seen)}
ORDER BY ScopeId
TTL Seen + toIntervalDay(32)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per series of a metric, told again while it has points, and kept as long as its rollups are. SeriesId is a hash of the scope, the metric and the attributes.
CREATE TABLE IF NOT EXISTS metric_series {on_cluster}
(
    SeriesId UInt64 CODEC(ZSTD(1)),
    Seen DateTime CODEC(Delta, ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    ScopeId UInt64 CODEC(ZSTD(1)),
    Type Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5) CODEC(ZSTD(1)),
    Temporality UInt8 CODEC(ZSTD(1)),
    IsMonotonic Bool CODEC(ZSTD(1)),
    Description String CODEC(ZSTD(1)),
    Unit LowCardinality(String) CODEC(ZSTD(1)),
    Metadata Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Signal LowCardinality(String) CODEC(ZSTD(1)),
    Topic String CODEC(ZSTD(1)),
    ConsumerGroup String CODEC(ZSTD(1)),
    Partition String CODEC(ZSTD(1))
)
ENGINE = {engine:ReplacingMergeTree(Seen)}
ORDER BY (MetricName, ServiceName, SeriesId)
TTL Seen + toIntervalDay(402)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- The attributes are packed, keys and values each into one string with every text closed by a zero byte (docs/decisions/0008);
-- Attributes is the map again, and an insert by hand may name AttributeMap in their place.
--
-- From Destination on, columns are derived from the attributes (which hold them too), in the newest and in older spellings.
CREATE TABLE IF NOT EXISTS spans {on_cluster}
(
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId FixedString(16) CODEC(ZSTD(1)),
    SpanId FixedString(8) CODEC(ZSTD(1)),
    ParentSpanId FixedString(8) CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind Enum8('Unspecified' = 0, 'Internal' = 1, 'Server' = 2, 'Client' = 3, 'Producer' = 4, 'Consumer' = 5) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    ScopeId UInt64 CODEC(ZSTD(1)),
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode Enum8('Unset' = 0, 'Ok' = 1, 'Error' = 2) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    AttributeKeys LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(text -> concat(replaceAll(replaceAll(text, '\x01', '\x01\x02'), '\0', '\x01\x01'), '\0'), mapKeys(mapSort(AttributeMap)))) CODEC(ZSTD(1)),
    AttributeValues String DEFAULT arrayStringConcat(arrayMap(text -> concat(replaceAll(replaceAll(text, '\x01', '\x01\x02'), '\0', '\x01\x01'), '\0'), mapValues(mapSort(AttributeMap)))) CODEC(ZSTD(1)),
    AttributeMap Map(LowCardinality(String), String) EPHEMERAL,
    Attributes Map(LowCardinality(String), String) ALIAS CAST(mapFromArrays(arrayMap(text -> replaceAll(replaceAll(text, '\x01\x01', '\0'), '\x01\x02', '\x01'), arrayPopBack(splitByChar('\0', toString(AttributeKeys)))), arrayMap(text -> replaceAll(replaceAll(text, '\x01\x01', '\0'), '\x01\x02', '\x01'), arrayPopBack(splitByChar('\0', AttributeValues)))), 'Map(LowCardinality(String), String)'),
    DroppedAttributes UInt32 CODEC(ZSTD(1)),
    DroppedEvents UInt32 CODEC(ZSTD(1)),
    DroppedLinks UInt32 CODEC(ZSTD(1)),
    Events Array(Tuple(Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String), DroppedAttributes UInt32)) CODEC(ZSTD(1)),
    Links Array(Tuple(TraceId FixedString(16), SpanId FixedString(8), TraceState String, Attributes Map(LowCardinality(String), String), DroppedAttributes UInt32, Flags UInt32)) CODEC(ZSTD(1)),
    Destination LowCardinality(String) CODEC(ZSTD(1)),
    DestinationSystem LowCardinality(String) CODEC(ZSTD(1)),
    DestinationKind Enum8('' = 0, 'topic' = 1, 'database' = 2, 'external' = 3) CODEC(ZSTD(1)),
    ConsumerGroup LowCardinality(String) CODEC(ZSTD(1)),
    Messages UInt32 DEFAULT 1 CODEC(ZSTD(1)),
    EventTime UInt64 CODEC(ZSTD(1)),
    HttpStatus UInt16 CODEC(ZSTD(1)),
    HttpRoute LowCardinality(String) CODEC(ZSTD(1)),
    ErrorType LowCardinality(String) CODEC(ZSTD(1)),
    DbCollection LowCardinality(String) CODEC(ZSTD(1)),
    INDEX idx_trace_id lower(hex(TraceId)) TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
TTL toDateTime(Timestamp) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 104857600, min_rows_for_wide_part = 500000, max_bytes_to_merge_at_max_space_in_pool = 5368709120;

CREATE TABLE IF NOT EXISTS logs {on_cluster}
(
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    ObservedTimestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId FixedString(16) CODEC(ZSTD(1)),
    SpanId FixedString(8) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    SeverityNumber UInt8 CODEC(ZSTD(1)),
    SeverityText LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    ScopeId UInt64 CODEC(ZSTD(1)),
    Body String CODEC(ZSTD(1)),
    AttributeKeys LowCardinality(String) DEFAULT arrayStringConcat(arrayMap(text -> concat(replaceAll(replaceAll(text, '\x01', '\x01\x02'), '\0', '\x01\x01'), '\0'), mapKeys(mapSort(AttributeMap)))) CODEC(ZSTD(1)),
    AttributeValues String DEFAULT arrayStringConcat(arrayMap(text -> concat(replaceAll(replaceAll(text, '\x01', '\x01\x02'), '\0', '\x01\x01'), '\0'), mapValues(mapSort(AttributeMap)))) CODEC(ZSTD(1)),
    AttributeMap Map(LowCardinality(String), String) EPHEMERAL,
    Attributes Map(LowCardinality(String), String) ALIAS CAST(mapFromArrays(arrayMap(text -> replaceAll(replaceAll(text, '\x01\x01', '\0'), '\x01\x02', '\x01'), arrayPopBack(splitByChar('\0', toString(AttributeKeys)))), arrayMap(text -> replaceAll(replaceAll(text, '\x01\x01', '\0'), '\x01\x02', '\x01'), arrayPopBack(splitByChar('\0', AttributeValues)))), 'Map(LowCardinality(String), String)'),
    DroppedAttributes UInt32 CODEC(ZSTD(1)),
    EventName LowCardinality(String) CODEC(ZSTD(1)),
    INDEX idx_trace_id replaceOne(lower(hex(TraceId)), '00000000000000000000000000000000', '') TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_timestamp Timestamp TYPE minmax GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Timestamp)
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
TTL toDateTime(Timestamp) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 104857600, min_rows_for_wide_part = 500000, max_bytes_to_merge_at_max_space_in_pool = 5368709120;

-- Points of gauges and sums.
CREATE TABLE IF NOT EXISTS metric_points {on_cluster}
(
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Signal LowCardinality(String) CODEC(ZSTD(1)),
    Type Enum8('gauge' = 1, 'sum' = 2) CODEC(ZSTD(1)),
    Temporality UInt8 CODEC(ZSTD(1)),
    IsMonotonic Bool CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    StartTime DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Time DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Value Float64 CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    Exemplars Array(Tuple(FilteredAttributes Map(LowCardinality(String), String), TimeUnix DateTime64(9), Value Float64, SpanId FixedString(8), TraceId FixedString(16))) CODEC(ZSTD(1)),
    INDEX idx_time_minmax Time TYPE minmax GRANULARITY 1,
    INDEX idx_type_minmax Type TYPE minmax GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (ServiceName, MetricName, toStartOfHour(Time), SeriesId, Time)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 104857600, min_rows_for_wide_part = 1000000, max_bytes_to_merge_at_max_space_in_pool = 5368709120;

-- From Kind to IsError, columns are derived, and filled for the metrics that say how calls went.
CREATE TABLE IF NOT EXISTS metric_histograms {on_cluster}
(
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Temporality UInt8 CODEC(ZSTD(1)),
    StartTime DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Time DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Count UInt64 CODEC(ZSTD(1)),
    Sum Float64 CODEC(ZSTD(1)),
    Min Float64 CODEC(ZSTD(1)),
    Max Float64 CODEC(ZSTD(1)),
    BucketCounts Array(UInt64) CODEC(T64, ZSTD(1)),
    ExplicitBounds Array(Float64) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    Exemplars Array(Tuple(FilteredAttributes Map(LowCardinality(String), String), TimeUnix DateTime64(9), Value Float64, SpanId FixedString(8), TraceId FixedString(16))) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    Operation LowCardinality(String) CODEC(ZSTD(1)),
    Destination LowCardinality(String) CODEC(ZSTD(1)),
    DestinationSystem LowCardinality(String) CODEC(ZSTD(1)),
    DestinationKind Enum8('' = 0, 'topic' = 1, 'database' = 2, 'external' = 3) CODEC(ZSTD(1)),
    ConsumerGroup LowCardinality(String) CODEC(ZSTD(1)),
    IsError Bool CODEC(ZSTD(1)),
    INDEX idx_time_minmax Time TYPE minmax GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (ServiceName, MetricName, toStartOfHour(Time), SeriesId, Time)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 104857600, min_rows_for_wide_part = 500000, max_bytes_to_merge_at_max_space_in_pool = 5368709120;

CREATE TABLE IF NOT EXISTS metric_exponential_histograms {on_cluster}
(
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Temporality UInt8 CODEC(ZSTD(1)),
    StartTime DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Time DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Count UInt64 CODEC(ZSTD(1)),
    Sum Float64 CODEC(ZSTD(1)),
    Min Float64 CODEC(ZSTD(1)),
    Max Float64 CODEC(ZSTD(1)),
    Scale Int32 CODEC(ZSTD(1)),
    ZeroCount UInt64 CODEC(ZSTD(1)),
    ZeroThreshold Float64 CODEC(ZSTD(1)),
    PositiveOffset Int32 CODEC(ZSTD(1)),
    PositiveBucketCounts Array(UInt64) CODEC(T64, ZSTD(1)),
    NegativeOffset Int32 CODEC(ZSTD(1)),
    NegativeBucketCounts Array(UInt64) CODEC(T64, ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    Exemplars Array(Tuple(FilteredAttributes Map(LowCardinality(String), String), TimeUnix DateTime64(9), Value Float64, SpanId FixedString(8), TraceId FixedString(16))) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    Operation LowCardinality(String) CODEC(ZSTD(1)),
    Destination LowCardinality(String) CODEC(ZSTD(1)),
    DestinationSystem LowCardinality(String) CODEC(ZSTD(1)),
    DestinationKind Enum8('' = 0, 'topic' = 1, 'database' = 2, 'external' = 3) CODEC(ZSTD(1)),
    ConsumerGroup LowCardinality(String) CODEC(ZSTD(1)),
    IsError Bool CODEC(ZSTD(1)),
    INDEX idx_time_minmax Time TYPE minmax GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (ServiceName, MetricName, toStartOfHour(Time), SeriesId, Time)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 104857600, min_rows_for_wide_part = 500000, max_bytes_to_merge_at_max_space_in_pool = 5368709120;

CREATE TABLE IF NOT EXISTS metric_summaries {on_cluster}
(
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    StartTime DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Time DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Count UInt64 CODEC(ZSTD(1)),
    Sum Float64 CODEC(ZSTD(1)),
    Quantiles Array(Tuple(Quantile Float64, Value Float64)) CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    INDEX idx_time_minmax Time TYPE minmax GRANULARITY 1
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (ServiceName, MetricName, toStartOfHour(Time), SeriesId, Time)
TTL toDateTime(Time) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_bytes_for_wide_part = 104857600, min_rows_for_wide_part = 500000, max_bytes_to_merge_at_max_space_in_pool = 5368709120;
