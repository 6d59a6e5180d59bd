import { Counter, Gauge, Histogram } from 'prom-client';
import { errorMessage } from '../core/errors.ts';
import type { Health, Service } from '../core/service.ts';
import { STAGE_STATES } from '../core/state.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { type Millis, STEP_MS, stepStart } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import type { PipelinesConfig } from './config.ts';
import { createConservation } from './conservation.ts';
import { createFreshness } from './freshness-round.ts';
import { createLag } from './lag-round.ts';
import { createModel } from './model.ts';
import { createTracePathways } from './pathways.ts';
import { createProblems } from './problems-round.ts';
import { createSlos } from './slo-round.ts';
import { createPicture, createTopology } from './topology-round.ts';

export interface PipelinesOptions {
  readonly config: PipelinesConfig;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly now?: () => Millis;
}

export type Pipelines = Service & {
  /** Not ready before the first round, when none has worked for a while, and when one part has failed in several rounds in a row. */
  health(): Health;
  /** One round now; false when its window was already judged or `stop` cut it short. Rejects when the store fails. */
  round(): Promise<boolean>;
};

/** A part of the model beside the states. It may fail without harm to the others; rounds of one part never overlap. */
interface Part {
  readonly name: string;
  round(at: Millis, now: Millis): Promise<unknown>;
}

const STOP_DEADLINE_MS = 5_000;
/** Rounds that may fail or hang, of the whole or of one part, before the role calls itself not ready. */
const MISSED_ROUNDS = 6;

/** Keeps the pipeline graph and the states of its stages current: a round each `interval`. */
export function createPipelines({ config, store, telemetry, now = Date.now }: PipelinesOptions): Pipelines {
  const { log, registry } = telemetry;
  const rounds = new Counter({
    name: 'weir_pipelines_rounds_total',
    help: 'Rounds of the pipeline model, by how they ended.',
    labelNames: ['result'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'weir_pipelines_round_seconds',
    help: 'Time one round took.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const stages = new Gauge({
    name: 'weir_pipelines_stages',
    help: 'Stages by state.',
    labelNames: ['state'],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'weir_pipelines_part_failures_total',
    help: 'Rounds in which a part of the pipeline model failed.',
    labelNames: ['part'],
    registers: [registry],
  });
  const failing = new Gauge({
    name: 'weir_pipelines_part_failed_rounds',
    help: 'Rounds in a row in which a part of the pipeline model has failed, up to now: 0 where its last round worked.',
    labelNames: ['part'],
    registers: [registry],
  });
  const positions = new Gauge({
    name: 'weir_pipelines_group_partitions',
    help: 'Consumer groups times their partitions: known, left out of partition_lags for want of room, and with a lookup put off to the next round.',
    labelNames: ['what'],
    registers: [registry],
  });
  const lag = createLag(store, config);
  async function lagRound(at: Millis, when: Millis): Promise<void> {
    const done = await lag.round(at, when);
    positions.set({ what: 'known' }, done.positions);
    positions.set({ what: 'unlisted' }, done.unlisted);
    positions.set({ what: 'postponed' }, done.postponed);
  }
  const model = createModel(store, config);
  const readPicture = createPicture(store, config);
  const conservation = createConservation(store);
  /** In this order, the states last: what comes later reads what came before. */
  const parts: readonly Part[] = [
    { name: 'lag', round: lagRound },
    { name: 'topology', ...createTopology(store, config) },
    { name: 'freshness', ...createFreshness(store, config, readPicture) },
    { name: 'slo', ...createSlos(store, config) },
    { name: 'problems', ...createProblems(store, config, readPicture) },
    { name: 'pathways', ...createTracePathways(store, registry) },
    // It knows how long records take to be told of, and so does not wait for them as the others do.
    { name: 'conservation', round: (at, when) => conservation.round(stepStart(when, STEP_MS), when, at) },
  ];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let started = false;
  let stopped = false;
  let lastWindow = 0;
  let lastGood: Millis | undefined;
  /** Parts whose last round failed: how many in a row did, and why. */
  const broken = new Map<string, { readonly rounds: number; readonly error: string }>();
  let lastError = 'the first round has not ended';

  async function round(): Promise<boolean> {
    const at = stepStart(now() - config.delay, STEP_MS);
    if (at <= lastWindow) return false;
    const end = seconds.startTimer();
    try {
      for (const part of parts) {
        if (stopped) return false;
        await partRound(part, at);
      }
      const states = await model.round(at, now());
      for (const state of STAGE_STATES) stages.set({ state }, states.filter((found) => found === state).length);
      lastWindow = at;
      lastGood = now();
      rounds.inc({ result: 'done' });
      return true;
    } catch (error) {
      rounds.inc({ result: 'failed' });
      lastError = errorMessage(error);
      throw error;
    } finally {
      end();
    }
  }

  async function partRound(part: Part, at: Millis): Promise<void> {
    try {
      await part.round(at, now());
      broken.delete(part.name);
    } catch (error) {
      failures.inc({ part: part.name });
      const rounds = (broken.get(part.name)?.rounds ?? 0) + 1;
      broken.set(part.name, { rounds, error: errorMessage(error) });
      if (!stopped) {
        const fields = { event: 'pipelines_part_failed', part: part.name, rounds, error: errorMessage(error) };
        log.warn(fields, 'a part of the pipeline model failed');
      }
    }
    failing.set({ part: part.name }, broken.get(part.name)?.rounds ?? 0);
  }

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(
      () => {
        running = round()
          .catch((error: unknown) => {
            if (!stopped) log.warn({ event: 'pipelines_round_failed', error: errorMessage(error) }, 'a round failed');
          })
          .then(() => undefined)
          .finally(schedule);
      },
      started ? config.interval : 0,
    );
    started = true;
  }

  return {
    name: 'pipelines',
    async start() {
      if (!started) schedule();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      let deadline: NodeJS.Timeout | undefined;
      const expired = new Promise<void>((resolve) => {
        deadline = setTimeout(resolve, STOP_DEADLINE_MS);
      });
      await Promise.race([running, expired]);
      clearTimeout(deadline);
    },
    health() {
      if (lastGood === undefined) return { ready: false, detail: lastError };
      const age = now() - lastGood;
      if (age > MISSED_ROUNDS * config.interval)
        return { ready: false, detail: `no round has worked for ${Math.round(age / 1000)} s: ${lastError}` };
      const lasting = [...broken].filter(([, { rounds }]) => rounds >= MISSED_ROUNDS);
      if (lasting.length === 0) return { ready: true };
      const told = lasting.map(
        ([part, { rounds, error }]) => `${part} has failed in ${rounds} rounds in a row: ${error}`,
      );
      return { ready: false, detail: told.join('; ') };
    },
    round,
  };
}
