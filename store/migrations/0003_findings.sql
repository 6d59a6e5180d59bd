-- What Weir finds and does: written by the detector, the pipeline model and alerting.

-- One row per anomaly, the newest UpdatedAt wins. Labels, Votes (JSON of core Vote[]) and Decision (JSON) hold all inputs of
-- the decision. ResolvedAt and FiredAt are 0 while it has not happened.
CREATE TABLE IF NOT EXISTS anomalies {on_cluster}
(
    Id String,
    Detector LowCardinality(String),
    SeriesKey String,
    Labels Map(LowCardinality(String), String),
    Time DateTime64(3),
    FiredAt DateTime64(3),
    ResolvedAt DateTime64(3),
    Value Float64,
    Expected Float64,
    Lower Float64,
    Upper Float64,
    Score Float64,
    Threshold Float64,
    Direction LowCardinality(String),
    Severity LowCardinality(String),
    Votes String CODEC(ZSTD(1)),
    Decision String CODEC(ZSTD(1)),
    UpdatedAt DateTime64(3)
)
ENGINE = {engine:ReplacingMergeTree(UpdatedAt)}
PARTITION BY toYYYYMM(Time)
ORDER BY (Time, Id)
TTL toDateTime(Time) + toIntervalDay(365)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- One row per judged point: the expected band of the charts. A step judged twice (after a restart) has two rows.
CREATE TABLE IF NOT EXISTS expectations {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    SeriesKey String CODEC(ZSTD(1)),
    Labels Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Value Float64 CODEC(ZSTD(1)),
    Expected Float64 CODEC(ZSTD(1)),
    Lower Float64 CODEC(ZSTD(1)),
    Upper Float64 CODEC(ZSTD(1)),
    Score Float64 CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (toStartOfHour(Time), SeriesKey, Time)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- Time is when the forecast was made, Horizon counts steps from there.
CREATE TABLE IF NOT EXISTS forecasts {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    SeriesKey String CODEC(ZSTD(1)),
    Horizon UInt16 CODEC(ZSTD(1)),
    P10 Float64 CODEC(ZSTD(1)),
    P50 Float64 CODEC(ZSTD(1)),
    P90 Float64 CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (SeriesKey, Time, Horizon)
TTL Time + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- One row per incident, the newest UpdatedAt wins. Body is the JSON of core Incident.
CREATE TABLE IF NOT EXISTS incidents {on_cluster}
(
    Id String,
    Title String,
    Pipeline LowCardinality(String),
    State LowCardinality(String),
    Severity LowCardinality(String),
    Culprit String,
    Reason String,
    OpenedAt DateTime64(3),
    UpdatedAt DateTime64(3),
    ResolvedAt DateTime64(3),
    Body String CODEC(ZSTD(1))
)
ENGINE = {engine:ReplacingMergeTree(UpdatedAt)}
ORDER BY Id
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS notifications {on_cluster}
(
    Time DateTime64(3),
    IncidentId String,
    GroupKey String,
    Receiver LowCardinality(String),
    Integration LowCardinality(String),
    Status LowCardinality(String),
    Reason String,
    Attempts UInt32,
    Error String,
    Alerts UInt32
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(Time)
ORDER BY (Time, Receiver)
TTL toDateTime(Time) + toIntervalDay(365)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS alert_history {on_cluster}
(
    Time DateTime64(3),
    Fingerprint String,
    Labels Map(LowCardinality(String), String),
    Annotations Map(LowCardinality(String), String),
    Context Map(LowCardinality(String), String),
    State LowCardinality(String),
    StartsAt DateTime64(3),
    EndsAt DateTime64(3)
)
ENGINE = {engine:MergeTree}
PARTITION BY toYYYYMM(Time)
ORDER BY (Time, Fingerprint)
TTL toDateTime(Time) + toIntervalDay(365)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- The pipeline graph as last seen. FirstSeen is carried over by the writer, the newest LastSeen wins.
CREATE TABLE IF NOT EXISTS topology_nodes {on_cluster}
(
    Pipeline LowCardinality(String),
    Node String,
    Kind LowCardinality(String),
    System LowCardinality(String),
    ConsoleUrl String,
    FirstSeen DateTime,
    LastSeen DateTime
)
ENGINE = {engine:ReplacingMergeTree(LastSeen)}
ORDER BY (Pipeline, Kind, Node)
TTL LastSeen + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 1000;

-- `produces`: service to topic. `consumes`: topic to service, with its group. `calls`: service to database or other service.
CREATE TABLE IF NOT EXISTS topology_edges {on_cluster}
(
    Pipeline LowCardinality(String),
    `From` String,
    `To` String,
    Kind LowCardinality(String),
    `Group` String,
    LastSeen DateTime
)
ENGINE = {engine:ReplacingMergeTree(LastSeen)}
ORDER BY (Pipeline, Kind, `From`, `To`, `Group`)
TTL LastSeen + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS stage_states {on_cluster}
(
    Time DateTime CODEC(Delta, ZSTD(1)),
    Pipeline LowCardinality(String),
    Stage LowCardinality(String),
    State LowCardinality(String),
    LagSeconds Float64 CODEC(ZSTD(1)),
    Lag Float64 CODEC(ZSTD(1)),
    Throughput Float64 CODEC(ZSTD(1)),
    Reason String CODEC(ZSTD(1))
)
ENGINE = {engine:MergeTree}
PARTITION BY toDate(Time)
ORDER BY (Pipeline, Stage, Time)
TTL Time + toIntervalDay(90)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;
