import { errorMessage } from '../core/errors.ts';
import type { Series } from '../core/series.ts';
import type { Signal } from '../core/signal.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import { createRetentionReader } from './ahead/retention.ts';
import { postable } from './alerts.ts';
import type { Board } from './board.ts';
import type { DetectorConfig } from './config.ts';
import { GAP_MS, heardSteps, valueAt } from './coverage.ts';
import { createFeedbackReader } from './feedback.ts';
import { isReloadDue, isYoung, outdoes, replay, reportedValue } from './history.ts';
import { judge } from './judge.ts';
import type { DetectorMetrics } from './metrics.ts';
import { createOutbox } from './outbox.ts';
import type { DetectorPort } from './port.ts';
import { createRecords } from './records.ts';
import { createRolls } from './roll.ts';
import { emptyPoint } from './scorer.ts';
import type { Sender } from './sender.ts';
import { createSeriesKeys } from './series-keys.ts';
import { beginSlice } from './slice.ts';
import { rowLength, type StageRows } from './stage-rows.ts';
import { createStages, newStages, type Stages } from './stages.ts';
import type { Refusal } from './traits.ts';
import type { Verdict } from './verdict.ts';
import { type Catalogue, createWatched, releasePlaces, type Watched } from './watched.ts';

/** An alert ends this many rounds after it was last sent. */
const ROUNDS = 4;
/** How long judging keeps the process to itself, and after how many series it looks at the clock. */
const SLICE_MS = 20;
const BETWEEN_LOOKS = 64;

export interface EvaluatorOptions {
  readonly config: DetectorConfig;
  readonly catalogue: Catalogue;
  readonly port: DetectorPort;
  readonly send: Sender;
  readonly board: Board;
  readonly metrics: DetectorMetrics;
  readonly log: Logger;
  readonly now: () => Millis;
  /** Asked before series change outside of a tick: what to wait for, if anything. */
  readonly turn?: (() => Promise<void> | undefined) | undefined;
  /** Series restored from a snapshot, and the step at which it was taken. */
  readonly restored?: {
    readonly watched: readonly Watched[];
    readonly stages: readonly StageRows[];
    readonly cursor: Millis;
  };
}

export type TickResult = 'judged' | 'waiting' | 'blind' | 'failed';

export interface Evaluator {
  readonly watched: ReadonlyMap<string, Watched>;
  readonly stages: Stages;
  /** Start of the first step not judged yet. */
  cursor(): Millis;
  /** Judges the steps that closed since the last tick, stores what it found, and sends what fires. Never throws. */
  tick(): Promise<TickResult>;
  /** Resolves when no history is being loaded and all rows were written or refused. */
  settled(): Promise<void>;
  lastTick(): { readonly at: Millis; readonly result: TickResult } | undefined;
}

/**
 * The round of the detector. A step is judged once, when it is closed: `lateness` has passed since its end, and newer
 * telemetry than its end has arrived (the watermark), so that a collector that lags never looks like a stage that
 * stopped. Series seen for the first time, and those that are far behind, get their history replayed beside the ticks.
 */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { config, catalogue, port, board, metrics, log, now } = options;
  const { step } = config;
  const outbox = createOutbox(port, metrics, log);
  const feedback = createFeedbackReader(port, metrics, log);
  const retention = createRetentionReader(port, catalogue.limits, log);
  const records = createRecords(catalogue, port, metrics, log);
  /** Changes only with `rolls.changed()`. */
  const watched = new Map<string, Watched>(options.restored?.watched.map((one) => [one.key, one]));
  const seriesKeys = createSeriesKeys(watched);
  const rolls = createRolls(watched);
  const stages = createStages(catalogue, options.restored?.stages);
  /** Keys of series and stages whose history is being read. */
  const loading = new Set<string>();
  /** Keys of series that may not have been judged up to the cursor, as of the last round that ended there. */
  const behind = new Set<string>();
  /** Keys of series without a value in the newest step, which may be forgotten. */
  const silent = new Set<string>();
  /** Keys of series whose history may be loaded again. */
  const young = new Set<string>(watched.keys());
  const startedAt = now();
  /** Where the last round ended; NaN when it did not. */
  let judgedTo = NaN;
  let metKeys: readonly string[] | undefined;
  let metSize = 0;
  let metStages: readonly string[] | undefined;
  let cursor = options.restored?.cursor ?? 0;
  let heardUntil = 0;
  let readableAt = startedAt;
  let running: Promise<void> = Promise.resolve();
  let last: { at: Millis; result: TickResult } | undefined;

  /** Start of the newest step that is closed by the clock. */
  const closedStep = (time: Millis) => Math.floor((time - config.lateness) / step) * step - step;

  async function evaluate(time: Millis): Promise<TickResult> {
    const newest = await port.newestTelemetry();
    readableAt = time;
    watchAbsence(time, newest);
    await feedback.refresh(time);
    await retention.refresh(time);
    metrics.late.set(newest === 0 ? 0 : Math.max(0, time - newest) / 1000);
    const closed = closedStep(time);
    const until = Math.min(closed, Math.floor(newest / step) * step - step);
    if (cursor === 0) cursor = closed;
    cursor = Math.max(cursor, closed - config.judge_late);
    if (until < cursor) return closed < cursor ? 'waiting' : time - newest > config.absent_after ? 'blind' : 'waiting';

    let from = cursor;
    for (const key of judgedTo === cursor ? behind : watched.keys()) {
      const next = watched.get(key)?.next ?? from;
      if (next < from && next >= until - config.judge_late && !loading.has(key)) from = next;
    }
    const range = { from, to: until + step, step };
    const series = await port.readSignals({ ...range, signals: catalogue.signals });
    const heard = newest - heardUntil <= GAP_MS ? undefined : await heardSteps(port, series, range);
    heardUntil = newest;
    const keys = seriesKeys.of(series);
    judgedTo = NaN;
    await judgeAll(series, keys, from, until, heard);
    cursor = until + step;
    judgedTo = cursor;
    const batch = meet(series, keys, time);
    load(batch, meetStages(series, keys, batch), cursor);
    forget(time);
    return 'judged';
  }

  /** Yields to the event loop now and then: what is judged already is known by `next`, should `watched` change meanwhile. */
  async function judgeAll(
    series: readonly Series[],
    keys: readonly string[],
    from: Millis,
    until: Millis,
    heard: Uint8Array | undefined,
  ): Promise<void> {
    behind.clear();
    silent.clear();
    const counts = { judged: 0, gap: 0, skipped: 0 };
    let roll = rolls.call(series, keys);
    const slice = beginSlice(SLICE_MS);
    for (let i = 0; i < roll.watched.length; i++) {
      if (i % BETWEEN_LOOKS === 0 && slice.isOver()) {
        await slice.breathe();
        const now = rolls.call(series, keys);
        if (now !== roll) {
          roll = now;
          i = -1;
          continue;
        }
      }
      const one = roll.watched[i] as Watched;
      if (one.next > until) continue;
      if (one.next < from || loading.has(one.key)) {
        behind.add(one.key);
        continue;
      }
      const place = roll.places[i] as number;
      const own = place < 0 ? undefined : series[place];
      for (let time = one.next; time <= until; time += step) {
        if (heard && heard[Math.round((time - from) / step)] !== 1) {
          one.next = time + step;
          counts.skipped++;
        } else {
          point.time = time;
          point.volume = roll.volumes.at(roll.stages[i] as number, time, step);
          point.state = roll.states.at(roll.groups[i] as number, time);
          judgeOne(one, own);
          counts[Number.isNaN(point.value) ? 'gap' : 'judged']++;
        }
      }
      if (one.seenAt < until) silent.add(one.key);
    }
    rolls.dismiss();
    for (const [result, points] of Object.entries(counts)) if (points > 0) metrics.points.inc({ result }, points);
    const onRefused = (signals: number) => metrics.stageSignalsRefused.inc(signals);
    const range = { series, keys, from, until: until + step, step, heard, feedback, onRefused };
    for (const { stage, start, verdicts } of stages.judge(range)) {
      const length = rowLength(step);
      for (const verdict of verdicts) tell(stage.watched, verdict, verdict.score, start + length, length);
      if (slice.isOver()) await slice.breathe();
    }
  }

  const point = emptyPoint();
  const onRefusedValue = (signal: Signal, reason: Refusal) => metrics.valuesRefused.inc({ signal, reason });

  /** Judges the step that `point` tells the time and the surroundings of; its value is found here. */
  function judgeOne(one: Watched, own: Series | undefined): void {
    const { time } = point;
    if (!Number.isNaN(valueAt(own, time))) one.seenAt = time;
    point.value = reportedValue(one, own, time, config.forget_after, onRefusedValue);
    const said = judge(catalogue, one, point, step, feedback);
    for (const verdict of said.verdicts) {
      tell(one, verdict, point.value, time + step, step);
      if (verdict.standing.phase === 'firing') stages.fires(one.labels, time, step);
    }
    outbox.expectations.push(one, time, point.value, said);
  }

  /** Passes a verdict on: to the board, the store, the metrics and the log. It is of a step, or row, of `length` that ended at `end`. */
  function tell(one: Watched, verdict: Verdict, value: number, end: Millis, length: Millis): void {
    const { transition, watcher, held } = verdict;
    if (held) metrics.heldPoints.inc({ detector: watcher.entry.name, verdict: held });
    const anomaly = board.take(one, verdict, value, end, length);
    if (anomaly) outbox.anomalies.push(anomaly);
    if (transition === 'none') return;
    metrics.transitions.inc({ detector: watcher.entry.name, transition });
    if (transition === 'pending' || transition === 'dropped') return;
    log.info({ event: `detector_alert_${transition}`, detector: watcher.entry.name, labels: one.labels, value });
  }

  /** Stages to load: those not seen before, and those of series whose history is read once more. */
  function meetStages(series: readonly Series[], keys: readonly string[], batch: readonly Watched[]): StageRows[] {
    const begin = cursor - Math.ceil(config.history / step) * step;
    // The same series as when stages were met last hold no new ones.
    const labels = metStages === keys ? [] : series.map((one) => one.labels);
    metStages = keys;
    const fresh = newStages(catalogue, labels, stages.all, begin, cursor).filter(
      ({ watched: { key } }) => !loading.has(key),
    );
    const late = batch.filter((one) => watched.get(one.key) !== one).map((one) => one.labels);
    const again = newStages(catalogue, late, new Map(), begin, cursor);
    return [...fresh, ...again.filter(({ watched: { key } }) => stages.all.has(key) && !loading.has(key))];
  }

  /** Series to load: new ones, those too far behind to be judged, and young ones whose history may have come since. */
  function meet(series: readonly Series[], keys: readonly string[], time: Millis): Watched[] {
    const batch = new Set<Watched>();
    const begin = cursor - Math.ceil(config.history / step) * step;
    // The same series as when all of them were met last, if none has been forgotten since.
    const met = metKeys === keys && metSize === watched.size;
    metKeys = keys;
    for (const [i, { labels }] of met ? [] : series.entries()) {
      const key = keys[i] as string;
      if (watched.has(key) || catalogue.watchersOf(labels).length === 0) continue;
      const fresh = createWatched(seriesKeys.labelsAt(i), begin, cursor, key);
      watched.set(key, fresh);
      rolls.changed();
      behind.add(key);
      young.add(key);
      batch.add(fresh);
    }
    metSize = watched.size;
    for (const key of young) {
      const one = watched.get(key);
      if (one === undefined || !isYoung(one, config.history)) young.delete(key);
      else if (isReloadDue(one, time) && !loading.has(key) && !batch.has(one)) {
        one.reloads++;
        batch.add({ ...createWatched(one.labels, begin, one.metAt, one.key), reloads: one.reloads });
      }
    }
    for (const key of behind) {
      const one = watched.get(key);
      if (one && one.next < cursor && !loading.has(key)) batch.add(one);
    }
    return [...batch];
  }

  /** Replays the history of `batch` beside the ticks; series in it are judged again from the next tick on. */
  function load(batch: readonly Watched[], rows: readonly StageRows[], until: Millis): void {
    if (batch.length + rows.length === 0) return;
    for (const { key } of batch)
      if (watched.get(key)?.history === 0 || (watched.get(key)?.next ?? 0) < until) loading.add(key);
    for (const stage of rows) loading.add(stage.watched.key);
    running = running
      .then(async () => {
        const { points, expectations } = await replay(
          { catalogue, port, step, forgetAfter: config.forget_after, feedback, stages: rows, turn: options.turn },
          batch,
          until,
        );
        await options.turn?.();
        metrics.points.inc({ result: 'learned' }, points);
        outbox.expectations.append(expectations);
        for (const one of batch) adopt(one);
        for (const stage of rows) adoptStage(stage);
        log.info({ event: 'detector_history_loaded', series: batch.length, points });
      })
      .catch((error) => {
        log.warn({ event: 'detector_history_unread', series: batch.length, error: errorMessage(error) });
        metStages = undefined;
        for (const one of batch) if (watched.get(one.key) !== one) releasePlaces(catalogue, one);
      })
      .finally(() => {
        for (const { key } of batch) loading.delete(key);
        for (const stage of rows) loading.delete(stage.watched.key);
      });
  }

  /** A series loaded again takes the place of the first one when it learned from clearly more, and nothing fires. */
  function adopt(one: Watched): void {
    const current = watched.get(one.key);
    if (current === one) return;
    const better = current && outdoes(one, current);
    if (better) {
      watched.set(one.key, one);
      rolls.changed();
      behind.add(one.key);
      young.add(one.key);
    }
    releasePlaces(catalogue, better ? current : one);
  }

  function adoptStage(stage: StageRows): void {
    const current = stages.all.get(stage.watched.key)?.watched;
    if (!current || outdoes(stage.watched, current)) stages.put(stage);
  }

  function forget(time: Millis): void {
    for (const key of [...silent, ...behind]) {
      const one = watched.get(key);
      if (!one || loading.has(key) || time - Math.max(one.seenAt, one.metAt) <= config.forget_after) continue;
      watched.delete(key);
      rolls.changed();
      outbox.anomalies.push(...board.forget(one, time));
      releasePlaces(catalogue, one);
      log.info({ event: 'detector_series_forgotten', labels: one.labels });
    }
    for (const { watched: one } of stages.all.values()) {
      if (time - Math.max(one.seenAt, one.metAt) <= config.forget_after) continue;
      stages.delete(one.key);
      metStages = undefined;
      outbox.anomalies.push(...board.forget(one, time));
    }
  }

  /** A store that never held anything is not silent; one that cannot be read leaves us as blind as silence does. */
  function watchAbsence(time: Millis, newest: Millis): void {
    const since = Math.max(newest, startedAt);
    const absent = newest > 0 && time - since > config.absent_after;
    board.absent(absent ? since : 0, time, 'No telemetry has arrived');
  }

  async function post(time: Millis): Promise<void> {
    board.sweep(time, config.resend_resolved);
    metrics.firing.set(board.firing());
    const alerts = [...board.alerts.values()].map((alert) => postable(alert, time, ROUNDS * step));
    if (alerts.length === 0) return;
    const { sent, failed, errors } = await options.send(alerts);
    metrics.alerts.inc({ result: 'sent' }, sent);
    metrics.alerts.inc({ result: 'failed' }, failed);
    for (const error of errors) log.warn({ event: error.code, error: error.message });
  }

  return {
    watched,
    stages,
    cursor: () => cursor,
    settled: async () => {
      let seen: Promise<void> | undefined;
      while (seen !== running) {
        seen = running;
        await seen;
      }
      await records.settled();
      await outbox.flush(now());
    },
    lastTick: () => last,
    async tick() {
      const time = now();
      const stop = metrics.tickSeconds.startTimer();
      let result: TickResult;
      // A store that takes long to answer must not let the alerts that fire run out: they are sent meanwhile.
      const meanwhile = setInterval(() => void post(now()), step);
      try {
        result = await evaluate(time);
      } catch (error) {
        result = 'failed';
        log.warn({ event: 'detector_tick_failed', error: errorMessage(error) });
        if (time - readableAt > config.absent_after) board.absent(readableAt, time, 'The store has not answered');
      }
      clearInterval(meanwhile);
      await post(time);
      void outbox.flush(time);
      if (result !== 'failed') records.publish(watched, stages.all, time);
      metrics.series.set({ state: 'loading' }, loading.size);
      metrics.series.set({ state: 'ready' }, watched.size - loading.size);
      metrics.ticks.inc({ result });
      metrics.lastTick.set(time / 1000);
      last = { at: time, result };
      stop();
      return result;
    },
  };
}
