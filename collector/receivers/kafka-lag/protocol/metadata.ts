import type { Answer, Call } from './wire.ts';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** Told topic by topic, partition by partition, so that a large cluster makes no object for each. */
export interface MetadataSink {
  cluster(id: string): void;
  broker(id: number, address: BrokerAddress): void;
  topic(name: string, error: number, identity: number | undefined, partitions: number): void;
  /** Of the topic told last. `leader` is -1 where there is none. */
  partition(index: number, error: number, leader: number, replicas: number, inSync: number): void;
}

/** Versions of every API a broker speaks. Version 0 is understood by all of them. */
export const apiVersions: Call<Map<number, { readonly oldest: number; readonly newest: number }>> = {
  name: 'ApiVersions',
  key: 18,
  oldest: 0,
  newest: 0,
  flexible: 3,
  write() {},
  read(answer) {
    answer.int16();
    const versions = new Map<number, { oldest: number; newest: number }>();
    for (let left = answer.count(); left > 0; left--) {
      versions.set(answer.int16(), { oldest: answer.int16(), newest: answer.int16() });
    }
    return versions;
  },
};

/** Brokers, and all topics one may describe, with leaders and replicas of their partitions. Makes no topic. */
export function metadata(sink: MetadataSink): Call<void> {
  return {
    name: 'Metadata',
    key: 3,
    oldest: 4,
    newest: 12,
    flexible: 9,
    write(request, version) {
      request.count(null);
      request.boolean(false);
      if (version >= 8 && version <= 10) request.boolean(false);
      if (version >= 8) request.boolean(false);
      request.tags();
    },
    read(answer, version) {
      answer.int32();
      for (let left = answer.count(); left > 0; left--) {
        const id = answer.int32();
        sink.broker(id, { host: answer.text(), port: answer.int32() });
        answer.skipText();
        answer.tags();
      }
      sink.cluster(answer.text());
      answer.int32();
      for (let left = answer.count(); left > 0; left--) readTopic(answer, version, sink);
    },
  };
}

function readTopic(answer: Answer, version: number, sink: MetadataSink): void {
  const error = answer.int16();
  const name = answer.text();
  const identity = version >= 10 ? answer.uuid48() : undefined;
  answer.boolean();
  const partitions = answer.count();
  sink.topic(name, error, identity, partitions);
  for (let i = 0; i < partitions; i++) {
    const partitionError = answer.int16();
    const index = answer.int32();
    const leader = answer.int32();
    if (version >= 7) answer.int32();
    const replicas = answer.skipInt32s();
    const inSync = answer.skipInt32s();
    if (version >= 5) answer.skipInt32s();
    answer.tags();
    sink.partition(index, partitionError, leader, replicas, inSync);
  }
  if (version >= 8) answer.int32();
  answer.tags();
}
