import { STAGE_STATES } from '../core/state.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readGroupLags, readPartitionLags, writeGroupLags, writePartitionLags } from '../store/queries/group-lags.ts';
import { writeResets } from '../store/queries/offset-samples.ts';
import type { PipelinesConfig } from './config.ts';
import { createLagBook, type LagBook } from './lag-book.ts';
import { createIntake } from './lag-intake.ts';
import type { JudgeLimits } from './lag-judge.ts';
import { forecastLosses, placePositions } from './lag-lookup.ts';
import { judgeRows } from './lag-rows.ts';

/** States older than this say nothing about now. */
const RECALL_MS = 600_000;

/** What a round did. */
export interface LagRound {
  readonly facts: number;
  /** Group-partitions known, and of those that lag or need someone the ones there was no room for. */
  readonly positions: number;
  readonly unlisted: number;
  /** Lookups of samples put off to the next round. */
  readonly postponed: number;
}

export interface Lag {
  /** Takes in what brokers reported up to `at`, judges every group and writes `group_lags` and `partition_lags`. */
  round(at: Millis, now: Millis): Promise<LagRound>;
}

/** Lag in time, forecasts and states of consumer groups over one store. Rounds must not overlap. */
export function createLag(store: Store, config: PipelinesConfig): Lag {
  const book = createLagBook(config.allowed_lag);
  const intake = createIntake(store, book);
  const limits: JudgeLimits = {
    behindAfter: config.behind_after,
    stuckAfter: config.stuck_after,
    lateAfter: config.late_after,
    window: config.window,
    allowedLag: config.allowed_lag,
    confirm: config.confirm,
  };
  let recalled = false;

  return {
    async round(at) {
      const facts = await intake.take(at - config.window, at);
      if (!recalled) await recall(store, book, at);
      recalled = true;
      const resets = book.takeResets();
      if (resets.length > 0) await writeResets(store, resets);
      const postponed = await placePositions(store, book, at);
      await forecastLosses(store, book, at);
      const { groups, partitions, unlisted } = judgeRows(book, at, limits, config.disappear_after);
      await Promise.all([writeGroupLags(store, groups), writePartitionLags(store, partitions)]);
      return { facts, positions: book.positions.length, unlisted, postponed };
    },
  };
}

/** What a restart remembers: the states that stood, and since when. */
async function recall(store: Store, book: LagBook, at: Millis): Promise<void> {
  const range = { from: at - RECALL_MS, to: at };
  const [groups, partitions] = await Promise.all([readGroupLags(store, range), readPartitionLags(store, range)]);
  for (const { cluster, group, topic, pipeline, state, since } of groups) {
    const known = book.groups[book.group(cluster, group, pipeline)];
    const index = STAGE_STATES.indexOf(state);
    known?.settling.set(topic, { state: index, since, candidate: index, rounds: 0, flaps: 0 });
  }
  for (const { cluster, group, topic, partition, state, since, pause } of partitions) {
    const position = book.position(book.group(cluster, group, 'default'), book.partition(cluster, topic, partition));
    const row = book.positions.at(position);
    row.state = row.candidate = STAGE_STATES.indexOf(state);
    row.since = since;
    row.rounds = 0;
    // A habit is taken to have gone on; three pauses of one length are what it is recognised by.
    if (!(pause > 0) || !Number.isNaN(row.pause1)) continue;
    row.pause1 = row.pause2 = row.pause3 = pause * 1000;
    row.pauseEnd1 = row.movedAt || at;
    row.pauseEnd3 = row.pauseEnd1 - 2 * row.pause1;
  }
}
