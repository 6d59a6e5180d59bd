import type { DivertedPoint } from '../reader/hooks.ts';
import { keyValue } from './item.ts';
import { doubleField, FIXED64, fixed64Field, LENGTH, lengthField, MessageWalk } from './message.ts';
import { OTHER } from './partitions.ts';

/** Field numbers of `NumberDataPoint` and `HistogramDataPoint`; both have their times in 2 and 3. */
const START = 2;
const TIME = 3;
const NUMBER = { value: 4, attributes: 7 } as const;
const HISTOGRAM = { count: 4, sum: 5, buckets: 6, bounds: 7, attributes: 9, min: 11, max: 12 } as const;

/** Gauges in these units say how old, how long or how full something is: of many partitions the worst one counts. */
const WORST_UNITS: ReadonlySet<string> = new Set(['ns', 'us', 'ms', 's', 'min', 'h', 'd', '%']);

/** A point's attributes as they came, with another value in place of the partition; undefined when they say `other` already. */
function otherAttributes(point: DivertedPoint, field: number, partitionKey: string): Buffer | undefined {
  const parts: Buffer[] = [];
  const walk = new MessageWalk(point.point);
  while (walk.next()) {
    if (walk.field !== field || walk.wireType !== LENGTH) continue;
    const attribute = keyValue(walk.enter());
    if (attribute === undefined) continue;
    if (attribute.key !== partitionKey) {
      parts.push(lengthField(field, walk.bytes.subarray(walk.start, walk.end)));
      continue;
    }
    const value = attribute.value;
    if (value?.next() && value.field === 1 && value.text() === OTHER) return undefined;
  }
  const key = lengthField(1, Buffer.from(partitionKey));
  const value = lengthField(2, lengthField(1, Buffer.from(OTHER)));
  return Buffer.concat([...parts, lengthField(field, key, value)]);
}

/**
 * One data point for all partitions of `points`, which are of one series but for the partition and of one time: the
 * sum, or the largest of gauges of time and share. Undefined when points of their kind cannot be added up: exponential
 * histograms, summaries, and histograms of different bounds.
 */
export function sumPoints(points: readonly DivertedPoint[], partitionKey: string): Buffer | undefined {
  const first = points[0] as DivertedPoint;
  if (first.type === 'histogram') return sumHistograms(points, partitionKey);
  if (first.type !== 'gauge' && first.type !== 'sum') return undefined;
  const attributes = otherAttributes(first, NUMBER.attributes, partitionKey);
  if (attributes === undefined) return undefined;
  const values = points.map((point) => point.value).filter((value) => !Number.isNaN(value));
  const worst = first.type === 'gauge' && WORST_UNITS.has(first.unit);
  const value = worst ? Math.max(...values) : values.reduce((sum, one) => sum + one, 0);
  return Buffer.concat([...times(points), doubleField(NUMBER.value, value), attributes]);
}

function times(points: readonly DivertedPoint[]): Buffer[] {
  const first = points[0] as DivertedPoint;
  let start = first.startTime;
  for (const { startTime } of points) if (startTime < start) start = startTime;
  return [fixed64Field(START, start), fixed64Field(TIME, first.time)];
}

interface HistogramPoint {
  count: bigint;
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
  buckets: bigint[];
  bounds: number[];
}

function readHistogram(point: Uint8Array): HistogramPoint {
  const read: HistogramPoint = { count: 0n, sum: undefined, min: undefined, max: undefined, buckets: [], bounds: [] };
  const walk = new MessageWalk(point);
  while (walk.next()) {
    const { field, wireType } = walk;
    if (field === HISTOGRAM.buckets) {
      for (let at = walk.start; at + 8 <= walk.end; at += 8) read.buckets.push(walk.bytes.readBigUInt64LE(at));
    } else if (field === HISTOGRAM.bounds) {
      for (let at = walk.start; at + 8 <= walk.end; at += 8) read.bounds.push(walk.bytes.readDoubleLE(at));
    } else if (wireType !== FIXED64) continue;
    else if (field === HISTOGRAM.count) read.count = walk.bytes.readBigUInt64LE(walk.start);
    else if (field === HISTOGRAM.sum) read.sum = walk.double();
    else if (field === HISTOGRAM.min) read.min = walk.double();
    else if (field === HISTOGRAM.max) read.max = walk.double();
  }
  return read;
}

/** How many measurements a histogram point, exponential or not, or a summary point has. */
export function pointCount(point: Uint8Array): number {
  const walk = new MessageWalk(point);
  let count = 0n;
  while (walk.next()) {
    if (walk.field === HISTOGRAM.count && walk.wireType === FIXED64) count = walk.bytes.readBigUInt64LE(walk.start);
  }
  return Number(count);
}

function sumHistograms(points: readonly DivertedPoint[], partitionKey: string): Buffer | undefined {
  const attributes = otherAttributes(points[0] as DivertedPoint, HISTOGRAM.attributes, partitionKey);
  const [total, ...rest] = points.map(({ point }) => readHistogram(point));
  if (attributes === undefined || total === undefined) return undefined;
  for (const one of rest) {
    if (one.buckets.length !== total.buckets.length || one.bounds.length !== total.bounds.length) return undefined;
    if (one.bounds.some((bound, i) => bound !== total.bounds[i])) return undefined;
    total.count += one.count;
    total.buckets = total.buckets.map((count, i) => count + (one.buckets[i] as bigint));
    total.sum = both(total.sum, one.sum, (a, b) => a + b);
    total.min = both(total.min, one.min, Math.min);
    total.max = both(total.max, one.max, Math.max);
  }
  const buckets = Buffer.concat(total.buckets.map((count) => fixed64Field(1, count).subarray(1)));
  const bounds = Buffer.concat(total.bounds.map((bound) => doubleField(1, bound).subarray(1)));
  return Buffer.concat([
    ...times(points),
    fixed64Field(HISTOGRAM.count, total.count),
    ...optional(HISTOGRAM.sum, total.sum),
    lengthField(HISTOGRAM.buckets, buckets),
    lengthField(HISTOGRAM.bounds, bounds),
    attributes,
    ...optional(HISTOGRAM.min, total.min),
    ...optional(HISTOGRAM.max, total.max),
  ]);
}

/** An optional field is known of the sum only when it is known of every part. */
function both(a: number | undefined, b: number | undefined, add: (a: number, b: number) => number): number | undefined {
  return a === undefined || b === undefined ? undefined : add(a, b);
}

function optional(field: number, value: number | undefined): Buffer[] {
  return value === undefined ? [] : [doubleField(field, value)];
}
