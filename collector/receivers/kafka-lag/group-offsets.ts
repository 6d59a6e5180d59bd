import { Commits } from './commits.ts';
import { isCoordinationError, NONE, reasonOf } from './errors.ts';
import type { Group } from './groups.ts';
import { describeShareGroupOffsets } from './protocol/groups.ts';
import {
  BATCHED_FIND_COORDINATOR,
  BATCHED_OFFSET_FETCH,
  type CommitSink,
  FIND_COORDINATOR,
  findCoordinators,
  OFFSET_FETCH,
  offsetFetch,
} from './protocol/offsets.ts';
import type { Reading } from './reading.ts';
import type { Topics } from './topics.ts';

/** Bounds one answer: groups in a request, and the commits they are known to have together. */
const GROUPS_PER_REQUEST = 50;
const COMMITS_PER_REQUEST = 40_000;
/** What a group is taken to have before its first answer. */
const UNKNOWN_COMMITS = 4000;

/** How many commits each group had in the round before. */
export type CommitCounts = Map<string, number>;

/**
 * The committed offsets of all groups, from their coordinators. A group whose coordinator moved is asked for again at
 * the new one; one without an answer has no commits here, which is counted. Nothing committed is no entry.
 */
export async function readCommits(
  reading: Reading,
  topics: Topics,
  groups: readonly Group[],
  counts: CommitCounts,
): Promise<Commits> {
  const commits = new Commits();
  const indexOf = new Map(groups.map((group, index) => [group.id, index]));
  const wanted = groups.filter(({ type }) => type !== 'share');
  const moved = await fetchFrom(reading, topics, wanted, indexOf, commits, counts, false);
  if (moved.length > 0) {
    await locate(reading, topics, moved);
    await fetchFrom(reading, topics, moved, indexOf, commits, counts, true);
  }
  for (const id of counts.keys()) if (!indexOf.has(id)) counts.delete(id);
  return commits;
}

/** Gives the groups that another coordinator may know; none of them when this was the `last` time they were asked for. */
async function fetchFrom(
  reading: Reading,
  topics: Topics,
  wanted: readonly Group[],
  indexOf: ReadonlyMap<string, number>,
  commits: Commits,
  counts: CommitCounts,
  last: boolean,
): Promise<Group[]> {
  const moved: Group[] = [];
  const retry = (group: Group, reason: string) => {
    if (last) reading.failed(reason);
    else moved.push(group);
  };
  await Promise.all(
    [...Map.groupBy(wanted, ({ coordinator }) => coordinator)].map(async ([broker, coordinated]) => {
      const address = topics.brokers.get(broker);
      const newest = address && (await reading.connections.newest(address, OFFSET_FETCH).catch(() => undefined));
      if (address === undefined || newest === undefined) {
        for (const group of coordinated) retry(group, 'coordinator_unreachable');
        return;
      }
      for (const batch of batches(coordinated, counts, newest >= BATCHED_OFFSET_FETCH)) {
        const byId = new Map(batch.map((group) => [group.id, group]));
        const sink = commitSink(reading, topics, indexOf, commits, (id, error, added) => {
          const group = byId.get(id);
          byId.delete(id);
          counts.set(id, added);
          if (group !== undefined && isCoordinationError(error)) retry(group, reasonOf(error));
          else if (error !== NONE) reading.failed(reasonOf(error));
        });
        await reading.ask(address, offsetFetch([...byId.keys()], sink));
        for (const group of byId.values()) retry(group, 'unanswered');
      }
    }),
  );
  return moved;
}

/** Groups in requests whose answers stay small. */
export function batches(groups: readonly Group[], counts: CommitCounts, isBatched: boolean): Group[][] {
  const made: Group[][] = [];
  let batch: Group[] = [];
  let expected = 0;
  for (const group of groups) {
    const own = counts.get(group.id) ?? UNKNOWN_COMMITS;
    const isFull = batch.length >= (isBatched ? GROUPS_PER_REQUEST : 1) || expected + own > COMMITS_PER_REQUEST;
    if (isFull && batch.length > 0) {
      made.push(batch);
      batch = [];
      expected = 0;
    }
    batch.push(group);
    expected += own;
  }
  if (batch.length > 0) made.push(batch);
  return made;
}

/** `done` is told each group's error and how many commits it had. */
function commitSink(
  reading: Reading,
  topics: Topics,
  indexOf: ReadonlyMap<string, number>,
  commits: Commits,
  done: (group: string, error: number, added: number) => void,
): CommitSink {
  let added = 0;
  let name = '';
  let first = -1;
  let partitions = 0;
  let index = -1;
  let owner = '';
  return {
    partition(group, topic, partition, error, offset) {
      // Partitions come topic by topic: names are looked up when they change.
      if (topic !== name) {
        name = topic;
        const found = topics.byName.get(topic);
        first = found?.first ?? -1;
        partitions = found?.partitions ?? 0;
      }
      if (group !== owner) {
        owner = group;
        index = indexOf.get(group) ?? -1;
      }
      if (error !== NONE) reading.failed(reasonOf(error));
      else if (!Number.isSafeInteger(offset)) reading.failed('offset_out_of_bounds');
      // Commits for topics that are gone, or not looked at, are nobody's lag.
      else if (offset >= 0 && first >= 0 && partition >= 0 && partition < partitions && index >= 0) {
        commits.add(index, first + partition, offset);
        added++;
      }
    },
    group(id, error) {
      done(id, error, added);
      added = 0;
    },
  };
}

/** Finds out who coordinates groups now. */
async function locate(reading: Reading, topics: Topics, groups: readonly Group[]): Promise<void> {
  const [id, address] = [...topics.brokers].find(([, broker]) => !reading.isAway(broker)) ?? [];
  if (id === undefined || address === undefined) return;
  const newest = await reading.connections.newest(address, FIND_COORDINATOR).catch(() => undefined);
  const size = newest !== undefined && newest >= BATCHED_FIND_COORDINATOR ? GROUPS_PER_REQUEST : 1;
  const byId = new Map(groups.map((group) => [group.id, group]));
  for (let from = 0; from < groups.length; from += size) {
    const ids = groups.slice(from, from + size).map((group) => group.id);
    for (const found of (await reading.ask(address, findCoordinators(ids))) ?? []) {
      const group = byId.get(found.group);
      if (group === undefined || found.error !== NONE) continue;
      group.coordinator = found.broker;
      topics.brokers.set(found.broker, { host: found.host, port: found.port });
    }
  }
}

/** Where a share group stands in a partition. Share groups commit nothing. */
export interface ShareStart {
  readonly group: string;
  readonly row: number;
  readonly start: number;
  /** As the broker counts it; undefined before KIP-1226. */
  readonly lag: number | undefined;
}

export async function readShareStarts(
  reading: Reading,
  topics: Topics,
  groups: readonly Group[],
): Promise<ShareStart[]> {
  const starts: ShareStart[] = [];
  const shared = Map.groupBy(
    groups.filter(({ type }) => type === 'share'),
    ({ coordinator }) => coordinator,
  );
  for (const [broker, coordinated] of shared) {
    const address = topics.brokers.get(broker);
    if (address === undefined) continue;
    for (let from = 0; from < coordinated.length; from += GROUPS_PER_REQUEST) {
      const ids = coordinated.slice(from, from + GROUPS_PER_REQUEST).map(({ id }) => id);
      for (const told of (await reading.ask(address, describeShareGroupOffsets(ids))) ?? []) {
        if (told.error !== NONE) reading.failed(reasonOf(told.error));
        for (const { topic, partition, error, start, lag } of told.partitions) {
          const row = topics.row(topic, partition);
          if (error !== NONE) reading.failed(reasonOf(error));
          else if (row >= 0 && start >= 0)
            starts.push({ group: told.group, row, start, lag: lag < 0 ? undefined : lag });
        }
      }
    }
  }
  return starts;
}
