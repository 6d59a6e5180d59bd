import type { Answer, Call } from './wire.ts';

export const GROUP_TYPES = ['classic', 'consumer', 'share', 'streams'] as const;
export type GroupType = (typeof GROUP_TYPES)[number];

export interface ListedGroup {
  readonly id: string;
  readonly protocolType: string;
  /** As Kafka spells it; empty where the broker is too old to tell. */
  readonly state: string;
  readonly type: GroupType;
}

export interface GroupListing {
  readonly error: number;
  readonly groups: readonly ListedGroup[];
}

/** The groups a broker coordinates, of every type. Types are told from version 5 on, states from 4. */
export const listGroups: Call<GroupListing> = {
  name: 'ListGroups',
  key: 16,
  oldest: 1,
  newest: 5,
  flexible: 3,
  write(request, version) {
    if (version >= 4) request.count(0);
    // None are excluded: an empty list of types stands for all.
    if (version >= 5) request.count(0);
    request.tags();
  },
  read(answer, version) {
    answer.int32();
    const error = answer.int16();
    const groups = Array.from({ length: answer.count() }, () => {
      const id = answer.text();
      const protocolType = answer.text();
      const state = version >= 4 ? answer.text() : '';
      const type = version >= 5 ? answer.text() : '';
      answer.tags();
      return { id, protocolType, state, type: groupType(type, protocolType) };
    });
    return { error, groups };
  },
};

function groupType(told: string, protocolType: string): GroupType {
  const known = GROUP_TYPES.find((type) => type === told.toLowerCase());
  return known ?? (protocolType === 'share' ? 'share' : 'classic');
}

export interface DescribedGroup {
  readonly id: string;
  readonly error: number;
  readonly state: string;
  readonly members: number;
}

/** State and members of groups of the classic protocol, from their coordinator. */
export function describeClassicGroups(groups: readonly string[]): Call<DescribedGroup[]> {
  return {
    name: 'DescribeGroups',
    key: 15,
    oldest: 1,
    newest: 5,
    flexible: 5,
    write(request, version) {
      request.texts(groups);
      if (version >= 3) request.boolean(false);
      request.tags();
    },
    read(answer, version) {
      answer.int32();
      return Array.from({ length: answer.count() }, () => {
        const error = answer.int16();
        const id = answer.text();
        const state = answer.text();
        answer.skipText();
        answer.skipText();
        const members = answer.count();
        for (let i = 0; i < members; i++) {
          answer.skipText();
          if (version >= 4) answer.skipText();
          answer.skipText();
          answer.skipText();
          answer.skipBytes();
          answer.skipBytes();
          answer.tags();
        }
        if (version >= 3) answer.int32();
        answer.tags();
        return { id, error, state, members };
      });
    },
  };
}

/** State and members of groups of the newer consumer protocol (KIP-848), from their coordinator. */
export function describeConsumerGroups(groups: readonly string[]): Call<DescribedGroup[]> {
  return {
    name: 'ConsumerGroupDescribe',
    key: 69,
    oldest: 0,
    newest: 1,
    flexible: 0,
    write: (request) => askForGroups(groups, request),
    read: (answer, version) =>
      readDescribed(answer, () => {
        skipTexts(answer, 3);
        answer.int32();
        skipTexts(answer, 2);
        skipTexts(answer, answer.count());
        answer.skipText();
        skipAssignment(answer);
        skipAssignment(answer);
        if (version >= 1) answer.int8();
      }),
  };
}

/** State and members of share groups (KIP-932), from their coordinator. */
export function describeShareGroups(groups: readonly string[]): Call<DescribedGroup[]> {
  return {
    name: 'ShareGroupDescribe',
    key: 77,
    oldest: 1,
    newest: 1,
    flexible: 0,
    write: (request) => askForGroups(groups, request),
    read: (answer) =>
      readDescribed(answer, () => {
        skipTexts(answer, 2);
        answer.int32();
        skipTexts(answer, 2);
        skipTexts(answer, answer.count());
        skipAssignment(answer);
      }),
  };
}

function askForGroups(groups: readonly string[], request: Parameters<Call<unknown>['write']>[0]): void {
  request.texts(groups);
  request.boolean(false);
  request.tags();
}

/** What the describing answers of the two newer protocols have in common; they differ in their members. */
function readDescribed(answer: Answer, skipMember: () => void): DescribedGroup[] {
  answer.int32();
  return Array.from({ length: answer.count() }, () => {
    const error = answer.int16();
    answer.skipText();
    const id = answer.text();
    const state = answer.text();
    answer.int32();
    answer.int32();
    answer.skipText();
    const members = answer.count();
    for (let i = 0; i < members; i++) {
      skipMember();
      answer.tags();
    }
    answer.int32();
    answer.tags();
    return { id, error, state, members };
  });
}

function skipAssignment(answer: Answer): void {
  for (let left = answer.count(); left > 0; left--) {
    answer.skip(16);
    answer.skipText();
    answer.skipInt32s();
    answer.tags();
  }
  answer.tags();
}

function skipTexts(answer: Answer, count: number): void {
  for (let left = count; left > 0; left--) answer.skipText();
}

export interface SharePartition {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  /** -1 while the group has not begun to read the partition. */
  readonly start: number;
  /** Records not yet acknowledged for good; -1 where the broker does not tell (before KIP-1226). */
  readonly lag: number;
}

export interface ShareOffsets {
  readonly group: string;
  readonly error: number;
  readonly partitions: readonly SharePartition[];
}

/** Where share groups stand in their partitions, from their coordinator. */
export function describeShareGroupOffsets(groups: readonly string[]): Call<ShareOffsets[]> {
  return {
    name: 'DescribeShareGroupOffsets',
    key: 90,
    oldest: 0,
    newest: 1,
    flexible: 0,
    write(request) {
      request.count(groups.length);
      for (const group of groups) {
        request.text(group);
        request.count(null);
        request.tags();
      }
      request.tags();
    },
    read(answer, version) {
      answer.int32();
      return Array.from({ length: answer.count() }, () => {
        const group = answer.text();
        const partitions = Array.from({ length: answer.count() }, () => readSharePartitions(answer, version)).flat();
        const error = answer.int16();
        answer.skipText();
        answer.tags();
        return { group, error, partitions };
      });
    },
  };
}

function readSharePartitions(answer: Answer, version: number): SharePartition[] {
  const topic = answer.text();
  answer.skip(16);
  const partitions = Array.from({ length: answer.count() }, () => {
    const partition = answer.int32();
    const start = answer.int64();
    answer.int32();
    const lag = version >= 1 ? answer.int64() : -1;
    const error = answer.int16();
    answer.skipText();
    answer.tags();
    return { topic, partition, error, start, lag };
  });
  answer.tags();
  return partitions;
}
