-- The graph in time, what is declared of pipelines, how fresh each part is, SLOs and dead letters.

-- A node or an edge is seen in spells: a new one begins at Since when it was silent for long before (pipelines/topology.ts).
-- Rows from before this have spells that began at 0, the kinds of their ends follow from the edge's kind.
ALTER TABLE topology_nodes {on_cluster} ADD COLUMN IF NOT EXISTS Since DateTime AFTER ConsoleUrl, MODIFY ORDER BY (Pipeline, Kind, Node, Since);
ALTER TABLE topology_edges {on_cluster} ADD COLUMN IF NOT EXISTS Since DateTime AFTER `Group`, MODIFY ORDER BY (Pipeline, Kind, `From`, `To`, `Group`, Since);
ALTER TABLE topology_edges {on_cluster}
    ADD COLUMN IF NOT EXISTS FromKind LowCardinality(String) AFTER Since,
    ADD COLUMN IF NOT EXISTS ToKind LowCardinality(String) AFTER FromKind,
    ADD COLUMN IF NOT EXISTS FirstSeen DateTime AFTER ToKind;

-- One row for each version of a declared pipeline, in force from Since until the next; Removed ends it. Body is the
-- definition as JSON (store/queries/definitions.ts).
CREATE TABLE IF NOT EXISTS pipeline_definitions {on_cluster}
(
    Pipeline String,
    Since DateTime64(3),
    Removed Bool,
    Owner String,
    Criticality LowCardinality(String),
    Body String CODEC(ZSTD(1))
)
ENGINE = {engine:ReplacingMergeTree}
ORDER BY (Pipeline, Since)
SETTINGS non_replicated_deduplication_window = 1000;

-- One row per stage, topic, dataset and database and round. Every event before CompleteTo has been handled, as far as is known; Age is
-- the seconds from there to Time, OwnAge what it would be if everything upstream were complete. LimitedBy names
-- the part that holds it back (`kind:name`), itself included.
CREATE TABLE IF NOT EXISTS freshness {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    Node String CODEC(ZSTD(1)),
    CompleteTo DateTime64(3) CODEC(Delta, ZSTD(1)),
    Age Float64 CODEC(ZSTD(1)),
    OwnAge Float64 CODEC(ZSTD(1)),
    State LowCardinality(String) CODEC(ZSTD(1)),
    LimitedBy String CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, Kind, Node, Time)
TTL Time + toIntervalDay(90)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- One row per SLO and round. Burns are burn rates, the long and the short window of each rule in turn; Fast and Slow are how
-- near the rules that page and those that do not are to firing: 1 and above fires (pipelines/slo.ts).
CREATE TABLE IF NOT EXISTS slo_states {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Slo String CODEC(ZSTD(1)),
    Indicator LowCardinality(String) CODEC(ZSTD(1)),
    Kind LowCardinality(String) CODEC(ZSTD(1)),
    Node String CODEC(ZSTD(1)),
    Objective Float64 CODEC(ZSTD(1)),
    Good Float64 CODEC(ZSTD(1)),
    Total Float64 CODEC(ZSTD(1)),
    BudgetLeft Float64 CODEC(ZSTD(1)),
    Burns Array(Float64) CODEC(ZSTD(1)),
    Fast Float64 CODEC(ZSTD(1)),
    Slow Float64 CODEC(ZSTD(1)),
    State LowCardinality(String) CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(Time)
ORDER BY (Pipeline, Slo, Time)
TTL Time + toIntervalDay(400)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- One row per dead-letter topic and round. Depth is the records that wait in it, Rate the records per second that came in lately,
-- OldestAge and NewestAge how long ago the oldest and the newest of them was written, in seconds; NaN where not known.
CREATE TABLE IF NOT EXISTS dead_letter_topics {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String) CODEC(ZSTD(1)),
    Topic String CODEC(ZSTD(1)),
    SourceTopic String CODEC(ZSTD(1)),
    Stage String CODEC(ZSTD(1)),
    Depth Float64 CODEC(ZSTD(1)),
    Rate Float64 CODEC(ZSTD(1)),
    OldestAge Float64 CODEC(ZSTD(1)),
    NewestAge Float64 CODEC(ZSTD(1)),
    OldestIsBound Bool CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, Topic, Time)
TTL Time + toIntervalDay(90)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- The rows that are stored already, where none of them is kept yet.
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
WHERE isFinite(p.Value) AND p.Signal = ''
    AND (p.MetricName IN ('weir.event.time', 'weir.watermark',
            'flink_taskmanager_job_task_operator_currentOutputWatermark', 'flink.taskmanager.job.task.operator.currentOutputWatermark',
            'OutputWatermarkDelaySeconds', 'azure_outputwatermarkdelayseconds_maximum', 'dataflow.googleapis.com/job/data_watermark_age',
            'weir.records.dead_lettered', 'weir.records.schema_violations', 'weir.records.duplicates', 'weir.records.late', 'weir.records.out_of_order',
            'flink_taskmanager_job_task_operator_numLateRecordsDropped', 'flink.taskmanager.job.task.operator.numLateRecordsDropped',
            'rabbitmq_global_messages_dead_lettered_rejected_total', 'rabbitmq_global_messages_dead_lettered_expired_total',
            'rabbitmq_global_messages_dead_lettered_maxlen_total', 'rabbitmq_global_messages_dead_lettered_delivery_limit_total')
        OR endsWith(p.MetricName, '.eventTime-watermark') OR endsWith(p.MetricName, '_eventTime_watermark'))
    AND p.MetricName NOT IN (SELECT MetricName FROM gauge_10s WHERE Signal = '')
GROUP BY Time, MetricName, MetricKind, Signal, Pipeline, Service, SeriesId
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

-- What stages and engines say of event times, watermarks and records that went wrong, in steps of ten seconds: the names stand in
-- store/queries/watermarks.ts and store/queries/problem-metrics.ts too. Spark puts the query into the metric's name.
CREATE MATERIALIZED VIEW IF NOT EXISTS gauge_10s_stages_mv {on_cluster} TO gauge_10s AS
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
WHERE isFinite(p.Value) AND p.Signal = ''
    AND (p.MetricName IN ('weir.event.time', 'weir.watermark',
            'flink_taskmanager_job_task_operator_currentOutputWatermark', 'flink.taskmanager.job.task.operator.currentOutputWatermark',
            'OutputWatermarkDelaySeconds', 'azure_outputwatermarkdelayseconds_maximum', 'dataflow.googleapis.com/job/data_watermark_age',
            'weir.records.dead_lettered', 'weir.records.schema_violations', 'weir.records.duplicates', 'weir.records.late', 'weir.records.out_of_order',
            'flink_taskmanager_job_task_operator_numLateRecordsDropped', 'flink.taskmanager.job.task.operator.numLateRecordsDropped',
            'rabbitmq_global_messages_dead_lettered_rejected_total', 'rabbitmq_global_messages_dead_lettered_expired_total',
            'rabbitmq_global_messages_dead_lettered_maxlen_total', 'rabbitmq_global_messages_dead_lettered_delivery_limit_total')
        OR endsWith(p.MetricName, '.eventTime-watermark') OR endsWith(p.MetricName, '_eventTime_watermark'));
