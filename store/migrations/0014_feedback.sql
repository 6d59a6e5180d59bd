-- What people say of alerts, and what the detectors are.

-- One row for each thing said of an anomaly, never changed. Of what one person (`By`) says of one anomaly the newest row stands;
-- an empty Verdict takes it back, and TakenBackBy says who did. The rest tells what was judged, so that it holds when the anomaly's
-- own row is gone: Breach is what decided the alert, Reach the value furthest from Expected between Onset and Until.
CREATE TABLE IF NOT EXISTS feedback {on_cluster}
(
    Time DateTime64(3) CODEC(Delta, ZSTD(1)),
    AnomalyId String,
    `By` String,
    Verdict LowCardinality(String),
    Note String CODEC(ZSTD(1)),
    TakenBackBy String,
    Detector LowCardinality(String),
    SeriesKey String,
    Labels Map(LowCardinality(String), String),
    Breach LowCardinality(String),
    Onset DateTime64(3),
    Until DateTime64(3),
    Expected Float64,
    Reach Float64
)
ENGINE = {engine:MergeTree}
ORDER BY (SeriesKey, Detector, AnomalyId, `By`, Time)
SETTINGS non_replicated_deduplication_window = 1000;

-- The detectors at work, the newest Time wins. Series is how many each watches.
CREATE TABLE IF NOT EXISTS detector_states {on_cluster}
(
    Detector String,
    Time DateTime64(3),
    Signal LowCardinality(String),
    Severity LowCardinality(String),
    Threshold Float64,
    Series UInt32
)
ENGINE = {engine:ReplacingMergeTree(Time)}
ORDER BY Detector
TTL toDateTime(Time) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 1000;
