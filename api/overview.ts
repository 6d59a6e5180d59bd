import type { DefinitionIndex } from '../core/definition.ts';
import { errorMessage } from '../core/errors.ts';
import { fingerprint } from '../core/labels.ts';
import { type Millis, STEP_MS, stepStart } from '../core/time.ts';
import type { IncidentSummary, OverviewView, PipelineView } from '../core/view.ts';
import type { Store } from '../store/client.ts';
import { readAnomalies } from '../store/queries/anomalies.ts';
import { newestTelemetry, type Origin, readOrigins } from '../store/queries/ingest.ts';
import type { LevelRetention } from '../store/queries/level.ts';
import { type CheckpointTraffic, readCheckpoints } from '../store/queries/pathways.ts';
import { readSignals } from '../store/queries/signals.ts';
import { readLatestStageStates } from '../store/queries/states.ts';
import { readTopology } from '../store/queries/topology.ts';
import { type AlertingClient, summarize } from './alerting.ts';
import { readBands } from './bands.ts';
import { buildPipelines, hopKey, type MapSources } from './nodes.ts';

const HISTORY_MS = 360_000;
const STATE_MS = 180_000;
/** The share of its time the store may spend on the overview: a slow store is asked less often. */
const SHARE = 0.2;

export interface Incidents {
  readonly all: readonly IncidentSummary[];
  readonly problem: string;
}

/** Incidents of alerting, newest first; when it does not answer, none and the reason. */
export async function readIncidentSummaries(alerting: AlertingClient): Promise<Incidents> {
  try {
    return { all: (await alerting.incidents({ limit: 200 })).map(summarize), problem: '' };
  } catch (error) {
    return { all: [], problem: `Incidents are missing: ${errorMessage(error)}` };
  }
}

/** The parts of the map that come from the store. */
export type StoreSources = Omit<MapSources, 'incidents'>;

/** How long rollups are kept, and the time now: of long ago the map is read from what is left. */
interface Kept {
  readonly retention?: LevelRetention;
  readonly now?: Millis;
}

/** The parts of the map that come from the store, at `now`. */
async function readMapSources(store: Store, now: Millis, kept: Kept = {}): Promise<StoreSources> {
  const until = stepStart(now, STEP_MS) + STEP_MS;
  // Rates are taken over the last whole minute whose spans have had time to arrive.
  const settled = until - 2 * STEP_MS;
  const [topology, states, series, anomalies, checkpoints] = await Promise.all([
    readTopology(store, { at: settled, ...kept }),
    readLatestStageStates(store, { from: now - STATE_MS, to: now + STEP_MS }),
    readSignals(store, { from: until - HISTORY_MS, to: until, step: STEP_MS, ...kept }),
    readAnomalies(store, { from: now - HISTORY_MS, to: now, limit: 1000 }),
    readCheckpoints(store, { from: settled - HISTORY_MS, to: settled, ...kept }),
  ]);
  const keys = series
    .filter((one) => one.labels['signal'] === 'lag_seconds' || one.labels['signal'] === 'throughput')
    .map((one) => fingerprint(one.labels));
  const bands = await readBands(store, { keys, start: until - STATE_MS, step: STEP_MS, count: STATE_MS / STEP_MS });
  return { now, topology, states, series, anomalies, bands, hops: hopsOf(checkpoints, topology.definitions) };
}

/** How long records take to each stage that reads, on the slowest of the ways that lead there. */
function hopsOf(checkpoints: readonly CheckpointTraffic[], definitions: DefinitionIndex): Map<string, number> {
  const hops = new Map<string, number>();
  for (const { pipeline, service, direction, destination, edge } of checkpoints) {
    const key = hopKey(definitions.homeOf(pipeline, 'service', service), destination, service);
    if (direction === 'in' && edge.p95 >= (hops.get(key) ?? 0)) hops.set(key, edge.p95);
  }
  return hops;
}

/** Origins whose data lies within the last two weeks: older generated data is not on any chart. */
export function recentOrigins(origins: readonly Origin[], now: Millis): Origin[] {
  return origins.filter((origin) => origin.to > now - 14 * 86_400_000);
}

export interface OverviewReader {
  read(): Promise<OverviewView>;
  /** The overview as it was at a time that lies back: what came later is not in it. */
  readAt(at: Millis): Promise<OverviewView>;
  /** The store's part as last read, at most some seconds old: what a stage or an incident needs of the map. */
  sources(): Promise<StoreSources>;
}

/**
 * The overview, read for all browsers together. Incidents are read on every call; the store is read again only after
 * `1 / SHARE` times the duration of its last read, and never twice at once.
 */
export function createOverviewReader(options: {
  store: Store;
  alerting: AlertingClient;
  now: () => number;
  retention?: LevelRetention | undefined;
}): OverviewReader {
  const { store, alerting, now, retention } = options;
  type Stored = {
    sources: StoreSources;
    newest: Millis;
    origins: Origin[];
    readAt: number;
    took: number;
  };
  let stored: Stored | undefined;
  let reading: Promise<Stored> | undefined;

  const load = async (): Promise<Stored> => {
    const at = now();
    const began = performance.now();
    const [sources, newest, origins] = await Promise.all([
      readMapSources(store, at),
      newestTelemetry(store),
      readOrigins(store),
    ]);
    return {
      sources,
      newest,
      origins: recentOrigins(origins, at),
      readAt: performance.now(),
      took: performance.now() - began,
    };
  };
  const fresh = async (): Promise<Stored> => {
    if (stored !== undefined && performance.now() - stored.readAt < stored.took / SHARE) return stored;
    reading ??= load().finally(() => {
      reading = undefined;
    });
    stored = await reading;
    return stored;
  };

  return {
    sources: async () => (await fresh()).sources,
    async readAt(at) {
      const kept = retention === undefined ? {} : { retention, now: now() };
      const [incidents, sources, origins] = await Promise.all([
        readIncidentSummaries(alerting),
        readMapSources(store, at, kept),
        readOrigins(store),
      ]);
      const began = incidents.all.filter((incident) => incident.startedAt <= at);
      const open = began
        .filter(({ resolvedAt }) => resolvedAt === 0 || resolvedAt > at)
        .map((incident): IncidentSummary => (incident.resolvedAt === 0 ? incident : { ...incident, state: 'open' }));
      // What has been resolved since was open then.
      const anomalies = sources.anomalies.map((one) => (one.resolvedAt > at ? { ...one, resolvedAt: 0 } : one));
      return {
        now: at,
        newest: at,
        pipelines: buildPipelines({ ...sources, anomalies, incidents: open }),
        incidents: open,
        lastResolvedAt: Math.max(0, ...began.map(({ resolvedAt }) => (resolvedAt <= at ? resolvedAt : 0))),
        origins: recentOrigins(origins, at).filter(({ from }) => from <= at),
        problems: incidents.problem === '' ? [] : [incidents.problem],
      };
    },
    async read() {
      const [incidents, part] = await Promise.all([readIncidentSummaries(alerting), fresh()]);
      const open = incidents.all.filter((incident) => incident.state !== 'resolved');
      const pipelines: PipelineView[] = buildPipelines({ ...part.sources, incidents: open });
      return {
        now: now(),
        newest: part.newest,
        pipelines,
        incidents: open,
        lastResolvedAt: Math.max(0, ...incidents.all.map((incident) => incident.resolvedAt)),
        origins: part.origins,
        problems: incidents.problem === '' ? [] : [incidents.problem],
      };
    },
  };
}
