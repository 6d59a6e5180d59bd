import type { Severity } from '../core/alert.ts';
import type { Anomaly } from '../core/anomaly.ts';
import type { PipelineDefinition } from '../core/definition.ts';
import { fingerprint, type Labels } from '../core/labels.ts';
import { type Direction, SIGNALS, type Signal } from '../core/signal.ts';
import type { Millis } from '../core/time.ts';
import { aheadEntry } from './ahead/entry.ts';
import { createLimitBook, type Limit, type LimitBook, NO_LIMITS } from './ahead/limits.ts';
import type { Lookout } from './ahead/lookout.ts';
import { type DetectorConfig, type DetectorEntry, detectorEntries, directionOf, isWatched } from './config.ts';
import { isFlow } from './coverage.ts';
import { INACTIVE, type Standing } from './decide.ts';
import { createForecastRecord, type ForecastRecord } from './forecast-record.ts';
import type { Foresight } from './foresight.ts';
import { createSlots, type Slots } from './slots.ts';

/** Where one detector stands with one series, and the anomaly it wrote when it fired. */
export interface Watch {
  standing: Standing;
  anomaly: Anomaly | undefined;
  /** Recent firings (a number that halves every two days) and the start of the step of the last one. */
  firings: number;
  firedAt: Millis;
  /** Start of the first step in which a state began to hold alerts back; 0 while none does. */
  heldSince: Millis;
  /** Of what fires: the highest score so far, and how much it matters by now. */
  peak: number;
  priority: Severity | undefined;
}

/** Everything the detector remembers of one series beside its places in the engine; made for a structured clone. */
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
  /** Places in the engine, by direction. */
  readonly slots: Partial<Record<Direction, number>>;
  /** What was expected of the newest step that had a value; NaN while nothing was. */
  expected: number;
  /** Place in the forecasts; undefined until it is first needed. */
  forecast: number | undefined;
  /** Where it is watched for limits. */
  lookouts: Readonly<Partial<Record<Limit['side'], Lookout>>>;
  /** By name, of the detectors that noted something (`watchOf`). */
  watches: ReadonlyMap<string, Watch>;
  /** Onset and end of the newest incidents. */
  incidents: readonly (readonly [Millis, Millis])[];
}

/** Shared by all series without: most have none of them. */
export const NO_LOOKOUTS: Watched['lookouts'] = Object.freeze({});
export const NO_INCIDENTS: Watched['incidents'] = Object.freeze([]);
const NO_WATCHES: Watched['watches'] = new Map();

/** A detector entry ready to look at points. */
export interface Watcher {
  readonly entry: DetectorEntry;
}

/** Detectors that watch one direction of a series by the ensemble, or (undefined) by rules alone. */
export interface Group {
  readonly direction: Direction | undefined;
  readonly watchers: readonly Watcher[];
  /** The lowest threshold of those that go by the score; infinite where none does. */
  readonly least: number;
}

/** The detectors in force, and the engine that scores for them. */
export interface Catalogue {
  readonly watchers: readonly Watcher[];
  readonly signals: readonly Signal[];
  readonly slots: Slots;
  /** Forecasts of the network; undefined where there is none. */
  readonly foresight: Foresight | undefined;
  readonly limits: LimitBook;
  /** The entry that warns of limits of a signal. */
  aheadOf(signal: Signal): DetectorEntry;
  /** How good they were lately. */
  readonly forecasts: ForecastRecord;
  watchersOf(labels: Labels): readonly Watcher[];
  /** Those that judge each point, in groups, remembered for the object `labels`. */
  groupsOf(labels: Labels): readonly Group[];
}

/** `definitions` declare SLOs, whose targets are limits. */
export function createCatalogue(
  config: DetectorConfig,
  foresight?: Foresight,
  definitions: readonly PipelineDefinition[] = [],
): Catalogue {
  const watchers = detectorEntries(config).map((entry): Watcher => ({ entry }));
  const looksAhead = config.ahead.enabled && foresight !== undefined;
  const limits = looksAhead ? createLimitBook(detectorEntries(config), definitions) : NO_LIMITS;
  const ahead = new Map<Signal, Watcher>(
    SIGNALS.filter((signal) => signal !== 'relations' && signal !== 'group_state').map((signal) => [
      signal,
      { entry: aheadEntry(config, signal) },
    ]),
  );
  const judgesOf = (labels: Labels) => watchers.filter(({ entry }) => isWatched(entry, labels));
  const groups = new WeakMap<Labels, readonly Group[]>();
  /** Of signals of which all series are watched alike. */
  const alike = new Map<string, readonly Group[]>();
  for (const signal of SIGNALS) {
    const all = watchers.filter(({ entry }) => entry.query.signal === signal);
    if (all.every(({ entry }) => Object.keys(entry.query.match).length === 0)) alike.set(signal, groupsFrom(all));
  }
  // Who wants a least volume needs the flows, which count events, whether anybody watches them or not.
  const counted = watchers.some(({ entry }) => entry.decision.min_volume > 0);
  // Who watches how signals keep together needs them all.
  const together = watchers.some(({ entry }) => entry.scorers.relations);
  const stateful = watchers.some(({ entry }) => entry.scorers.state);
  return {
    watchers: looksAhead ? [...watchers, ahead.get('lag_seconds') as Watcher] : watchers,
    signals: SIGNALS.filter(
      (signal) =>
        signal !== 'relations' &&
        (signal === 'group_state' ? stateful : true) &&
        (together ||
          signal === 'group_state' ||
          (counted && isFlow(signal)) ||
          limits.signals.includes(signal) ||
          watchers.some(({ entry }) => entry.query.signal === signal)),
    ),
    slots: createSlots(),
    foresight,
    limits,
    aheadOf: (signal) => (ahead.get(signal) as Watcher).entry,
    watchersOf(labels) {
      const judges = judgesOf(labels);
      const warner = limits.of(labels).length > 0 ? ahead.get(labels['signal'] as Signal) : undefined;
      return warner ? [...judges, warner] : judges;
    },
    forecasts: createForecastRecord(),
    groupsOf(labels) {
      const known = alike.get(labels['signal'] as string) ?? groups.get(labels);
      if (known) return known;
      const made = groupsFrom(judgesOf(labels));
      groups.set(labels, made);
      return made;
    },
  };
}

function groupsFrom(watchers: readonly Watcher[]): readonly Group[] {
  const groups = new Map<Direction | undefined, Watcher[]>();
  for (const watcher of watchers) {
    const { ensemble, frozen } = watcher.entry.scorers;
    const direction = ensemble || frozen ? directionOf(watcher.entry) : undefined;
    groups.set(direction, [...(groups.get(direction) ?? []), watcher]);
  }
  return [...groups].map(([direction, of]) => {
    const scored = of.filter(({ entry }) => entry.scorers.ensemble);
    return { direction, watchers: of, least: Math.min(...scored.map(({ entry }) => entry.decision.score)) };
  });
}

/** A series that was never seen, to be learned from `from` on. `key`: fingerprint of its labels. */
export function createWatched(labels: Labels, from: Millis, metAt: Millis, key = fingerprint(labels)): Watched {
  return {
    key,
    labels,
    next: from,
    history: 0,
    seenAt: 0,
    metAt,
    reloads: 0,
    slots: {},
    expected: NaN,
    forecast: undefined,
    lookouts: NO_LOOKOUTS,
    watches: NO_WATCHES,
    incidents: NO_INCIDENTS,
  };
}

/** A detector that has seen nothing of a series. */
export function createWatch(): Watch {
  return {
    standing: INACTIVE,
    anomaly: undefined,
    firings: 0,
    firedAt: 0,
    heldSince: 0,
    peak: NaN,
    priority: undefined,
  };
}

export function watchOf(watched: Watched, detector: string): Watch {
  let watch = watched.watches.get(detector);
  if (!watch) {
    watch = createWatch();
    watched.watches = new Map([...watched.watches, [detector, watch]]);
  }
  return watch;
}

/** The place of a series in the engine for one direction, taken when it is first needed. */
export function slotOf(slots: Slots, watched: Watched, direction: Direction): number {
  let slot = watched.slots[direction];
  if (slot === undefined) {
    slot = slots.take(direction);
    watched.slots[direction] = slot;
  }
  return slot;
}

/** Gives the places of a series back. It must not be judged again. */
export function releasePlaces({ slots, foresight }: Catalogue, watched: Watched): void {
  if (watched.forecast !== undefined) foresight?.release(watched.forecast);
  watched.forecast = undefined;
  for (const lookout of Object.values(watched.lookouts)) {
    if (lookout.place !== undefined) foresight?.release(lookout.place);
    lookout.place = undefined;
  }
  for (const direction of Object.keys(watched.slots) as Direction[]) {
    const slot = watched.slots[direction];
    if (slot !== undefined) slots.release(slot);
    delete watched.slots[direction];
  }
}

/** The places of a series in the forecasts. */
export function foresightPlaces({ forecast, lookouts }: Watched): number[] {
  return [forecast, ...Object.values(lookouts).map(({ place }) => place)].filter((place) => place !== undefined);
}

/** A series whose places in the forecasts are lost: it takes new ones when it needs them. */
export function forgetForesight(watched: Watched): void {
  watched.forecast = undefined;
  for (const lookout of Object.values(watched.lookouts)) lookout.place = undefined;
}
