import type { ReceivedPoint } from './otlp-server.ts';

export interface SeenCheckpoint {
  readonly service: string;
  readonly hash: string;
  readonly parent: string;
  readonly direction: string;
  readonly system: string;
  readonly destination: string;
  readonly group: string;
  /** Sum of `weir.pathway.records`, and by the start of the origin window in unix seconds. */
  records: number;
  readonly windows: Map<number, number>;
  /** Counts of the two histograms. */
  latencies: number;
  edges: number;
  /** Buckets of `weir.pathway.latency`, by index at scale 6; zeros apart. */
  readonly buckets: Map<number, number>;
  zeros: number;
}

interface ExponentialPoint {
  readonly count: number | string;
  readonly scale: number;
  readonly zeroCount?: number | string;
  readonly positive?: { readonly offset?: number; readonly bucketCounts?: readonly (number | string)[] };
}

function addBuckets(seen: SeenCheckpoint, point: ExponentialPoint): void {
  if (point.scale !== 6) throw new Error(`scale ${point.scale}`);
  seen.zeros += Number(point.zeroCount ?? 0);
  for (const [i, count] of (point.positive?.bucketCounts ?? []).entries()) {
    const index = (point.positive?.offset ?? 0) + i;
    seen.buckets.set(index, (seen.buckets.get(index) ?? 0) + Number(count));
  }
}

/** The checkpoints that a program's points tell of, flushes added up, in the order they were first seen. */
export function checkpoints(points: readonly ReceivedPoint[]): SeenCheckpoint[] {
  const all = new Map<string, SeenCheckpoint>();
  for (const { metric, point, attributes, resource } of points) {
    const hash = attributes['weir.pathway.hash'];
    if (typeof hash !== 'string') continue;
    let seen = all.get(hash);
    if (seen === undefined) {
      seen = {
        service: String(resource['service.name']),
        hash,
        parent: String(attributes['weir.pathway.parent']),
        direction: String(attributes['weir.pathway.direction']),
        system: String(attributes['messaging.system']),
        destination: String(attributes['messaging.destination.name']),
        group: String(attributes['messaging.consumer.group.name'] ?? ''),
        records: 0,
        windows: new Map(),
        latencies: 0,
        edges: 0,
        buckets: new Map(),
        zeros: 0,
      };
      all.set(hash, seen);
    }
    if (metric === 'weir.pathway.records') {
      const value = Number(point['asInt'] ?? point['asDouble']);
      const start = Number(BigInt(String(point['startTimeUnixNano'])) / 1_000_000_000n);
      if (start % 10 !== 0) throw new Error(`a window starts at ${start}`);
      seen.records += value;
      seen.windows.set(start, (seen.windows.get(start) ?? 0) + value);
    } else if (metric === 'weir.pathway.latency') {
      seen.latencies += Number(point['count']);
      addBuckets(seen, point as unknown as ExponentialPoint);
    } else if (metric === 'weir.pathway.edge.latency') seen.edges += Number(point['count']);
  }
  return [...all.values()];
}

/** The `q` quantile in seconds: rank q * (n - 1), values spread evenly (by ratio) within their bucket. */
export function quantile(seen: SeenCheckpoint, q: number): number {
  const rank = q * (seen.latencies - 1);
  let below = seen.zeros;
  if (below > rank) return 0;
  for (const index of [...seen.buckets.keys()].sort((a, b) => a - b)) {
    const count = seen.buckets.get(index) ?? 0;
    if (below + count > rank) return 2 ** ((index + (rank - below + 0.5) / count) / 64);
    below += count;
  }
  return Number.NaN;
}

/** The `q` quantile of the values themselves. */
export function exactQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] as number;
}
