-- Rollups in levels of time: 10 s, 1 min and 1 h, and of the edges 5 min. Each is filled from the one before it as rows arrive (0010), gauge_1m from the
-- points themselves, since gauge_10s keeps a part of the metrics. Columns and their meaning are those of red_10s and gauge_10s (0002):
-- plain columns are dimensions, the rest adds up under GROUP BY.

CREATE TABLE IF NOT EXISTS red_1m {on_cluster}
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
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS red_1h {on_cluster}
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
PARTITION BY toYYYYMM(Time)
ORDER BY (toDate(Time), Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, Operation, ConsumerGroup, Source, Time)
TTL Time + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- The same without Operation: one service as a whole, and who calls, feeds and reads whom.
CREATE TABLE IF NOT EXISTS edges_1m {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
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
ORDER BY (Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Charts of a day ask for steps of five minutes, and its percentiles cost what their histograms take to unpack and add.
CREATE TABLE IF NOT EXISTS edges_5m {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
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
    Buckets SimpleAggregateFunction(sumMap, Tuple(Array(Int16), Array(UInt64))) CODEC(LZ4)
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS edges_1h {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
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
PARTITION BY toYYYYMM(Time)
ORDER BY (Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Time)
TTL Time + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Where in time a trace lies. One row per trace and insert until merged: read min(Start) and max(End) + 1.
CREATE TABLE IF NOT EXISTS trace_times {on_cluster}
(
    TraceId FixedString(16) CODEC(ZSTD(1)),
    Start SimpleAggregateFunction(min, DateTime) CODEC(Delta, ZSTD(1)),
    End SimpleAggregateFunction(max, DateTime) CODEC(Delta, ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Start)
ORDER BY (lower(hex(TraceId)), TraceId)
TTL Start + toIntervalDay(30)
SETTINGS index_granularity = 512, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Every gauge and sum per series. What a series is called and measures stands in metric_series under its SeriesId.
CREATE TABLE IF NOT EXISTS gauge_1m {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    MetricKind LowCardinality(String) CODEC(ZSTD(1)),
    Signal LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Last SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1)),
    Min SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    Max SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    Sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (MetricName, toStartOfHour(Time), Service, Pipeline, MetricKind, Signal, SeriesId, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS gauge_1h {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    MetricKind LowCardinality(String) CODEC(ZSTD(1)),
    Signal LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Last SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1)),
    Min SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    Max SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    Sum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(Time)
ORDER BY (MetricName, Service, Pipeline, MetricKind, Signal, SeriesId, Time)
TTL Time + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
