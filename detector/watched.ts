import type { Anomaly } from '../core/anomaly.ts';
import { fingerprint, type Labels } from '../core/labels.ts';
import { SIGNALS, type Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { createTail } from './calibrate.ts';
import { type DetectorConfig, type DetectorEntry, detectorEntries } from './config.ts';
import { isFlow } from './coverage.ts';
import { INACTIVE, type Standing } from './decide.ts';
import type { Sides } from './ensemble.ts';
import type { Scorer } from './scorer.ts';
import { createLstmScorer, type LstmState } from './scorers/lstm.ts';
import { createSeasonalScorer, type SeasonalState } from './scorers/seasonal.ts';
import { createThresholdScorer } from './scorers/threshold.ts';

/** A learning scorer at work on one series: its state and the calibration of both sides. */
export interface Stream<State> {
  readonly state: State;
  readonly sides: Sides;
}

/** Where one detector stands with one series, and the anomaly it wrote when it fired. */
export interface Watch {
  standing: Standing;
  anomaly: Anomaly | undefined;
  /** Recent firings (a number that halves every two days) and the start of the step of the last one. */
  firings: number;
  firedAt: Millis;
}

/** Everything the detector remembers of one series; made for a structured clone. */
export interface Watched {
  readonly key: string;
  readonly labels: Labels;
  /** Start of the first step that was not yet looked at. */
  next: Millis;
  /** Time observed without gaps. */
  history: Millis;
  /** Start of the newest step in which the store reported a value. */
  seenAt: Millis;
  /** Start of the step in which the series was first met. */
  readonly metAt: Millis;
  /** How often its history was loaded again because older telemetry may have come in late. */
  reloads: number;
  readonly seasonal: Stream<SeasonalState>;
  readonly lstm: Stream<LstmState>;
  readonly watches: Map<string, Watch>;
  /** Onset and end of the newest incidents. */
  readonly incidents: [Millis, Millis][];
}

const sides = (): Sides => ({ up: createTail(), down: createTail() });

/** The two learning scorers of each signal; they hold no state of their own. */
export interface SignalScorers {
  readonly seasonal: Scorer<SeasonalState>;
  readonly lstm: Scorer<LstmState>;
}

/** A detector entry ready to look at points. */
export interface Watcher {
  readonly entry: DetectorEntry;
  readonly threshold: Scorer<Record<string, never>> | undefined;
}

/** The detectors in force and their scorers, by signal. */
export interface Catalogue {
  readonly watchers: readonly Watcher[];
  readonly signals: readonly Signal[];
  watchersOf(labels: Labels): readonly Watcher[];
  scorersOf(signal: Signal): SignalScorers;
}

export function createCatalogue(config: DetectorConfig): Catalogue {
  const watchers = detectorEntries(config).map((entry): Watcher => {
    const limits = entry.scorers.threshold;
    return { entry, threshold: limits ? createThresholdScorer(limits) : undefined };
  });
  const scorers = new Map(
    SIGNALS.map((signal): [Signal, SignalScorers] => [
      signal,
      {
        seasonal: createSeasonalScorer(signal, config.step / 1000),
        lstm: createLstmScorer(signal, config.step / 1000),
      },
    ]),
  );
  // Who wants a least volume needs the flows, which count events, whether anybody watches them or not.
  const counted = watchers.some(({ entry }) => entry.decision.min_volume > 0);
  return {
    watchers,
    signals: SIGNALS.filter(
      (signal) => (counted && isFlow(signal)) || watchers.some(({ entry }) => entry.query.signal === signal),
    ),
    watchersOf: (labels) =>
      watchers.filter(
        ({ entry }) =>
          entry.query.signal === labels['signal'] &&
          Object.entries(entry.query.match).every(([name, value]) => (labels[name] ?? '') === value),
      ),
    scorersOf: (signal) => scorers.get(signal) as SignalScorers,
  };
}

/** A series that was never seen, to be learned from `from` on. */
export function createWatched(catalogue: Catalogue, labels: Labels, from: Millis, metAt: Millis): Watched {
  const scorers = catalogue.scorersOf(labels['signal'] as Signal);
  return {
    key: fingerprint(labels),
    labels,
    next: from,
    history: 0,
    seenAt: 0,
    metAt,
    reloads: 0,
    seasonal: { state: scorers.seasonal.create(), sides: sides() },
    lstm: { state: scorers.lstm.create(), sides: sides() },
    watches: new Map(),
    incidents: [],
  };
}

export function watchOf(watched: Watched, detector: string): Watch {
  let watch = watched.watches.get(detector);
  if (!watch) {
    watch = { standing: INACTIVE, anomaly: undefined, firings: 0, firedAt: 0 };
    watched.watches.set(detector, watch);
  }
  return watch;
}
