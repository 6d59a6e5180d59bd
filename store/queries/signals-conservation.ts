import { normalizeLabels } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import type { Store } from '../client.ts';
import { carriedColumn, carriedSteps, type Grid, gridParams } from './grid.ts';
import { ROUND_STEP } from './rounds.ts';

interface Row {
  readonly pipeline: string;
  readonly stage: string;
  readonly topic: string;
  readonly group: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | string)[];
}

/**
 * `drop_ratio`: the share of the expected records that went missing on the way to a checkpoint, 0 while none do, by the stage that
 * should have had them; carried forward as gauges are. Where several ways lead to the same topic and group, the worst counts.
 */
export async function readConservationSignal(store: Store, grid: Grid): Promise<Series[]> {
  const rows = await store.rows<Row>(
    `
SELECT pipeline, stage, topic, group, groupArray(step) AS steps, groupArray(value) AS values
FROM (
    SELECT Pipeline AS pipeline, Service AS stage, Destination AS topic, ConsumerGroup AS group,
        ${ROUND_STEP} AS step,
        max(multiIf(State = 'dropping', Missing, State = 'stopped', 1, 0)) AS value
    FROM conservation AS c
    WHERE c.Time > toDateTime({since:UInt32}) AND c.Time <= toDateTime({end:UInt32}) AND Kind = 'edge'
        AND State IN ('conserved', 'surplus', 'dropping', 'stopped', 'left')
    GROUP BY pipeline, stage, topic, group, step
)
GROUP BY pipeline, stage, topic, group`,
    gridParams(grid, carriedSteps(grid)),
  );
  return rows.map(({ pipeline, stage, topic, group, steps, values }) => {
    const labels = normalizeLabels({ signal: 'drop_ratio', pipeline, stage, topic, group });
    return { labels, start: grid.start, step: grid.step, values: carriedColumn(grid, steps, values) };
  });
}
