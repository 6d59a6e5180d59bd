import type {
  Exemplar,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  Metric,
  MetricsRequest,
  NumberDataPoint,
  SummaryDataPoint,
} from '../../collector/otlp/model.ts';
import type { Rejections } from '../../collector/otlp/rejections.ts';
import { attributeMap, serviceName } from './attributes.ts';
import { dayOf, exact, float, isStorableOrUnset, refuseTime, type StockRow } from './values.ts';

export const METRIC_TABLES = [
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
] as const;
export type MetricTable = (typeof METRIC_TABLES)[number];

/** Data point flag: the series has no value here (a staleness marker). */
const NO_RECORDED_VALUE = 1;
/** A bucket index beyond this is no finite double at any scale the protocol allows. */
const SCALE_RANGE = { min: -10, max: 20 } as const;

type AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint;
type Columns = Readonly<Record<string, unknown>>;

/** Rows of the five metric tables. Points that break the protocol's rules are left out and told to `rejections`. */
export function metricRows(request: MetricsRequest, rejections: Rejections): Map<MetricTable, StockRow[]> {
  const tables = new Map<MetricTable, StockRow[]>();
  for (const [r, { resource, scopeMetrics, schemaUrl }] of (request.resourceMetrics ?? []).entries()) {
    const ofResource = {
      ResourceAttributes: attributeMap(resource?.attributes),
      ResourceSchemaUrl: schemaUrl ?? '',
      ServiceName: serviceName(resource),
    };
    for (const [s, { scope, metrics, schemaUrl: scopeSchemaUrl }] of (scopeMetrics ?? []).entries()) {
      const ofScope = {
        ...ofResource,
        ScopeName: scope?.name ?? '',
        ScopeVersion: scope?.version ?? '',
        ScopeAttributes: attributeMap(scope?.attributes),
        ScopeDroppedAttrCount: scope?.droppedAttributesCount ?? 0,
        ScopeSchemaUrl: scopeSchemaUrl ?? '',
      };
      for (const [m, metric] of (metrics ?? []).entries()) {
        const where = `resourceMetrics[${r}].scopeMetrics[${s}].metrics[${m}]`;
        addMetric(metric, ofScope, tables, rejections, where);
      }
    }
  }
  return tables;
}

function addMetric(
  metric: Metric,
  ofScope: Columns,
  tables: Map<MetricTable, StockRow[]>,
  rejections: Rejections,
  where: string,
): void {
  const shared = {
    ...ofScope,
    MetricName: metric.name ?? '',
    MetricDescription: metric.description ?? '',
    MetricUnit: metric.unit ?? '',
  };
  const add = <P extends AnyPoint>(
    table: MetricTable,
    points: readonly P[] | undefined,
    own: (point: P) => Columns,
    fault: (point: P) => Fault | undefined,
  ): void => {
    if (points === undefined || points.length === 0) return;
    if (shared.MetricName === '') {
      rejections.add('missing_name', 'a metric has no name', () => where, points.length);
      return;
    }
    const rows = tables.get(table) ?? [];
    tables.set(table, rows);
    for (const [i, point] of points.entries()) {
      const place = () => `${where}.dataPoints[${i}]`;
      if (refuseTime(point.timeUnixNano, 'the time', rejections, place)) continue;
      const wrong = timeFault(point) ?? fault(point);
      if (wrong !== undefined) rejections.add(wrong.reason, wrong.what, place);
      else rows.push(pointRow(point, shared, own(point)));
    }
  };
  const temporality = (data: { readonly aggregationTemporality?: number }) => data.aggregationTemporality ?? 0;
  const { gauge, sum, histogram, exponentialHistogram: exponential, summary } = metric;
  if (gauge) add('otel_metrics_gauge', gauge.dataPoints, numberColumns, numberFault);
  if (sum) {
    const ofSum = { AggregationTemporality: temporality(sum), IsMonotonic: sum.isMonotonic ?? false };
    add('otel_metrics_sum', sum.dataPoints, (point) => ({ ...numberColumns(point), ...ofSum }), numberFault);
  }
  if (histogram) {
    const own = (point: HistogramDataPoint) => histogramColumns(point, temporality(histogram));
    add('otel_metrics_histogram', histogram.dataPoints, own, histogramFault);
  }
  if (exponential) {
    const own = (point: ExponentialHistogramDataPoint) => exponentialColumns(point, temporality(exponential));
    add('otel_metrics_exponential_histogram', exponential.dataPoints, own, exponentialFault);
  }
  if (summary) add('otel_metrics_summary', summary.dataPoints, summaryColumns, () => undefined);
}

interface Fault {
  readonly reason: 'invalid_time' | 'missing_value' | 'invalid_buckets';
  readonly what: string;
}

function timeFault(point: AnyPoint): Fault | undefined {
  if (!isStorableOrUnset(point.startTimeUnixNano)) {
    return { reason: 'invalid_time', what: 'the start time lies after the year 2105' };
  }
  const exemplars = 'exemplars' in point ? (point.exemplars ?? []) : [];
  if (exemplars.every((exemplar) => isStorableOrUnset(exemplar.timeUnixNano))) return undefined;
  return { reason: 'invalid_time', what: 'an exemplar lies after the year 2105' };
}

function numberFault(point: NumberDataPoint): Fault | undefined {
  if (point.asDouble !== undefined || point.asInt !== undefined || isStale(point)) return undefined;
  return { reason: 'missing_value', what: 'the point has no value' };
}

function histogramFault(point: HistogramDataPoint): Fault | undefined {
  const counts = point.bucketCounts ?? [];
  const bounds = point.explicitBounds ?? [];
  const fault = (what: string): Fault => ({ reason: 'invalid_buckets', what });
  if (counts.length !== (bounds.length === 0 ? counts.length && 1 : bounds.length + 1)) {
    return fault(`${counts.length} bucket counts do not fit ${bounds.length} bounds`);
  }
  for (let i = 0; i < bounds.length; i++) {
    const bound = bounds[i] as number;
    if (Number.isNaN(bound) || (i > 0 && bound <= (bounds[i - 1] as number))) return fault('the bounds do not ascend');
  }
  return undefined;
}

function exponentialFault(point: ExponentialHistogramDataPoint): Fault | undefined {
  const fault = (what: string): Fault => ({ reason: 'invalid_buckets', what });
  const scale = point.scale ?? 0;
  if (scale < SCALE_RANGE.min || scale > SCALE_RANGE.max) {
    return fault(`the scale ${scale} is outside ${SCALE_RANGE.min} to ${SCALE_RANGE.max}`);
  }
  for (const side of [point.positive, point.negative]) {
    const counts = side?.bucketCounts ?? [];
    // Bucket k begins at 2^(k / 2^scale); doubles end at 2^1024 and begin at 2^-1074.
    const first = (side?.offset ?? 0) / 2 ** scale;
    const last = ((side?.offset ?? 0) + counts.length - 1) / 2 ** scale;
    if (counts.length > 0 && (first < -1075 || last > 1024)) {
      return fault('the buckets reach beyond the range of doubles');
    }
  }
  return undefined;
}

function isStale(point: AnyPoint): boolean {
  return ((point.flags ?? 0) & NO_RECORDED_VALUE) !== 0;
}

function pointRow(point: AnyPoint, shared: Columns, own: Columns): StockRow {
  const time = point.timeUnixNano as bigint;
  const columns = {
    ...shared,
    Attributes: attributeMap(point.attributes),
    StartTimeUnix: exact(point.startTimeUnixNano),
    TimeUnix: exact(time),
    Flags: point.flags ?? 0,
    ...own,
  };
  return { day: dayOf(time), columns };
}

/** The value of a staleness marker is NaN, which no average and no rollup takes for a measurement. */
function numberColumns(point: NumberDataPoint): Columns {
  const stale = isStale(point) ? Number.NaN : 0;
  return { Value: float(numberOf(point) ?? stale), ...exemplarColumns(point.exemplars) };
}

function numberOf(point: { readonly asDouble?: number; readonly asInt?: bigint }): number | undefined {
  return point.asDouble ?? (point.asInt === undefined ? undefined : Number(point.asInt));
}

function histogramColumns(point: HistogramDataPoint, temporality: number): Columns {
  return {
    Count: exact(point.count),
    Sum: float(point.sum),
    BucketCounts: (point.bucketCounts ?? []).map(exact),
    ExplicitBounds: (point.explicitBounds ?? []).map(float),
    ...exemplarColumns(point.exemplars),
    Min: float(point.min),
    Max: float(point.max),
    AggregationTemporality: temporality,
  };
}

function exponentialColumns(point: ExponentialHistogramDataPoint, temporality: number): Columns {
  return {
    Count: exact(point.count),
    Sum: float(point.sum),
    Scale: point.scale ?? 0,
    ZeroCount: exact(point.zeroCount),
    PositiveOffset: point.positive?.offset ?? 0,
    PositiveBucketCounts: (point.positive?.bucketCounts ?? []).map(exact),
    NegativeOffset: point.negative?.offset ?? 0,
    NegativeBucketCounts: (point.negative?.bucketCounts ?? []).map(exact),
    ...exemplarColumns(point.exemplars),
    Min: float(point.min),
    Max: float(point.max),
    AggregationTemporality: temporality,
  };
}

function summaryColumns(point: SummaryDataPoint): Columns {
  const quantiles = point.quantileValues ?? [];
  return {
    Count: exact(point.count),
    Sum: float(point.sum),
    'ValueAtQuantiles.Quantile': quantiles.map((quantile) => float(quantile.quantile)),
    'ValueAtQuantiles.Value': quantiles.map((quantile) => float(quantile.value)),
  };
}

function exemplarColumns(exemplars: readonly Exemplar[] = []): Columns {
  return {
    'Exemplars.FilteredAttributes': exemplars.map((exemplar) => attributeMap(exemplar.filteredAttributes)),
    'Exemplars.TimeUnix': exemplars.map((exemplar) => exact(exemplar.timeUnixNano)),
    'Exemplars.Value': exemplars.map((exemplar) => float(numberOf(exemplar))),
    'Exemplars.SpanId': exemplars.map((exemplar) => exemplar.spanId ?? ''),
    'Exemplars.TraceId': exemplars.map((exemplar) => exemplar.traceId ?? ''),
  };
}
