import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import type { Buckets } from './buckets.ts';
import { secondsCell } from './cells.ts';
import type { Checkpoint } from './pathways.ts';

/** What sampled traces say of a checkpoint in ten seconds. */
export interface SampledCheckpoint extends Checkpoint {
  /** Start of the ten seconds. */
  readonly time: Millis;
  /** Observations, and the records they stand for. */
  readonly count: number;
  readonly estimated: number;
  /** Observations whose clocks disagreed: their latency counts as none. */
  readonly skewed: number;
  /** Seconds, summed up. */
  readonly sum: number;
  readonly edgeSum: number;
  readonly buckets: Buckets;
  readonly edgeBuckets: Buckets;
}

/** Adds to `pathways_sampled_10s`; with the same token it is stored once. */
export async function writeSampledCheckpoints(
  store: Store,
  rows: readonly SampledCheckpoint[],
  token: string,
): Promise<void> {
  await store.insert(
    'pathways_sampled_10s',
    rows.map((row) => ({
      Time: secondsCell(row.time),
      Pipeline: row.pipeline,
      Service: row.service,
      Hash: row.hash,
      Parent: row.parent,
      Direction: row.direction,
      System: row.system,
      Destination: row.destination,
      ConsumerGroup: row.group,
      Count: row.count,
      Estimated: row.estimated,
      Skewed: row.skewed,
      DurationSum: row.sum,
      EdgeSum: row.edgeSum,
      Buckets: row.buckets,
      EdgeBuckets: row.edgeBuckets,
    })),
    { token },
  );
}
