-- What fills the rollups: materialized views over the lean tables for the finest level, and over each level for the next one. A view sees
-- the rows of one insert; a level is summed up as its rows are written and when parts merge, so these need no GROUP BY.
--
-- This file starts from what is stored: it can run again from its start, and then fills the levels anew. red_10s keeps its rows.

DROP VIEW IF EXISTS red_10s_spans_mv {on_cluster};
DROP VIEW IF EXISTS red_10s_histograms_mv {on_cluster};
DROP VIEW IF EXISTS red_10s_exponential_histograms_mv {on_cluster};
DROP VIEW IF EXISTS red_10s_event_time_mv {on_cluster};
DROP VIEW IF EXISTS red_1m_mv {on_cluster};
DROP VIEW IF EXISTS red_1h_mv {on_cluster};
DROP VIEW IF EXISTS edges_1m_mv {on_cluster};
DROP VIEW IF EXISTS edges_5m_mv {on_cluster};
DROP VIEW IF EXISTS edges_1h_mv {on_cluster};
DROP VIEW IF EXISTS trace_times_mv {on_cluster};
DROP VIEW IF EXISTS gauge_10s_mv {on_cluster};
DROP VIEW IF EXISTS gauge_1m_mv {on_cluster};
DROP VIEW IF EXISTS gauge_1h_mv {on_cluster};
DROP VIEW IF EXISTS services_mv {on_cluster};

-- Gauges and sums of 10 s are kept for the series the detector and the lag of consumer groups are read from; all others begin at 1 min.
-- What a series is called and measures is no longer repeated in every row: join metric_series on SeriesId.
ALTER TABLE gauge_10s {on_cluster} DROP COLUMN IF EXISTS Attributes, DROP COLUMN IF EXISTS Topic, DROP COLUMN IF EXISTS ConsumerGroup, DROP COLUMN IF EXISTS Partition;

-- The rows that are stored already.
TRUNCATE TABLE red_1m {on_cluster};
TRUNCATE TABLE red_1h {on_cluster};
TRUNCATE TABLE edges_1m {on_cluster};
TRUNCATE TABLE edges_5m {on_cluster};
TRUNCATE TABLE edges_1h {on_cluster};
TRUNCATE TABLE gauge_10s {on_cluster};
TRUNCATE TABLE gauge_1m {on_cluster};
TRUNCATE TABLE gauge_1h {on_cluster};
INSERT INTO red_1m (Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets)
SELECT toStartOfMinute(s.Time) AS Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM red_10s AS s
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO red_1h (Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets)
SELECT toStartOfHour(s.Time) AS Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM red_1m AS s
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO edges_1m (Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets)
SELECT toStartOfMinute(s.Time) AS Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM red_10s AS s
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO edges_5m (Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets)
SELECT toStartOfFiveMinutes(s.Time) AS Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM edges_1m AS s
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO edges_1h (Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets)
SELECT toStartOfHour(s.Time) AS Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM edges_5m AS s
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO gauge_10s (Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Last, Min, Max, Sum, Count)
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time) - if(p.Type = 'sum' AND p.Temporality = 1, 1, 0), 10000000000) * 10) AS Time,
    p.MetricName AS MetricName,
    multiIf(p.Type = 'gauge', 'gauge', p.Temporality = 1, 'delta', p.IsMonotonic, 'cumulative', 'gauge') AS MetricKind,
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
WHERE isFinite(p.Value)
    AND (p.Signal != '' OR p.MetricName IN ('kafka.consumer_group.lag', 'weir.consumer_group.lag_time', 'kafka.consumer_group.offset', 'kafka.consumer_group.members'))
GROUP BY Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO gauge_1m (Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Last, Min, Max, Sum, Count)
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time) - if(p.Type = 'sum' AND p.Temporality = 1, 1, 0), 60000000000) * 60) AS Time,
    p.MetricName AS MetricName,
    multiIf(p.Type = 'gauge', 'gauge', p.Temporality = 1, 'delta', p.IsMonotonic, 'cumulative', 'gauge') AS MetricKind,
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
WHERE isFinite(p.Value)
GROUP BY Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
INSERT INTO gauge_1h (Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Last, Min, Max, Sum, Count)
SELECT toStartOfHour(s.Time) AS Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Last, Min, Max, Sum, Count
FROM gauge_1m AS s
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

-- The histogram of a step is the sorted list of its spans' bucket numbers, run-length encoded: a quarter of the cost of
-- sumMap over single spans. Rows are grouped by one hash of what names a row, of 64 bits: two of the few thousand names of
-- an insert would have to collide for their spans to be counted together. Grouping by the eight texts costs twice as much.
CREATE MATERIALIZED VIEW red_10s_spans_mv {on_cluster} TO red_10s AS
WITH
    arraySort(groupArray(toInt16(ceil(log2(greatest(s.Duration, 1) / 1e9) * 32)))) AS numbers,
    arrayPushFront(arrayFilter((i, step) -> step != 0, arrayEnumerate(numbers), arrayDifference(numbers)), 1) AS starts
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(s.Timestamp) + toInt64(s.Duration), 10000000000) * 10) AS Time,
    any(s.Pipeline) AS Pipeline,
    if(any(s.ServiceName) = '', 'unknown_service', any(s.ServiceName)) AS Service,
    if(any(s.SpanKind) = 'Unspecified', 'Internal', toString(any(s.SpanKind))) AS Kind,
    any(s.SpanName) AS Operation,
    any(s.Destination) AS Destination,
    any(s.DestinationSystem) AS DestinationSystem,
    toString(any(s.DestinationKind)) AS DestinationKind,
    any(s.ConsumerGroup) AS ConsumerGroup,
    'spans' AS Source,
    count() AS Count,
    countIf(s.StatusCode = 'Error') AS Errors,
    sum(s.Messages) AS Messages,
    sum(s.Duration / 1e9) AS DurationSum,
    max(s.EventTime) AS EventTimeMax,
    (arrayCompact(numbers), arrayMap((start, next) -> toUInt64(next - start), starts, arrayPushBack(arrayPopFront(starts), length(numbers) + 1))) AS Buckets
FROM spans AS s
GROUP BY Time, cityHash64(s.Pipeline, s.ServiceName, s.SpanKind, s.SpanName, s.Destination, s.DestinationSystem, s.DestinationKind, s.ConsumerGroup);

-- Duration histograms of metrics, delta temporality only (a view sees one insert and cannot subtract cumulative points).
-- The count of an explicit bucket goes to the geometric middle of its bounds. The first bucket is taken from its
-- upper bound's half (or from Min when it is known), the last one up to Max, and a point without bounds counts at its mean.
-- A sum that is no number would make none of every level's row: it is left out.
CREATE MATERIALIZED VIEW red_10s_histograms_mv {on_cluster} TO red_10s AS
WITH
    length(h.ExplicitBounds) AS bounds,
    if(bounds = 0, [h.Count], h.BucketCounts) AS counts,
    arrayMap(i -> multiIf(bounds = 0, h.Sum / greatest(h.Count, 1),
                          i = bounds + 1, sqrt(h.ExplicitBounds[bounds] * greatest(h.Max, h.ExplicitBounds[bounds])),
                          i = 1 AND h.Min > 0 AND h.Min < h.ExplicitBounds[1], sqrt(h.Min * h.ExplicitBounds[1]),
                          i = 1 OR h.ExplicitBounds[i - 1] <= 0, h.ExplicitBounds[i] / sqrt(2),
                          sqrt(h.ExplicitBounds[i - 1] * h.ExplicitBounds[i])),
             arrayEnumerate(counts)) AS middles,
    arrayMap(v -> toInt16(least(greatest(ceil(log2(greatest(v, 1e-9)) * 32), -957), 1100)), middles) AS indexes
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(h.Time) - 1, 10000000000) * 10) AS Time,
    h.Pipeline AS Pipeline,
    if(h.ServiceName = '', 'unknown_service', h.ServiceName) AS Service,
    h.Kind AS Kind,
    h.Operation AS Operation,
    h.Destination AS Destination,
    h.DestinationSystem AS DestinationSystem,
    toString(h.DestinationKind) AS DestinationKind,
    h.ConsumerGroup AS ConsumerGroup,
    'metrics' AS Source,
    sum(h.Count) AS Count,
    sumIf(h.Count, h.IsError) AS Errors,
    sum(h.Count) AS Messages,
    sumIf(h.Sum, isFinite(h.Sum)) AS DurationSum,
    sumMap(indexes, counts) AS Buckets
FROM metric_histograms AS h
WHERE h.Kind != '' AND h.Temporality = 1
GROUP BY Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source;

-- Exponential histograms brought to scale 5 (base 2^(1/32)): buckets of a finer scale fall into one of ours, a coarser one
-- counts at its geometric middle. Their bucket k at scale s covers (2^(k/2^s), 2^((k+1)/2^s)]. Histograms of equal scale and
-- offset are added up as they are before any bucket is looked at; the hash is that of red_10s_spans_mv.
CREATE MATERIALIZED VIEW red_10s_exponential_histograms_mv {on_cluster} TO red_10s AS
SELECT
    Time,
    any(e.Pipeline) AS Pipeline,
    if(any(e.ServiceName) = '', 'unknown_service', any(e.ServiceName)) AS Service,
    any(e.Kind) AS Kind,
    any(e.Operation) AS Operation,
    any(e.Destination) AS Destination,
    any(e.DestinationSystem) AS DestinationSystem,
    toString(any(e.DestinationKind)) AS DestinationKind,
    any(e.ConsumerGroup) AS ConsumerGroup,
    'metrics' AS Source,
    sum(e.Count) AS Count,
    sum(e.Errors) AS Errors,
    sum(e.Count) AS Messages,
    sum(e.DurationSum) AS DurationSum,
    sumMap(
        arrayPushBack(arrayMap(i -> toInt16(least(greatest(ceil((e.PositiveOffset + i - 0.5) * exp2(5 - e.Scale)), -957), 1100)), arrayEnumerate(e.Counts)), toInt16(-957)),
        arrayPushBack(e.Counts, e.ZeroCount)) AS Buckets
FROM
(
    SELECT
        toDateTime(intDiv(toUnixTimestamp64Nano(h.Time) - 1, 10000000000) * 10) AS Time,
        cityHash64(h.Pipeline, h.ServiceName, h.Kind, h.Operation, h.Destination, h.DestinationSystem, h.DestinationKind, h.ConsumerGroup) AS Name,
        h.Scale AS Scale,
        h.PositiveOffset AS PositiveOffset,
        any(h.Pipeline) AS Pipeline,
        any(h.ServiceName) AS ServiceName,
        any(h.Kind) AS Kind,
        any(h.Operation) AS Operation,
        any(h.Destination) AS Destination,
        any(h.DestinationSystem) AS DestinationSystem,
        any(h.DestinationKind) AS DestinationKind,
        any(h.ConsumerGroup) AS ConsumerGroup,
        sum(h.Count) AS Count,
        sumIf(h.Count, h.IsError) AS Errors,
        sumIf(h.Sum, isFinite(h.Sum)) AS DurationSum,
        sum(h.ZeroCount) AS ZeroCount,
        sumForEach(h.PositiveBucketCounts) AS Counts
    FROM metric_exponential_histograms AS h
    WHERE h.Kind != '' AND h.Temporality = 1
    GROUP BY Time, Name, Scale, PositiveOffset
) AS e
GROUP BY Time, Name;

-- The gauge weir.event.time (unix milliseconds) counts for freshness as the span attribute of the same name does.
CREATE MATERIALIZED VIEW red_10s_event_time_mv {on_cluster} TO red_10s AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time), 10000000000) * 10) AS Time,
    p.Pipeline AS Pipeline,
    if(p.ServiceName = '', 'unknown_service', p.ServiceName) AS Service,
    'Internal' AS Kind,
    'metrics' AS Source,
    max(toUInt64(greatest(p.Value, 0))) AS EventTimeMax
FROM metric_points AS p
WHERE p.MetricName = 'weir.event.time' AND p.Type = 'gauge' AND isFinite(p.Value)
GROUP BY Time, Pipeline, Service, Kind, Source;

CREATE MATERIALIZED VIEW red_1m_mv {on_cluster} TO red_1m AS
SELECT toStartOfMinute(s.Time) AS Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM red_10s AS s;

CREATE MATERIALIZED VIEW red_1h_mv {on_cluster} TO red_1h AS
SELECT toStartOfHour(s.Time) AS Time, Pipeline, Service, Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM red_1m AS s;

CREATE MATERIALIZED VIEW edges_1m_mv {on_cluster} TO edges_1m AS
SELECT toStartOfMinute(s.Time) AS Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM red_10s AS s;

CREATE MATERIALIZED VIEW edges_5m_mv {on_cluster} TO edges_5m AS
SELECT toStartOfFiveMinutes(s.Time) AS Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM edges_1m AS s;

CREATE MATERIALIZED VIEW edges_1h_mv {on_cluster} TO edges_1h AS
SELECT toStartOfHour(s.Time) AS Time, Pipeline, Service, Kind, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Source, Count, Errors, Messages, DurationSum, EventTimeMax, Buckets
FROM edges_5m AS s;

CREATE MATERIALIZED VIEW trace_times_mv {on_cluster} TO trace_times AS
SELECT s.TraceId AS TraceId, toDateTime(min(s.Timestamp)) AS Start, toDateTime(max(s.Timestamp)) AS End
FROM spans AS s
WHERE s.TraceId != toFixedString('', 16)
GROUP BY TraceId;

-- A delta point counts in the step that holds the end of its interval, every other point in the step of its sample.
CREATE MATERIALIZED VIEW gauge_10s_mv {on_cluster} TO gauge_10s AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time) - if(p.Type = 'sum' AND p.Temporality = 1, 1, 0), 10000000000) * 10) AS Time,
    p.MetricName AS MetricName,
    multiIf(p.Type = 'gauge', 'gauge', p.Temporality = 1, 'delta', p.IsMonotonic, 'cumulative', 'gauge') AS MetricKind,
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
WHERE isFinite(p.Value)
    AND (p.Signal != '' OR p.MetricName IN ('kafka.consumer_group.lag', 'weir.consumer_group.lag_time', 'kafka.consumer_group.offset', 'kafka.consumer_group.members'));

CREATE MATERIALIZED VIEW gauge_1m_mv {on_cluster} TO gauge_1m AS
SELECT
    toDateTime(intDiv(toUnixTimestamp64Nano(p.Time) - if(p.Type = 'sum' AND p.Temporality = 1, 1, 0), 60000000000) * 60) AS Time,
    p.MetricName AS MetricName,
    multiIf(p.Type = 'gauge', 'gauge', p.Temporality = 1, 'delta', p.IsMonotonic, 'cumulative', 'gauge') AS MetricKind,
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
WHERE isFinite(p.Value);

CREATE MATERIALIZED VIEW gauge_1h_mv {on_cluster} TO gauge_1h AS
SELECT toStartOfHour(s.Time) AS Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Last, Min, Max, Sum, Count
FROM gauge_1m AS s;

-- Which services speak, since when: told with every scope, which is at least once a minute while it speaks.
CREATE MATERIALIZED VIEW services_mv {on_cluster} TO services AS
SELECT
    r.Pipeline AS Pipeline,
    if(r.ServiceName = '', 'unknown_service', r.ServiceName) AS Service,
    r.Origin AS Origin,
    max(r.ConsoleUrl) AS ConsoleUrl,
    min(r.Seen) AS FirstSeen,
    max(r.Seen) AS LastSeen
FROM resource_scopes AS r
GROUP BY Pipeline, Service, Origin;
