import { type Labels, normalizeLabels } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import type { Signal } from '../../core/signal.ts';
import type { Store } from '../client.ts';
import { quantilesSql } from './buckets.ts';
import { type Grid, gaps } from './grid.ts';
import type { Level } from './level.ts';

const LATENCIES = { latency_p50: 0.5, latency_p95: 0.95, latency_p99: 0.99 } as const;
const SPAN_SIGNALS: ReadonlySet<Signal> = new Set<Signal>([
  'throughput',
  'output',
  'error_ratio',
  'latency_p50',
  'latency_p95',
  'latency_p99',
  'dependency_p95',
]);

export function isSpanSignal(signal: Signal): boolean {
  return SPAN_SIGNALS.has(signal);
}

interface Request {
  readonly grid: Grid;
  /** Its rows divide the grid's steps and the time from `knownSince` on. */
  readonly level: Level;
  readonly knownSince: number;
  readonly wanted: ReadonlySet<Signal>;
  readonly match: Labels;
}

/** One part of a service (`entry`, `output`, one `dependency`, `other`) from one source, as columns over its steps. */
interface PartRow {
  readonly Pipeline: string;
  readonly Service: string;
  readonly Part: 'entry' | 'output' | 'dependency' | 'other';
  readonly Dependency: string;
  readonly Source: 'spans' | 'metrics';
  /** In no order; -1 stands for all time from `knownSince` up to the grid. */
  readonly Steps: readonly number[];
  readonly Calls: readonly number[];
  readonly Units: readonly number[];
  /** This and the following are empty when no signal asked for needs them. */
  readonly Failures: readonly number[];
  readonly P50: readonly (number | null)[];
  readonly P95: readonly (number | null)[];
  readonly P99: readonly (number | null)[];
}

/**
 * Entries are server and consumer spans, dependencies the client spans that do not talk to a broker. Everything before the
 * grid collapses into step -1, and histograms are merged only where a percentile is asked for.
 */
function partsSql({ level, wanted, match }: Request): string {
  const latencies = (Object.keys(LATENCIES) as (keyof typeof LATENCIES)[]).filter((signal) => wanted.has(signal));
  const levels = new Set<number>(latencies.map((signal) => LATENCIES[signal]));
  if (wanted.has('dependency_p95')) levels.add(LATENCIES.latency_p95);
  const parts = [
    ...(latencies.length > 0 ? ["'entry'"] : []),
    ...(wanted.has('dependency_p95') ? ["'dependency'"] : []),
  ];
  const ordered = [...levels];
  const quantile = (level: number) =>
    levels.has(level) ? `groupArray(Quantiles[${ordered.indexOf(level) + 1}])` : '[]';
  return `
SELECT Pipeline, Service, Part, Dependency, Source,
    groupArray(Step) AS Steps, groupArray(CallSum) AS Calls, groupArray(UnitSum) AS Units,
    ${wanted.has('error_ratio') ? 'groupArray(FailureSum)' : '[]'} AS Failures,
    ${quantile(0.5)} AS P50, ${quantile(0.95)} AS P95, ${quantile(0.99)} AS P99
FROM (
    SELECT Pipeline, Service,
        multiIf(Kind IN ('Server', 'Consumer'), 'entry',
                Kind = 'Producer', 'output',
                Kind = 'Client' AND DestinationKind != 'topic', 'dependency',
                'other') AS Part,
        multiIf(Part != 'dependency', '', Destination != '', Destination, DestinationSystem) AS Dependency,
        Source,
        if(Time < toDateTime({start:UInt32}), -1, toInt32(intDiv(toUnixTimestamp(Time) - {start:UInt32}, {step:UInt32}))) AS Step,
        toFloat64(sum(Count)) AS CallSum, toFloat64(sum(Errors)) AS FailureSum, toFloat64(sum(Messages)) AS UnitSum,
        ${quantilesSql(ordered, parts.length === 0 ? '0' : `Step >= 0 AND Part IN (${parts.join(', ')})`)} AS Quantiles
    FROM ${level.edges}
    WHERE Time >= toDateTime({known:UInt32}) AND Time < toDateTime({end:UInt32})
        AND Kind IN (${kindsOf(wanted)})
        ${match['pipeline'] === undefined ? '' : 'AND Pipeline = {pipeline:String}'}
        ${match['stage'] === undefined ? '' : 'AND Service = {stage:String}'}
    GROUP BY Pipeline, Service, Part, Dependency, Source, Step
)
GROUP BY Pipeline, Service, Part, Dependency, Source
-- Metrics come first, so that spans written after them win.
ORDER BY Pipeline, Service, Part, Dependency, Source`;
}

/** The kinds of spans that the signals asked for are made of, as SQL literals. */
function kindsOf(wanted: ReadonlySet<Signal>): string {
  const entry = ['throughput', 'error_ratio', ...Object.keys(LATENCIES)].some((signal) => wanted.has(signal as Signal));
  return [
    ...(entry ? ["'Server'", "'Consumer'"] : []),
    ...(wanted.has('output') ? ["'Producer'"] : []),
    ...(wanted.has('dependency_p95') ? ["'Client'"] : []),
  ].join(', ');
}

/** Signals that come from the rollups of spans: see `readSignals`. */
export async function readSpanSignals(store: Store, request: Request): Promise<Series[]> {
  const { grid, match, wanted } = request;
  const rows = await store.rows<PartRow>(partsSql(request), {
    start: grid.start / 1000,
    step: grid.step / 1000,
    known: Math.max(0, Math.floor(request.knownSince / 1000)),
    end: (grid.start + grid.count * grid.step) / 1000,
    ...(match['pipeline'] === undefined ? {} : { pipeline: match['pipeline'] }),
    ...(match['stage'] === undefined ? {} : { stage: match['stage'] }),
  });
  const series: Series[] = [];
  const add = (signal: Signal, labels: Labels, values: Float64Array) => {
    if (!wanted.has(signal)) return;
    series.push({ labels: normalizeLabels({ signal, ...labels }), start: grid.start, step: grid.step, values });
  };
  for (const parts of groups(rows, (row) => [row.Pipeline, row.Service, row.Part, row.Dependency])) {
    const { Pipeline: pipeline, Service: stage, Part: part, Dependency: dependency } = parts[0] as PartRow;
    if (part === 'entry') {
      add('throughput', { pipeline, stage }, rate(parts, grid));
      add(
        'error_ratio',
        { pipeline, stage },
        column(parts, grid, (row, i) => ratio(row.Failures[i], row.Calls[i])),
      );
      add(
        'latency_p50',
        { pipeline, stage },
        column(parts, grid, (row, i) => row.P50[i]),
      );
      add(
        'latency_p95',
        { pipeline, stage },
        column(parts, grid, (row, i) => row.P95[i]),
      );
      add(
        'latency_p99',
        { pipeline, stage },
        column(parts, grid, (row, i) => row.P99[i]),
      );
    } else if (part === 'output') add('output', { pipeline, stage }, rate(parts, grid));
    else if (part === 'dependency' && dependency !== '') {
      add(
        'dependency_p95',
        { pipeline, stage, dependency },
        column(parts, grid, (row, i) => row.P95[i]),
      );
    }
  }
  return series;
}

function groups(rows: readonly PartRow[], key: (row: PartRow) => readonly string[]): Iterable<PartRow[]> {
  return Map.groupBy(rows, (row) => JSON.stringify(key(row))).values();
}

function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return whole ? (part ?? 0) / whole : undefined;
}

/** Values of the steps that had calls, a later row (spans) over an earlier one (metrics). */
function column(rows: readonly PartRow[], grid: Grid, read: (row: PartRow, i: number) => number | null | undefined) {
  const values = gaps(grid.count);
  for (const row of rows) {
    for (const [i, step] of row.Steps.entries()) {
      if (step >= 0 && row.Calls[i]) values[step] = read(row, i) ?? Number.NaN;
    }
  }
  return values;
}

/** Units per second: 0 from the first sight of the series on, a gap before. */
function rate(rows: readonly PartRow[], grid: Grid): Float64Array {
  const values = column(rows, grid, (row, i) => ((row.Units[i] as number) * 1000) / grid.step);
  let first = grid.count;
  for (const row of rows) {
    for (const [i, step] of row.Steps.entries()) if (row.Calls[i]) first = Math.min(first, Math.max(0, step));
  }
  for (let i = first; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = 0;
  return values;
}
