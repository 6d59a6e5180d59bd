import type { Indicator } from '../../core/definition.ts';
import { normalizeLabels } from '../../core/labels.ts';
import { isStage, type NodeKind } from '../../core/node.ts';
import type { Series } from '../../core/series.ts';
import type { Millis } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { floatCell, numberOf, secondsCell } from './cells.ts';
import { carriedColumn, carriedSteps, type Grid, gaps, gridParams } from './grid.ts';
import { ROUND_STEP, type RoundsQuery, roundsParams } from './rounds.ts';

/** How an SLO stood at a time, as `judgeSlo` (pipelines/slo.ts) judged it. NaN where nothing was counted. */
export interface SloStatus {
  readonly time: Millis;
  readonly pipeline: string;
  readonly slo: string;
  readonly indicator: Indicator;
  /** The part it is of. */
  readonly kind: NodeKind;
  readonly node: string;
  readonly objective: number;
  /** Good and all events of the period. */
  readonly good: number;
  readonly total: number;
  readonly budgetLeft: number;
  /** Burn rates: fast, medium and slow rule, of each the long and the short window. */
  readonly burns: readonly number[];
  readonly fast: number;
  readonly slow: number;
  readonly state: string;
  readonly reason: string;
}

export async function writeSloStates(store: Store, statuses: readonly SloStatus[]): Promise<void> {
  const rows = statuses.map((one) => ({
    Time: secondsCell(one.time),
    Pipeline: one.pipeline,
    Slo: one.slo,
    Indicator: one.indicator,
    Kind: one.kind,
    Node: one.node,
    Objective: one.objective,
    Good: floatCell(one.good),
    Total: floatCell(one.total),
    BudgetLeft: floatCell(one.budgetLeft),
    Burns: one.burns.map(floatCell),
    Fast: floatCell(one.fast),
    Slow: floatCell(one.slow),
    State: one.state,
    Reason: one.reason,
  }));
  await store.insert('slo_states', rows);
}

/** The newest state of each SLO in the range. */
export async function readLatestSlos(store: Store, query: RoundsQuery): Promise<SloStatus[]> {
  const rows = await store.rows<SloStatus>(
    `
SELECT toUnixTimestamp(s.Time) * 1000 AS time, Pipeline AS pipeline, Slo AS slo, Indicator AS indicator, Kind AS kind, Node AS node,
    Objective AS objective, Good AS good, Total AS total, BudgetLeft AS budgetLeft, Burns AS burns, Fast AS fast, Slow AS slow,
    State AS state, Reason AS reason
FROM slo_states AS s
WHERE Time > toDateTime({from:UInt32}) AND Time <= toDateTime({to:UInt32}) AND ({any:Bool} OR Pipeline = {pipeline:String})
ORDER BY Pipeline, Slo, Time DESC
LIMIT 1 BY Pipeline, Slo`,
    roundsParams(query),
  );
  return rows.map((row) => ({
    ...row,
    ...{
      time: numberOf(row.time),
      good: numberOf(row.good),
      total: numberOf(row.total),
      budgetLeft: numberOf(row.budgetLeft),
    },
    ...{ burns: row.burns.map(numberOf), fast: numberOf(row.fast), slow: numberOf(row.slow) },
  }));
}

/** An SLO over time in columns on a grid; gaps where it was not judged. */
export interface SloHistory {
  /** Share of the budget left at the end of each step. */
  readonly budgetLeft: Float64Array;
  /** The largest nearness of the rules in each step: 1 and above fired. */
  readonly fast: Float64Array;
  readonly slow: Float64Array;
  /** The largest burn rate over the fast rule's long window in each step. */
  readonly burn: Float64Array;
}

export async function readSloHistory(
  store: Store,
  of: { readonly pipeline: string; readonly slo: string },
  grid: Grid,
): Promise<SloHistory> {
  interface Row {
    readonly step: number;
    readonly budgetLeft: number | null;
    readonly fast: number | null;
    readonly slow: number | null;
    readonly burn: number | null;
  }
  const rows = await store.rows<Row>(
    `
SELECT ${ROUND_STEP} AS step, argMax(BudgetLeft, Time) AS budgetLeft, max(Fast) AS fast, max(Slow) AS slow, max(Burns[1]) AS burn
FROM slo_states
WHERE Time > toDateTime({start:UInt32}) AND Time <= toDateTime({end:UInt32}) AND Pipeline = {pipeline:String} AND Slo = {slo:String}
    AND NOT isNaN(BudgetLeft)
GROUP BY step`,
    { ...gridParams(grid), ...of },
  );
  const columns = {
    budgetLeft: gaps(grid.count),
    fast: gaps(grid.count),
    slow: gaps(grid.count),
    burn: gaps(grid.count),
  };
  for (const { step, ...values } of rows) {
    for (const name of Object.keys(columns) as (keyof typeof columns)[]) columns[name][step] = numberOf(values[name]);
  }
  return columns;
}

/**
 * The signal `slo_burn`: of each SLO (label `slo`, and `stage` or `dataset` of what it is of) how near its rules are to firing, by
 * `window`: `fast` of those that page, `slow` of the one that does not. 1 and above fires.
 */
export async function readSloSignal(store: Store, grid: Grid): Promise<Series[]> {
  interface Row {
    readonly pipeline: string;
    readonly slo: string;
    readonly kind: NodeKind;
    readonly node: string;
    readonly steps: readonly number[];
    readonly fasts: readonly (number | null)[];
    readonly slows: readonly (number | null)[];
  }
  const rows = await store.rows<Row>(
    `
SELECT pipeline, slo, kind, node, groupArray(step) AS steps, groupArray(fast) AS fasts, groupArray(slow) AS slows
FROM (
    SELECT Pipeline AS pipeline, Slo AS slo, Kind AS kind, Node AS node, ${ROUND_STEP} AS step, max(Fast) AS fast, max(Slow) AS slow
    FROM slo_states
    WHERE Time > toDateTime({since:UInt32}) AND Time <= toDateTime({end:UInt32})
    GROUP BY pipeline, slo, kind, node, step
)
GROUP BY pipeline, slo, kind, node
ORDER BY pipeline, slo`,
    gridParams(grid, carriedSteps(grid)),
  );
  return rows.flatMap(({ pipeline, slo, kind, node, steps, fasts, slows }) =>
    (['fast', 'slow'] as const).map((window): Series => {
      const values = carriedColumn(grid, steps, window === 'fast' ? fasts : slows);
      const place = isStage(kind) ? { stage: node } : kind === 'topic' ? { topic: node } : { dataset: node };
      const labels = normalizeLabels({ signal: 'slo_burn', pipeline, slo, window, ...place });
      return { labels, start: grid.start, step: grid.step, values };
    }),
  );
}
