-- What lag in time is computed from and what came out of it.
--
-- Samples say where a partition's log ended at a time: the newest point of each step, so that a point dated into the past (what a broker
-- answers when it is asked for the offset of a time) stands beside those of its own time. A series is a partition as one source reports it;
-- metric_series says which. Ten seconds for two days serve lags of minutes and hours, five minutes serve what is older: a step is then
-- less than a twentieth of the lag it measures.
CREATE TABLE IF NOT EXISTS offset_samples_10s {on_cluster}
(
    SeriesId UInt64 CODEC(ZSTD(1)),
    Time DateTime CODEC(Delta, ZSTD(1)),
    -- Unix milliseconds of the sample, and the log end offset.
    Last SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (SeriesId, Time)
TTL Time + toIntervalDay(2)
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS offset_samples_5m {on_cluster}
(
    SeriesId UInt64 CODEC(ZSTD(1)),
    Time DateTime CODEC(Delta, ZSTD(1)),
    Last SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toMonday(Time)
ORDER BY (SeriesId, Time)
TTL Time + toIntervalDay(100)
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Since when a partition's log is another one: its end fell, or the topic has another id. Samples before are void.
CREATE TABLE IF NOT EXISTS offset_resets {on_cluster}
(
    Cluster String CODEC(ZSTD(1)),
    Topic String CODEC(ZSTD(1)),
    Partition Int32 CODEC(ZSTD(1)),
    Time DateTime64(3) CODEC(ZSTD(1)),
    Reason LowCardinality(String) CODEC(ZSTD(1))
)
ENGINE = {engine:ReplacingMergeTree(Time)}
ORDER BY (Cluster, Topic, Partition)
TTL toDateTime(Time) + toIntervalDay(100)
SETTINGS non_replicated_deduplication_window = 1000;

-- A group on one topic, and with Topic '' the group as a whole, one row a round. Seconds, records and records per second; NaN where not
-- known. LagError is half of what the samples leave open; AtLeast marks a lag in time that is a lower bound. CatchUpSeconds is infinite
-- where the group never catches up at this rate. LossSeconds: until retention takes a record the group has not read, infinite where
-- that does not happen. Lost: records it has taken already.
CREATE TABLE IF NOT EXISTS group_lags {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Cluster LowCardinality(String) CODEC(ZSTD(1)),
    `Group` LowCardinality(String) CODEC(ZSTD(1)),
    Topic LowCardinality(String) CODEC(ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Type LowCardinality(String) CODEC(ZSTD(1)),
    State LowCardinality(String) CODEC(ZSTD(1)),
    Since DateTime CODEC(Delta, ZSTD(1)),
    Members Float64 CODEC(ZSTD(1)),
    Partitions UInt32 CODEC(ZSTD(1)),
    Waiting UInt32 CODEC(ZSTD(1)),
    Lag Float64 CODEC(ZSTD(1)),
    LagSeconds Float64 CODEC(ZSTD(1)),
    LagError Float64 CODEC(ZSTD(1)),
    AtLeast Bool CODEC(ZSTD(1)),
    EndRate Float64 CODEC(ZSTD(1)),
    CommitRate Float64 CODEC(ZSTD(1)),
    CatchUpSeconds Float64 CODEC(ZSTD(1)),
    Headroom Float64 CODEC(ZSTD(1)),
    LossSeconds Float64 CODEC(ZSTD(1)),
    LossLower Float64 CODEC(ZSTD(1)),
    LossUpper Float64 CODEC(ZSTD(1)),
    LossExpected Bool CODEC(ZSTD(1)),
    Lost Float64 CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (`Group`, Cluster, Topic, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- One partition as a group reads it, in the columns of group_lags. Of a large installation only partitions that lag or are in a state
-- that needs someone (docs/lag-states.md).
CREATE TABLE IF NOT EXISTS partition_lags {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Cluster LowCardinality(String) CODEC(ZSTD(1)),
    `Group` LowCardinality(String) CODEC(ZSTD(1)),
    Topic LowCardinality(String) CODEC(ZSTD(1)),
    Partition Int32 CODEC(ZSTD(1)),
    State LowCardinality(String) CODEC(ZSTD(1)),
    Since DateTime CODEC(Delta, ZSTD(1)),
    Committed Float64 CODEC(ZSTD(1)),
    End Float64 CODEC(ZSTD(1)),
    Oldest Float64 CODEC(ZSTD(1)),
    Lag Float64 CODEC(ZSTD(1)),
    LagSeconds Float64 CODEC(ZSTD(1)),
    LagError Float64 CODEC(ZSTD(1)),
    AtLeast Bool CODEC(ZSTD(1)),
    EndRate Float64 CODEC(ZSTD(1)),
    CommitRate Float64 CODEC(ZSTD(1)),
    CatchUpSeconds Float64 CODEC(ZSTD(1)),
    Headroom Float64 CODEC(ZSTD(1)),
    LossSeconds Float64 CODEC(ZSTD(1)),
    LossLower Float64 CODEC(ZSTD(1)),
    LossUpper Float64 CODEC(ZSTD(1)),
    LossExpected Bool CODEC(ZSTD(1)),
    Lost Float64 CODEC(ZSTD(1)),
    Pause Float64 CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (`Group`, Cluster, Topic, Partition, Time)
TTL Time + toIntervalDay(7)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- The rows that are stored already, where nothing is sampled yet.
INSERT INTO offset_samples_10s (SeriesId, Time, Last)
SELECT SeriesId, toDateTime(intDiv(toUnixTimestamp64Milli(p.Time), 10000) * 10) AS Time, max((toUInt64(toUnixTimestamp64Milli(p.Time)), p.Value)) AS Last
FROM metric_points AS p
WHERE p.MetricName = 'kafka.partition.current_offset' AND isFinite(p.Value) AND p.Time > now() - toIntervalDay(2)
    AND (SELECT count() FROM offset_samples_10s) = 0
GROUP BY SeriesId, Time
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO offset_samples_5m (SeriesId, Time, Last)
SELECT SeriesId, toStartOfFiveMinutes(toDateTime(p.Time)) AS Time, max((toUInt64(toUnixTimestamp64Milli(p.Time)), p.Value)) AS Last
FROM metric_points AS p
WHERE p.MetricName = 'kafka.partition.current_offset' AND isFinite(p.Value)
    AND (SELECT count() FROM offset_samples_5m) = 0
GROUP BY SeriesId, Time
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO gauge_10s (Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Last, Min, Max, Sum, Count)
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time), 10000000000) * 10) AS Time,
    p.MetricName AS MetricName,
    'gauge' AS MetricKind,
    p.Signal AS Signal,
    p.Pipeline AS Pipeline,
    if(p.ServiceName = '', 'unknown_service', p.ServiceName) AS Service,
    p.SeriesId AS SeriesId,
    max((toUInt64(toUnixTimestamp64Nano(p.Time)), p.Value)) AS Last,
    min(p.Value) AS Min,
    max(p.Value) AS Max,
    sum(p.Value) AS Sum,
    count() AS Count
FROM metric_points AS p
WHERE p.Signal = '' AND isFinite(p.Value) AND p.Type = 'gauge'
    AND p.MetricName IN ('kafka.partition.current_offset', 'kafka.partition.oldest_offset', 'weir.partition.stable_offset',
        'weir.partition.size', 'weir.topic.retention.time', 'weir.topic.retention.size', 'weir.topic.compacted', 'weir.topic.identity',
        'weir.consumer_group.state')
    AND (SELECT count() FROM gauge_10s WHERE Signal = '' AND MetricName IN ('kafka.partition.current_offset', 'kafka.partition.oldest_offset', 'weir.partition.stable_offset',
        'weir.partition.size', 'weir.topic.retention.time', 'weir.topic.retention.size', 'weir.topic.compacted', 'weir.topic.identity',
        'weir.consumer_group.state')) = 0
GROUP BY Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS offset_samples_10s_mv {on_cluster} TO offset_samples_10s AS
SELECT
    p.SeriesId AS SeriesId,
    toDateTime(intDiv(toUnixTimestamp64Milli(p.Time), 10000) * 10) AS Time,
    (toUInt64(toUnixTimestamp64Milli(p.Time)), p.Value) AS Last
FROM metric_points AS p
WHERE p.MetricName = 'kafka.partition.current_offset' AND isFinite(p.Value) AND p.Value >= 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS offset_samples_5m_mv {on_cluster} TO offset_samples_5m AS
SELECT s.SeriesId AS SeriesId, toStartOfFiveMinutes(s.Time) AS Time, s.Last AS Last
FROM offset_samples_10s AS s;

-- The facts of brokers and groups that gauge_10s did not keep so far.
CREATE MATERIALIZED VIEW IF NOT EXISTS gauge_10s_kafka_mv {on_cluster} TO gauge_10s AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time), 10000000000) * 10) AS Time,
    p.MetricName AS MetricName,
    'gauge' AS MetricKind,
    p.Signal AS Signal,
    p.Pipeline AS Pipeline,
    if(p.ServiceName = '', 'unknown_service', p.ServiceName) AS Service,
    p.SeriesId AS SeriesId,
    (toUInt64(toUnixTimestamp64Nano(p.Time)), p.Value) AS Last,
    p.Value AS Min,
    p.Value AS Max,
    p.Value AS Sum,
    1 AS Count
FROM metric_points AS p
WHERE p.Signal = '' AND isFinite(p.Value) AND p.Type = 'gauge'
    AND p.MetricName IN ('kafka.partition.current_offset', 'kafka.partition.oldest_offset', 'weir.partition.stable_offset',
        'weir.partition.size', 'weir.topic.retention.time', 'weir.topic.retention.size', 'weir.topic.compacted', 'weir.topic.identity',
        'weir.consumer_group.state');
