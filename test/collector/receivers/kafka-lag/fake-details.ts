import type { Answer, Request } from '../../../../collector/receivers/kafka-lag/protocol/wire.ts';
import type { FakeState } from './fake-cluster.ts';

/** The answer to DescribeConfigs. */
export function writeTopicConfigs(state: FakeState, version: number, request: Answer, out: Request): void {
  const topics = Array.from({ length: request.count() }, () => {
    request.int8();
    const topic = request.text();
    for (let left = request.count(); left > 0; left--) request.skipText();
    request.tags();
    return topic;
  });
  out.int32(0);
  out.count(topics.length);
  for (const topic of topics) {
    const found = state.topics[topic];
    const error = state.errors[32] ?? found?.settingsError ?? 0;
    out.int16(error);
    out.text(null);
    out.int8(2);
    out.text(topic);
    const settings = error === 0 ? Object.entries(found?.settings ?? {}) : [];
    out.count(settings.length);
    for (const [name, value] of settings) {
      out.text(name);
      out.text(value);
      out.boolean(false);
      out.int8(5);
      out.boolean(false);
      out.count(1);
      out.text(name);
      out.text(value);
      out.int8(5);
      out.tags();
      if (version >= 3) {
        out.int8(2);
        out.text(null);
      }
      out.tags();
    }
    out.tags();
  }
  out.tags();
}

/** The answer to DescribeLogDirs: every topic with the copy of a move beside it. */
export function writeLogDirs(state: FakeState, broker: number, version: number, out: Request): void {
  const error = state.errors[35] ?? 0;
  out.int32(0);
  if (version >= 3) out.int16(error);
  out.count(error === 0 ? 1 : 0);
  if (error === 0) {
    out.int16(0);
    out.text('/logs');
    const topics = Object.entries(state.topics);
    out.count(topics.length);
    for (const [name, { partitions }] of topics) {
      out.text(name);
      out.count(partitions.length * 2);
      for (const [index, { size, leader }] of partitions.entries()) {
        for (const isFuture of [false, true]) {
          out.int32(index);
          // Followers' logs differ a little, and the copy of a move under way is no log yet.
          out.int64(isFuture ? 1 : leader === broker ? size : size + 1);
          out.int64(0);
          out.boolean(isFuture);
          out.tags();
        }
      }
      out.tags();
    }
    if (version >= 4) {
      out.int64(1e12);
      out.int64(1e11);
    }
    out.tags();
  }
  out.tags();
}
