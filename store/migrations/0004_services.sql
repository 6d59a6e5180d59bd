-- Which services speak, since when, and what their resource says: `weir.origin` (replayed or generated data) and
-- `weir.console.url`. One row per service and origin; read with min, max and anyLast under GROUP BY.
CREATE TABLE IF NOT EXISTS services {on_cluster}
(
    Pipeline LowCardinality(String),
    Service LowCardinality(String),
    Origin LowCardinality(String),
    ConsoleUrl SimpleAggregateFunction(max, String),
    FirstSeen SimpleAggregateFunction(min, DateTime),
    LastSeen SimpleAggregateFunction(max, DateTime)
)
ENGINE = {engine:AggregatingMergeTree}
ORDER BY (Pipeline, Service, Origin)
TTL LastSeen + toIntervalDay(90)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS services_traces_mv {on_cluster} TO services AS
SELECT
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    ResourceAttributes['weir.origin'] AS Origin,
    max(ResourceAttributes['weir.console.url']) AS ConsoleUrl,
    toDateTime(min(Timestamp)) AS FirstSeen,
    toDateTime(max(addNanoseconds(Timestamp, Duration))) AS LastSeen
FROM otel_traces
GROUP BY Pipeline, Service, Origin;

CREATE MATERIALIZED VIEW IF NOT EXISTS services_metrics_gauge_mv {on_cluster} TO services AS
SELECT
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    ResourceAttributes['weir.origin'] AS Origin,
    max(ResourceAttributes['weir.console.url']) AS ConsoleUrl,
    toDateTime(min(TimeUnix)) AS FirstSeen,
    toDateTime(max(TimeUnix)) AS LastSeen
FROM otel_metrics_gauge
GROUP BY Pipeline, Service, Origin;

CREATE MATERIALIZED VIEW IF NOT EXISTS services_metrics_sum_mv {on_cluster} TO services AS
SELECT
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    ResourceAttributes['weir.origin'] AS Origin,
    max(ResourceAttributes['weir.console.url']) AS ConsoleUrl,
    toDateTime(min(TimeUnix)) AS FirstSeen,
    toDateTime(max(TimeUnix)) AS LastSeen
FROM otel_metrics_sum
GROUP BY Pipeline, Service, Origin;

CREATE MATERIALIZED VIEW IF NOT EXISTS services_metrics_histogram_mv {on_cluster} TO services AS
SELECT
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    ResourceAttributes['weir.origin'] AS Origin,
    max(ResourceAttributes['weir.console.url']) AS ConsoleUrl,
    toDateTime(min(TimeUnix)) AS FirstSeen,
    toDateTime(max(TimeUnix)) AS LastSeen
FROM otel_metrics_histogram
GROUP BY Pipeline, Service, Origin;

CREATE MATERIALIZED VIEW IF NOT EXISTS services_logs_mv {on_cluster} TO services AS
SELECT
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default') AS Pipeline,
    if(ServiceName = '', 'unknown_service', ServiceName) AS Service,
    ResourceAttributes['weir.origin'] AS Origin,
    max(ResourceAttributes['weir.console.url']) AS ConsoleUrl,
    toDateTime(min(Timestamp)) AS FirstSeen,
    toDateTime(max(Timestamp)) AS LastSeen
FROM otel_logs
GROUP BY Pipeline, Service, Origin;
