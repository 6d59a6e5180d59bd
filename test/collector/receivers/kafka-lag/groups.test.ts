import { describe, expect, it } from 'vitest';
import { Commits } from '../../../../collector/receivers/kafka-lag/commits.ts';
import { kafkaClusters, kafkaLagConfig } from '../../../../collector/receivers/kafka-lag/config.ts';
import { parseSettings } from '../../../../collector/receivers/kafka-lag/details.ts';
import { isCoordinationError, isLeadershipError, reasonOf } from '../../../../collector/receivers/kafka-lag/errors.ts';
import { batches } from '../../../../collector/receivers/kafka-lag/group-offsets.ts';
import type { Group } from '../../../../collector/receivers/kafka-lag/groups.ts';
import { brokersToTry, parseBroker } from '../../../../collector/receivers/kafka-lag/reading.ts';
import { Topics } from '../../../../collector/receivers/kafka-lag/topics.ts';

describe('requests for commits', () => {
  const group = (id: string): Group => ({ id, type: 'classic', state: 'stable', members: 1, coordinator: 1 });
  const groups = Array.from({ length: 120 }, (_, i) => group(`g${i}`));

  it('hold fifty small groups each', () => {
    const counts = new Map(groups.map(({ id }) => [id, 3]));
    expect(batches(groups, counts, true).map(({ length }) => length)).toEqual([50, 50, 20]);
  });

  it('hold few groups that are large, or not known yet', () => {
    expect(Math.max(...batches(groups, new Map(), true).map(({ length }) => length))).toBe(10);
    const counts = new Map(groups.map(({ id }) => [id, 100_000]));
    expect(batches(groups, counts, true)).toHaveLength(120);
  });

  it('hold one group where the broker takes no more', () => {
    const counts = new Map(groups.map(({ id }) => [id, 0]));
    expect(batches(groups, counts, false).every(({ length }) => length === 1)).toBe(true);
    expect(batches([], counts, true)).toEqual([]);
  });
});

it('commits are kept in the order they come, however many', () => {
  const commits = new Commits();
  for (let i = 0; i < 20_000; i++) commits.add(i % 7, i, i * 1e6);
  expect(commits.length).toBe(20_000);
  expect([commits.groups[19_999], commits.rows[19_999], commits.offsets[19_999]]).toEqual([
    19_999 % 7,
    19_999,
    19_999e6,
  ]);
  expect([commits.groups[0], commits.rows[1], commits.offsets[2]]).toEqual([0, 1, 2e6]);
});

describe('settings of a topic', () => {
  const parse = (values: Record<string, string>) => parseSettings(new Map(Object.entries(values)));

  it.each([
    [{ 'cleanup.policy': 'delete', 'retention.ms': '5', 'retention.bytes': '7' }, [false, 5, 7]],
    [{ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }, [false, undefined, undefined]],
    [{ 'cleanup.policy': 'compact', 'retention.ms': '5', 'retention.bytes': '7' }, [true, undefined, undefined]],
    [{ 'cleanup.policy': 'compact, delete', 'retention.ms': '5' }, [true, 5, undefined]],
    [{ 'cleanup.policy': '' }, [false, undefined, undefined]],
    [{ 'retention.ms': '0' }, [false, 0, undefined]],
    [{ 'retention.ms': '9223372036854775807' }, [false, undefined, undefined]],
  ])('%j', (values, [isCompacted, retentionMs, retentionBytes]) => {
    expect(parse(values as Record<string, string>)).toEqual({ isCompacted, retentionMs, retentionBytes });
  });
});

describe('errors', () => {
  it('are named as Kafka names them', () => {
    expect([29, 30, 14, 16, 6, 88].map(reasonOf)).toEqual([
      'topic_authorization_failed',
      'group_authorization_failed',
      'coordinator_load_in_progress',
      'not_coordinator',
      'not_leader_or_follower',
      'unstable_offset_commit',
    ]);
    expect(reasonOf(12_345)).toBe('unknown_server_error');
  });

  it('pass with new metadata or a new coordinator, or do not', () => {
    expect([5, 6, 74].every(isLeadershipError)).toBe(true);
    expect([14, 15, 16].every(isCoordinationError)).toBe(true);
    expect([0, 29, 30, 88].some((code) => isLeadershipError(code) || isCoordinationError(code))).toBe(false);
  });
});

describe('brokers to ask', () => {
  it('are addresses, IPv6 in brackets', () => {
    expect(parseBroker('kafka-1.example:9092')).toEqual({ host: 'kafka-1.example', port: 9092 });
    expect(parseBroker('[2001:db8::1]:19092')).toEqual({ host: '2001:db8::1', port: 19_092 });
  });

  it('are those of the configuration, then those that were known, each once', () => {
    const [config] = kafkaClusters(kafkaLagConfig.parse({ brokers: ['a:1', 'b:2'] }), {});
    const known = [
      { host: 'b', port: 2 },
      { host: 'c', port: 3 },
    ];
    const tried = brokersToTry(config as NonNullable<typeof config>, known);
    expect(tried.map(({ host, port }) => `${host}:${port}`)).toEqual(['a:1', 'b:2', 'c:3']);
  });
});

describe('topics', () => {
  function told(leaders: Record<string, number[]>): Topics {
    const topics = new Topics(/^[^_]/, () => {});
    for (const [name, list] of Object.entries(leaders)) {
      topics.topic(name, 0, 7, list.length);
      for (const [index, leader] of list.entries()) topics.partition(index, 0, leader, 3, 3);
    }
    return topics;
  }

  it('have a row for each partition, found by name and by row', () => {
    const topics = told({ empty: [], a: [1, 2], _internal: [1], b: [3], none: [] });
    expect(topics.size).toBe(3);
    expect([
      topics.row('a', 1),
      topics.row('b', 0),
      topics.row('b', 1),
      topics.row('b', -1),
      topics.row('gone', 0),
    ]).toEqual([1, 2, -1, -1, -1]);
    expect([0, 1, 2].map((row) => topics.topicOf(row).name)).toEqual(['a', 'a', 'b']);
    expect([...topics.leaders.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  it('hold tens of thousands of partitions', () => {
    const topics = told(
      Object.fromEntries(Array.from({ length: 500 }, (_, t) => [`t${t}`, Array.from({ length: 40 }, () => t)])),
    );
    expect(topics.size).toBe(20_000);
    expect(topics.leaders[19_999]).toBe(499);
    expect(topics.topicOf(10_020).name).toBe('t250');
  });

  it('take over leaders from a later reading, and nothing else', () => {
    const topics = told({ a: [1, 2], b: [3] });
    const later = told({ fresh: [9], b: [4, 4] });
    later.broker(4, { host: 'new', port: 1 });
    topics.adoptLeaders(later);
    // Topic a is gone: nobody leads it.
    expect([...topics.leaders.subarray(0, 3)]).toEqual([-1, -1, 4]);
    expect(topics.brokers.get(4)).toEqual({ host: 'new', port: 1 });
    expect(topics.list.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('leave out one that may not be described, and tell why', () => {
    const codes: number[] = [];
    const topics = new Topics(/.*/, (code) => codes.push(code));
    topics.topic('hidden', 29, undefined, 1);
    topics.partition(0, 0, 1, 3, 3);
    topics.topic('', 0, undefined, 1);
    expect([topics.size, codes]).toEqual([0, [29]]);
  });
});
