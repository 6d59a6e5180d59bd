import { normalizeLabels } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import { STAGE_STATES } from '../../core/state.ts';
import { STEP_MS } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { EXACT_FLOATS } from './cells.ts';
import { type Consumers, consumerOf } from './consumers.ts';
import { carriedColumn, carriedSteps, type Grid, gridParams } from './grid.ts';

/** `loss_seconds` where no loss is expected: thirty days. */
export const NO_LOSS_SECONDS = 30 * 86_400;

/** A group on one topic, as columns over the steps in which it was judged; `Steps` in no order, negative ones before the grid. */
interface Judged {
  readonly Group: string;
  readonly Topic: string;
  readonly Pipeline: string;
  readonly Steps: readonly number[];
  readonly Lags: readonly (number | string | null)[];
  readonly Seconds: readonly (number | string | null)[];
  readonly Losses: readonly (number | string | null)[];
  /** Places in `STAGE_STATES`. */
  readonly States: readonly (number | string | null)[];
}

/**
 * `lag`, `lag_seconds`, `loss_seconds` and `group_state` as the pipeline model worked them out (`group_lags`), carried forward up to 90 s. A row's time is
 * the end of the step it was judged from. Of a longer step the last lag, the largest in time and the nearest loss count; of a group that two
 * clusters know on topics of one name, the larger.
 */
export async function readJudgedLags(
  store: Store,
  grid: Grid,
  wanted: ReadonlySet<Signal>,
  consumers: Consumers,
): Promise<Series[]> {
  const rows = await store.rows<Judged>(
    `
SELECT Group, Topic, argMax(Pipeline, Step) AS Pipeline, groupArray(Step) AS Steps,
    groupArray(Lag) AS Lags, groupArray(LagSeconds) AS Seconds, groupArray(Loss) AS Losses, groupArray(State) AS States
FROM (
    SELECT l.Cluster AS Cluster, l.\`Group\` AS Group, l.Topic AS Topic, argMax(l.Pipeline, l.Time) AS Pipeline,
        toInt32(floor((toInt64(toUnixTimestamp(l.Time)) - {judged:UInt32} - {start:UInt32}) / {step:UInt32})) AS Step,
        argMax(l.Lag, l.Time) AS Lag, maxIf(l.LagSeconds, isFinite(l.LagSeconds)) AS Largest,
        if(countIf(isFinite(l.LagSeconds)) = 0, nan, Largest) AS LagSeconds,
        if(countIf(isFinite(l.Headroom)) = 0, nan, min(if(l.LossExpected, l.LossSeconds, {never:Float64}))) AS Loss,
        toFloat64(indexOf({states:Array(String)}, toString(argMax(l.State, l.Time)))) - 1 AS State
    FROM group_lags AS l
    WHERE l.Time > toDateTime({since:UInt32}) AND l.Time < toDateTime({end:UInt32}) + {judged:UInt32} AND l.Topic != ''
    GROUP BY Cluster, Group, Topic, Step
)
GROUP BY Cluster, Group, Topic
ORDER BY Group, Topic, Cluster`,
    {
      ...gridParams(grid, carriedSteps(grid)),
      judged: STEP_MS / 1000,
      never: NO_LOSS_SECONDS,
      states: [...STAGE_STATES],
    },
    EXACT_FLOATS,
  );
  const found = new Map<string, Series>();
  for (const { Group: group, Topic: topic, Pipeline, Steps, ...columns } of rows) {
    const place = consumerOf(consumers, { pipeline: Pipeline, topic, group });
    const signals = {
      ...{ lag: columns.Lags, lag_seconds: columns.Seconds, loss_seconds: columns.Losses },
      group_state: columns.States,
    } as const;
    for (const [signal, column] of Object.entries(signals) as [Signal, Judged['Lags']][]) {
      if (!wanted.has(signal)) continue;
      const own = carriedColumn(grid, Steps, column);
      const labels = normalizeLabels({ signal, ...place, topic, group });
      const key = JSON.stringify(labels);
      const other = found.get(key);
      const worse = signal === 'loss_seconds' ? Math.min : Math.max;
      if (other !== undefined) {
        for (const [i, value] of other.values.entries())
          own[i] = Number.isNaN(value)
            ? (own[i] as number)
            : worse(value, Number.isNaN(own[i]) ? value : (own[i] as number));
      }
      found.set(key, { labels, start: grid.start, step: grid.step, values: own });
    }
  }
  return [...found.values()];
}

/**
 * One series of each set of labels, of what was reported and what was judged: the lag in records as reported, the lag in time as judged,
 * each filled with the other where it has gaps.
 */
export function mergeLags(reported: readonly Series[], judged: readonly Series[]): Series[] {
  const merged = new Map(judged.map((series) => [JSON.stringify(series.labels), series]));
  for (const series of reported) {
    const key = JSON.stringify(series.labels);
    const own = merged.get(key);
    if (own === undefined) {
      merged.set(key, series);
      continue;
    }
    const [first, second] = series.labels['signal'] === 'lag' ? [series, own] : [own, series];
    const values = first.values.map((value, i) => (Number.isNaN(value) ? (second.values[i] as number) : value));
    merged.set(key, { ...first, values });
  }
  return [...merged.values()];
}
