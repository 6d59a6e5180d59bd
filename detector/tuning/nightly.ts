import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../core/errors.ts';
import type { Labels } from '../../core/labels.ts';
import type { Signal } from '../../core/signal.ts';
import type { Logger } from '../../core/telemetry.ts';
import type { Millis } from '../../core/time.ts';
import type { DetectorConfig } from '../config.ts';
import type { ForecastModel } from '../lstm/forecast/model-json.ts';
import { importModel, modelInUse } from '../lstm/forecast/model-store.ts';
import type { DetectorMetrics } from '../metrics.ts';
import type { DetectorPort } from '../port.ts';
import type { Challenger } from './challenger.ts';
import { readSample } from './sample.ts';
import type { Trainer } from './trainer.ts';
import type { Maintenance } from './troubles.ts';

/** How a night ended; of all but `adopted` the network in use stays. */
export const NIGHTS = [
  'adopted',
  'no_better',
  'too_little',
  'store_unread',
  'timeout',
  'crashed',
  'interrupted',
  'failed',
] as const;
export type Night = (typeof NIGHTS)[number];

const DAY: Millis = 86_400_000;
/** A night that was missed for longer than this is left out. */
const WINDOW: Millis = 3_600_000;
/** All of a night: reading is a small part of it. */
const DEADLINE_MS = 120_000;
const LEAST_SERIES = 8;
/** Stretches of real series to judge by, at least. */
const LEAST_ASIDE = 16;
/** Loss on real series that a challenger must not exceed, as a share of the champion's. */
const REAL_SHARE = 0.995;
/** Loss on made series as a share of that before the first night: many nights may not take what all series have in common. */
const MOST_DRIFT = 1.05;

export interface NightOptions {
  readonly config: Pick<DetectorConfig, 'step' | 'lstm'>;
  readonly port: Pick<DetectorPort, 'readSignals' | 'readTroubles' | 'readFeedback'>;
  readonly dataDir: string;
  readonly metrics: DetectorMetrics;
  readonly log: Logger;
  readonly now: () => Millis;
  readonly train: Trainer;
  readonly maintenance: Maintenance;
  /** Series that are watched, and their signals. */
  readonly labels: () => readonly Labels[];
  readonly signals: () => readonly Signal[];
  /** Goes on with a network that was adopted. */
  readonly adopt: (model: ForecastModel) => void;
  /** Of the training: how much, for tests. */
  readonly size?: { readonly steps: number; readonly made: number };
}

export interface Nightly {
  /** Begins a night when its hour has come and none was begun since; returns at once. Never throws. */
  due(now: Millis): void;
  /** One night, now. Never rejects. */
  run(): Promise<Night>;
  /** Ends a night that goes on, without a trace of it, and resolves when it is over. */
  stop(): Promise<void>;
}

/** Segments of all real series that are learnt, about; half as many as of made ones. */
const REAL_SEGMENTS = 800;
const SIZE = { steps: 600, made: 800 };

/**
 * The network learns on from the store's own series once a night: a sample of the last three days without what went wrong in
 * them, in a process of its own. What comes of it is used only when it foretells what it did not learn from better, the last
 * fifth of each series by half a per cent or more, and made series, after all nights, no worse than by five.
 */
export function createNightly(options: NightOptions): Nightly {
  const { config, port, metrics, log, now } = options;
  const { at } = config.lstm.fine_tune;
  const aborter = new AbortController();
  /** Hours of nights are counted from 1970: the last one that was begun, or that had passed when this one came to be. */
  let begun = Math.floor((now() - at) / DAY) - (sinceNight(now(), at) < WINDOW ? 1 : 0);
  let running: Promise<unknown> = Promise.resolve();

  async function night(): Promise<{ readonly result: Night; readonly detail: object }> {
    const started = performance.now();
    const time = now();
    const seed = Math.floor(time / DAY);
    const until = Math.floor(time / config.step) * config.step;
    let sample: Awaited<ReturnType<typeof readSample>>;
    try {
      const what = { port, labels: options.labels(), signals: options.signals(), maintenance: options.maintenance };
      sample = await readSample({ ...what, step: config.step, until, seed });
    } catch (error) {
      return { result: 'store_unread', detail: { error: errorMessage(error) } };
    }
    const { series, taken } = sample;
    const read = { series: series.length, values_left_out: taken };
    if (series.length < LEAST_SERIES) return { result: 'too_little', detail: read };
    const out = join(options.dataDir, 'detector', 'forecast-model.challenger');
    try {
      const left = DEADLINE_MS - (performance.now() - started);
      const trained = await options.train(
        {
          ...{ seed, ...(options.size ?? SIZE), real: series, mostCuts: Math.ceil(REAL_SEGMENTS / series.length), out },
          ...{ from: await modelInUse(options.dataDir), tunedAt: new Date(time).toISOString() },
        },
        left,
        aborter.signal,
      );
      if (trained.outcome !== 'trained') return { result: trained.outcome, detail: { ...read, error: trained.detail } };
      tell(trained);
      const judged = {
        ...read,
        made: trained.made,
        real: trained.real,
        drift: trained.drift,
        seconds: Math.round(trained.seconds),
      };
      if (!(trained.aside >= LEAST_ASIDE)) return { result: 'too_little', detail: judged };
      if (!isBetter(trained)) return { result: 'no_better', detail: judged };
      if (aborter.signal.aborted) return { result: 'interrupted', detail: judged };
      options.adopt(await importModel(options.dataDir, out));
      return { result: 'adopted', detail: judged };
    } finally {
      metrics.fineTuneSeconds.set((performance.now() - started) / 1000);
      await rm(out, { recursive: true, force: true });
    }
  }

  function tell({ made, real }: Challenger): void {
    for (const [data, { before, after }] of Object.entries({ made, real })) {
      metrics.fineTuneLoss.set({ network: 'champion', data }, before);
      metrics.fineTuneLoss.set({ network: 'challenger', data }, after);
    }
  }

  async function run(): Promise<Night> {
    let ended: Awaited<ReturnType<typeof night>>;
    try {
      ended = await night();
    } catch (error) {
      ended = { result: 'failed', detail: { error: errorMessage(error) } };
    }
    const { result, detail } = ended;
    metrics.fineTunes.inc({ result });
    const event = `detector_fine_tune_${result}`;
    if (['adopted', 'no_better', 'too_little', 'interrupted'].includes(result)) log.info({ event, ...detail });
    else log.warn({ event, ...detail });
    return result;
  }

  return {
    run,
    due(time) {
      const night = Math.floor((time - at) / DAY);
      if (night <= begun || aborter.signal.aborted) return;
      const late = sinceNight(time, at) >= WINDOW;
      // A detector that has just started may not have met its series yet.
      if (!late && options.labels().length === 0) return;
      begun = night;
      if (!late) running = run();
    },
    async stop() {
      aborter.abort();
      await running;
    },
  };
}

/** Milliseconds since the hour of the night last came. */
function sinceNight(time: Millis, at: Millis): Millis {
  return (((time - at) % DAY) + DAY) % DAY;
}

/** Whether a challenger is worth taking the champion's place. A loss that is not a number is no better than any. */
export function isBetter({ real, drift }: Pick<Challenger, 'real' | 'drift'>): boolean {
  return real.after <= REAL_SHARE * real.before && drift <= MOST_DRIFT;
}
