import type { DivertedPoint, MetricType } from '../reader/hooks.ts';
import { lengthField, varintField } from './message.ts';
import { familyKey, partitionOf } from './partitions.ts';
import { pointCount, sumPoints } from './point-sum.ts';

/** The field of `Metric` that holds the points of each type. */
const DATA_FIELDS: Readonly<Record<MetricType, number>> = {
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponential_histogram: 10,
  summary: 11,
};
const NO_RECORDED_VALUE = 1;

/** Points of one series but for the partition and of one time. The last point of a partition wins. */
interface Bucket {
  readonly family: string;
  readonly key: string;
  readonly points: Map<string, DivertedPoint>;
}

/** What the partitions of one family said last. */
export interface FamilyValues {
  readonly service: string;
  readonly family: string;
  readonly values: Map<string, number>;
  /** Whether the points are of a cumulative sum. */
  readonly cumulative: boolean;
}

export interface Diverted {
  /** A metrics request of protobuf. */
  readonly request: Uint8Array;
  readonly own: number;
  readonly summed: number;
  /** Points that cannot be added up and have no series of their own: they are lost. */
  readonly lost: number;
}

/** Collects the points of partitions without a series of their own, until they are sent again as fewer points. */
export class Diversion {
  readonly #buckets = new Map<string, Bucket>();
  readonly #families = new Map<string, FamilyValues & { readonly times: Map<string, bigint> }>();

  add(point: DivertedPoint): void {
    const partition = partitionOf(point.attributes);
    if (partition === undefined || (point.flags & NO_RECORDED_VALUE) !== 0) return;
    const family = `${point.service}\u0000${familyKey(point.metric, point.attributes, partition.key)}`;
    const id = [family, point.time, seriesOf(point)].join('\u0000');
    let bucket = this.#buckets.get(id);
    if (bucket === undefined) {
      bucket = { family, key: partition.key, points: new Map() };
      this.#buckets.set(id, bucket);
    }
    bucket.points.set(partition.value, point);
    this.#learn(point, family, partition.value);
  }

  families(): Iterable<FamilyValues> {
    return this.#families.values();
  }

  /** Everything collected, as one request; undefined when there was nothing. Partitions that are `hot` keep their series. */
  take(hot: (family: string, partition: string) => boolean): Diverted | undefined {
    if (this.#buckets.size === 0) return undefined;
    const counts = { own: 0, summed: 0, lost: 0 };
    const messages: Buffer[] = [];
    for (const { family, key, points } of this.#buckets.values()) {
      const data: Uint8Array[] = [];
      const rest: DivertedPoint[] = [];
      for (const [partition, point] of points) {
        if (hot(family, partition)) data.push(point.point);
        else rest.push(point);
      }
      counts.own += data.length;
      const sum = rest.length === 0 ? undefined : sumPoints(rest, key);
      if (sum !== undefined) data.push(sum);
      counts[sum === undefined ? 'lost' : 'summed'] += rest.length;
      const [first] = points.values();
      if (data.length > 0) messages.push(resourceMetrics(first as DivertedPoint, data));
    }
    this.clear();
    return { request: Buffer.concat(messages), ...counts };
  }

  clear(): void {
    this.#buckets.clear();
    this.#families.clear();
  }

  #learn(point: DivertedPoint, family: string, partition: string): void {
    let known = this.#families.get(family);
    if (known === undefined) {
      const cumulative = point.type === 'sum' && point.temporality === 2;
      known = { service: point.service, family, cumulative, values: new Map(), times: new Map() };
      this.#families.set(family, known);
    }
    if (point.time < (known.times.get(partition) ?? 0n)) return;
    const number = point.type === 'gauge' || point.type === 'sum';
    known.times.set(partition, point.time);
    known.values.set(partition, number ? point.value : pointCount(point.point));
  }
}

/** What tells two series of a service apart besides the metric's name and attributes. */
function seriesOf(point: DivertedPoint): string {
  const parts = [point.unit, point.type, point.temporality, point.isMonotonic, point.resourceSchemaUrl];
  return [...parts, point.scopeSchemaUrl, latin1(point.resource), latin1(point.scope)].join('\u0000');
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** A `ResourceMetrics` with one metric, as a field of a request. */
function resourceMetrics(point: DivertedPoint, data: readonly Uint8Array[]): Buffer {
  const points = data.map((message) => lengthField(1, message));
  if (point.type !== 'gauge' && point.type !== 'summary') points.push(varintField(2, point.temporality));
  if (point.type === 'sum') points.push(varintField(3, point.isMonotonic ? 1 : 0));
  const metric = lengthField(
    2,
    text(1, point.metric),
    text(2, point.description),
    text(3, point.unit),
    lengthField(DATA_FIELDS[point.type], ...points),
  );
  const scope = point.scope.length === 0 ? Buffer.alloc(0) : lengthField(1, point.scope);
  const scopeMetrics = lengthField(2, scope, metric, text(3, point.scopeSchemaUrl ?? ''));
  const resource = point.resource.length === 0 ? Buffer.alloc(0) : lengthField(1, point.resource);
  return lengthField(1, resource, scopeMetrics, text(3, point.resourceSchemaUrl ?? ''));
}

function text(field: number, value: string): Buffer {
  return value === '' ? Buffer.alloc(0) : lengthField(field, Buffer.from(value));
}
