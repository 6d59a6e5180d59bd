import { type Labels, normalizeLabels } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import type { Store } from '../client.ts';
import { numberOf } from './cells.ts';
import { carriedColumn, carriedSteps, type Grid, gridParams } from './grid.ts';
import type { Level } from './level.ts';
import { PROBLEM_METRICS, PROBLEM_OF, type ProblemSignal } from './problem-metrics.ts';
import { ROUND_STEP } from './rounds.ts';

interface Request {
  readonly grid: Grid;
  readonly level: Level;
  /** A series that was heard of since then is 0 where it counted nothing. */
  readonly knownSince: number;
  readonly wanted: ReadonlySet<Signal>;
}

interface Row {
  readonly metric: string;
  readonly pipeline: string;
  readonly service: string;
  readonly job: string;
  readonly isDelta: boolean;
  readonly steps: readonly number[];
  readonly sums: readonly number[];
  readonly lasts: readonly number[];
}

/** Dead letters, schema violations, duplicates, late and out-of-order events of each stage, in records per second. */
export async function readProblemSignals(
  store: Store,
  { grid, level, knownSince, wanted }: Request,
): Promise<Series[]> {
  const metrics = (Object.keys(PROBLEM_METRICS) as ProblemSignal[])
    .filter((signal) => wanted.has(signal))
    .flatMap((signal): readonly string[] => PROBLEM_METRICS[signal]);
  const before = Math.ceil(COUNTER_BEFORE_MS / grid.step);
  const rows = await store.rows<Row>(
    `
SELECT s.MetricName AS metric, s.Pipeline AS pipeline, s.Service AS service, s.Job AS job, s.IsDelta AS isDelta, steps, sums, lasts
FROM (
    SELECT SeriesId, any(m.MetricName) AS MetricName, any(m.Pipeline) AS Pipeline,
        if(any(m.ServiceName) = '', 'unknown_service', any(m.ServiceName)) AS Service,
        any(m.Attributes['job_name']) AS Job, any(m.Temporality) = 1 AS IsDelta
    FROM metric_series AS m
    WHERE m.MetricName IN {metrics:Array(String)} AND m.Seen >= toDateTime({known:UInt32}) AND m.Signal = ''
    GROUP BY SeriesId
) AS s
LEFT JOIN (
    SELECT SeriesId, groupArray(step) AS steps, groupArray(total) AS sums, groupArray(last.2) AS lasts
    FROM (
        SELECT SeriesId, toInt32(floor((toInt64(toUnixTimestamp(Time)) - {start:UInt32}) / {step:UInt32})) AS step,
            sum(Sum) AS total, max(Last) AS last
        FROM ${level.gauges}
        WHERE MetricName IN {metrics:Array(String)} AND Signal = ''
            AND Time >= toDateTime({since:UInt32}) AND Time < toDateTime({end:UInt32})
        GROUP BY SeriesId, step
    )
    GROUP BY SeriesId
) AS g ON g.SeriesId = s.SeriesId
ORDER BY metric, pipeline, service, job, s.SeriesId`,
    {
      metrics,
      known: Math.floor(knownSince / 1000),
      ...gridParams(grid, before),
    },
  );
  const stages = new Map<string, { readonly labels: Labels; readonly values: Float64Array }>();
  for (const row of rows) {
    const signal = PROBLEM_OF.get(row.metric) as ProblemSignal;
    const labels = normalizeLabels({ signal, pipeline: row.pipeline, stage: row.job || row.service });
    const key = JSON.stringify(labels);
    const known = stages.get(key) ?? { labels, values: new Float64Array(grid.count) };
    stages.set(key, known);
    addRates(known.values, row, grid);
  }
  return [...stages.values()].map((one) => ({ ...one, start: grid.start, step: grid.step }));
}

/** How long before the grid the last state of a counter is looked for: two scrapes a minute apart, and one that is late. */
const COUNTER_BEFORE_MS = 180_000;

function addRates(values: Float64Array, { isDelta, steps, sums, lasts }: Row, grid: Grid): void {
  const seconds = grid.step / 1000;
  const points = steps.map((step, i) => ({ step, sum: numberOf(sums[i]), last: numberOf(lasts[i]) }));
  points.sort((a, b) => a.step - b.step);
  points.forEach(({ step, sum, last }, i) => {
    if (step < 0 || step >= grid.count) return;
    const before = points[i - 1];
    // A counter that fell has restarted, and what it shows it gained since; of its first state nobody knows when it was gained.
    const gained = isDelta ? sum : before === undefined ? 0 : last < before.last ? last : last - before.last;
    values[step] = (values[step] as number) + gained / seconds;
  });
}

/**
 * What the pipeline model found in dead-letter topics: the signal `dead_letter_depth`, and `dead_letters` of stages that do not count
 * them themselves (`counted` says which do). Labels carry the topic, and the stage where one is known.
 */
export async function readDeadLetterSignals(
  store: Store,
  grid: Grid,
  wanted: ReadonlySet<Signal>,
  counted: readonly Series[],
): Promise<Series[]> {
  interface TopicRow {
    readonly pipeline: string;
    readonly topic: string;
    readonly stage: string;
    readonly steps: readonly number[];
    readonly depths: readonly (number | null)[];
    readonly rates: readonly (number | null)[];
  }
  const rows = await store.rows<TopicRow>(
    `
SELECT pipeline, topic, argMax(stage, newest) AS stage, groupArray(step) AS steps, groupArray(depth) AS depths, groupArray(rate) AS rates
FROM (
    SELECT Pipeline AS pipeline, Topic AS topic, any(Stage) AS stage, max(Time) AS newest,
        ${ROUND_STEP} AS step,
        argMax(Depth, Time) AS depth, avg(Rate) AS rate
    FROM dead_letter_topics
    WHERE Time > toDateTime({since:UInt32}) AND Time <= toDateTime({end:UInt32})
    GROUP BY pipeline, topic, step
)
GROUP BY pipeline, topic
ORDER BY pipeline, topic`,
    gridParams(grid, carriedSteps(grid)),
  );
  const counting = new Set(
    counted
      .filter(({ labels }) => labels['signal'] === 'dead_letters')
      .map(({ labels }) => JSON.stringify([labels['pipeline'], labels['stage']])),
  );
  return rows.flatMap(({ pipeline, topic, stage, steps, depths, rates }) =>
    (['dead_letters', 'dead_letter_depth'] as const)
      .filter((signal) => wanted.has(signal))
      .filter((signal) => signal === 'dead_letter_depth' || !counting.has(JSON.stringify([pipeline, stage])))
      .map((signal): Series => {
        const values = carriedColumn(grid, steps, signal === 'dead_letters' ? rates : depths);
        const labels = normalizeLabels({ signal, pipeline, topic, ...(stage === '' ? {} : { stage }) });
        return { labels, start: grid.start, step: grid.step, values };
      }),
  );
}
