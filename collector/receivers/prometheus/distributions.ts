import type { PointData } from './points.ts';

/** What the samples of a histogram or a summary say together. Buckets are cumulative, by upper bound. */
export interface Distribution {
  readonly buckets: Map<number, number>;
  readonly quantiles: Map<number, number>;
  sum?: number;
  count?: number;
}

/**
 * The histogram with counts of each bucket alone. Undefined where no count is known, or where one is negative, no
 * number, or smaller than that of a bucket it includes.
 */
export function histogramOf({ buckets, sum, count }: Distribution): PointData | undefined {
  const total = count ?? buckets.get(Number.POSITIVE_INFINITY);
  if (total === undefined || !isCount(total)) return undefined;
  const bounds = [...buckets.keys()].filter(Number.isFinite).sort((a, b) => a - b);
  const counts: number[] = [];
  let below = 0;
  for (const upTo of [...bounds.map((bound) => buckets.get(bound) as number), total]) {
    if (!isCount(upTo) || upTo < below) return undefined;
    counts.push(upTo - below);
    below = upTo;
  }
  return { kind: 'histogram', bounds, counts, count: total, sum };
}

/** Undefined where it holds nothing. */
export function summaryOf({ quantiles, sum, count }: Distribution): PointData | undefined {
  if (quantiles.size === 0 && sum === undefined && count === undefined) return undefined;
  if (count !== undefined && !isCount(count)) return undefined;
  const values = [...quantiles].sort(([a], [b]) => a - b).map(([quantile, value]) => ({ quantile, value }));
  return { kind: 'summary', quantiles: values, count, sum };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(Math.round(value)) && value >= 0;
}
