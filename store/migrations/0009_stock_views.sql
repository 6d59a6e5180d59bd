-- The names of the Collector's exporter over the lean tables: its columns in its order and of the types of 0001, for Grafana, HyperDX
-- and everybody's SQL. What a scope says about itself is looked up where a query asks for it, and costs nothing where it does not;
-- filters and orders reach the tables beneath as if there were no view (docs/decisions/0006).
--
-- A found scope is kept, since rows of one ScopeId never differ; one that was not there yet is asked for again within 10 s.

DROP TABLE IF EXISTS otel_traces {on_cluster} SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS otel_traces_trace_id_ts {on_cluster} SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS otel_logs {on_cluster} SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS otel_metrics_gauge {on_cluster} SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS otel_metrics_sum {on_cluster} SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS otel_metrics_histogram {on_cluster} SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS otel_metrics_exponential_histogram {on_cluster} SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS otel_metrics_summary {on_cluster} SETTINGS max_table_size_to_drop = 0;

CREATE DICTIONARY IF NOT EXISTS scope_details {on_cluster}
(
    ScopeId UInt64,
    ResourceSchemaUrl String,
    ResourceKeys Array(String),
    ResourceValues Array(String),
    ScopeSchemaUrl String,
    ScopeName String,
    ScopeVersion String,
    ScopeKeys Array(String),
    ScopeValues Array(String),
    ScopeDroppedAttributes UInt32
)
PRIMARY KEY ScopeId
SOURCE({source:resource_scopes})
LAYOUT(CACHE(SIZE_IN_CELLS 16384))
LIFETIME(MIN 5 MAX 10);

CREATE OR REPLACE VIEW otel_traces {on_cluster} AS
SELECT
    s.Timestamp AS Timestamp,
    lower(hex(s.TraceId)) AS TraceId,
    replaceOne(lower(hex(s.SpanId)), '0000000000000000', '') AS SpanId,
    replaceOne(lower(hex(s.ParentSpanId)), '0000000000000000', '') AS ParentSpanId,
    s.TraceState AS TraceState,
    s.SpanName AS SpanName,
    CAST(s.SpanKind, 'LowCardinality(String)') AS SpanKind,
    s.ServiceName AS ServiceName,
    CAST(mapFromArrays(dictGet('scope_details', 'ResourceKeys', s.ScopeId), dictGet('scope_details', 'ResourceValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
    dictGet('scope_details', 'ScopeName', s.ScopeId) AS ScopeName,
    dictGet('scope_details', 'ScopeVersion', s.ScopeId) AS ScopeVersion,
    s.Attributes AS SpanAttributes,
    s.Duration AS Duration,
    CAST(s.StatusCode, 'LowCardinality(String)') AS StatusCode,
    s.StatusMessage AS StatusMessage,
    s.Events.Timestamp AS `Events.Timestamp`,
    s.Events.Name AS `Events.Name`,
    s.Events.Attributes AS `Events.Attributes`,
    arrayMap(id -> replaceOne(lower(hex(id)), '00000000000000000000000000000000', ''), s.Links.TraceId) AS `Links.TraceId`,
    arrayMap(id -> replaceOne(lower(hex(id)), '0000000000000000', ''), s.Links.SpanId) AS `Links.SpanId`,
    s.Links.TraceState AS `Links.TraceState`,
    s.Links.Attributes AS `Links.Attributes`
FROM spans AS s;

CREATE OR REPLACE VIEW otel_traces_trace_id_ts {on_cluster} AS
SELECT lower(hex(t.TraceId)) AS TraceId, CAST(t.Start, 'DateTime') AS Start, CAST(t.End, 'DateTime') AS End
FROM trace_times AS t;

CREATE OR REPLACE VIEW otel_logs {on_cluster} AS
SELECT
    l.Timestamp AS Timestamp,
    toDateTime(l.Timestamp) AS TimestampTime,
    replaceOne(lower(hex(l.TraceId)), '00000000000000000000000000000000', '') AS TraceId,
    replaceOne(lower(hex(l.SpanId)), '0000000000000000', '') AS SpanId,
    toUInt8(l.Flags) AS TraceFlags,
    l.SeverityText AS SeverityText,
    l.SeverityNumber AS SeverityNumber,
    l.ServiceName AS ServiceName,
    l.Body AS Body,
    toLowCardinality(dictGet('scope_details', 'ResourceSchemaUrl', l.ScopeId)) AS ResourceSchemaUrl,
    CAST(mapFromArrays(dictGet('scope_details', 'ResourceKeys', l.ScopeId), dictGet('scope_details', 'ResourceValues', l.ScopeId)), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
    toLowCardinality(dictGet('scope_details', 'ScopeSchemaUrl', l.ScopeId)) AS ScopeSchemaUrl,
    dictGet('scope_details', 'ScopeName', l.ScopeId) AS ScopeName,
    toLowCardinality(dictGet('scope_details', 'ScopeVersion', l.ScopeId)) AS ScopeVersion,
    CAST(mapFromArrays(dictGet('scope_details', 'ScopeKeys', l.ScopeId), dictGet('scope_details', 'ScopeValues', l.ScopeId)), 'Map(LowCardinality(String), String)') AS ScopeAttributes,
    l.Attributes AS LogAttributes,
    CAST(l.EventName, 'String') AS EventName
FROM logs AS l;

-- What a series is stands in metric_series. The name and the service are part of the join so that a filter on them reaches both sides.
CREATE OR REPLACE VIEW otel_metrics_gauge {on_cluster} AS
SELECT
    CAST(mapFromArrays(dictGet('scope_details', 'ResourceKeys', s.ScopeId), dictGet('scope_details', 'ResourceValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
    dictGet('scope_details', 'ResourceSchemaUrl', s.ScopeId) AS ResourceSchemaUrl,
    dictGet('scope_details', 'ScopeName', s.ScopeId) AS ScopeName,
    dictGet('scope_details', 'ScopeVersion', s.ScopeId) AS ScopeVersion,
    CAST(mapFromArrays(dictGet('scope_details', 'ScopeKeys', s.ScopeId), dictGet('scope_details', 'ScopeValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ScopeAttributes,
    dictGet('scope_details', 'ScopeDroppedAttributes', s.ScopeId) AS ScopeDroppedAttrCount,
    dictGet('scope_details', 'ScopeSchemaUrl', s.ScopeId) AS ScopeSchemaUrl,
    p.ServiceName AS ServiceName,
    p.MetricName AS MetricName,
    s.Description AS MetricDescription,
    CAST(s.Unit, 'String') AS MetricUnit,
    s.Attributes AS Attributes,
    p.StartTime AS StartTimeUnix,
    p.Time AS TimeUnix,
    p.Value AS Value,
    p.Flags AS Flags,
    p.Exemplars.FilteredAttributes AS `Exemplars.FilteredAttributes`,
    p.Exemplars.TimeUnix AS `Exemplars.TimeUnix`,
    p.Exemplars.Value AS `Exemplars.Value`,
    arrayMap(id -> replaceOne(lower(hex(id)), '0000000000000000', ''), p.Exemplars.SpanId) AS `Exemplars.SpanId`,
    arrayMap(id -> replaceOne(lower(hex(id)), '00000000000000000000000000000000', ''), p.Exemplars.TraceId) AS `Exemplars.TraceId`
FROM metric_points AS p
LEFT ANY JOIN metric_series AS s ON p.MetricName = s.MetricName AND p.ServiceName = s.ServiceName AND p.SeriesId = s.SeriesId
WHERE p.Type = 'gauge'
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW otel_metrics_sum {on_cluster} AS
SELECT
    CAST(mapFromArrays(dictGet('scope_details', 'ResourceKeys', s.ScopeId), dictGet('scope_details', 'ResourceValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
    dictGet('scope_details', 'ResourceSchemaUrl', s.ScopeId) AS ResourceSchemaUrl,
    dictGet('scope_details', 'ScopeName', s.ScopeId) AS ScopeName,
    dictGet('scope_details', 'ScopeVersion', s.ScopeId) AS ScopeVersion,
    CAST(mapFromArrays(dictGet('scope_details', 'ScopeKeys', s.ScopeId), dictGet('scope_details', 'ScopeValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ScopeAttributes,
    dictGet('scope_details', 'ScopeDroppedAttributes', s.ScopeId) AS ScopeDroppedAttrCount,
    dictGet('scope_details', 'ScopeSchemaUrl', s.ScopeId) AS ScopeSchemaUrl,
    p.ServiceName AS ServiceName,
    p.MetricName AS MetricName,
    s.Description AS MetricDescription,
    CAST(s.Unit, 'String') AS MetricUnit,
    s.Attributes AS Attributes,
    p.StartTime AS StartTimeUnix,
    p.Time AS TimeUnix,
    p.Value AS Value,
    p.Flags AS Flags,
    p.Exemplars.FilteredAttributes AS `Exemplars.FilteredAttributes`,
    p.Exemplars.TimeUnix AS `Exemplars.TimeUnix`,
    p.Exemplars.Value AS `Exemplars.Value`,
    arrayMap(id -> replaceOne(lower(hex(id)), '0000000000000000', ''), p.Exemplars.SpanId) AS `Exemplars.SpanId`,
    arrayMap(id -> replaceOne(lower(hex(id)), '00000000000000000000000000000000', ''), p.Exemplars.TraceId) AS `Exemplars.TraceId`,
    toInt32(p.Temporality) AS AggregationTemporality,
    p.IsMonotonic AS IsMonotonic
FROM metric_points AS p
LEFT ANY JOIN metric_series AS s ON p.MetricName = s.MetricName AND p.ServiceName = s.ServiceName AND p.SeriesId = s.SeriesId
WHERE p.Type = 'sum'
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW otel_metrics_histogram {on_cluster} AS
SELECT
    CAST(mapFromArrays(dictGet('scope_details', 'ResourceKeys', s.ScopeId), dictGet('scope_details', 'ResourceValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
    dictGet('scope_details', 'ResourceSchemaUrl', s.ScopeId) AS ResourceSchemaUrl,
    dictGet('scope_details', 'ScopeName', s.ScopeId) AS ScopeName,
    dictGet('scope_details', 'ScopeVersion', s.ScopeId) AS ScopeVersion,
    CAST(mapFromArrays(dictGet('scope_details', 'ScopeKeys', s.ScopeId), dictGet('scope_details', 'ScopeValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ScopeAttributes,
    dictGet('scope_details', 'ScopeDroppedAttributes', s.ScopeId) AS ScopeDroppedAttrCount,
    dictGet('scope_details', 'ScopeSchemaUrl', s.ScopeId) AS ScopeSchemaUrl,
    p.ServiceName AS ServiceName,
    p.MetricName AS MetricName,
    s.Description AS MetricDescription,
    CAST(s.Unit, 'String') AS MetricUnit,
    s.Attributes AS Attributes,
    p.StartTime AS StartTimeUnix,
    p.Time AS TimeUnix,
    p.Count AS Count,
    p.Sum AS Sum,
    p.BucketCounts AS BucketCounts,
    p.ExplicitBounds AS ExplicitBounds,
    p.Exemplars.FilteredAttributes AS `Exemplars.FilteredAttributes`,
    p.Exemplars.TimeUnix AS `Exemplars.TimeUnix`,
    p.Exemplars.Value AS `Exemplars.Value`,
    arrayMap(id -> replaceOne(lower(hex(id)), '0000000000000000', ''), p.Exemplars.SpanId) AS `Exemplars.SpanId`,
    arrayMap(id -> replaceOne(lower(hex(id)), '00000000000000000000000000000000', ''), p.Exemplars.TraceId) AS `Exemplars.TraceId`,
    p.Flags AS Flags,
    p.Min AS Min,
    p.Max AS Max,
    toInt32(p.Temporality) AS AggregationTemporality
FROM metric_histograms AS p
LEFT ANY JOIN metric_series AS s ON p.MetricName = s.MetricName AND p.ServiceName = s.ServiceName AND p.SeriesId = s.SeriesId
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW otel_metrics_exponential_histogram {on_cluster} AS
SELECT
    CAST(mapFromArrays(dictGet('scope_details', 'ResourceKeys', s.ScopeId), dictGet('scope_details', 'ResourceValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
    dictGet('scope_details', 'ResourceSchemaUrl', s.ScopeId) AS ResourceSchemaUrl,
    dictGet('scope_details', 'ScopeName', s.ScopeId) AS ScopeName,
    dictGet('scope_details', 'ScopeVersion', s.ScopeId) AS ScopeVersion,
    CAST(mapFromArrays(dictGet('scope_details', 'ScopeKeys', s.ScopeId), dictGet('scope_details', 'ScopeValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ScopeAttributes,
    dictGet('scope_details', 'ScopeDroppedAttributes', s.ScopeId) AS ScopeDroppedAttrCount,
    dictGet('scope_details', 'ScopeSchemaUrl', s.ScopeId) AS ScopeSchemaUrl,
    p.ServiceName AS ServiceName,
    p.MetricName AS MetricName,
    s.Description AS MetricDescription,
    CAST(s.Unit, 'String') AS MetricUnit,
    s.Attributes AS Attributes,
    p.StartTime AS StartTimeUnix,
    p.Time AS TimeUnix,
    p.Count AS Count,
    p.Sum AS Sum,
    p.Scale AS Scale,
    p.ZeroCount AS ZeroCount,
    p.PositiveOffset AS PositiveOffset,
    p.PositiveBucketCounts AS PositiveBucketCounts,
    p.NegativeOffset AS NegativeOffset,
    p.NegativeBucketCounts AS NegativeBucketCounts,
    p.Exemplars.FilteredAttributes AS `Exemplars.FilteredAttributes`,
    p.Exemplars.TimeUnix AS `Exemplars.TimeUnix`,
    p.Exemplars.Value AS `Exemplars.Value`,
    arrayMap(id -> replaceOne(lower(hex(id)), '0000000000000000', ''), p.Exemplars.SpanId) AS `Exemplars.SpanId`,
    arrayMap(id -> replaceOne(lower(hex(id)), '00000000000000000000000000000000', ''), p.Exemplars.TraceId) AS `Exemplars.TraceId`,
    p.Flags AS Flags,
    p.Min AS Min,
    p.Max AS Max,
    toInt32(p.Temporality) AS AggregationTemporality
FROM metric_exponential_histograms AS p
LEFT ANY JOIN metric_series AS s ON p.MetricName = s.MetricName AND p.ServiceName = s.ServiceName AND p.SeriesId = s.SeriesId
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW otel_metrics_summary {on_cluster} AS
SELECT
    CAST(mapFromArrays(dictGet('scope_details', 'ResourceKeys', s.ScopeId), dictGet('scope_details', 'ResourceValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
    dictGet('scope_details', 'ResourceSchemaUrl', s.ScopeId) AS ResourceSchemaUrl,
    dictGet('scope_details', 'ScopeName', s.ScopeId) AS ScopeName,
    dictGet('scope_details', 'ScopeVersion', s.ScopeId) AS ScopeVersion,
    CAST(mapFromArrays(dictGet('scope_details', 'ScopeKeys', s.ScopeId), dictGet('scope_details', 'ScopeValues', s.ScopeId)), 'Map(LowCardinality(String), String)') AS ScopeAttributes,
    dictGet('scope_details', 'ScopeDroppedAttributes', s.ScopeId) AS ScopeDroppedAttrCount,
    dictGet('scope_details', 'ScopeSchemaUrl', s.ScopeId) AS ScopeSchemaUrl,
    p.ServiceName AS ServiceName,
    p.MetricName AS MetricName,
    s.Description AS MetricDescription,
    CAST(s.Unit, 'String') AS MetricUnit,
    s.Attributes AS Attributes,
    p.StartTime AS StartTimeUnix,
    p.Time AS TimeUnix,
    p.Count AS Count,
    p.Sum AS Sum,
    p.Quantiles.Quantile AS `ValueAtQuantiles.Quantile`,
    p.Quantiles.Value AS `ValueAtQuantiles.Value`,
    p.Flags AS Flags
FROM metric_summaries AS p
LEFT ANY JOIN metric_series AS s ON p.MetricName = s.MetricName AND p.ServiceName = s.ServiceName AND p.SeriesId = s.SeriesId
SETTINGS join_use_nulls = 0;
