-- Pathways (docs/pathways-and-conservation.md): how long records took from a pathway's origin and from its last checkpoint,
-- and how many passed. What a checkpoint is called stands in metric_series under its SeriesId, as for gauges: its attributes
-- carry the hash, the parent, the direction, the system, the destination and the group.

-- Buckets are of scale 6: bucket i covers (2^((i-1)/64), 2^(i/64)] seconds, and -1914 holds the zeros. Coarse counts the values
-- that came in wider buckets and stand at their geometric middle.
CREATE TABLE IF NOT EXISTS pathways_10s {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    Coarse SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    DurationSum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Buckets SimpleAggregateFunction(sumMap, Tuple(Array(Int16), Array(UInt64))) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, MetricName, Service, SeriesId, Time)
TTL Time + toIntervalDay(7)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS pathways_1m {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    Coarse SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    DurationSum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Buckets SimpleAggregateFunction(sumMap, Tuple(Array(Int16), Array(UInt64))) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, MetricName, Service, SeriesId, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS pathways_1h {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    MetricName LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    Coarse SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    DurationSum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Buckets SimpleAggregateFunction(sumMap, Tuple(Array(Int16), Array(UInt64))) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(Time)
ORDER BY (Pipeline, MetricName, Service, SeriesId, Time)
TTL Time + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Records by the ten seconds their pathways began in (Time), and by when their count was stored (Seen), in steps of ten seconds.
CREATE TABLE IF NOT EXISTS pathway_records_10s {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Seen DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Records SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (toStartOfHour(Time), Pipeline, Service, SeriesId, Time, Seen)
TTL Time + toIntervalDay(7)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS pathway_records_1m {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Records SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, Service, SeriesId, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS pathway_records_1h {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    SeriesId UInt64 CODEC(ZSTD(1)),
    Records SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toYYYYMM(Time)
ORDER BY (Pipeline, Service, SeriesId, Time)
TTL Time + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What plain traces say of pathways, from a share of them: Count spans stand for Estimated ones. Never added to the tables above.
-- Hash and Parent are those the SDK would have reported. Skewed counts spans that began before what they follow.
CREATE TABLE IF NOT EXISTS pathways_sampled_10s {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Hash LowCardinality(String) CODEC(ZSTD(1)),
    Parent LowCardinality(String) CODEC(ZSTD(1)),
    Direction LowCardinality(String) CODEC(ZSTD(1)),
    System LowCardinality(String) CODEC(ZSTD(1)),
    Destination LowCardinality(String) CODEC(ZSTD(1)),
    ConsumerGroup LowCardinality(String) CODEC(ZSTD(1)),
    Count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    Estimated SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Skewed SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    DurationSum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    EdgeSum SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    Buckets SimpleAggregateFunction(sumMap, Tuple(Array(Int16), Array(UInt64))) CODEC(ZSTD(1)),
    EdgeBuckets SimpleAggregateFunction(sumMap, Tuple(Array(Int16), Array(UInt64))) CODEC(ZSTD(1))
)
ENGINE = {engine:AggregatingMergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, Service, Hash, Parent, Direction, System, Destination, ConsumerGroup, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- How many of the records that left one checkpoint reached another, as judged. Records and Reached are of the stretch of Seconds
-- seconds that ends with the newest settled window; Ratio is what was expected of it. Missing is a share of the expected.
-- Detectable is the smallest share that would be noticed at the present volume; Delay1 and Delay01 are the seconds until a
-- drop of 1 % and of 0.1 % would be. NaN where not known.
CREATE TABLE IF NOT EXISTS conservation {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    FromHash LowCardinality(String) CODEC(ZSTD(1)),
    ToHash LowCardinality(String) CODEC(ZSTD(1)),
    FromService LowCardinality(String) CODEC(ZSTD(1)),
    Service LowCardinality(String) CODEC(ZSTD(1)),
    Direction LowCardinality(String) CODEC(ZSTD(1)),
    Destination LowCardinality(String) CODEC(ZSTD(1)),
    ConsumerGroup LowCardinality(String) CODEC(ZSTD(1)),
    State LowCardinality(String) CODEC(ZSTD(1)),
    Records Float64 CODEC(ZSTD(1)),
    Reached Float64 CODEC(ZSTD(1)),
    Ratio Float64 CODEC(ZSTD(1)),
    Missing Float64 CODEC(ZSTD(1)),
    Sigmas Float64 CODEC(ZSTD(1)),
    Seconds UInt32 CODEC(ZSTD(1)),
    Settle Float64 CODEC(ZSTD(1)),
    Detectable Float64 CODEC(ZSTD(1)),
    Delay1 Float64 CODEC(ZSTD(1)),
    Delay01 Float64 CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, Kind, ToHash, FromHash, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

DROP VIEW IF EXISTS pathways_10s_mv {on_cluster};
DROP VIEW IF EXISTS pathways_1m_mv {on_cluster};
DROP VIEW IF EXISTS pathways_1h_mv {on_cluster};
DROP VIEW IF EXISTS pathway_records_10s_mv {on_cluster};
DROP VIEW IF EXISTS pathway_records_1m_mv {on_cluster};
DROP VIEW IF EXISTS pathway_records_1h_mv {on_cluster};

-- Bucket k of scale s covers (2^(k/2^s), 2^((k+1)/2^s)]: of a finer scale it lies in one of ours. Values of no or of a negative
-- length count as zeros. Of delta temporality only: a view sees one insert and cannot subtract.
CREATE MATERIALIZED VIEW pathways_10s_mv {on_cluster} TO pathways_10s AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(h.Time) - 1, 10000000000) * 10) AS Time,
    any(h.Pipeline) AS Pipeline,
    if(any(h.ServiceName) = '', 'unknown_service', any(h.ServiceName)) AS Service,
    h.MetricName AS MetricName,
    h.SeriesId AS SeriesId,
    sum(h.Count) AS Count,
    sumIf(h.Count, h.Scale < 6) AS Coarse,
    sumIf(h.Sum, isFinite(h.Sum)) AS DurationSum,
    sumMap(
        arrayPushBack(arrayMap(i -> toInt16(least(greatest(ceil((h.PositiveOffset + i - 0.5) * exp2(6 - h.Scale)), -1913), 2200)), arrayEnumerate(h.PositiveBucketCounts)), toInt16(-1914)),
        arrayPushBack(h.PositiveBucketCounts, h.ZeroCount + arraySum(h.NegativeBucketCounts))) AS Buckets
FROM metric_exponential_histograms AS h
WHERE h.MetricName IN ('weir.pathway.latency', 'weir.pathway.edge.latency') AND h.Temporality = 1
GROUP BY Time, MetricName, SeriesId;

CREATE MATERIALIZED VIEW pathways_1m_mv {on_cluster} TO pathways_1m AS
SELECT toStartOfMinute(s.Time) AS Time, Pipeline, Service, MetricName, SeriesId, Count, Coarse, DurationSum, Buckets
FROM pathways_10s AS s;

CREATE MATERIALIZED VIEW pathways_1h_mv {on_cluster} TO pathways_1h AS
SELECT toStartOfHour(s.Time) AS Time, Pipeline, Service, MetricName, SeriesId, Count, Coarse, DurationSum, Buckets
FROM pathways_1m AS s;

-- The interval of a point is the window in which its records' pathways began, so that when they passed is told by the clock alone.
CREATE MATERIALIZED VIEW pathway_records_10s_mv {on_cluster} TO pathway_records_10s AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time) - 1, 10000000000) * 10) AS Time,
    toDateTime(intDiv(toUnixTimestamp(now()), 10) * 10) AS Seen,
    p.Pipeline AS Pipeline,
    if(p.ServiceName = '', 'unknown_service', p.ServiceName) AS Service,
    p.SeriesId AS SeriesId,
    p.Value AS Records
FROM metric_points AS p
WHERE p.MetricName = 'weir.pathway.records' AND p.Type = 'sum' AND p.Temporality = 1 AND isFinite(p.Value) AND p.Value > 0;

CREATE MATERIALIZED VIEW pathway_records_1m_mv {on_cluster} TO pathway_records_1m AS
SELECT toStartOfMinute(s.Time) AS Time, Pipeline, Service, SeriesId, Records
FROM pathway_records_10s AS s;

CREATE MATERIALIZED VIEW pathway_records_1h_mv {on_cluster} TO pathway_records_1h AS
SELECT toStartOfHour(s.Time) AS Time, Pipeline, Service, SeriesId, Records
FROM pathway_records_1m AS s;
