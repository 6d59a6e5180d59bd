import type { Signal } from '../core/signal.ts';
import type { StageState } from '../core/state.ts';
import { type Millis, STEP_MS } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readGroupLags } from '../store/queries/group-lags.ts';
import { readServices } from '../store/queries/ingest.ts';
import { readProgress } from '../store/queries/lags.ts';
import { readSignals } from '../store/queries/signals.ts';
import { readLatestStageStates, writeStageStates } from '../store/queries/states.ts';
import type { PipelinesConfig } from './config.ts';
import { judgeStages, type Memory, recall } from './stages.ts';

const SIGNALS: readonly Signal[] = ['throughput', 'output', 'error_ratio', 'lag', 'lag_seconds'];
/** How far back a pipeline's newest telemetry is looked for. */
const MEMORY_MS = 90 * 86_400_000;
/** States older than this say nothing about now. */
const RECALL_MS = 600_000;

export interface Model {
  /**
   * Reads what happened up to `at` (a step's end), judges the stages and writes their states down. Answers the states.
   * Nothing is remembered of a round that failed.
   */
  round(at: Millis, now: Millis): Promise<StageState[]>;
}

/** The states of stages over one store. Rounds must not overlap. */
export function createModel(store: Store, config: PipelinesConfig): Model {
  let loaded = false;
  let memory: Memory = new Map();

  async function load(at: Millis): Promise<void> {
    const states = await readLatestStageStates(store, { from: at - RECALL_MS, to: at + RECALL_MS });
    memory = recall(states);
  }

  return {
    async round(at, now) {
      if (!loaded) await load(at);
      const from = at - config.window;
      const [series, services, progress, groups] = await Promise.all([
        readSignals(store, { from, to: at, step: STEP_MS, signals: SIGNALS }),
        readServices(store, at - MEMORY_MS),
        readProgress(store, at, config.stuck_after),
        readGroupLags(store, { from: at, to: at + 1000 }),
      ]);

      const newest = new Map<string, Millis>();
      for (const { pipeline, lastSeen } of services)
        newest.set(pipeline, Math.max(newest.get(pipeline) ?? 0, lastSeen));
      const late = (pipeline: string) => now - (newest.get(pipeline) ?? 0) > config.late_after;
      const limits = {
        behindAfter: config.behind_after,
        stuckAfter: config.stuck_after,
        allowedLag: config.allowed_lag,
        confirm: config.confirm,
      };
      const judged = judgeStages({ series, progress, groups, late, at }, limits, memory);

      await writeStageStates(store, judged.statuses);
      memory = judged.memory;
      loaded = true;
      return judged.statuses.map(({ state }) => state);
    },
  };
}
