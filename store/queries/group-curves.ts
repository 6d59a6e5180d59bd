import { STAGE_STATES, type StageState } from '../../core/state.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS, numberOf } from './cells.ts';
import { carryForward, type Grid, gaps } from './grid.ts';

/** How long a round's row stands in for the next ones: a busy machine judges less often than every step. */
const CARRY_MS = 40_000;

/** What a group went through, in columns over a grid; NaN and undefined where nothing was judged. */
export interface GroupCurves {
  readonly states: (StageState | undefined)[];
  readonly lagSeconds: Float64Array;
  readonly lagError: Float64Array;
  readonly lag: Float64Array;
  readonly endRate: Float64Array;
  readonly commitRate: Float64Array;
  /** Seconds that retention keeps a record: the lag in time at which it begins to take unread ones. */
  readonly retention: Float64Array;
}

interface Row {
  readonly at: number;
  readonly state: StageState;
  readonly lagSeconds: number | string | null;
  readonly lagError: number | string | null;
  readonly lag: number | string | null;
  readonly endRate: number | string | null;
  readonly commitRate: number | string | null;
  readonly retention: number | string | null;
}

/**
 * The rows of `group_lags` of one group on one topic (or with `topic` '' as a whole) that were judged within each step, which
 * ends with the step's end: the worst state and the largest lag of it, and the mean of the rates. A row stands in for up to 40 s that
 * follow it without one.
 */
export async function readGroupCurves(
  store: Store,
  query: { readonly cluster: string; readonly group: string; readonly topic: string; readonly grid: Grid },
): Promise<GroupCurves> {
  const { cluster, group, topic, grid } = query;
  const most = (column: string) => `maxOrNullIf(${column}, isFinite(${column}))`;
  const mean = (column: string) => `avgOrNullIf(${column}, isFinite(${column}))`;
  const rows = await store.rows<Row>(
    `
SELECT intDiv(toUnixTimestamp(Time) - 1 - {start:UInt32}, {step:UInt32}) AS at, argMax(State, indexOf({states:Array(String)}, State)) AS state,
    ${most('LagSeconds')} AS lagSeconds, argMaxIf(LagError, LagSeconds, isFinite(LagSeconds)) AS lagError, ${most('Lag')} AS lag,
    ${mean('EndRate')} AS endRate, ${mean('CommitRate')} AS commitRate,
    argMaxIf(Headroom + LagSeconds, Time, isFinite(Headroom) AND isFinite(LagSeconds) AND LagSeconds > 0) AS retention
FROM group_lags
WHERE Time > toDateTime({start:UInt32}) AND Time <= toDateTime({end:UInt32})
    AND Cluster = {cluster:String} AND \`Group\` = {group:String} AND Topic = {topic:String}
GROUP BY at
ORDER BY at`,
    {
      ...{ cluster, group, topic, states: STAGE_STATES },
      start: grid.start / 1000,
      step: grid.step / 1000,
      end: (grid.start + grid.count * grid.step) / 1000,
    },
    EXACT_FLOATS,
  );
  const carried = Math.floor(CARRY_MS / grid.step);
  const states: (StageState | undefined)[] = new Array(grid.count).fill(undefined);
  const column = (read: (row: Row) => number | string | null) => {
    const values = gaps(grid.count);
    for (const row of rows) values[row.at] = numberOf(read(row));
    carryForward(values, carried);
    return values;
  };
  for (const row of rows) states.fill(row.state, row.at, row.at + 1 + carried);
  return {
    states,
    lagSeconds: column((row) => row.lagSeconds),
    lagError: column((row) => (row.lagSeconds === null ? null : row.lagError)),
    lag: column((row) => row.lag),
    endRate: column((row) => row.endRate),
    commitRate: column((row) => row.commitRate),
    // Of a step without a known one the aggregate answers 0.
    retention: column((row) => (numberOf(row.retention) > 0 ? row.retention : null)),
  };
}
