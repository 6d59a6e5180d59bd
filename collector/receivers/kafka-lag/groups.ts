import { type GroupState, parseGroupState } from '../group-state.ts';
import { NONE, reasonOf, UNKNOWN_GROUP } from './errors.ts';
import {
  type DescribedGroup,
  describeClassicGroups,
  describeConsumerGroups,
  describeShareGroups,
  type GroupType,
  type ListedGroup,
  listGroups,
} from './protocol/groups.ts';
import type { Call } from './protocol/wire.ts';
import type { Reading } from './reading.ts';
import type { Topics } from './topics.ts';

export interface Group {
  readonly id: string;
  readonly type: GroupType;
  state: GroupState;
  /** Undefined where it was not told: streams groups, and groups whose coordinator did not answer. */
  members: number | undefined;
  /** Broker that coordinates the group. */
  coordinator: number;
}

const GROUPS_PER_REQUEST = 200;
/** Protocol types of consumers; groups that never had a member, whose offsets were set by hand, have none. */
const CONSUMER_PROTOCOLS = new Set(['consumer', 'share', 'streams', '']);

/**
 * Every matching group, listed by the brokers that coordinate them. A broker that does not answer leaves out its
 * groups, which is counted; it is no statement about them.
 */
export async function readGroups(reading: Reading, topics: Topics, match: RegExp): Promise<Group[]> {
  const groups = new Map<string, Group>();
  await Promise.all(
    [...topics.brokers].map(async ([broker, address]) => {
      const listing = await reading.ask(address, listGroups);
      if (listing === undefined) return;
      if (listing.error !== NONE) reading.failed(reasonOf(listing.error));
      for (const listed of listing.groups) {
        if (isConsumer(listed) && match.test(listed.id)) groups.set(listed.id, groupOf(listed, broker));
      }
    }),
  );
  return [...groups.values()];
}

function isConsumer({ type, protocolType }: ListedGroup): boolean {
  return type !== 'classic' || CONSUMER_PROTOCOLS.has(protocolType);
}

function groupOf({ id, type, state }: ListedGroup, coordinator: number): Group {
  return { id, type, state: parseGroupState(state), members: undefined, coordinator };
}

/** Adds members, and the state as it is now, to groups. What a coordinator does not tell stays as it was listed. */
export async function describeGroups(reading: Reading, topics: Topics, groups: readonly Group[]): Promise<void> {
  const calls: Readonly<Partial<Record<GroupType, (ids: readonly string[]) => Call<DescribedGroup[]>>>> = {
    classic: describeClassicGroups,
    consumer: describeConsumerGroups,
    share: describeShareGroups,
  };
  await Promise.all(
    [...Map.groupBy(groups, ({ coordinator }) => coordinator)].map(async ([broker, coordinated]) => {
      const address = topics.brokers.get(broker);
      if (address === undefined) return;
      for (const [type, ofType] of Map.groupBy(coordinated, (group) => group.type)) {
        const describe = calls[type];
        if (describe === undefined) continue;
        const byId = new Map(ofType.map((group) => [group.id, group]));
        for (let from = 0; from < ofType.length; from += GROUPS_PER_REQUEST) {
          const ids = ofType.slice(from, from + GROUPS_PER_REQUEST).map(({ id }) => id);
          for (const told of (await reading.ask(address, describe(ids))) ?? []) adopt(byId.get(told.id), told, reading);
        }
      }
    }),
  );
}

function adopt(group: Group | undefined, told: DescribedGroup, reading: Reading): void {
  if (group === undefined) return;
  if (told.error !== NONE) {
    // It was listed a moment ago and is gone now; its offsets may still be there.
    if (told.error !== UNKNOWN_GROUP) reading.failed(reasonOf(told.error));
    return;
  }
  const state = parseGroupState(told.state);
  // A coordinator calls groups it does not know dead: a group that was just listed with members is not one of them.
  if (state === 'dead' && group.state !== 'unknown' && group.state !== 'dead') return;
  group.state = state;
  group.members = told.members;
}
