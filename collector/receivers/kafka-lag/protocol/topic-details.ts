import type { Answer, Call } from './wire.ts';

const TOPIC_RESOURCE = 2;

export interface TopicConfiguration {
  readonly topic: string;
  readonly error: number;
  readonly values: ReadonlyMap<string, string>;
}

/** Named settings of topics; any broker answers. Needs DESCRIBE_CONFIGS on each topic. */
export function describeTopicConfigs(topics: readonly string[], names: readonly string[]): Call<TopicConfiguration[]> {
  return {
    name: 'DescribeConfigs',
    key: 32,
    oldest: 1,
    newest: 4,
    flexible: 4,
    write(request, version) {
      request.count(topics.length);
      for (const topic of topics) {
        request.int8(TOPIC_RESOURCE);
        request.text(topic);
        request.texts(names);
        request.tags();
      }
      request.boolean(false);
      if (version >= 3) request.boolean(false);
      request.tags();
    },
    read(answer, version) {
      answer.int32();
      return Array.from({ length: answer.count() }, () => {
        const error = answer.int16();
        answer.skipText();
        answer.int8();
        const topic = answer.text();
        const values = new Map(Array.from({ length: answer.count() }, () => readSetting(answer, version)));
        answer.tags();
        return { topic, error, values };
      });
    },
  };
}

function readSetting(answer: Answer, version: number): [string, string] {
  const setting: [string, string] = [answer.text(), answer.text()];
  answer.boolean();
  answer.int8();
  answer.boolean();
  for (let left = answer.count(); left > 0; left--) {
    answer.skipText();
    answer.skipText();
    answer.int8();
    answer.tags();
  }
  if (version >= 3) {
    answer.int8();
    answer.skipText();
  }
  answer.tags();
  return setting;
}

/** A replica's bytes on the broker that was asked; the copy of a move under way is left out. */
export type SizeSink = (topic: string, partition: number, bytes: number) => void;

/** Sizes of all replicas on a broker. Needs DESCRIBE on the cluster. Gives the first error met, 0 for none. */
export function describeLogDirs(sink: SizeSink): Call<number> {
  return {
    name: 'DescribeLogDirs',
    key: 35,
    oldest: 1,
    newest: 4,
    flexible: 2,
    write(request) {
      request.count(null);
      request.tags();
    },
    read(answer, version) {
      answer.int32();
      let failed = version >= 3 ? answer.int16() : 0;
      for (let dirsLeft = answer.count(); dirsLeft > 0; dirsLeft--) {
        const error = answer.int16();
        if (failed === 0) failed = error;
        answer.skipText();
        for (let topicsLeft = answer.count(); topicsLeft > 0; topicsLeft--) {
          const topic = answer.text();
          for (let left = answer.count(); left > 0; left--) {
            const partition = answer.int32();
            const bytes = answer.int64();
            answer.int64();
            const isFuture = answer.boolean();
            answer.tags();
            if (!isFuture) sink(topic, partition, bytes);
          }
          answer.tags();
        }
        if (version >= 4) answer.skip(16);
        answer.tags();
      }
      return failed;
    },
  };
}
