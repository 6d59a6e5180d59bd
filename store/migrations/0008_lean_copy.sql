-- What the tables of 0001 hold moves into the lean tables. The rollups hold it already, so the views that fill them go first and
-- come back in 0010. The old tables stay until 0009: this file can run again from its start, and then begins with empty tables.
-- On a cluster this moves what the server it runs on holds.

DROP VIEW IF EXISTS otel_traces_trace_id_ts_mv {on_cluster};
DROP VIEW IF EXISTS red_10s_traces_mv {on_cluster};
DROP VIEW IF EXISTS red_10s_histogram_mv {on_cluster};
DROP VIEW IF EXISTS red_10s_exponential_histogram_mv {on_cluster};
DROP VIEW IF EXISTS red_10s_event_time_mv {on_cluster};
DROP VIEW IF EXISTS gauge_10s_gauge_mv {on_cluster};
DROP VIEW IF EXISTS gauge_10s_sum_mv {on_cluster};
DROP VIEW IF EXISTS services_traces_mv {on_cluster};
DROP VIEW IF EXISTS services_metrics_gauge_mv {on_cluster};
DROP VIEW IF EXISTS services_metrics_sum_mv {on_cluster};
DROP VIEW IF EXISTS services_metrics_histogram_mv {on_cluster};
DROP VIEW IF EXISTS services_logs_mv {on_cluster};

TRUNCATE TABLE resource_scopes {on_cluster};
TRUNCATE TABLE metric_series {on_cluster};
TRUNCATE TABLE spans {on_cluster};
TRUNCATE TABLE logs {on_cluster};
TRUNCATE TABLE metric_points {on_cluster};
TRUNCATE TABLE metric_histograms {on_cluster};
TRUNCATE TABLE metric_exponential_histograms {on_cluster};
TRUNCATE TABLE metric_summaries {on_cluster};
TRUNCATE TABLE trace_times {on_cluster};

INSERT INTO resource_scopes (ScopeId, Seen, ServiceName, Pipeline, Origin, ConsoleUrl, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName,
    ScopeVersion, ScopeAttributes, ScopeDroppedAttributes)
SELECT ScopeId, max(Seen), any(ServiceName),
    any(multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'], ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'], 'default')),
    any(ResourceAttributes['weir.origin']), any(ResourceAttributes['weir.console.url']), any(ResourceSchemaUrl), any(ResourceAttributes), any(ScopeSchemaUrl), any(ScopeName),
    any(ScopeVersion), any(ScopeAttributes), any(Dropped)
FROM (
    SELECT cityHash64(ServiceName, '', ResourceAttributes, '', ScopeName, ScopeVersion, CAST(map(), 'Map(LowCardinality(String), String)'), toUInt32(0)) AS ScopeId,
        toDateTime(Timestamp) AS Seen, ServiceName, '' AS ResourceSchemaUrl, ResourceAttributes, '' AS ScopeSchemaUrl, ScopeName, ScopeVersion,
        CAST(map(), 'Map(LowCardinality(String), String)') AS ScopeAttributes, toUInt32(0) AS Dropped
    FROM otel_traces
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, toUInt32(0)),
        toDateTime(Timestamp), ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, toUInt32(0)
    FROM otel_logs
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount),
        toDateTime(TimeUnix), ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount
    FROM otel_metrics_gauge
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount),
        toDateTime(TimeUnix), ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount
    FROM otel_metrics_sum
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount),
        toDateTime(TimeUnix), ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount
    FROM otel_metrics_histogram
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount),
        toDateTime(TimeUnix), ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount
    FROM otel_metrics_exponential_histogram
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount),
        toDateTime(TimeUnix), ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount
    FROM otel_metrics_summary
)
GROUP BY ScopeId
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO metric_series (SeriesId, Seen, MetricName, ServiceName, Pipeline, ScopeId, Type, Temporality, IsMonotonic, Description, Unit, Attributes, Signal, Topic, ConsumerGroup, Partition)
SELECT SeriesId, max(Seen), any(MetricName), any(ServiceName),
    any(multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'], ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'], 'default')),
    any(ScopeId), any(Type), any(Temporality), any(IsMonotonic), any(MetricDescription), any(MetricUnit), any(Attributes), any(Attributes['weir.signal']),
    any(multiIf(Attributes['topic'] != '', Attributes['topic'], Attributes['messaging.destination.name'] != '', Attributes['messaging.destination.name'], Attributes['messaging.destination'])),
    any(multiIf(Attributes['group'] != '', Attributes['group'], Attributes['messaging.consumer.group.name'] != '', Attributes['messaging.consumer.group.name'], Attributes['messaging.kafka.consumer.group'])),
    any(multiIf(Attributes['partition'] != '', Attributes['partition'], Attributes['messaging.destination.partition.id']))
FROM (
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount) AS ScopeId, cityHash64(ScopeId, MetricName, MetricUnit, 'gauge', toUInt8(0), toBool(false), Attributes) AS SeriesId,
        toDateTime(TimeUnix) AS Seen, MetricName, ServiceName, ResourceAttributes, 'gauge' AS Type, toUInt8(0) AS Temporality, toBool(false) AS IsMonotonic, MetricDescription, MetricUnit, Attributes
    FROM otel_metrics_gauge
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), cityHash64(cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), MetricName, MetricUnit, 'sum', toUInt8(AggregationTemporality), toBool(IsMonotonic), Attributes),
        toDateTime(TimeUnix), MetricName, ServiceName, ResourceAttributes, 'sum', toUInt8(AggregationTemporality), toBool(IsMonotonic), MetricDescription, MetricUnit, Attributes
    FROM otel_metrics_sum
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), cityHash64(cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), MetricName, MetricUnit, 'histogram', toUInt8(AggregationTemporality), toBool(false), Attributes),
        toDateTime(TimeUnix), MetricName, ServiceName, ResourceAttributes, 'histogram', toUInt8(AggregationTemporality), toBool(false), MetricDescription, MetricUnit, Attributes
    FROM otel_metrics_histogram
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), cityHash64(cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), MetricName, MetricUnit, 'exponential_histogram', toUInt8(AggregationTemporality), toBool(false), Attributes),
        toDateTime(TimeUnix), MetricName, ServiceName, ResourceAttributes, 'exponential_histogram', toUInt8(AggregationTemporality), toBool(false), MetricDescription, MetricUnit, Attributes
    FROM otel_metrics_exponential_histogram
    UNION ALL
    SELECT cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), cityHash64(cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount), MetricName, MetricUnit, 'summary', toUInt8(0), toBool(false), Attributes),
        toDateTime(TimeUnix), MetricName, ServiceName, ResourceAttributes, 'summary', toUInt8(0), toBool(false), MetricDescription, MetricUnit, Attributes
    FROM otel_metrics_summary
)
GROUP BY SeriesId
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO spans (Timestamp, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, Pipeline, ScopeId, Duration, StatusCode, StatusMessage, AttributeMap,
    Events, Links, Destination, DestinationSystem, DestinationKind, ConsumerGroup, Messages, EventTime, HttpStatus, HttpRoute, ErrorType, DbCollection)
WITH
    SpanAttributes AS a,
    multiIf(a['messaging.system'] != '' OR a['messaging.destination.name'] != '' OR a['messaging.destination'] != '', 'topic',
            a['db.system.name'] != '' OR a['db.system'] != '', 'database',
            SpanKind IN ('Client', 'SPAN_KIND_CLIENT'), 'external',
            '') AS destination_kind,
    if(a['db.namespace'] != '', a['db.namespace'], a['db.name']) AS namespace,
    replaceOne(SpanKind, 'SPAN_KIND_', '') AS kind,
    replaceOne(StatusCode, 'STATUS_CODE_', '') AS status
SELECT
    Timestamp,
    toFixedString(substring(unhex(TraceId), 1, 16), 16), toFixedString(substring(unhex(SpanId), 1, 8), 8), toFixedString(substring(unhex(ParentSpanId), 1, 8), 8),
    TraceState, SpanName,
    if(lower(kind) IN ('internal', 'server', 'client', 'producer', 'consumer'), concat(upper(substring(kind, 1, 1)), lower(substring(kind, 2))), 'Unspecified'),
    ServiceName,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default'),
    cityHash64(ServiceName, '', ResourceAttributes, '', ScopeName, ScopeVersion, CAST(map(), 'Map(LowCardinality(String), String)'), toUInt32(0)),
    Duration,
    multiIf(lower(status) = 'error', 'Error', lower(status) = 'ok', 'Ok', 'Unset'),
    StatusMessage, SpanAttributes,
    arrayMap((t, n, m) -> (t, n, m, toUInt32(0)), `Events.Timestamp`, `Events.Name`, `Events.Attributes`),
    arrayMap((t, s, w, m) -> (toFixedString(substring(unhex(t), 1, 16), 16), toFixedString(substring(unhex(s), 1, 8), 8), w, m, toUInt32(0), toUInt32(0)),
             `Links.TraceId`, `Links.SpanId`, `Links.TraceState`, `Links.Attributes`),
    multiIf(destination_kind = '', '',
            destination_kind = 'topic', if(a['messaging.destination.name'] != '', a['messaging.destination.name'], a['messaging.destination']),
            -- A namespace of digits only is Redis' database number, which names nothing.
            destination_kind = 'database', if(match(namespace, '^[0-9]*$'), '', namespace),
            a['peer.service'] != '', a['peer.service'],
            a['server.address'] != '', a['server.address'],
            a['net.peer.name']),
    multiIf(destination_kind = 'topic', a['messaging.system'],
            destination_kind = 'database', if(a['db.system.name'] != '', a['db.system.name'], a['db.system']),
            a['http.request.method'] != '' OR a['http.method'] != '', 'http',
            a['rpc.system.name'] != '', a['rpc.system.name'],
            a['rpc.system']),
    destination_kind,
    multiIf(destination_kind != 'topic', '',
            a['messaging.consumer.group.name'] != '', a['messaging.consumer.group.name'],
            a['messaging.kafka.consumer.group'] != '', a['messaging.kafka.consumer.group'],
            a['messaging.consumer_group']),
    toUInt32OrDefault(a['messaging.batch.message_count'], toUInt32(1)),
    toUInt64OrZero(a['weir.event.time']),
    toUInt16OrZero(if(a['http.response.status_code'] != '', a['http.response.status_code'], a['http.status_code'])),
    a['http.route'], a['error.type'], if(a['db.collection.name'] != '', a['db.collection.name'], a['db.sql.table'])
FROM otel_traces
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO trace_times (TraceId, Start, End)
SELECT toFixedString(substring(unhex(TraceId), 1, 16), 16), Start, End FROM otel_traces_trace_id_ts
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO logs (Timestamp, ObservedTimestamp, TraceId, SpanId, Flags, SeverityNumber, SeverityText, ServiceName, Pipeline, ScopeId, Body, AttributeMap, EventName)
SELECT
    Timestamp, Timestamp,
    toFixedString(substring(unhex(TraceId), 1, 16), 16), toFixedString(substring(unhex(SpanId), 1, 8), 8), TraceFlags, SeverityNumber, SeverityText, ServiceName,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default'),
    cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, toUInt32(0)),
    Body, LogAttributes, EventName
FROM otel_logs
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO metric_points (ServiceName, MetricName, Pipeline, Signal, Type, Temporality, IsMonotonic, SeriesId, StartTime, Time, Value, Flags, Exemplars)
WITH cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount) AS scope
SELECT
    ServiceName, MetricName,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default'),
    Attributes['weir.signal'], 'gauge', toUInt8(0), false, cityHash64(scope, MetricName, MetricUnit, 'gauge', toUInt8(0), toBool(false), Attributes), StartTimeUnix, TimeUnix, Value, Flags,
    arrayMap((f, t, v, s, r) -> (f, t, v, toFixedString(substring(unhex(s), 1, 8), 8), toFixedString(substring(unhex(r), 1, 16), 16)),
             `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`)
FROM otel_metrics_gauge
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO metric_points (ServiceName, MetricName, Pipeline, Signal, Type, Temporality, IsMonotonic, SeriesId, StartTime, Time, Value, Flags, Exemplars)
WITH cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount) AS scope
SELECT
    ServiceName, MetricName,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default'),
    Attributes['weir.signal'], 'sum', toUInt8(AggregationTemporality), IsMonotonic, cityHash64(scope, MetricName, MetricUnit, 'sum', toUInt8(AggregationTemporality), toBool(IsMonotonic), Attributes), StartTimeUnix, TimeUnix, Value, Flags,
    arrayMap((f, t, v, s, r) -> (f, t, v, toFixedString(substring(unhex(s), 1, 8), 8), toFixedString(substring(unhex(r), 1, 16), 16)),
             `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`)
FROM otel_metrics_sum
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO metric_histograms (ServiceName, MetricName, Pipeline, SeriesId, Temporality, StartTime, Time, Count, Sum, Min, Max, BucketCounts, ExplicitBounds, Flags, Exemplars,
    Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, IsError)
WITH
    cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount) AS scope,
    Attributes AS a,
    MetricName IN ('messaging.process.duration', 'http.server.request.duration', 'messaging.client.operation.duration', 'db.client.operation.duration', 'http.client.request.duration') AS is_call,
    multiIf(NOT is_call OR MetricName = 'http.server.request.duration', '', startsWith(MetricName, 'messaging.'), 'topic', startsWith(MetricName, 'db.'), 'database', 'external') AS destination_kind,
    if(a['db.namespace'] != '', a['db.namespace'], a['db.name']) AS namespace,
    if(a['messaging.operation.type'] != '', a['messaging.operation.type'], a['messaging.operation']) AS operation_type
SELECT
    ServiceName, MetricName,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default'),
    cityHash64(scope, MetricName, MetricUnit, 'histogram', toUInt8(AggregationTemporality), toBool(false), Attributes), AggregationTemporality, StartTimeUnix, TimeUnix, Count, Sum, Min, Max, BucketCounts, ExplicitBounds, Flags,
    arrayMap((f, t, v, s, r) -> (f, t, v, toFixedString(substring(unhex(s), 1, 8), 8), toFixedString(substring(unhex(r), 1, 16), 16)),
             `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`),
    multiIf(MetricName = 'messaging.process.duration', 'Consumer',
            MetricName = 'http.server.request.duration', 'Server',
            MetricName = 'messaging.client.operation.duration' AND operation_type IN ('send', 'publish'), 'Producer',
            is_call, 'Client',
            ''),
    multiIf(NOT is_call, '',
            a['http.route'] != '', concat(a['http.request.method'], ' ', a['http.route']),
            a['messaging.operation.name'] != '', a['messaging.operation.name'],
            a['db.operation.name'] != '', a['db.operation.name'],
            a['http.request.method']),
    multiIf(destination_kind = '', '',
            destination_kind = 'topic', if(a['messaging.destination.name'] != '', a['messaging.destination.name'], a['messaging.destination']),
            destination_kind = 'database', if(match(namespace, '^[0-9]*$'), '', namespace),
            a['server.address']),
    multiIf(NOT is_call, '',
            destination_kind = 'topic', a['messaging.system'],
            destination_kind = 'database', if(a['db.system.name'] != '', a['db.system.name'], a['db.system']),
            'http'),
    destination_kind,
    multiIf(NOT is_call, '',
            a['messaging.consumer.group.name'] != '', a['messaging.consumer.group.name'],
            a['messaging.kafka.consumer.group'] != '', a['messaging.kafka.consumer.group'],
            a['messaging.consumer_group']),
    is_call AND (a['error.type'] != '' OR a['http.response.status_code'] >= '500')
FROM otel_metrics_histogram
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO metric_exponential_histograms (ServiceName, MetricName, Pipeline, SeriesId, Temporality, StartTime, Time, Count, Sum, Min, Max, Scale, ZeroCount, PositiveOffset, PositiveBucketCounts, NegativeOffset, NegativeBucketCounts, Flags, Exemplars,
    Kind, Operation, Destination, DestinationSystem, DestinationKind, ConsumerGroup, IsError)
WITH
    cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount) AS scope,
    Attributes AS a,
    MetricName IN ('messaging.process.duration', 'http.server.request.duration', 'messaging.client.operation.duration', 'db.client.operation.duration', 'http.client.request.duration') AS is_call,
    multiIf(NOT is_call OR MetricName = 'http.server.request.duration', '', startsWith(MetricName, 'messaging.'), 'topic', startsWith(MetricName, 'db.'), 'database', 'external') AS destination_kind,
    if(a['db.namespace'] != '', a['db.namespace'], a['db.name']) AS namespace,
    if(a['messaging.operation.type'] != '', a['messaging.operation.type'], a['messaging.operation']) AS operation_type
SELECT
    ServiceName, MetricName,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default'),
    cityHash64(scope, MetricName, MetricUnit, 'exponential_histogram', toUInt8(AggregationTemporality), toBool(false), Attributes), AggregationTemporality, StartTimeUnix, TimeUnix, Count, Sum, Min, Max, Scale, ZeroCount, PositiveOffset, PositiveBucketCounts, NegativeOffset, NegativeBucketCounts, Flags,
    arrayMap((f, t, v, s, r) -> (f, t, v, toFixedString(substring(unhex(s), 1, 8), 8), toFixedString(substring(unhex(r), 1, 16), 16)),
             `Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`),
    multiIf(MetricName = 'messaging.process.duration', 'Consumer',
            MetricName = 'http.server.request.duration', 'Server',
            MetricName = 'messaging.client.operation.duration' AND operation_type IN ('send', 'publish'), 'Producer',
            is_call, 'Client',
            ''),
    multiIf(NOT is_call, '',
            a['http.route'] != '', concat(a['http.request.method'], ' ', a['http.route']),
            a['messaging.operation.name'] != '', a['messaging.operation.name'],
            a['db.operation.name'] != '', a['db.operation.name'],
            a['http.request.method']),
    multiIf(destination_kind = '', '',
            destination_kind = 'topic', if(a['messaging.destination.name'] != '', a['messaging.destination.name'], a['messaging.destination']),
            destination_kind = 'database', if(match(namespace, '^[0-9]*$'), '', namespace),
            a['server.address']),
    multiIf(NOT is_call, '',
            destination_kind = 'topic', a['messaging.system'],
            destination_kind = 'database', if(a['db.system.name'] != '', a['db.system.name'], a['db.system']),
            'http'),
    destination_kind,
    multiIf(NOT is_call, '',
            a['messaging.consumer.group.name'] != '', a['messaging.consumer.group.name'],
            a['messaging.kafka.consumer.group'] != '', a['messaging.kafka.consumer.group'],
            a['messaging.consumer_group']),
    is_call AND (a['error.type'] != '' OR a['http.response.status_code'] >= '500')
FROM otel_metrics_exponential_histogram
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;

INSERT INTO metric_summaries (ServiceName, MetricName, Pipeline, SeriesId, StartTime, Time, Count, Sum, Quantiles, Flags)
WITH cityHash64(ServiceName, ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount) AS scope
SELECT
    ServiceName, MetricName,
    multiIf(ResourceAttributes['weir.pipeline'] != '', ResourceAttributes['weir.pipeline'],
            ResourceAttributes['service.namespace'] != '', ResourceAttributes['service.namespace'],
            'default'),
    cityHash64(scope, MetricName, MetricUnit, 'summary', toUInt8(0), toBool(false), Attributes), StartTimeUnix, TimeUnix, Count, Sum,
    arrayMap((q, v) -> (q, v), `ValueAtQuantiles.Quantile`, `ValueAtQuantiles.Value`), Flags
FROM otel_metrics_summary
SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0;
