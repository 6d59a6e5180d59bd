import type {
  HistogramDataPoint,
  Metric,
  MetricsRequest,
  NumberDataPoint,
  ResourceMetrics,
  ScopeMetrics,
  SummaryDataPoint,
} from '../../otlp/model.ts';
import type { Origin, Point, PointData, ScopeOrigin } from './points.ts';
import type { TrackedPoint } from './series.ts';

const CUMULATIVE = 2;
const NO_RECORDED_VALUE = 1;
/** The last millisecond whose nanoseconds fit into 64 bits. */
const LATEST = Math.floor(2 ** 64 / 1e6) - 1;

type Points = { [K in 'number' | 'histogram' | 'summary']: unknown[] };

/** Points as an export request: one resource, scope and metric for all that share them. */
export function metricsRequest(points: readonly TrackedPoint[]): MetricsRequest {
  const resources = new Map<Origin, Map<ScopeOrigin, Map<string, Points>>>();
  const resourceMetrics: ResourceMetrics[] = [];
  const scopeLists = new Map<Origin, ScopeMetrics[]>();
  const metricLists = new Map<Map<string, Points>, Metric[]>();
  for (const tracked of points) {
    const { point } = tracked;
    const { origin, scope } = point;
    let scopes = resources.get(origin);
    if (scopes === undefined) {
      const scopeMetrics: ScopeMetrics[] = [];
      resourceMetrics.push({ resource: { attributes: origin.attributes }, scopeMetrics });
      scopeLists.set(origin, scopeMetrics);
      scopes = new Map();
      resources.set(origin, scopes);
    }
    let metrics = scopes.get(scope);
    if (metrics === undefined) {
      metrics = new Map();
      scopes.set(scope, metrics);
      const list: Metric[] = [];
      metricLists.set(metrics, list);
      scopeLists.get(origin)?.push({ scope: { name: scope.name, version: scope.version }, metrics: list });
    }
    const key = `${point.data.kind}\n${point.name}`;
    let metric = metrics.get(key);
    if (metric === undefined) {
      metric = { number: [], histogram: [], summary: [] };
      metrics.set(key, metric);
      metricLists.get(metrics)?.push(metricOf(point, metric));
    }
    push(metric, tracked);
  }
  return { resourceMetrics };
}

function metricOf({ name, description, unit, data }: Point, points: Points): Metric {
  const named = { name, description, unit };
  const number = points.number as NumberDataPoint[];
  switch (data.kind) {
    case 'level':
      return { ...named, gauge: { dataPoints: number } };
    case 'counter':
      return { ...named, sum: { dataPoints: number, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
    case 'info':
      return { ...named, sum: { dataPoints: number, aggregationTemporality: CUMULATIVE, isMonotonic: false } };
    case 'histogram': {
      const dataPoints = points.histogram as HistogramDataPoint[];
      return { ...named, histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
    }
    case 'summary':
      return { ...named, summary: { dataPoints: points.summary as SummaryDataPoint[] } };
  }
}

function push(points: Points, { point, data, time, start }: TrackedPoint): void {
  const { kind } = point.data;
  const shared = {
    attributes: point.attributes,
    timeUnixNano: nanoseconds(time),
    ...(start === undefined ? {} : { startTimeUnixNano: nanoseconds(start) }),
    ...(data === undefined ? { flags: NO_RECORDED_VALUE } : {}),
  };
  const into = kind === 'histogram' || kind === 'summary' ? points[kind] : points.number;
  const exemplars = data === undefined ? [] : point.exemplars;
  into.push({ ...shared, ...valuesOf(data), ...(exemplars.length > 0 && kind !== 'summary' ? { exemplars } : {}) });
}

function valuesOf(data: PointData | undefined): Partial<NumberDataPoint & HistogramDataPoint & SummaryDataPoint> {
  if (data === undefined) return {};
  if (data.kind === 'histogram') {
    const { bounds, counts, count, sum } = data;
    return {
      count: BigInt(Math.round(count)),
      bucketCounts: counts.map((value) => BigInt(Math.round(value))),
      explicitBounds: bounds,
      ...(sum === undefined ? {} : { sum }),
    };
  }
  if (data.kind === 'summary') {
    const { quantiles, count, sum } = data;
    return {
      count: BigInt(Math.round(count ?? 0)),
      quantileValues: quantiles,
      ...(sum === undefined ? {} : { sum }),
    };
  }
  return { asDouble: data.value };
}

/**
 * Times that OTLP cannot write are the nearest it can (0 stands for none there), which the reader refuses as too old or
 * too new, and counts.
 */
export function nanoseconds(time: number): bigint {
  return BigInt(Math.round(Math.min(Math.max(time, 1), LATEST))) * 1_000_000n;
}
