import type {
  HistogramDataPoint,
  Metric,
  MetricsRequest,
  NumberDataPoint,
  ResourceMetrics,
  ScopeMetrics,
  SummaryDataPoint,
} from '../../otlp/model.ts';
import type { PointData } from './points.ts';
import type { TrackedPoint } from './series.ts';

const CUMULATIVE = 2;
const NO_RECORDED_VALUE = 1;

type Points = { [K in 'number' | 'histogram' | 'summary']: unknown[] };

/** Points as an export request: one resource, scope and metric for all that share them. */
export function metricsRequest(points: readonly TrackedPoint[]): MetricsRequest {
  const resources = new Map<string, { resource: ResourceMetrics; scopes: ScopeMetrics[] }>();
  const scopes = new Map<string, Metric[]>();
  const metrics = new Map<string, Points>();
  for (const point of points) {
    const { origin, scope } = point;
    let resource = resources.get(origin.key);
    if (resource === undefined) {
      const list: ScopeMetrics[] = [];
      resource = { resource: { resource: { attributes: origin.attributes }, scopeMetrics: list }, scopes: list };
      resources.set(origin.key, resource);
    }
    const scopeKey = `${origin.key}\n${scope.key}`;
    let list = scopes.get(scopeKey);
    if (list === undefined) {
      list = [];
      scopes.set(scopeKey, list);
      resource.scopes.push({ scope: { name: scope.name, version: scope.version }, metrics: list });
    }
    const metricKey = `${scopeKey}\n${point.type}\n${point.name}`;
    let metric = metrics.get(metricKey);
    if (metric === undefined) {
      metric = { number: [], histogram: [], summary: [] };
      metrics.set(metricKey, metric);
      list.push(metricOf(point, metric));
    }
    push(metric, point);
  }
  return { resourceMetrics: [...resources.values()].map(({ resource }) => resource) };
}

function metricOf({ name, description, unit, type }: TrackedPoint, points: Points): Metric {
  const named = { name, description, unit };
  const number = points.number as NumberDataPoint[];
  switch (type) {
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

function push(points: Points, { type, data, attributes, time, start, exemplars }: TrackedPoint): void {
  const shared = {
    attributes,
    timeUnixNano: nanoseconds(time),
    ...(start === undefined ? {} : { startTimeUnixNano: nanoseconds(start) }),
    ...(data === undefined ? { flags: NO_RECORDED_VALUE } : {}),
  };
  const into = type === 'histogram' || type === 'summary' ? points[type] : points.number;
  into.push({ ...shared, ...valuesOf(data), ...(exemplars.length > 0 && type !== 'summary' ? { exemplars } : {}) });
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

function nanoseconds(time: number): bigint {
  return BigInt(Math.round(time)) * 1_000_000n;
}
