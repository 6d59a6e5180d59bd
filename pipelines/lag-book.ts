import type { Millis } from '../core/time.ts';
import type { OffsetReset } from '../store/queries/offset-samples.ts';
import { createEnds, type Ends } from './lag-ends.ts';
import type { GroupFacts, Settling } from './lag-judge.ts';
import { createPositions, forgetLog, observe, type Positions } from './lag-positions.ts';

export interface TopicFacts {
  readonly cluster: string;
  readonly topic: string;
  /** Milliseconds and bytes; NaN where unlimited or not known. */
  retention: Millis;
  retentionBytes: number;
  identity: number;
  /** Rows of its partitions. */
  readonly partitions: number[];
}

export interface PartitionName {
  readonly topic: TopicFacts;
  readonly partition: number;
  readonly series: Set<bigint>;
}

export interface Group {
  readonly cluster: string;
  readonly group: string;
  pipeline: string;
  members: number;
  membersAt: Millis;
  /** When a group that had no members, or was not known, got its first. */
  returnedAt: Millis;
  state: string;
  stateAt: Millis;
  type: string;
  /** When the latest rebalances began, the newest last. */
  readonly rebalances: Millis[];
  /** When it was last seen to rebalance or to have another number of members, the newest last. */
  readonly unrests: Millis[];
  /** By topic, '' for the group as a whole. */
  readonly settling: Map<string, Settling>;
}

const REBALANCE: ReadonlySet<string> = new Set([
  ...['preparing_rebalance', 'completing_rebalance', 'assigning', 'reconciling'],
]);
const STORM = 3;
const STORM_MS = 300_000;
/** A storm is over when the members have been the same for this long. */
const CALM_MS = 60_000;
/** A group whose state is not reported any more is judged without it. */
const STALE_MS = 90_000;

/** One poll tells of one at most, by its state or by its members. */
function unrest(group: Group, at: Millis): void {
  if (group.unrests.at(-1) === at) return;
  group.unrests.push(at);
  if (group.unrests.length > STORM) group.unrests.shift();
}

/** All that is known of logs and of the groups that read them, by what is sent about them. Times are those of the samples. */
export interface LagBook {
  readonly ends: Ends;
  readonly positions: Positions;
  readonly partitions: readonly PartitionName[];
  readonly groups: readonly Group[];
  readonly topics: readonly TopicFacts[];
  topic(cluster: string, topic: string): number;
  partition(cluster: string, topic: string, partition: number): number;
  group(cluster: string, group: string, pipeline: string): number;
  position(group: number, partition: number): number;
  /** Whether a group has committed in a partition. */
  hasPosition(group: number, partition: number): boolean;
  tellEnd(partition: number, end: number, at: Millis): void;
  tellOldest(partition: number, oldest: number): void;
  tellIdentity(topic: number, identity: number, at: Millis): void;
  tellMembers(group: number, members: number, at: Millis): void;
  tellState(group: number, state: string, type: string, at: Millis): void;
  tellCommitted(position: number, committed: number, at: Millis): void;
  groupFacts(group: number, now: Millis): GroupFacts;
  /** Resets since the last call, which the store must be told. */
  takeResets(): OffsetReset[];
}

export function createLagBook(allowedLag: number): LagBook {
  const ends = createEnds();
  const positions = createPositions();
  const partitions: PartitionName[] = [];
  const groups: Group[] = [];
  const topics: TopicFacts[] = [];
  const known = new Map<string, number>();
  const places = new Map<number, number>();
  let resets: OffsetReset[] = [];

  const find = (key: readonly unknown[], make: () => number): number => {
    const name = JSON.stringify(key);
    let i = known.get(name);
    if (i === undefined) {
      i = make();
      known.set(name, i);
    }
    return i;
  };

  function reset(partition: number, at: Millis, reason: OffsetReset['reason']): void {
    const { topic, partition: number } = partitions[partition] as PartitionName;
    resets.push({ cluster: topic.cluster, topic: topic.topic, partition: number, time: at, reason });
  }

  return {
    ...{ ends, positions, partitions, groups, topics },
    topic: (cluster, topic) =>
      find(['topic', cluster, topic], () => {
        const unknown = Number.NaN;
        return (
          topics.push({
            cluster,
            topic,
            retention: unknown,
            retentionBytes: unknown,
            identity: unknown,
            partitions: [],
          }) - 1
        );
      }),
    partition(cluster, topic, partition) {
      const facts = topics[this.topic(cluster, topic)] as TopicFacts;
      return find(['partition', cluster, topic, partition], () => {
        partitions.push({ topic: facts, partition, series: new Set() });
        facts.partitions.push(ends.length);
        return ends.add();
      });
    },
    group: (cluster, group, pipeline) => {
      const i = find(['group', cluster, group], () => {
        const unknown = Number.NaN;
        const empty = {
          members: unknown,
          membersAt: unknown,
          returnedAt: unknown,
          state: '',
          stateAt: unknown,
          type: '',
        };
        return (
          groups.push({ cluster, group, pipeline, ...empty, rebalances: [], unrests: [], settling: new Map() }) - 1
        );
      });
      const found = groups[i] as Group;
      // Whoever measures inside a pipeline knows better than who belongs to none.
      if (found.pipeline === 'default') found.pipeline = pipeline;
      return i;
    },
    hasPosition: (group, partition) => places.has(group * 2 ** 26 + partition),
    position(group, partition) {
      const key = group * 2 ** 26 + partition;
      let i = places.get(key);
      if (i === undefined) {
        i = positions.add();
        const row = positions.at(i);
        row.group = group;
        row.partition = partition;
        places.set(key, i);
      }
      return i;
    },
    tellEnd(partition, end, at) {
      if (ends.sample(partition, end, at)) reset(partition, at, 'end_fell');
    },
    tellOldest(partition, oldest) {
      const row = ends.at(partition);
      if (oldest > row.oldest) row.jump = oldest - row.oldest;
      row.oldest = oldest;
    },
    tellIdentity(topic, identity, at) {
      const facts = topics[topic] as TopicFacts;
      if (facts.identity !== identity && !Number.isNaN(facts.identity)) {
        for (const [i, { topic: of }] of partitions.entries()) {
          if (of !== facts) continue;
          ends.reset(i, at);
          reset(i, at, 'topic_recreated');
        }
      }
      facts.identity = identity;
    },
    tellMembers(index, members, at) {
      const group = groups[index] as Group;
      if (at < group.membersAt) return;
      if (members > 0 && !(group.members > 0)) group.returnedAt = at;
      if (members > 0 && group.members > 0 && members !== group.members) unrest(group, at);
      group.members = members;
      group.membersAt = at;
    },
    tellState(index, state, type, at) {
      const group = groups[index] as Group;
      if (at < group.stateAt) return;
      if (REBALANCE.has(state) && !REBALANCE.has(group.state)) {
        group.rebalances.push(at);
        if (group.rebalances.length > STORM) group.rebalances.shift();
        unrest(group, at);
      }
      group.state = state;
      group.type = type;
      group.stateAt = at;
    },
    tellCommitted(position, committed, at) {
      const row = positions.at(position);
      const end = ends.at(row.partition);
      // A log that began anew after the last reading: what was known of the records between is void.
      if (end.validSince > row.committedAt) forgetLog(row);
      observe(row, end, committed, at, allowedLag);
    },
    groupFacts(index, now) {
      const group = groups[index] as Group;
      const reported = now - group.stateAt <= STALE_MS;
      const first = group.rebalances.length === STORM ? (group.rebalances[0] as number) : Number.NaN;
      const [stirred = Number.NaN] = group.unrests.length === STORM ? group.unrests : [];
      return {
        members: now - group.membersAt <= STALE_MS ? group.members : Number.NaN,
        rebalancing: (reported && REBALANCE.has(group.state)) || now - first <= STORM_MS,
        storming: now - stirred <= STORM_MS && now - (group.unrests.at(-1) as Millis) <= CALM_MS,
        empty: reported && (group.state === 'empty' || group.state === 'dead'),
        returnedAt: group.returnedAt,
      };
    },
    takeResets() {
      const taken = resets;
      resets = [];
      return taken;
    },
  };
}
