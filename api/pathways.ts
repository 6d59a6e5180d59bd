import { WeirError } from '../core/errors.ts';
import type { PathwayLatencyView } from '../core/pipeline-page.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import type { LevelRetention } from '../store/queries/level.ts';
import { readPathwayLatency } from '../store/queries/pathways-latency.ts';
import { known } from './bands.ts';
import { invalid, unknown } from './failure.ts';
import { percentiles } from './pipeline-page.ts';
import type { Range } from './request.ts';

/** A pathway's latency has so many points at most: each is a percentile of a histogram of its own. */
const MOST_POINTS = 240;
const STEPS = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600];

export interface LatencyQuery extends Range {
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly retention: LevelRetention | undefined;
}

/**
 * The time between two checkpoints over a range. Throws `RequestError` 400 where one is not named or `end` does not come after `start`,
 * 404 where one was never seen.
 */
export async function readLatencyView(store: Store, query: LatencyQuery, now: Millis): Promise<PathwayLatencyView> {
  const { start, end, retention } = query;
  for (const [name, hash] of Object.entries({ start, end })) {
    if (hash === undefined || !/^[0-9a-f]{16}$/.test(hash))
      throw invalid(`query.${name}`, `"${name}" is the hash of a checkpoint: 16 hexadecimal digits`);
  }
  const length = query.to - query.from;
  const least = (STEPS.find((seconds) => length / (seconds * 1000) <= MOST_POINTS) ?? 43_200) * 1000;
  try {
    const latency = await readPathwayLatency(store, {
      ...{ from: query.from, to: query.to, step: Math.max(query.step, least), start: start ?? '', end: end ?? '' },
      ...(retention === undefined ? {} : { retention, now }),
    });
    return {
      ...{ method: latency.method, start: latency.start, step: latency.step, count: latency.p50.length },
      ...{ p50: column(latency.p50), p95: column(latency.p95), p99: column(latency.p99), rate: column(latency.rate) },
      overall: { ...percentiles(latency.overall), records: latency.overall.records },
    };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    if (error.code === 'store_pathway_unknown') throw unknown('api_checkpoint_unknown', error.message);
    if (error.code === 'store_pathway_order_invalid') throw invalid('query.end', error.message);
    throw error;
  }
}

const column = (values: Float64Array) => Array.from(values, known);
