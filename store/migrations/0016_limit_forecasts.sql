-- What warnings ahead of limits were worth: for each kind of limit and each window ahead (in seconds), the newest Time wins. Series are
-- those that are watched for such a limit. Of the chances stated, Brier is the mean squared distance to what happened; by bins of a tenth,
-- Counts is how many were stated, Stated their mean and Happened the share of them after which the limit was crossed within the window.
-- Announced counts warnings that are over, Kept those after which the limit was crossed, Lead the mean seconds from those to the
-- crossing; Crossings all that happened, Foreseen those of them that were announced.
CREATE TABLE IF NOT EXISTS limit_forecasts {on_cluster}
(
    Kind LowCardinality(String),
    Window UInt32,
    Time DateTime64(3),
    Series UInt32,
    Brier Float64,
    Counts Array(UInt32),
    Stated Array(Float64),
    Happened Array(Float64),
    Announced UInt32,
    Kept UInt32,
    Lead Float64,
    Crossings UInt32,
    Foreseen UInt32
)
ENGINE = {engine:ReplacingMergeTree(Time)}
ORDER BY (Kind, Window)
TTL toDateTime(Time) + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 1000;
