import { nodeId } from '../core/node.ts';
import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { readActivity } from '../store/queries/activity.ts';
import { readPathwayFlows } from '../store/queries/flows-pathways.ts';
import { type FreshnessStatus, readReached, writeFreshness } from '../store/queries/freshness.ts';
import { readEventTimes } from '../store/queries/watermarks.ts';
import type { PipelinesConfig } from './config.ts';
import { type FreshnessMemory, type Past, REMEMBERED_MS, spreadFreshness } from './freshness.ts';
import { type EvidenceMemory, gatherFreshness, NO_EVIDENCE } from './freshness-evidence.ts';
import { createPicture } from './topology-round.ts';

export interface FreshnessPart {
  /** Judges how fresh every part is at `at`, and writes it down. Nothing is remembered of a round that failed. */
  round(at: Millis): Promise<readonly FreshnessStatus[]>;
}

/** The freshness of all pipelines over one store, on the graph that is stored. Rounds must not overlap. */
export function createFreshness(
  store: Store,
  config: PipelinesConfig,
  readPicture = createPicture(store, config),
): FreshnessPart {
  let loaded = false;
  let evidence: EvidenceMemory = NO_EVIDENCE;
  let memory: FreshnessMemory = new Map();
  const limits = { idleAfter: config.idle_after, lateAfter: config.late_after, allowedLag: config.allowed_lag };

  return {
    async round(at) {
      if (!loaded) memory = await recall(store, at);
      const from = at - (loaded ? config.window : config.disappear_after);
      const [topology, activity, pathways, eventTimes] = await Promise.all([
        readPicture(at),
        readActivity(store, from, at),
        readPathwayFlows(store, from, at),
        readEventTimes(store, from, at),
      ]);
      const gathered = gatherFreshness(
        { topology, activity, pathways, eventTimes, from, at },
        evidence,
        config.disappear_after,
      );
      const spread = spreadFreshness(gathered.parts, memory, at, limits);
      await writeFreshness(store, spread.statuses);
      evidence = gathered.memory;
      memory = spread.memory;
      loaded = true;
      return spread.statuses;
    },
  };
}

/** What parts had reached before a restart. */
async function recall(store: Store, at: Millis): Promise<FreshnessMemory> {
  const memory = new Map<string, Past>();
  for (const row of await readReached(store, { from: at - REMEMBERED_MS, to: at - 1000 })) {
    const key = JSON.stringify([row.pipeline, nodeId(row.kind, row.node)]);
    const past = memory.get(key) ?? { at: [], completeTo: [] };
    past.at.push(row.time);
    past.completeTo.push(row.completeTo);
    memory.set(key, past);
  }
  return memory;
}
