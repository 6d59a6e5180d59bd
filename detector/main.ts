import { join } from 'node:path';
import { indexDefinitions, NO_PIPELINE, type PipelineDefinition } from '../core/definition.ts';
import { errorMessage } from '../core/errors.ts';
import type { Labels } from '../core/labels.ts';
import type { Health, Service } from '../core/service.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { createBoard } from './board.ts';
import { type Capture, capture } from './capture.ts';
import type { DetectorConfig } from './config.ts';
import { createEvaluator, type Evaluator } from './evaluator.ts';
import { type Foresight, openForesight } from './foresight.ts';
import { createMetrics } from './metrics.ts';
import { type DetectorPort, storePort } from './port.ts';
import { createSender } from './sender.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';
import { createNightly, type Nightly } from './tuning/nightly.ts';
import { type Trainer, trainInProcess } from './tuning/trainer.ts';
import { type Maintenance, NO_MAINTENANCE } from './tuning/troubles.ts';
import { createCatalogue } from './watched.ts';

export interface DetectorOptions {
  readonly config: DetectorConfig;
  readonly store: Store;
  readonly alertingUrl: string | (() => string);
  readonly alertingToken?: string | undefined;
  readonly dataDir: string;
  /** Declared pipelines, whose SLOs have targets to warn of. */
  readonly definitions?: readonly PipelineDefinition[];
  readonly telemetry: Telemetry;
  readonly now?: () => Millis;
  /** When work on a series was planned: nothing is learnt of it then. Unknown where absent. */
  readonly maintenance?: Maintenance;
  /** Stands in for the process that trains, for tests. */
  readonly train?: Trainer;
  /** Stands in for the store's queries, for tests. */
  readonly port?: DetectorPort;
}

/** A little after the step closes, so that the clock's own resolution never makes a tick come early. */
const AFTER_CLOSE_MS = 50;
const SNAPSHOT_EVERY_MS = 300_000;
const STOP_DEADLINE_MS = 10_000;

export interface Detector extends Service {
  health(): Health;
  /** One round, now; `start` makes them happen when steps close. */
  tick(): Promise<void>;
  /** Resolves when no history is being loaded and all rows were written or refused. */
  settled(): Promise<void>;
}

/** The detector as a service: restores its state, ticks when a step closes, and keeps its state when it stops. */
export function createDetector(options: DetectorOptions): Detector {
  const { config, telemetry } = options;
  const { log } = telemetry;
  const now = options.now ?? Date.now;
  const directory = join(options.dataDir, 'detector');
  const metrics = createMetrics(telemetry.registry);
  const send = createSender({ url: options.alertingUrl, token: options.alertingToken, timeout: config.send_timeout });
  const port = options.port ?? storePort(options.store);
  let catalogue = createCatalogue(config);
  const declared = indexDefinitions(options.definitions ?? []);
  const criticalityOf = ({ pipeline = NO_PIPELINE, stage = '' }: Labels) =>
    declared.ownershipOf(pipeline, 'service', stage).criticality;
  let board = createBoard();
  let evaluator: Evaluator | undefined;
  let nightly: Nightly | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ticking: Promise<void> = Promise.resolve();
  let savedAt = 0;
  let saving: Promise<void> = Promise.resolve();
  /** The state that is being written. */
  let taking: Capture | undefined;
  let stopped = false;

  /** The network in use; without one the detector works with its other streams. */
  async function forecasts(): Promise<Foresight | undefined> {
    if (!config.lstm.enabled) return undefined;
    try {
      return await openForesight(options.dataDir);
    } catch (error) {
      log.warn({ event: 'detector_forecasts_unopened', error: errorMessage(error) });
      return undefined;
    }
  }

  async function restore(): Promise<Evaluator> {
    catalogue = createCatalogue(config, await forecasts(), options.definitions);
    const since = now() - config.history;
    const restored = await readSnapshot({ directory, step: config.step, since, log }, catalogue);
    board = createBoard(restored?.alerts, criticalityOf);
    savedAt = now();
    return createEvaluator({
      config,
      catalogue,
      port,
      send,
      board,
      metrics,
      log,
      now,
      turn: () => (taking?.settled === false ? saving : undefined),
      ...(restored ? { restored } : {}),
    });
  }

  /** The nights of the network in use; none without a network. */
  function nights(): Nightly | undefined {
    const { foresight } = catalogue;
    if (!foresight || !config.lstm.fine_tune.enabled) return undefined;
    return createNightly({
      ...{ config, port, metrics, log, now, dataDir: options.dataDir },
      train: options.train ?? trainInProcess,
      maintenance: options.maintenance ?? NO_MAINTENANCE,
      labels: () => [...(evaluator?.watched.values() ?? [])].map(({ labels }) => labels),
      signals: () => catalogue.signals,
      adopt({ weights }) {
        taking?.settle();
        foresight.load(weights);
      },
    });
  }

  /** One at a time. Never throws. */
  function save(): Promise<void> {
    saving = saving.then(async () => {
      if (!evaluator) return;
      savedAt = now();
      taking = capture({
        takenAt: savedAt,
        step: config.step,
        cursor: evaluator.cursor(),
        watched: [...evaluator.watched.values()],
        stages: [...evaluator.stages.all.values()],
        alerts: [...board.alerts],
        catalogue,
      });
      try {
        await writeSnapshot(directory, taking);
      } catch (error) {
        log.warn({ event: 'detector_snapshot_unwritten', error: errorMessage(error) });
      }
      taking = undefined;
    });
    return saving;
  }

  /** A disk that is so slow that the next step closes meanwhile holds no tick up. */
  async function round(): Promise<void> {
    if (!evaluator) return;
    taking?.settle();
    await evaluator.tick();
    nightly?.due(now());
    if (now() - savedAt >= SNAPSHOT_EVERY_MS && taking === undefined) void save();
  }

  /** One round at a time. */
  function tick(): Promise<void> {
    ticking = ticking.then(round);
    return ticking;
  }

  function schedule(): void {
    if (stopped) return;
    const { step, lateness } = config;
    const wait = step - ((((now() - lateness) % step) + step) % step) + AFTER_CLOSE_MS;
    timer = setTimeout(() => {
      void tick().finally(schedule);
    }, wait);
  }

  return {
    name: 'detector',
    tick,
    async settled() {
      await ticking;
      await evaluator?.settled();
    },
    async start() {
      stopped = false;
      evaluator = await restore();
      nightly = nights();
      log.info({ event: 'detector_started', detectors: catalogue.watchers.length, series: evaluator.watched.size });
      void tick().finally(schedule);
    },
    async stop() {
      if (stopped || !evaluator) return;
      stopped = true;
      clearTimeout(timer);
      const asleep = nightly?.stop();
      const deadline = new Promise<void>((done) => setTimeout(done, STOP_DEADLINE_MS).unref());
      await Promise.race([ticking, deadline]);
      clearTimeout(timer);
      await Promise.race([evaluator.settled(), deadline]);
      await Promise.race([asleep, deadline]);
      await save();
      log.info({ event: 'detector_stopped' });
    },
    health(): Health {
      const last = evaluator?.lastTick();
      if (!last) return { ready: false, detail: 'has not ticked yet' };
      if (last.result === 'failed') return { ready: false, detail: 'the store could not be read' };
      if (now() - last.at > 6 * config.step) return { ready: false, detail: 'the tick is overdue' };
      return { ready: true, detail: `${last.result}, forecasts ${catalogue.foresight ? 'on' : 'off'}` };
    },
  };
}
