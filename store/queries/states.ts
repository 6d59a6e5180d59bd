import type { StageState } from '../../core/state.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { floatCell, numberOf, secondsCell } from './cells.ts';

/** How a stage did at a time, with the reason in one sentence. NaN where a number is not known. */
export interface StageStatus {
  readonly time: Millis;
  readonly pipeline: string;
  readonly stage: string;
  readonly state: StageState;
  /** Seconds the stage is behind, and records waiting for it. */
  readonly lagSeconds: number;
  readonly lag: number;
  /** Records or calls per second. */
  readonly throughput: number;
  readonly reason: string;
}

export async function writeStageStates(store: Store, statuses: readonly StageStatus[]): Promise<void> {
  if (statuses.length === 0) return;
  const rows = statuses.map((status) => ({
    Time: secondsCell(status.time),
    Pipeline: status.pipeline,
    Stage: status.stage,
    State: status.state,
    LagSeconds: floatCell(status.lagSeconds),
    Lag: floatCell(status.lag),
    Throughput: floatCell(status.throughput),
    Reason: status.reason,
  }));
  await store.insert('stage_states', rows);
}

export interface StateQuery {
  readonly from: Millis;
  readonly to: Millis;
  readonly pipeline?: string;
  readonly stage?: string;
}

/** States of stages in [from, to), oldest first. */
export function readStageStates(store: Store, query: StateQuery): Promise<StageStatus[]> {
  return read(store, query, 'ORDER BY Time, Pipeline, Stage');
}

/** The newest state of each stage in [from, to). */
export function readLatestStageStates(store: Store, query: StateQuery): Promise<StageStatus[]> {
  return read(store, query, 'ORDER BY Pipeline, Stage, Time DESC LIMIT 1 BY Pipeline, Stage');
}

async function read(store: Store, query: StateQuery, tail: string): Promise<StageStatus[]> {
  const rows = await store.rows<StageStatus & { readonly time: number }>(
    `
SELECT toUnixTimestamp(s.Time) * 1000 AS time, Pipeline AS pipeline, Stage AS stage, State AS state,
    LagSeconds AS lagSeconds, Lag AS lag, Throughput AS throughput, Reason AS reason
FROM stage_states AS s
WHERE Time >= toDateTime({from:UInt32}) AND Time < toDateTime({to:UInt32})
    AND ({anyPipeline:Bool} OR Pipeline = {pipeline:String}) AND ({anyStage:Bool} OR Stage = {stage:String})
${tail}`,
    {
      from: secondsCell(query.from),
      to: Math.ceil(query.to / 1000),
      anyPipeline: query.pipeline === undefined,
      pipeline: query.pipeline ?? '',
      anyStage: query.stage === undefined,
      stage: query.stage ?? '',
    },
  );
  return rows.map((row) => ({
    ...row,
    time: numberOf(row.time),
    lagSeconds: numberOf(row.lagSeconds),
    lag: numberOf(row.lag),
    throughput: numberOf(row.throughput),
  }));
}
