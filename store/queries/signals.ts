import { type Labels, labelOf } from '../../core/labels.ts';
import type { Series } from '../../core/series.ts';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { stepStart } from '../../core/time.ts';
import type { Store } from '../client.ts';
import { type Consumers, readConsumers } from './consumers.ts';
import { readFreshnessSignal } from './freshness.ts';
import { gridOf } from './grid.ts';
import { chooseLevel, type LevelRetention } from './level.ts';
import { isProblemSignal } from './problem-metrics.ts';
import { readDeadLetterSignals, readProblemSignals } from './problems.ts';
import { readConservationSignal } from './signals-conservation.ts';
import { isLagSignal, readGauges } from './signals-gauges.ts';
import { mergeLags, readJudgedLags } from './signals-lag.ts';
import { isSpanSignal, readSpanSignals } from './signals-spans.ts';
import { readSloSignal } from './slos.ts';

export interface SignalQuery {
  /** Unix milliseconds; the series cover the whole steps of [from, to). */
  readonly from: number;
  readonly to: number;
  /** Milliseconds, a multiple of 10 000. */
  readonly step: number;
  /** A series seen since then counts as known: its throughput is 0, not a gap, where nothing arrived. Default from - 1 h. */
  readonly knownSince?: number;
  readonly signals?: readonly Signal[];
  /** Labels that must be equal, `signal` included. */
  readonly match?: Labels;
  /**
   * How long the rollups are kept, and the time now: where what is fine enough has been deleted, the series come with a
   * longer step than was asked for. Without them the step is kept and what was deleted is a gap.
   */
  readonly retention?: LevelRetention;
  readonly now?: number;
}

const KNOWN_FOR_MS = 3_600_000;

/**
 * All watched series on the grid, in three queries however many series there are, from the rollup that fits the step (`chooseLevel`).
 * Series without a single value are left out.
 *
 * - `throughput` and `output` are messages (or calls) per second, 0 in steps without rows from the first sight of the series on.
 * - `error_ratio`, `latency_*` and `dependency_p95` are NaN in steps without calls; latencies are in seconds.
 * - `freshness` is the largest age of the newest complete event in a step, as the pipeline model judged it, carried forward up to 90 s.
 * - `drop_ratio` is what the pipeline model found missing, 0 where it found nothing, carried forward likewise.
 * - `slo_burn` and `dead_letter_depth` are carried forward likewise; what stages count of dead letters and other problems is per second, 0
 *   where a known series counted nothing.
 * - `lag_seconds` and `loss_seconds` are what the pipeline model worked out; where it could not, a lag in time that another tool reports
 *   stands in. `lag` is what was reported, else worked out.
 * - `lag` (sum over partitions), `lag_seconds` (the largest) and gauges named by `weir.signal` carry their last value
 *   forward up to 90 s. Lag carries the consuming service as `stage`, or the group's name while no consumer was seen.
 * - Where both spans and metrics tell of a stage, spans win in every step in which they are present.
 *
 * Throws `store_signals_range_invalid` when the step is not a multiple of 10 s.
 */
export async function readSignals(store: Store, query: SignalQuery): Promise<Series[]> {
  const { level, step } = chooseLevel(query);
  const grid = gridOf(query.from, query.to, step);
  const match = query.match ?? {};
  const wanted = new Set<Signal>((query.signals ?? SIGNALS).filter((s) => (match['signal'] ?? s) === s));
  if (grid.count === 0 || wanted.size === 0) return [];
  const known = Math.min(query.knownSince ?? grid.start - KNOWN_FOR_MS, grid.start);
  const knownSince = Math.max(0, stepStart(known, level.step));
  const wantsLag = wanted.has('group_state') || [...wanted].some(isLagSignal);
  const none: Promise<Series[]> = Promise.resolve([]);
  const consumers: Promise<Consumers> = wantsLag
    ? readConsumers(store, knownSince, query.to, level)
    : Promise.resolve([]);
  const wantsProblems = [...wanted].some(isProblemSignal);
  const [spans, gauges, judged, fresh, drops, burns, problems] = await Promise.all([
    [...wanted].some(isSpanSignal) ? readSpanSignals(store, { grid, level, knownSince, wanted, match }) : none,
    wantsLag || wanted.has('custom')
      ? consumers.then((seen) => readGauges(store, { grid, level, wanted, consumers: seen }))
      : none,
    wantsLag ? consumers.then((seen) => readJudgedLags(store, grid, wanted, seen)) : none,
    wanted.has('freshness') ? readFreshnessSignal(store, grid) : none,
    wanted.has('drop_ratio') ? readConservationSignal(store, grid) : none,
    wanted.has('slo_burn') ? readSloSignal(store, grid) : none,
    wantsProblems ? readProblemSignals(store, { grid, level, knownSince, wanted }) : none,
  ]);
  const letters =
    wanted.has('dead_letters') || wanted.has('dead_letter_depth')
      ? await readDeadLetterSignals(store, grid, wanted, problems)
      : [];
  return [...spans, ...mergeLags(gauges, judged), ...fresh, ...drops, ...burns, ...problems, ...letters]
    .filter((series) => matches(series.labels, match) && series.values.some((value) => !Number.isNaN(value)))
    .map((series) => ({ series, at: order(series.labels) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ series }) => series);
}

function matches(labels: Labels, match: Labels): boolean {
  return Object.entries(match).every(([name, value]) => labelOf(labels, name) === value);
}

/** By pipeline, stage, then the signals as `SIGNALS` lists them. */
function order(labels: Labels): string {
  const signal = String.fromCharCode(1 + SIGNALS.indexOf(labels['signal'] as Signal));
  return [labels['pipeline'], labels['stage'], signal, JSON.stringify(labels)].join('\u0000');
}
