import { type Labels, normalizeLabels } from '../../core/labels.ts';
import { METRIC } from '../../core/semconv.ts';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import type { Store } from '../client.ts';
import { type Consumers, consumerOf } from './consumers.ts';
import { CARRY_MS, carriedSteps, carryForward, type Grid, gaps, gridParams } from './grid.ts';
import type { Level } from './level.ts';

const LAG_METRICS: Readonly<Record<string, Signal>> = { [METRIC.kafkaLag]: 'lag', [METRIC.lagTime]: 'lag_seconds' };

export function isLagSignal(signal: Signal): boolean {
  return signal === 'lag' || signal === 'lag_seconds' || signal === 'loss_seconds';
}

/** One gauge series (for lag: one partition, whoever reported it) as columns over its steps. */
interface GaugeRow {
  readonly MetricName: string;
  readonly MetricKind: 'gauge' | 'delta' | 'cumulative';
  readonly Signal: string;
  readonly Pipeline: string;
  readonly Service: string;
  readonly Topic: string;
  readonly ConsumerGroup: string;
  /** In no order; negative steps lie up to `CARRY_MS` before the grid. */
  readonly Steps: readonly number[];
  readonly Lasts: readonly number[];
  readonly Sums: readonly number[];
}

/**
 * Series are summed up per step first and named then: what is lagging stands in `metric_series`. The names of metrics
 * with a signal are looked up there too, because rollups are ordered by them.
 */
const gaugesSql = (level: Level): string => `
SELECT MetricName, MetricKind, Signal, Pipeline, Service, Topic, ConsumerGroup,
    groupArray(Step) AS Steps, groupArray(LastMax.2) AS Lasts, groupArray(SumSum) AS Sums
FROM (
    SELECT MetricName, MetricKind, Signal, Pipeline,
        if(Signal = '', '', Service) AS Service, if(Signal = '', 0, SeriesId) AS Id,
        s.Topic AS Topic, s.ConsumerGroup AS ConsumerGroup, s.Partition AS Partition,
        Step, max(LastMax) AS LastMax, sum(SumSum) AS SumSum
    FROM (
        SELECT MetricName, MetricKind, Signal, Pipeline, Service, SeriesId,
            toInt32(floor((toInt64(toUnixTimestamp(Time)) - {start:UInt32}) / {step:UInt32})) AS Step,
            max(Last) AS LastMax, sum(Sum) AS SumSum
        FROM ${level.gauges}
        WHERE Time >= toDateTime({since:UInt32}) AND Time < toDateTime({end:UInt32})
            AND ((Signal = '' AND MetricName IN {lags:Array(String)})
                OR (Signal != '' AND MetricName IN (SELECT MetricName FROM metric_series WHERE {custom:Bool} AND Signal != '')))
        GROUP BY MetricName, MetricKind, Signal, Pipeline, Service, SeriesId, Step
    ) AS g
    LEFT ANY JOIN (
        SELECT SeriesId, any(Topic) AS Topic, any(ConsumerGroup) AS ConsumerGroup, any(Partition) AS Partition
        FROM metric_series
        WHERE MetricName IN {lags:Array(String)} AND Signal = ''
        GROUP BY SeriesId
    ) AS s ON g.SeriesId = s.SeriesId
    WHERE Signal != '' OR s.SeriesId != 0
    GROUP BY MetricName, MetricKind, Signal, Pipeline, Service, Id, Topic, ConsumerGroup, Partition, Step
)
GROUP BY MetricName, MetricKind, Signal, Pipeline, Service, Id, Topic, ConsumerGroup, Partition
ORDER BY MetricName, MetricKind, Signal, Pipeline, Service, Topic, ConsumerGroup, Partition, Id`;

interface Request {
  readonly grid: Grid;
  /** Its rows divide the grid's steps. */
  readonly level: Level;
  readonly wanted: ReadonlySet<Signal>;
  readonly consumers: Consumers;
}

/** Signals that come from the rollups of gauges and sums: lag of consumer groups, and every metric that carries `weir.signal`. */
export async function readGauges(store: Store, { grid, level, wanted, consumers }: Request): Promise<Series[]> {
  const before = carriedSteps(grid);
  const rows = await store.rows<GaugeRow>(gaugesSql(level), {
    ...gridParams(grid, before),
    lags: Object.keys(LAG_METRICS).filter((metric) => wanted.has(LAG_METRICS[metric] as Signal)),
    custom: wanted.has('custom'),
  });
  const sums = new Map<string, Combined>();
  for (const row of rows) {
    const labels = labelsOf(row, consumers);
    const key = JSON.stringify(labels);
    const into: Combined = sums.get(key) ?? { labels, mean: isMean(row), members: [] };
    sums.set(key, into);
    into.members.push({ origin: row.Pipeline, values: stepsOf(row, grid, before) });
  }
  return [...sums.values()].map((combined) => ({
    labels: combined.labels,
    start: grid.start,
    step: grid.step,
    values: combine(combined, grid.count),
  }));
}

interface Combined {
  readonly labels: Labels;
  readonly mean: boolean;
  readonly members: { readonly origin: string; readonly values: Float64Array }[];
}

function labelsOf(row: GaugeRow, consumers: Consumers): Labels {
  if (row.Signal !== '') {
    return normalizeLabels({ signal: 'custom', pipeline: row.Pipeline, stage: row.Service, name: row.Signal });
  }
  const place = { pipeline: row.Pipeline, topic: row.Topic, group: row.ConsumerGroup };
  const { pipeline, stage } = consumerOf(consumers, place);
  const signal = LAG_METRICS[row.MetricName] as Signal;
  return normalizeLabels({ signal, pipeline, stage, topic: row.Topic, group: row.ConsumerGroup });
}

function isMean(row: GaugeRow): boolean {
  return row.Signal !== '' && row.MetricKind === 'gauge';
}

/** A gauge's last value per step, carried forward; what a counter gained per second. */
function stepsOf(row: GaugeRow, grid: Grid, before: number): Float64Array {
  const values = gaps(before + grid.count);
  const isLag = row.Signal === '';
  if (row.MetricKind === 'delta' && !isLag) {
    for (const [i, step] of row.Steps.entries()) values[step + before] = ((row.Sums[i] as number) * 1000) / grid.step;
  } else if (row.MetricKind === 'cumulative' && !isLag) {
    const steps = Array.from(row.Steps, (step, i) => ({ step, last: row.Lasts[i] as number }));
    steps.sort((a, b) => a.step - b.step);
    for (const [i, { step, last }] of steps.entries()) {
      const previous = steps[i - 1];
      if (previous === undefined) continue;
      // A counter that fell has restarted, and what it shows it gained since.
      const gained = last < previous.last ? last : last - previous.last;
      values[step + before] = (gained * 1000) / ((step - previous.step) * grid.step);
    }
  } else {
    // Brokers report a lag of -1 for partitions they know nothing about.
    for (const [i, step] of row.Steps.entries()) {
      const last = row.Lasts[i] as number;
      values[step + before] = isLag ? Math.max(0, last) : last;
    }
    carryForward(values, Math.floor(CARRY_MS / grid.step));
  }
  return values.subarray(before);
}

/**
 * Partitions of a lag add up (lag in time: the largest counts), instances of a counter add up, of a gauge their mean counts.
 * Two reporters of the same group in different pipelines measure the same thing: the larger one counts.
 */
function combine({ labels, mean, members }: Combined, count: number): Float64Array {
  const values = gaps(count);
  const largest = labels['signal'] === 'lag_seconds';
  for (const [, reporter] of Map.groupBy(members, (member) => member.origin)) {
    for (let i = 0; i < count; i++) {
      let total = Number.NaN;
      let present = 0;
      for (const member of reporter) {
        const value = member.values[i] as number;
        if (Number.isNaN(value)) continue;
        total = present === 0 ? value : largest ? Math.max(total, value) : total + value;
        present++;
      }
      if (present === 0) continue;
      const value = mean ? total / present : total;
      const known = values[i] as number;
      values[i] = Number.isNaN(known) ? value : Math.max(known, value);
    }
  }
  return values;
}
