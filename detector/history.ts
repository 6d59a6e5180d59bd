import { fingerprint, type Labels } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { heardSteps, States, Volumes, valueAt } from './coverage.ts';
import { createExpectationQueue, type ExpectationQueue } from './expectation-queue.ts';
import { type FeedbackBook, NO_FEEDBACK } from './feedback.ts';
import { judge } from './judge.ts';
import type { DetectorPort } from './port.ts';
import { emptyPoint, type Point } from './scorer.ts';
import { beginSlice } from './slice.ts';
import type { StageRows } from './stage-rows.ts';
import { createStages, type RowVerdicts } from './stages.ts';
import { type Refusal, refusalOf } from './traits.ts';
import type { PointVerdicts } from './verdict.ts';
import { type Catalogue, createWatch, type Watch, type Watched, watchOf } from './watched.ts';

/** What one query loads. */
const CHUNK_MS = 4 * 3_600_000;
/** How long the replay keeps the process to itself, and after how many points it looks at the clock. */
const SLICE_MS = 15;
const BETWEEN_LOOKS = 64;
/** Bands of the newest history are stored, so that a chart does not begin empty. */
const BANDS_MS = 3_600_000;
/** Of many series at once fewer bands are kept, that many in all. */
const MOST_BANDS = 100_000;
/** Series that go through their history together, step by step: enough for the network to run over many at once. */
const BLOCK = 256;
/** Up to this many stages are asked for one by one; beyond that one query for all is cheaper. */
const STAGES = 4;

export interface ReplayOptions {
  readonly catalogue: Catalogue;
  readonly port: Pick<DetectorPort, 'readSignals' | 'readReceived'>;
  readonly step: Millis;
  readonly forgetAfter: Millis;
  readonly feedback?: FeedbackBook;
  /** Stages whose rows are judged along with the series. */
  readonly stages?: readonly StageRows[];
  /** Asked before series change: what to wait for, if anything. */
  readonly turn?: (() => Promise<void> | undefined) | undefined;
  /** Is told of each judged step of each series. What it is told in is used again for the next one. */
  readonly onPoint?: (watched: Watched, said: Readonly<PointVerdicts>, point: Point) => void;
  /** Is told of each judged row of each stage. */
  readonly onRow?: (row: RowVerdicts) => void;
}

export interface Replayed {
  readonly points: number;
  /** Bands of the newest steps. */
  readonly expectations: ExpectationQueue;
}

/**
 * Replays stored history through the series' scorers up to `until`, from where each of them stands, without raising
 * alerts. What fires before and after is kept: the decisions taken on the way serve only to know which points to
 * trust. Yields to the event loop, so that a tick is never held up.
 */
export async function replay(options: ReplayOptions, batch: readonly Watched[], until: Millis): Promise<Replayed> {
  const { catalogue, port, step } = options;
  const expectations = createExpectationQueue(MOST_BANDS);
  let points = 0;
  const keep = (watched: Watched) => [watched, new Map([...watched.watches].map(([k, v]) => [k, { ...v }]))] as const;
  const stages = createStages(catalogue);
  for (const stage of options.stages ?? []) stages.put(stage);
  const all = [...batch, ...[...stages.all.values()].map(({ watched }) => watched)];
  if (all.length === 0) return { points, expectations };
  const narrowed = stagesOf(all);
  const slice = beginSlice(SLICE_MS);
  const point = emptyPoint();
  const kept = all.map(keep);
  const begin = all.reduce((least, { next }) => Math.min(least, next), until);
  const bandsFrom = until - Math.min(BANDS_MS, step * Math.floor(MOST_BANDS / Math.max(1, batch.length)));
  for (let from = begin; from < until; from = Math.min(until, from + CHUNK_MS)) {
    const to = Math.min(until, from + CHUNK_MS);
    const range = { from, to, step };
    const series = await read(port, range, catalogue, narrowed);
    const heardAt = await heardSteps(port, series, range);
    await options.turn?.();
    const volumes = new Volumes(series);
    const states = new States(series);
    const byKey = new Map(series.map((one) => [fingerprint(one.labels), one]));
    for (let first = 0; first < batch.length; first += BLOCK) {
      const block = batch.slice(first, first + BLOCK).map((watched) => ({
        watched,
        own: byKey.get(watched.key),
        stage: volumes.placeOf(watched.labels),
        group: states.placeOf(watched.labels),
      }));
      for (let time = from; time < to; time += step) {
        const heard = heardAt[Math.round((time - from) / step)] === 1;
        for (const { watched, own, stage, group } of block) {
          if (time < watched.next) continue;
          const value = heard ? reportedValue(watched, own, time, options.forgetAfter) : NaN;
          if (watched.history === 0 && Number.isNaN(value)) {
            watched.next = time + step;
            continue;
          }
          if (!Number.isNaN(valueAt(own, time))) watched.seenAt = time;
          point.time = time;
          point.value = value;
          point.volume = volumes.at(stage, time, step);
          point.state = states.at(group, time);
          const said = judge(catalogue, watched, point, step, options.feedback);
          options.onPoint?.(watched, said, point);
          for (const { standing } of said.verdicts) {
            if (standing.phase === 'firing') stages.fires(watched.labels, time, step);
          }
          points++;
          if (time >= bandsFrom) expectations.push(watched, time, value, said);
          if (points % BETWEEN_LOOKS === 0 && slice.isOver()) {
            await slice.breathe();
            await options.turn?.();
          }
        }
      }
    }
    const rows = stages.judge({
      series,
      from,
      until: to,
      step,
      heard: heardAt,
      feedback: options.feedback ?? NO_FEEDBACK,
    });
    for (const row of rows) {
      options.onRow?.(row);
      if (slice.isOver()) {
        await slice.breathe();
        await options.turn?.();
      }
    }
  }
  await options.turn?.();
  for (const [watched, watches] of kept) restoreWatches(watched, watches);
  return { points, expectations };
}

/** How often an alert fired in the history stays known; what it stood at is not. */
function restoreWatches(watched: Watched, before: ReadonlyMap<string, Watch>): void {
  for (const [name, { firings, firedAt }] of [...watched.watches]) {
    Object.assign(watchOf(watched, name), before.get(name) ?? createWatch(), { firings, firedAt });
  }
}

/** Ages at which a young series is loaded again: history may be sent after the first live points. */
const RELOAD_AT_MS = [60_000, 180_000, 600_000];

/** Whether a series that began with `history` to load may be loaded again, now or later: it has seen less than half of that. */
export function isYoung({ reloads, history: seen }: Watched, history: Millis): boolean {
  return reloads < RELOAD_AT_MS.length && seen < history / 2;
}

/** Whether it is time for that. */
export function isReloadDue({ reloads, metAt }: Watched, now: Millis): boolean {
  return now - metAt >= (RELOAD_AT_MS[reloads] ?? Infinity);
}

/** Whether nothing fires of what is known, and what was loaded again learned from clearly more. */
export function outdoes(again: Watched, current: Watched): boolean {
  const quiet = [...current.watches.values()].every(({ standing }) => standing.phase === 'inactive');
  return quiet && again.history > 1.5 * current.history;
}

/**
 * The value of a watched series: a flow that is not reported any more has stopped, anything else is unknown. What cannot
 * be a value of its signal is unknown, too, and told to `onRefused`.
 */
export function reportedValue(
  watched: Watched,
  series: Series | undefined,
  time: Millis,
  forgetAfter: Millis,
  onRefused?: (signal: Signal, reason: Refusal) => void,
): number {
  const value = valueAt(series, time);
  const signal = watched.labels['signal'] as Signal;
  const refusal = refusalOf(signal, value);
  if (refusal) {
    onRefused?.(signal, refusal);
    return NaN;
  }
  const flow = signal === 'throughput' || signal === 'output';
  if (flow && Number.isNaN(value) && watched.seenAt > 0 && time - watched.seenAt <= forgetAfter) return 0;
  return value;
}

function stagesOf(batch: readonly Watched[]): readonly Labels[] | undefined {
  const stages = new Map<string, Labels>();
  for (const { labels } of batch) {
    const pipeline = labels['pipeline'] ?? '';
    const stage = labels['stage'] ?? '';
    stages.set(`${pipeline}\u0000${stage}`, { pipeline, stage });
  }
  return stages.size <= STAGES ? [...stages.values()] : undefined;
}

async function read(
  port: Pick<DetectorPort, 'readSignals'>,
  range: { readonly from: Millis; readonly to: Millis; readonly step: Millis },
  catalogue: Catalogue,
  stages: readonly Labels[] | undefined,
): Promise<readonly Series[]> {
  const query = { ...range, signals: catalogue.signals };
  if (!stages) return port.readSignals(query);
  const found: Series[] = [];
  for (const match of stages) found.push(...(await port.readSignals({ ...query, match })));
  return found;
}
