import type { Store } from '../client.ts';
import { type CheckpointQuery, type CheckpointTraffic, MOST_CHECKPOINTS, readCheckpoints } from './pathways.ts';

/** A way that records take, from its origin to a checkpoint that nothing is known to follow. */
export interface Pathway {
  /** The hash of its last checkpoint, which names it. */
  readonly id: string;
  /** From the origin on. */
  readonly checkpoints: readonly CheckpointTraffic[];
  /** The first checkpoint has a parent that did not report: what lies before is not seen. */
  readonly unseenUpstream: boolean;
  /** The parents come round to a checkpoint again, where the chain was cut. */
  readonly loops: boolean;
  /** Any of it is made of sampled traces. */
  readonly sampled: boolean;
}

export interface Pathways {
  readonly pathways: readonly Pathway[];
  /** There are more checkpoints or pathways than were asked for. */
  readonly truncated: boolean;
}

export const MOST_PATHWAYS = 500;

export interface PathwaysQuery extends CheckpointQuery {
  /** At most so many pathways, those that most records reach the end of. Default 500. */
  readonly pathways?: number;
}

/** The pathways that records took in [from, to); with `pipeline` those that touch it, whole. */
export async function readPathways(store: Store, query: PathwaysQuery): Promise<Pathways> {
  const { pipeline, ...all } = query;
  const limit = query.limit ?? MOST_CHECKPOINTS;
  const checkpoints = await readCheckpoints(store, { ...all, limit });
  const most = query.pathways ?? MOST_PATHWAYS;
  const found = chainPathways(checkpoints).filter(
    (pathway) => pipeline === undefined || pathway.checkpoints.some((checkpoint) => checkpoint.pipeline === pipeline),
  );
  return { pathways: found.slice(0, most), truncated: checkpoints.length >= limit || found.length > most };
}

/**
 * Chains of checkpoints by their parents, those with most records at their end first. A chain ends where no checkpoint names it as
 * parent. Checkpoints that stand on a ring of parents alone, which no sender should make, come as one chain that is cut.
 */
export function chainPathways(checkpoints: readonly CheckpointTraffic[]): Pathway[] {
  const byHash = new Map<string, CheckpointTraffic>();
  for (const checkpoint of checkpoints) {
    const known = byHash.get(checkpoint.hash);
    // One hash told of two places is a collision or a broken sender; the busier one stands for it.
    if (known === undefined || known.records < checkpoint.records) byHash.set(checkpoint.hash, checkpoint);
  }
  const followed = new Set([...byHash.values()].map(({ parent }) => parent));
  const byRecords = [...byHash.values()].sort((a, b) => b.records - a.records || (a.hash < b.hash ? -1 : 1));
  const covered = new Set<string>();
  const chain = (last: CheckpointTraffic): Pathway => {
    const seen = new Set<string>();
    const upward: CheckpointTraffic[] = [];
    let at: CheckpointTraffic | undefined = last;
    let loops = false;
    while (at !== undefined) {
      if (seen.has(at.hash)) {
        loops = true;
        break;
      }
      seen.add(at.hash);
      covered.add(at.hash);
      upward.push(at);
      at = byHash.get(at.parent);
    }
    const first = upward.at(-1) as CheckpointTraffic;
    return {
      id: last.hash,
      checkpoints: upward.reverse(),
      unseenUpstream: !loops && first.parent !== '',
      loops,
      sampled: upward.some(({ sampled }) => sampled),
    };
  };
  const ends = byRecords.filter(({ hash }) => !followed.has(hash)).map(chain);
  const rings: Pathway[] = [];
  for (const checkpoint of byRecords) if (!covered.has(checkpoint.hash)) rings.push(chain(checkpoint));
  return [...ends, ...rings];
}

/**
 * The hashes from `start` to `end`, both included, along parents; undefined where `end` does not come after `start`. `parents` gives
 * the parent of each hash.
 */
export function chainBetween(parents: ReadonlyMap<string, string>, start: string, end: string): string[] | undefined {
  const upward: string[] = [];
  const seen = new Set<string>();
  for (let at: string | undefined = end; at !== undefined && at !== '' && !seen.has(at); at = parents.get(at)) {
    seen.add(at);
    upward.push(at);
    if (at === start) return upward.reverse();
  }
  return undefined;
}
