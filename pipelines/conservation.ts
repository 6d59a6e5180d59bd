import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { type Conservation, type ConservedEdge, writeConservation } from '../store/queries/conservation.ts';
import {
  type CheckpointCounts,
  type CheckpointPast,
  readCheckpointCounts,
  readCheckpointPast,
} from '../store/queries/conservation-counts.ts';
import { type GroupLag, latestLags } from '../store/queries/lags.ts';
import { type EdgeMemory, judgeEdge, NO_MEMORY } from './conservation-edge.ts';
import { readWhereabouts, type Whereabouts } from './conservation-left.ts';
import { RELEARN_MINUTES } from './conservation-noise.ts';
import { type Recalled, recallConservation } from './conservation-recall.ts';
import { type Completion, completionBeside, completionOf } from './conservation-settle.ts';

/** Windows that are read each round: an hour of settled ones and a quarter to settle in. */
const WINDOWS = 450;
const MINUTES = 2880;
const MOST_CHECKPOINTS = 1000;
/** Where it is not known yet how long records take, the next look comes this soon. */
const UNKNOWN_AGAIN_MS = 20_000;
/** Pairs that are learnt anew in one round, so that no round takes long. */
const LEARNT_A_ROUND = 40;
/** Judgements are written when their state changes, and otherwise so far apart. */
const WRITE_MS = 30_000;
/** A checkpoint that told of nothing for so long is gone. */
const FORGET_MS = 6 * 3_600_000;
/** Where nothing has arrived for so long of what was sent, it is asked whether anyone reads. */
const QUIET_MS = 60_000;

export interface ConservationRounds {
  /**
   * Judges all pairs of checkpoints at `at` (a step's end) and writes what it finds; the lag model has judged its groups at `lagAt`, which is
   * the same unless told otherwise. Answers what was judged.
   */
  round(at: Millis, now: Millis, lagAt?: Millis): Promise<readonly Conservation[]>;
}

/** Two checkpoints to compare, with what lies between them. */
interface Pair extends ConservedEdge {
  readonly sent: CheckpointCounts;
  readonly reached: CheckpointCounts;
  /** The reading checkpoints after `from`, up to `to`. */
  readonly readers: readonly CheckpointCounts[];
}

interface Known {
  readonly pair: Pair;
  memory: EdgeMemory;
  completion: Completion | undefined;
  sentSettle: Millis;
  learnt: Millis;
  /** When the later checkpoint told of something last. */
  arrived: Millis;
  written: Millis;
  state: string;
  /** Why nobody reads, as known last; undefined while someone does, or nothing tells. */
  left: string | undefined;
}

/** The conservation of records over one store. Rounds must not overlap. */
export function createConservation(store: Store): ConservationRounds {
  const known = new Map<string, Known>();
  let recalled = false;

  /** A restart remembers what was judged, so that neither a drop is taken for how things are nor a stop forgotten. */
  async function recall(at: Millis): Promise<void> {
    const past = await recallConservation(store, at, { rowsMs: FORGET_MS, pastMs: MINUTES * 60_000 });
    const parents = new Map(past.filter(({ last }) => last.kind === 'edge').map(({ last }) => [last.to, last.from]));
    for (const one of past) known.set(pairKey(one.last), recalledPair(one, parents));
    recalled = true;
  }

  /** Finds out of the pairs at which nothing arrives any more whether anyone is there to read. */
  async function look(entries: readonly Known[], at: Millis, lagAt: Millis): Promise<void> {
    const quiet: Known[] = [];
    for (const entry of entries) {
      const { sent, reached } = entry.pair;
      if (at - reached.newest > QUIET_MS && sent.newest > reached.newest) quiet.push(entry);
      else entry.left = undefined;
    }
    if (quiet.length === 0) return;
    const tell = await readWhereabouts(store, lagAt);
    for (const entry of quiet) entry.left = missingReader(entry, tell);
  }

  return {
    async round(at, now, lagAt = at) {
      if (!recalled) await recall(at);
      const [counts, lags] = await Promise.all([
        readCheckpointCounts(store, { at, windows: WINDOWS, limit: MOST_CHECKPOINTS }),
        latestLags(store, lagAt),
      ]);
      const pairs = pairsOf(byPlace(counts), known);
      for (const pair of pairs) {
        const key = pairKey(pair);
        const entry = known.get(key);
        const arrived = pair.reached.newest > 0 ? at : (entry?.arrived ?? at);
        known.set(key, { ...(entry ?? { ...NEW, memory: NO_MEMORY }), pair, arrived });
      }
      // A way that goes on further ends elsewhere now: its old end is not compared with its origin any more.
      const compared = new Set(pairs.map(pairKey));
      const present = new Set(counts.map(({ hash }) => hash));
      for (const [key, { pair, arrived, left }] of known) {
        const over = at - arrived > FORGET_MS || (left !== undefined && pair.reached.newest === 0);
        if (over || !present.has(pair.from) || !compared.has(key)) known.delete(key);
      }
      await look([...known.values()], at, lagAt);

      // Of those that have waited equally long, pairs that were in trouble before a restart go first.
      const due = [...known.values()]
        .filter(({ learnt }) => at - learnt >= RELEARN_MINUTES * 60_000)
        .sort((a, b) => a.learnt - b.learnt || Number(b.state === 'dropping') - Number(a.state === 'dropping'))
        .slice(0, LEARNT_A_ROUND);
      const past = await readCheckpointPast(store, {
        at,
        minutes: MINUTES,
        hashes: [...new Set(due.flatMap(({ pair }) => [pair.from, pair.to]))],
      });
      const learning = new Set(due);

      const behind = secondsBehind(lags);
      const judged: Conservation[] = [];
      const fresh: Conservation[] = [];
      for (const entry of known.values()) {
        const row = judgeOne(entry, { at, past: learning.has(entry) ? past : undefined, behind });
        judged.push(row);
        if (row.state === entry.state && now - entry.written < WRITE_MS) continue;
        fresh.push(row);
      }
      await writeConservation(store, fresh);
      const written = new Map(fresh.map((row) => [pairKey(row), row.state]));
      for (const [key, entry] of known) {
        const state = written.get(key);
        if (state !== undefined) Object.assign(entry, { state, written: now });
      }
      return judged;
    },
  };
}

const NEW = {
  left: undefined,
  completion: undefined,
  sentSettle: 0,
  learnt: 0,
  written: 0,
  state: '',
} as const;

function pairKey({ kind, from, to }: ConservedEdge): string {
  return `${kind} ${from} ${to}`;
}

/** Why nobody reads on the way of a pair. What is not told of any more stays as it was known. */
function missingReader({ pair, left }: Known, tell: Whereabouts): string | undefined {
  const told = pair.readers.map(tell);
  return told.find((one) => one !== undefined && one !== '') ?? (told.includes(undefined) ? left : undefined);
}

/** A pair as a restart finds it. Of its checkpoints only what makes pairs is filled in; the next counts take their place. */
function recalledPair({ last, memory }: Recalled, parents: ReadonlyMap<string, string>): Known {
  const { kind, from, to, fromService, pipeline, service, direction, destination, group, time, seconds, state } = last;
  const place = { pipeline, service, direction, system: '', destination, group };
  const silent = { windows: new Float64Array(WINDOWS), arrivalAge: Number.NaN, newest: 0 };
  const reached = { ...place, hash: to, parent: parents.get(to) ?? '', ...silent };
  const sent = { ...place, service: fromService, hash: from, parent: '', ...silent };
  const standing = state === 'stopped' || state === 'left';
  return {
    ...NEW,
    pair: { kind, from, to, fromService, pipeline, service, direction, destination, group, sent, reached, readers: [] },
    memory,
    arrived: standing ? time - seconds * 1000 : time,
    state,
    left: state === 'left' ? last.reason.split(';')[0] : undefined,
  };
}

interface Round {
  readonly at: Millis;
  readonly past: ReadonlyMap<string, CheckpointPast> | undefined;
  /** Seconds that a group is behind on a topic, by `readKey`; absent where it is not known. */
  readonly behind: ReadonlyMap<string, number>;
}

/** Judges one pair and remembers what was learnt of it. */
function judgeOne(entry: Known, { at, past, behind }: Round): Conservation {
  const { sent, reached, readers, ...edge } = entry.pair;
  const [sentPast, reachedPast] = [past?.get(sent.hash), past?.get(reached.hash)];
  const together = sent.service === reached.service && sent.direction === 'in' && reached.direction === 'out';
  // Also where there was nothing to learn: the next turn is another's.
  if (past !== undefined) entry.learnt = at;
  if (sentPast !== undefined) {
    const ages = reachedPast?.ages;
    const own = ages === undefined ? undefined : completionOf(ages.steps, ages.records);
    const before = completionOf(sentPast.ages.steps, sentPast.ages.records);
    entry.completion = own && before && together ? completionBeside(own, before) : own;
    entry.sentSettle = together ? 0 : (before?.settle ?? 0);
    if (entry.completion === undefined) entry.learnt = at - RELEARN_MINUTES * 60_000 + UNKNOWN_AGAIN_MS;
  }
  const { verdict, memory } = judgeEdge(
    {
      at,
      windows: { sent: sent.windows, reached: reached.windows },
      ...(sentPast === undefined
        ? {}
        : { minutes: { sent: sentPast.minutes, reached: reachedPast?.minutes ?? new Float64Array(MINUTES) } }),
      completion: entry.completion,
      sentSettle: entry.sentSettle,
      arrivalAge: reached.arrivalAge,
      newest: reached.newest,
      together,
      ...(entry.left === undefined ? {} : { left: entry.left }),
      lagSeconds: Math.max(0, ...readers.map(({ destination, group }) => behind.get(readKey(destination, group)) ?? 0)),
    },
    entry.memory,
  );
  entry.memory = memory;
  return { ...edge, time: at, ...verdict };
}

const readKey = (topic: string, group: string) => JSON.stringify([topic, group]);

function secondsBehind(lags: readonly GroupLag[]): Map<string, number> {
  const behind = new Map<string, number>();
  for (const { topic, group, lagSeconds } of lags) {
    const key = readKey(topic, group);
    if (!Number.isNaN(lagSeconds)) behind.set(key, Math.max(behind.get(key) ?? 0, lagSeconds));
  }
  return behind;
}

/**
 * The counts of each hash, which says nothing of the pipeline: what reports as two of them (two environments, or one that was renamed) is
 * added up, as in the past that is learnt from, under the name of the busier one.
 */
function byPlace(counts: readonly CheckpointCounts[]): CheckpointCounts[] {
  return [...Map.groupBy(counts, ({ hash }) => hash).values()].map((same) => {
    const [busiest] = same as [CheckpointCounts, ...CheckpointCounts[]];
    if (same.length === 1) return busiest;
    const windows = busiest.windows.map((_records, i) =>
      same.reduce((sum, one) => sum + (one.windows[i] as number), 0),
    );
    return { ...busiest, windows, newest: Math.max(...same.map(({ newest }) => newest)) };
  });
}

/**
 * Pairs to compare: each checkpoint with its parent, and the last one of each pathway with its origin. A checkpoint that was known and
 * tells of nothing any more still stands in its pairs, with nothing in its columns.
 */
function pairsOf(counts: readonly CheckpointCounts[], known: ReadonlyMap<string, Known>): Pair[] {
  const byHash = new Map(counts.map((checkpoint) => [checkpoint.hash, checkpoint]));
  for (const { pair } of known.values()) {
    if (byHash.has(pair.to)) continue;
    byHash.set(pair.to, {
      ...pair.reached,
      windows: new Float64Array(WINDOWS),
      arrivalAge: Number.NaN,
      newest: 0,
    });
  }
  const followed = new Set([...byHash.values()].map(({ parent }) => parent));
  const pairs: Pair[] = [];
  for (const reached of byHash.values()) {
    const parent = byHash.get(reached.parent);
    if (parent === undefined) continue;
    pairs.push(pairOf('edge', parent, reached, [reached]));
    if (followed.has(reached.hash) || parent.parent === '') continue;
    const chain = upward(byHash, reached);
    const origin = chain.at(-1) as CheckpointCounts;
    if (origin.parent === '') pairs.push(pairOf('pathway', origin, reached, chain.slice(0, -1)));
  }
  return pairs;
}

/** A checkpoint and those before it, up to the first or to where the parents come round. */
function upward(byHash: ReadonlyMap<string, CheckpointCounts>, last: CheckpointCounts): CheckpointCounts[] {
  const chain = new Set<CheckpointCounts>();
  for (let at: CheckpointCounts | undefined = last; at !== undefined && !chain.has(at); at = byHash.get(at.parent))
    chain.add(at);
  return [...chain];
}

function pairOf(
  kind: ConservedEdge['kind'],
  sent: CheckpointCounts,
  reached: CheckpointCounts,
  between: readonly CheckpointCounts[],
): Pair {
  return {
    ...{ kind, from: sent.hash, to: reached.hash, fromService: sent.service },
    ...{ pipeline: reached.pipeline, service: reached.service, direction: reached.direction },
    ...{ destination: reached.destination, group: reached.group },
    ...{ sent, reached, readers: between.filter(({ direction }) => direction === 'in') },
  };
}
