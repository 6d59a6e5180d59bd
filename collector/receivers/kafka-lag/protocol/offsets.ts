import type { BrokerAddress } from './metadata.ts';
import type { Answer, Call } from './wire.ts';

/** Timestamps with a meaning of their own in ListOffsets. */
export const LATEST = -1;
export const EARLIEST = -2;

/** 0 asks for the high watermark, 1 for the last stable offset, which lies below it while a transaction is open. */
export type IsolationLevel = 0 | 1;

/** Partitions of one topic, and the time asked for each. */
export interface TimesOfTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
  readonly timestamps: readonly number[];
}

export type OffsetSink = (topic: string, partition: number, error: number, timestamp: number, offset: number) => void;

/**
 * Offsets by time, from the leader of the partitions: of `EARLIEST` and `LATEST`, else the first record with a
 * timestamp at or after the one asked, together with the record's own; offset -1 when there is none.
 */
export function listOffsets(isolation: IsolationLevel, topics: readonly TimesOfTopic[], sink: OffsetSink): Call<void> {
  return {
    name: 'ListOffsets',
    key: 2,
    oldest: 2,
    newest: 9,
    flexible: 6,
    write(request, version) {
      request.int32(-1);
      request.int8(isolation);
      request.count(topics.length);
      for (const { topic, partitions, timestamps } of topics) {
        request.text(topic);
        request.count(partitions.length);
        for (let i = 0; i < partitions.length; i++) {
          request.int32(partitions[i] as number);
          if (version >= 4) request.int32(-1);
          request.int64(timestamps[i] as number);
          request.tags();
        }
        request.tags();
      }
      request.tags();
    },
    read(answer, version) {
      answer.int32();
      for (let topicsLeft = answer.count(); topicsLeft > 0; topicsLeft--) {
        const topic = answer.text();
        for (let left = answer.count(); left > 0; left--) {
          const partition = answer.int32();
          const error = answer.int16();
          const timestamp = answer.int64();
          const offset = answer.int64();
          if (version >= 4) answer.int32();
          answer.tags();
          sink(topic, partition, error, timestamp, offset);
        }
        answer.tags();
      }
    },
  };
}

export interface CommitSink {
  /** After the partitions of the group were told. */
  group(id: string, error: number): void;
  /** Offset -1 where nothing is committed. */
  partition(group: string, topic: string, partition: number, error: number, offset: number): void;
}

/** OffsetFetch takes several groups at once from here on (KIP-709). */
export const OFFSET_FETCH = 9;
export const BATCHED_OFFSET_FETCH = 8;

/** All committed offsets of groups, from their coordinator. Before version 8 exactly one group can be asked for. */
export function offsetFetch(groups: readonly string[], sink: CommitSink): Call<void> {
  return {
    name: 'OffsetFetch',
    key: OFFSET_FETCH,
    oldest: 2,
    newest: 9,
    flexible: 6,
    write(request, version) {
      if (version >= BATCHED_OFFSET_FETCH) request.count(groups.length);
      for (const group of groups) {
        request.text(group);
        if (version >= 9) {
          request.text(null);
          request.int32(-1);
        }
        request.count(null);
        if (version >= BATCHED_OFFSET_FETCH) request.tags();
      }
      if (version >= 7) request.boolean(false);
      request.tags();
    },
    read(answer, version) {
      if (version >= 3) answer.int32();
      if (version < BATCHED_OFFSET_FETCH) {
        readCommits(answer, version, groups[0] as string, sink);
        return;
      }
      for (let left = answer.count(); left > 0; left--) {
        readCommits(answer, version, answer.text(), sink);
        answer.tags();
      }
    },
  };
}

function readCommits(answer: Answer, version: number, group: string, sink: CommitSink): void {
  for (let topicsLeft = answer.count(); topicsLeft > 0; topicsLeft--) {
    const topic = answer.text();
    for (let left = answer.count(); left > 0; left--) {
      const partition = answer.int32();
      const offset = answer.int64();
      if (version >= 5) answer.int32();
      answer.skipText();
      const error = answer.int16();
      answer.tags();
      sink.partition(group, topic, partition, error, offset);
    }
    answer.tags();
  }
  sink.group(group, answer.int16());
}

export interface Coordinator extends BrokerAddress {
  readonly group: string;
  readonly error: number;
  readonly broker: number;
}

/** FindCoordinator takes several keys at once from here on. */
export const FIND_COORDINATOR = 10;
export const BATCHED_FIND_COORDINATOR = 4;

/** Which brokers coordinate groups. Before version 4 exactly one group can be asked for. */
export function findCoordinators(groups: readonly string[]): Call<Coordinator[]> {
  return {
    name: 'FindCoordinator',
    key: FIND_COORDINATOR,
    oldest: 1,
    newest: 6,
    flexible: 3,
    write(request, version) {
      if (version < BATCHED_FIND_COORDINATOR) {
        request.text(groups[0] as string);
        request.int8(0);
      } else {
        request.int8(0);
        request.texts(groups);
      }
      request.tags();
    },
    read(answer, version) {
      answer.int32();
      if (version < BATCHED_FIND_COORDINATOR) {
        const error = answer.int16();
        answer.skipText();
        const broker = answer.int32();
        return [{ group: groups[0] as string, error, broker, host: answer.text(), port: answer.int32() }];
      }
      return Array.from({ length: answer.count() }, () => {
        const group = answer.text();
        const broker = answer.int32();
        const address = { host: answer.text(), port: answer.int32() };
        const error = answer.int16();
        answer.skipText();
        answer.tags();
        return { group, error, broker, ...address };
      });
    },
  };
}
