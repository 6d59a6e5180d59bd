import { errorMessage } from '../core/errors.ts';
import { fingerprint } from '../core/labels.ts';
import type { Series } from '../core/series.ts';
import type { Logger } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { DetectorConfig } from './config.ts';
import { FEATURES, fillFeatures, joinWindows, sampleWindows, unsquash, WINDOW, type Windows } from './lstm/features.ts';
import type { ModelFacts } from './lstm/files.ts';
import type { Network } from './lstm/network.ts';
import type { DetectorMetrics } from './metrics.ts';
import type { DetectorPort } from './port.ts';
import { seededRandom } from './random.ts';
import type { Catalogue, Watched } from './watched.ts';

/** Windows of one training, and the share of them, the newest in time, that is held out to judge it. */
const WINDOWS = 2048;
const HELD_OUT = 0.15;
/** Optimiser steps of one training at most; the time budget usually ends it first on a slow machine. */
const STEPS = 400;
const CHUNK_MS = 2 * 3_600_000;
/** The first training waits until start-up is over. */
const SETTLE_MS = 120_000;
/** After a training that was not accepted or failed. */
const RETRY_MS = 1_800_000;

export interface ForecasterStatus {
  readonly state: 'off' | 'learning' | 'training' | 'trained';
  readonly facts?: ModelFacts;
}

export interface Forecaster {
  /** Loads the stored model. Never throws: without one the detector works with its other scorers. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Asks the network for the next step of every series, and trains when it is time. Returns at once. */
  onJudged(watched: readonly Watched[]): void;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
  status(): ForecasterStatus;
}

export interface ForecasterOptions {
  readonly config: DetectorConfig;
  readonly catalogue: Catalogue;
  readonly port: Pick<DetectorPort, 'readSignals'>;
  readonly network: Network;
  readonly metrics: DetectorMetrics;
  readonly log: Logger;
  readonly now: () => Millis;
}

/** Keeps the LSTM's predictions one step ahead of the ticks, and the network trained on what the store holds. */
export function createForecaster(options: ForecasterOptions): Forecaster {
  const { config, catalogue, port, network, metrics, log, now } = options;
  const { step } = config;
  const startedAt = now();
  let facts: ModelFacts | undefined;
  let nextTraining = startedAt + SETTLE_MS;
  let training: Promise<void> | undefined;
  let predicting: Promise<void> | undefined;
  let stopped = false;

  function adopt(model: ModelFacts): void {
    facts = model;
    metrics.modelTrained.set(model.trainedAt / 1000);
    metrics.modelLoss.set({ model: 'lstm' }, model.loss);
    metrics.modelLoss.set({ model: 'naive' }, model.naiveLoss);
  }

  async function predictNext(watched: readonly Watched[]): Promise<void> {
    const known = watched.filter(({ lstm }) => !Number.isNaN(lstm.scale));
    if (known.length === 0) return;
    const { x, lasts } = sequences(known, WINDOW);
    const quantiles = await network.predict(x, known.length, WINDOW, true);
    if (!quantiles) return;
    for (const [i, { lstm, next }] of known.entries()) {
      const at = (q: number) => unsquash((lasts[i] as number) + (quantiles[i * 3 + q] as number), lstm);
      // A series that was judged again in the meantime has moved on: its prediction is of no use and is not taken.
      const time = lstm.time + step;
      if (time === next) lstm.prediction = { time, low: at(0), middle: at(1), high: at(2) };
    }
  }

  function sequences(watched: readonly Watched[], length: number) {
    const x = new Float32Array(watched.length * length * FEATURES);
    const lasts = watched.map(({ lstm: state }, i) =>
      fillFeatures(x, i * length * FEATURES, state.ring, state.ring.length, length, state.time, step, state),
    );
    return { x, lasts };
  }

  function due(watched: readonly Watched[], time: Millis): boolean {
    if (time < nextTraining) return false;
    const span = Math.max(0, ...watched.map(({ history }) => history));
    if (span < config.lstm.train_after) return false;
    if (!facts) return true;
    const grown = facts.span < config.lstm.train_on && span >= 2 * facts.span;
    return grown || time - facts.trainedAt >= config.lstm.retrain_every;
  }

  async function train(watched: readonly Watched[], time: Millis): Promise<void> {
    const until = Math.floor((time - config.lateness) / step) * step;
    const span = Math.min(config.lstm.train_on, Math.max(...watched.map(({ history }) => history)));
    const incidents = new Map(watched.map((one) => [one.key, incidentsOf(one)]));
    const random = seededRandom(config.lstm.seed);
    const heldOutFrom = until - HELD_OUT * span;
    const old: Windows[] = [];
    const recent: Windows[] = [];
    const begin = Math.floor((until - span) / step) * step;
    for (let from = begin; from < until && !stopped; from += CHUNK_MS) {
      const to = Math.min(until, from + CHUNK_MS);
      for (const [a, b, into] of [
        [from, Math.min(to, heldOutFrom), old],
        [Math.max(from, heldOutFrom), to, recent],
      ] as const) {
        const start = Math.ceil(a / step) * step;
        const end = Math.floor(b / step) * step;
        if (end - start < 2 * WINDOW * step && into.length > 0) continue;
        if (end <= start) continue;
        const lead = Math.max(begin, start - WINDOW * step);
        const series = await port.readSignals({ from: lead, to: end, step, signals: catalogue.signals });
        const share = (WINDOWS * (end - start)) / span;
        for (const one of series) {
          const calm = withoutIncidents(one, incidents.get(fingerprint(one.labels)) ?? []);
          into.push(sampleWindows(calm, Math.ceil(share / Math.max(1, series.length)), random));
        }
      }
    }
    const trainOn = joinWindows(old);
    const judgeOn = joinWindows(recent);
    if (trainOn.count < 64 || judgeOn.count < 16) {
      metrics.trainings.inc({ result: 'skipped' });
      log.info({ event: 'detector_lstm_skipped', windows: trainOn.count, held_out: judgeOn.count });
      return;
    }
    const answer = await network.train(trainOn, judgeOn, {
      units: config.lstm.units,
      seed: config.lstm.seed,
      steps: STEPS,
      budgetMs: config.lstm.train_budget,
      trainedAt: time,
      span,
      step,
    });
    metrics.trainings.inc({ result: answer.accepted ? 'accepted' : 'rejected' });
    log.info({ event: 'detector_lstm_trained', accepted: answer.accepted, ...answer.facts });
    if (answer.accepted) adopt(answer.facts);
  }

  function watchTraining(watched: readonly Watched[]): void {
    const time = now();
    if (training || !due(watched, time)) return;
    nextTraining = time + RETRY_MS;
    training = train(watched, time)
      .catch((error) => {
        metrics.trainings.inc({ result: 'failed' });
        log.warn({ event: 'detector_lstm_untrained', error: errorMessage(error) });
      })
      .finally(() => {
        training = undefined;
      });
  }

  return {
    async start() {
      stopped = false;
      if (!config.lstm.enabled) return;
      try {
        const found = await network.open();
        if (found && found.step === step) adopt(found);
      } catch (error) {
        log.warn({ event: 'detector_lstm_unloaded', error: errorMessage(error) });
      }
    },
    async stop() {
      stopped = true;
      await network.close();
      await Promise.allSettled([training, predicting]);
    },
    onJudged(watched) {
      if (!config.lstm.enabled || stopped) return;
      watchTraining(watched);
      if (!facts || predicting) return;
      predicting = predictNext(watched)
        .catch((error) => log.warn({ event: 'detector_lstm_silent', error: errorMessage(error) }))
        .finally(() => {
          predicting = undefined;
        });
    },
    async settled() {
      while (training ?? predicting) await Promise.allSettled([training, predicting]);
    },
    status() {
      if (!config.lstm.enabled) return { state: 'off' };
      const state = training ? 'training' : facts ? 'trained' : 'learning';
      return facts ? { state, facts } : { state };
    },
  };
}

/** Times in which something fired on the series: nobody should learn from them what is ordinary. */
function incidentsOf(one: Watched): readonly (readonly [Millis, Millis])[] {
  const open = [...one.watches.values()]
    .filter(({ standing }) => standing.phase === 'firing')
    .map(({ standing }): [Millis, Millis] => [standing.onset, Infinity]);
  return [...one.incidents, ...open];
}

function withoutIncidents(series: Series, incidents: readonly (readonly [Millis, Millis])[]): Series {
  if (incidents.length === 0) return series;
  const values = series.values.map((value, i) => {
    const time = series.start + i * series.step;
    return incidents.some(([from, to]) => time >= from && time < to) ? NaN : value;
  });
  return { ...series, values };
}
