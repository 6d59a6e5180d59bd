/**
 * Telemetry as the OpenTelemetry Collector's ClickHouse exporter would write it, made by the engine itself: statements that fill
 * the exporter's tables. Every run makes the same rows but for the day: the last one that is over.
 */
export const MIDNIGHT = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000;

/** Of one span or record: its number decides everything about it. */
const hash = (salt: number) => `cityHash64(number, ${salt})`;
/** However many there are, they spread over twenty hours. */
const at = (count: number) =>
  `toDateTime64(${MIDNIGHT / 1000}, 9) + toIntervalNanosecond(number * ${Math.floor(72_000_000_000_000 / count)} + 123)`;
const map = (...pairs: readonly (readonly [key: string, value: string])[]) =>
  `mapSort(CAST(map(${pairs.map(([key, value]) => `'${key}', ${value}`).join(', ')}), 'Map(LowCardinality(String), String)'))`;

const SERVICE = `concat('service-', toString(number % 12))`;
const RESOURCE = map(
  ['service.name', SERVICE],
  ['service.namespace', `if(number % 12 < 6, 'shop', 'bank')`],
  ['host.name', `concat('host-', toString(number % 24))`],
  ['k8s.pod.name', `concat('pod-', toString(number % 48))`],
);
const TRACE = 'lower(hex(MD5(toString(intDiv(number, 8)))))';
const SPAN = `lower(hex(${hash(1)}))`;

const spans = (count: number) => `
INSERT INTO otel_traces
SELECT
    ${at(count)} AS Timestamp, ${TRACE} AS TraceId, leftPad(${SPAN}, 16, '0') AS SpanId,
    if(number % 8 = 0, '', leftPad(lower(hex(cityHash64(number - 1, 1))), 16, '0')) AS ParentSpanId, if(number % 50 = 0, 'vendor=1', '') AS TraceState,
    concat(['GET /cart', 'POST /orders', 'orders send', 'orders process', 'SELECT shop.orders'][1 + ${hash(2)} % 5], if(number % 3 = 0, '', '/v2')) AS SpanName,
    ['Internal', 'Server', 'Client', 'Producer', 'Consumer'][1 + ${hash(3)} % 5] AS SpanKind, ${SERVICE} AS ServiceName, ${RESOURCE} AS ResourceAttributes,
    'io.opentelemetry.http' AS ScopeName, if(number % 2 = 0, '1.0', '1.1') AS ScopeVersion,
    ${map(['http.request.method', `['GET', 'POST'][1 + number % 2]`], ['http.response.status_code', `toString(200 + 100 * (${hash(4)} % 4))`], ['http.route', `concat('/r/', toString(${hash(5)} % 20))`], ['user.id', `toString(${hash(6)} % 1000)`], ['odd\\0key', `'\\x01and\\0zero'`])} AS SpanAttributes,
    multiIf(number = 33333, 120000000000, number % 997 = 0, 20000000000, 1000000 + ${hash(7)} % 400000000) AS Duration,
    multiIf(${hash(8)} % 40 = 0, 'Error', ${hash(8)} % 3 = 0, 'Ok', 'Unset') AS StatusCode, if(StatusCode = 'Error', 'it failed', '') AS StatusMessage,
    if(number % 7 = 0, [Timestamp + 1, Timestamp + 2], []) AS EventTimes, if(number % 7 = 0, ['exception', 'retry'], []) AS EventNames,
    if(number % 7 = 0, [${map(['exception.type', `'Timeout'`])}, ${map(['n', 'toString(number)'])}], []) AS EventAttributes,
    if(number % 9 = 0, [lower(hex(MD5(toString(number)))), ''], []) AS LinkTraces, if(number % 9 = 0, [leftPad(${SPAN}, 16, '0'), ''], []) AS LinkSpans,
    if(number % 9 = 0, ['a=b', ''], []) AS LinkStates, if(number % 9 = 0, [${map(['link', `'1'`])}, ${map(['link', `'2'`])}], []) AS LinkAttributes
FROM numbers(${count})`;

const logs = (count: number) => `
INSERT INTO otel_logs (Timestamp, TraceId, SpanId, TraceFlags, SeverityText, SeverityNumber, ServiceName, Body, ResourceSchemaUrl, ResourceAttributes,
    ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, LogAttributes, EventName)
SELECT
    ${at(count)}, if(number % 5 = 0, '', ${TRACE}), if(number % 5 = 0, '', leftPad(${SPAN}, 16, '0')), number % 2,
    ['INFO', 'WARN', 'ERROR'][1 + ${hash(9)} % 3], 9 + 4 * (${hash(9)} % 3), ${SERVICE},
    concat('order ', toString(number), ' was ', ['placed', 'paid', 'lost'][1 + ${hash(10)} % 3]), 'https://opentelemetry.io/schemas/1.30.0', ${RESOURCE},
    'https://example.com/scope', 'logger', '2.0', ${map(['scope.kind', `'app'`])},
    ${map(['thread.name', `concat('worker-', toString(number % 8))`], ['order.id', 'toString(number)'])}, if(number % 100 = 0, 'order.lost', '')
FROM numbers(${count})`;

const METRIC_COLUMNS = `ResourceAttributes, ResourceSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, ScopeDroppedAttrCount, ScopeSchemaUrl, ServiceName,
    MetricName, MetricDescription, MetricUnit, Attributes, StartTimeUnix, TimeUnix, Flags`;
/** Which of three metrics a point is of: of the sums, a cumulative counter, one that goes down as well, and a delta. */
const METRIC = '(intDiv(number, 12) % 3)';
const metric = (
  name: string,
  count: number,
) => `${RESOURCE}, 'https://example.com/resource', 'meter', '3.1', ${map(['scope.kind', `'meter'`])}, 2, 'https://example.com/meter', ${SERVICE},
    concat('${name}.', ['used', 'free', 'time'][1 + ${METRIC}]), 'How much of it', 'By',
    ${map(['http.route', `concat('/r/', toString(intDiv(number, 36) % 20))`], ['method', `['GET', 'POST'][1 + intDiv(number, 720) % 2]`])},
    toDateTime64(${MIDNIGHT / 1000}, 9), ${at(count)}, number % 2`;
const EXEMPLARS =
  '`Exemplars.FilteredAttributes`, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.SpanId`, `Exemplars.TraceId`';
const exemplars = `if(number % 30 = 0, [${map(['user', `'u'`])}], []), if(number % 30 = 0, [toDateTime64(${MIDNIGHT / 1000}, 9)], []), if(number % 30 = 0, [1.5], []),
    if(number % 30 = 0, [leftPad(${SPAN}, 16, '0')], []), if(number % 30 = 0, [${TRACE}], [])`;
const metrics = (count: number) => [
  `INSERT INTO otel_metrics_gauge (${METRIC_COLUMNS}, Value, ${EXEMPLARS}) SELECT ${metric('memory', count)}, (${hash(11)} % 1000) / 10, ${exemplars} FROM numbers(${count})`,
  `INSERT INTO otel_metrics_sum (${METRIC_COLUMNS}, Value, AggregationTemporality, IsMonotonic, ${EXEMPLARS})
    SELECT ${metric('bytes', count)}, number, if(${METRIC} = 2, 1, 2), ${METRIC} != 1, ${exemplars} FROM numbers(${count})`,
  `INSERT INTO otel_metrics_histogram (${METRIC_COLUMNS}, Count, Sum, BucketCounts, ExplicitBounds, Min, Max, AggregationTemporality, ${EXEMPLARS})
    SELECT ${metric('latency', count)}, 3 * number + 3, 2.5 * number, [number, 2 * number, 3], [0.1, 0.5], 0.01, 1, 2, ${exemplars} FROM numbers(${count})`,
  `INSERT INTO otel_metrics_exponential_histogram (${METRIC_COLUMNS}, Count, Sum, Scale, ZeroCount, PositiveOffset, PositiveBucketCounts, NegativeOffset,
    NegativeBucketCounts, Min, Max, AggregationTemporality, ${EXEMPLARS})
    SELECT ${metric('size', count)}, 7, 3.5, 3, 1, -2, [1, 2], 4, [3], -1, 9, 2, ${exemplars} FROM numbers(${count})`,
  `INSERT INTO otel_metrics_summary (${METRIC_COLUMNS}, Count, Sum, \`ValueAtQuantiles.Quantile\`, \`ValueAtQuantiles.Value\`)
    SELECT ${metric('pause', count)}, 8, 4.5, [0.5, 0.99], [1, number] FROM numbers(${count})`,
];

/** Statements that fill all stock tables, each with `count` rows. */
export const fillStock = (count: number): readonly string[] => [spans(count), logs(count), ...metrics(count)];
