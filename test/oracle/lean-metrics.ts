import type {
  Exemplar,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  Metric,
  MetricsRequest,
  NumberDataPoint,
  SummaryDataPoint,
} from '../../collector/otlp/model.ts';
import { Rejections } from '../../collector/otlp/rejections.ts';
import { attributePairs } from './attributes.ts';
import { histogramColumns, type Lookup, lookup, seriesColumns } from './lean-derived.ts';
import {
  fixedId,
  float,
  type ItemTable,
  type LeanContext,
  type LeanRow,
  type LeanRows,
  scopeRow,
  text,
} from './lean-row.ts';
import { metricRows } from './metric-rows.ts';

type AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint;

/** One kind of data of a metric: where its rows go, and what they say beside the columns all kinds have. */
interface Kind {
  readonly type: string;
  readonly table: ItemTable;
  readonly property: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  columns(point: AnyPoint, of: Lookup, series: LeanRow): LeanRow;
}

const KINDS: readonly Kind[] = [
  { type: 'gauge', table: 'metric_points', property: 'gauge', columns: numberColumns },
  { type: 'sum', table: 'metric_points', property: 'sum', columns: numberColumns },
  { type: 'histogram', table: 'metric_histograms', property: 'histogram', columns: explicitColumns },
  {
    type: 'exponential_histogram',
    table: 'metric_exponential_histograms',
    property: 'exponentialHistogram',
    columns: exponentialColumns,
  },
  { type: 'summary', table: 'metric_summaries', property: 'summary', columns: summaryColumns },
];

export function addMetricRows(request: MetricsRequest, context: LeanContext, rows: LeanRows): void {
  for (const { resource, schemaUrl, scopeMetrics } of request.resourceMetrics ?? []) {
    for (const { scope, schemaUrl: scopeSchemaUrl, metrics } of scopeMetrics ?? []) {
      const row = scopeRow(resource, schemaUrl, scope, scopeSchemaUrl);
      for (const metric of metrics ?? []) {
        for (const kind of KINDS) if (metric[kind.property] !== undefined) addPoints(metric, kind, row, context, rows);
      }
    }
  }
}

function addPoints(metric: Metric, kind: Kind, scope: LeanRow, context: LeanContext, rows: LeanRows): void {
  const data = metric[kind.property] as {
    readonly dataPoints?: readonly AnyPoint[];
    readonly aggregationTemporality?: number;
    readonly isMonotonic?: boolean;
  };
  const temporality = data.aggregationTemporality ?? 0;
  for (const point of data.dataPoints ?? []) {
    const rejections = new Rejections();
    // The stock row makers know which points break the protocol's rules.
    const alone = { ...metric, [kind.property]: { ...data, dataPoints: [point] } };
    metricRows({ resourceMetrics: [{ scopeMetrics: [{ metrics: [alone] }] }] }, rejections);
    if (rows.refused(rejections) || rows.outside(point.timeUnixNano ?? 0n, context)) continue;
    const of = lookup(point.attributes);
    const series: LeanRow = {
      MetricName: metric.name ?? '',
      ServiceName: scope.ServiceName,
      Pipeline: scope.Pipeline,
      ScopeId: scope,
      Type: kind.type,
      // Numbers the protocol does not name mean nothing yet.
      Temporality: temporality >= 0 && temporality <= 2 ? temporality : 0,
      IsMonotonic: data.isMonotonic ?? false,
      Description: metric.description ?? '',
      Unit: metric.unit ?? '',
      Metadata: attributePairs(metric.metadata),
      Attributes: attributePairs(point.attributes),
      ...seriesColumns(of),
    };
    rows.add(kind.table, {
      ServiceName: scope.ServiceName,
      MetricName: metric.name ?? '',
      Pipeline: scope.Pipeline,
      SeriesId: series,
      StartTime: text(point.startTimeUnixNano),
      Time: text(point.timeUnixNano),
      Flags: point.flags ?? 0,
      ...kind.columns(point, of, series),
    });
  }
}

function numberColumns(point: NumberDataPoint, _of: Lookup, series: LeanRow): LeanRow {
  const stale = ((point.flags ?? 0) & 1) !== 0 ? Number.NaN : 0;
  return {
    Signal: series.Signal,
    Type: series.Type,
    Temporality: series.Temporality,
    IsMonotonic: series.IsMonotonic,
    Value: float(numberOf(point) ?? stale),
    Exemplars: exemplarTuples(point.exemplars),
  };
}

function explicitColumns(point: HistogramDataPoint, of: Lookup, series: LeanRow): LeanRow {
  return {
    Temporality: series.Temporality,
    Count: text(point.count),
    Sum: float(point.sum),
    Min: float(point.min),
    Max: float(point.max),
    BucketCounts: (point.bucketCounts ?? []).map(text),
    ExplicitBounds: (point.explicitBounds ?? []).map(float),
    Exemplars: exemplarTuples(point.exemplars),
    ...histogramColumns(of, series.MetricName as string),
  };
}

function exponentialColumns(point: ExponentialHistogramDataPoint, of: Lookup, series: LeanRow): LeanRow {
  return {
    Temporality: series.Temporality,
    Count: text(point.count),
    Sum: float(point.sum),
    Min: float(point.min),
    Max: float(point.max),
    Scale: point.scale ?? 0,
    ZeroCount: text(point.zeroCount),
    ZeroThreshold: float(point.zeroThreshold),
    PositiveOffset: point.positive?.offset ?? 0,
    PositiveBucketCounts: (point.positive?.bucketCounts ?? []).map(text),
    NegativeOffset: point.negative?.offset ?? 0,
    NegativeBucketCounts: (point.negative?.bucketCounts ?? []).map(text),
    Exemplars: exemplarTuples(point.exemplars),
    ...histogramColumns(of, series.MetricName as string),
  };
}

function summaryColumns(point: SummaryDataPoint): LeanRow {
  return {
    Count: text(point.count),
    Sum: float(point.sum),
    Quantiles: (point.quantileValues ?? []).map(({ quantile, value }) => [float(quantile), float(value)]),
  };
}

function numberOf(point: { readonly asDouble?: number; readonly asInt?: bigint }): number | undefined {
  return point.asDouble ?? (point.asInt === undefined ? undefined : Number(point.asInt));
}

function exemplarTuples(exemplars: readonly Exemplar[] = []): unknown[] {
  return exemplars.map((exemplar) => [
    attributePairs(exemplar.filteredAttributes),
    text(exemplar.timeUnixNano),
    float(numberOf(exemplar)),
    fixedId(exemplar.spanId, 16),
    fixedId(exemplar.traceId, 32),
  ]);
}
