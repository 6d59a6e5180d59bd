import { encodeRequest } from '../../../collector/otlp/encode.ts';
import type { KeyValue, MetricsRequest } from '../../../collector/otlp/model.ts';

/** A checkpoint as the SDK reports it (docs/pathway.md). */
export interface Stop {
  readonly service: string;
  readonly pipeline?: string;
  readonly hash: string;
  readonly parent: string;
  readonly direction: 'in' | 'out';
  readonly destination: string;
  readonly group?: string;
  readonly instance?: string;
  /** `weir.origin` of what is not live. */
  readonly origin?: string;
}

const text = (key: string, stringValue: string): KeyValue => ({ key, value: { stringValue } });

function attributesOf(stop: Stop): KeyValue[] {
  return [
    text('weir.pathway.hash', stop.hash),
    text('weir.pathway.parent', stop.parent),
    text('weir.pathway.direction', stop.direction),
    text('messaging.system', 'kafka'),
    text('messaging.destination.name', stop.destination),
    ...(stop.group === undefined ? [] : [text('messaging.consumer.group.name', stop.group)]),
  ];
}

function resourceOf(stop: Stop) {
  return {
    attributes: [
      text('service.name', stop.service),
      text('weir.pipeline', stop.pipeline ?? 'shop'),
      ...(stop.instance === undefined ? [] : [text('service.instance.id', stop.instance)]),
      ...(stop.origin === undefined ? [] : [text('weir.origin', stop.origin)]),
    ],
  };
}

const nanos = (ms: number) => BigInt(Math.round(ms)) * 1_000_000n;

/** Values in seconds as the data of one exponential histogram of a scale, written without any of the product's own rounding. */
export function scaled(values: readonly number[], scale: number) {
  const positive = values.filter((value) => value > 0);
  const indexes = positive.map((value) => Math.ceil(Math.log2(value) * 2 ** scale) - 1);
  const offset = Math.min(...indexes, 0) === 0 && indexes.length === 0 ? 0 : Math.min(...indexes);
  const counts = new Array<number>(indexes.length === 0 ? 0 : Math.max(...indexes) - offset + 1).fill(0);
  for (const index of indexes) counts[index - offset] = (counts[index - offset] as number) + 1;
  return {
    count: BigInt(values.length),
    sum: values.reduce((sum, value) => sum + value, 0),
    scale,
    zeroCount: BigInt(values.length - positive.length),
    positive: { offset, bucketCounts: counts.map(BigInt) },
  };
}

/** Both latency histograms of one flush that ends at `at`. */
export function latencyRequest(
  stop: Stop,
  at: number,
  values: { readonly latency: readonly number[]; readonly edge: readonly number[] },
  scale = 6,
): MetricsRequest {
  const metric = (name: string, seconds: readonly number[]) => ({
    name,
    unit: 's',
    exponentialHistogram: {
      aggregationTemporality: 1,
      dataPoints: [
        {
          attributes: attributesOf(stop),
          startTimeUnixNano: nanos(at - 10_000),
          timeUnixNano: nanos(at),
          ...scaled(seconds, scale),
        },
      ],
    },
  });
  const metrics = [metric('weir.pathway.latency', values.latency), metric('weir.pathway.edge.latency', values.edge)];
  return { resourceMetrics: [{ resource: resourceOf(stop), scopeMetrics: [{ metrics }] }] };
}

/** Records by the start of the ten seconds in which their pathways began. */
export function recordsRequest(
  stop: Stop,
  windows: readonly (readonly [start: number, records: number])[],
): MetricsRequest {
  const dataPoints = windows.map(([start, records]) => ({
    attributes: attributesOf(stop),
    startTimeUnixNano: nanos(start),
    timeUnixNano: nanos(start + 10_000),
    asInt: BigInt(records),
  }));
  const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints };
  const metrics = [{ name: 'weir.pathway.records', unit: '{record}', sum }];
  return { resourceMetrics: [{ resource: resourceOf(stop), scopeMetrics: [{ metrics }] }] };
}

/** Sends a request to a collector's OTLP/HTTP address, as protobuf; throws when it is not taken. */
export async function sendMetrics(http: string, request: MetricsRequest): Promise<void> {
  const response = await fetch(`${http}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(encodeRequest('metrics', request)),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}

/** Numbers in [0, 1) that are the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Log-normal with a median, in seconds. */
export function latencyOf(random: () => number, median: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(spread * normal);
}

/** Nearest rank of a list, as all percentiles here are. */
export function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length - 1e-9) - 1)] as number;
}
