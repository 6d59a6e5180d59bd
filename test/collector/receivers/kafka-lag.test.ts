import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricsRequest } from '../../../collector/otlp/model.ts';
import { kafkaBrokers, kafkaLagConfig } from '../../../collector/receivers/kafka-lag/config.ts';
import { OffsetTimes } from '../../../collector/receivers/kafka-lag/lag-time.ts';
import { createKafkaLagReceiver } from '../../../collector/receivers/kafka-lag/receiver.ts';
import type { CommittedOffset, KafkaSource } from '../../../collector/receivers/kafka-lag/source.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';

describe('age of a record', () => {
  it('is interpolated between the samples around it', () => {
    const times = new OffsetTimes();
    times.add(0, 1_000);
    times.add(100, 11_000);
    expect(times.ageOf(50, 11_000)).toBeCloseTo(4.95, 5);
    expect(times.ageOf(0, 11_000)).toBeCloseTo(9.95, 5);
    expect(times.ageOf(99, 11_000)).toBeCloseTo(0.05, 5);
  });

  it('is 0 at the log end, and grows only with the clock for a record that waits', () => {
    const times = new OffsetTimes();
    times.add(10, 1_000);
    times.add(20, 2_000);
    expect(times.ageOf(20, 60_000)).toBe(0);
    expect(times.ageOf(15, 62_000) - times.ageOf(15, 60_000)).toBeCloseTo(2, 9);
  });

  it('counts from the end of a quiet time, not from its beginning', () => {
    const times = new OffsetTimes();
    for (let t = 0; t <= 3_600_000; t += 5_000) times.add(7, t);
    times.add(8, 3_605_000);
    expect(times.ageOf(7, 3_605_000)).toBeLessThanOrEqual(5);
    expect(times.size).toBe(3);
  });

  it('is at least the age of the table for records from before it', () => {
    const times = new OffsetTimes();
    times.add(1_000, 5_000);
    times.add(1_100, 10_000);
    expect(times.ageOf(10, 20_000)).toBe(15);
  });

  it('forgets a log that was truncated or made anew, and ignores a clock that stands still', () => {
    const times = new OffsetTimes();
    times.add(500, 1_000);
    times.add(3, 2_000);
    expect(times.size).toBe(1);
    times.add(4, 2_000);
    expect(times.ageOf(3, 9_000)).toBe(0);
  });

  it('keeps its window when the table is full', () => {
    const times = new OffsetTimes(50);
    for (let i = 0; i < 5_000; i++) times.add(i * 10, i * 1_000);
    expect(times.size).toBeLessThanOrEqual(50);
    expect(times.ageOf(5, 4_999_000)).toBeGreaterThan(4_000);
    expect(times.ageOf(49_985, 4_999_000)).toBeLessThanOrEqual(2);
  });

  it('never is negative, and never larger for a younger record', () => {
    const grow = fc.array(fc.record({ records: fc.nat(100), ms: fc.integer({ min: 1, max: 60_000 }) }), {
      minLength: 1,
      maxLength: 100,
    });
    fc.assert(
      fc.property(grow, (steps) => {
        const times = new OffsetTimes(30);
        let offset = 0;
        let time = 0;
        for (const step of steps) {
          offset += step.records;
          time += step.ms;
          times.add(offset, time);
        }
        let older = Number.POSITIVE_INFINITY;
        for (let o = 0; o <= offset + 1; o++) {
          const age = times.ageOf(o, time);
          expect(age).toBeGreaterThanOrEqual(0);
          expect(age).toBeLessThanOrEqual(older);
          older = age;
        }
      }),
    );
  });
});

interface Script {
  groups: Record<string, number | undefined>;
  committed: CommittedOffset[];
  earliest: number;
  latest: Record<string, number>;
  down?: boolean;
}

/** A cluster whose state the test sets between rounds. */
function scripted(script: Script): KafkaSource {
  const check = () => {
    if (script.down) throw new Error('connection refused');
  };
  return {
    async groups(match) {
      check();
      return Object.entries(script.groups)
        .filter(([id]) => match.test(id))
        .map(([id, members]) => ({ id, members }));
    },
    async topics() {
      return new Set(Object.keys(script.latest).map((key) => key.split('/')[0] as string));
    },
    async committed(groups) {
      return script.committed.filter(({ group }) => groups.includes(group));
    },
    async offsets(partitions, which) {
      return partitions.map((entry) => ({
        ...entry,
        offset: which === 'earliest' ? script.earliest : (script.latest[`${entry.topic}/${entry.partition}`] ?? 0),
      }));
    },
    async close() {},
  };
}

function values(request: MetricsRequest, name: string): Record<string, number> {
  const metrics = request.resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics ?? [];
  const points = metrics.find((metric) => metric.name === name)?.gauge?.dataPoints ?? [];
  return Object.fromEntries(
    points.map((point) => {
      const key = (point.attributes ?? []).map(({ value }) => value?.stringValue ?? String(value?.intValue)).join('/');
      return [key, Number(point.asInt ?? point.asDouble)];
    }),
  );
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function start(script: Script, config: object = {}) {
  const telemetry = silentTelemetry();
  const requests: MetricsRequest[] = [];
  let clock = 1_700_000_000_000;
  let opened = 0;
  const receiver = createKafkaLagReceiver({
    config: kafkaLagConfig.parse({ brokers: ['127.0.0.1:9'], poll_interval: '100ms', ...config }),
    consume: async (request) => requests.push(request),
    telemetry,
    now: () => (clock += 1_000),
    open: () => {
      opened++;
      return scripted(script);
    },
  });
  const next = async () => {
    const seen = requests.length;
    await until(() => requests.length > seen + 1);
    return requests.at(-1) as MetricsRequest;
  };
  return { receiver, requests, telemetry, next, opened: () => opened };
}

const commit = (group: string, topic: string, partition: number, offset: number) => ({
  group,
  topic,
  partition,
  offset,
});

describe('receiver', () => {
  it('reports lag, its age, offsets and members under the names of the Collector', async () => {
    const script: Script = {
      groups: { billing: 2, modern: undefined },
      committed: [
        commit('billing', 'orders', 0, 40),
        commit('billing', 'orders', 1, 9),
        commit('modern', 'orders', 0, 50),
      ],
      earliest: 0,
      latest: { 'orders/0': 50, 'orders/1': 9 },
    };
    const { receiver, next } = start(script);
    await receiver.start();
    const request = await next();
    expect(values(request, 'kafka.consumer_group.lag')).toEqual({
      'billing/orders/0': 10,
      'billing/orders/1': 0,
      'modern/orders/0': 0,
    });
    expect(values(request, 'weir.consumer_group.lag_time')['billing/orders/1']).toBe(0);
    expect(values(request, 'weir.consumer_group.lag_time')['billing/orders/0']).toBeGreaterThan(0);
    expect(values(request, 'kafka.consumer_group.offset')['billing/orders/0']).toBe(40);
    expect(values(request, 'kafka.partition.current_offset')).toEqual({ 'orders/0': 50, 'orders/1': 9 });
    expect(values(request, 'kafka.consumer_group.members')).toEqual({ billing: 2 });
    await receiver.stop();
  });

  it('clamps negative lag, and counts from the oldest record kept where retention has overtaken the commit', async () => {
    const script: Script = {
      groups: { a: 1, b: 1 },
      committed: [commit('a', 'orders', 0, 120), commit('b', 'orders', 0, 10)],
      earliest: 60,
      latest: { 'orders/0': 100 },
    };
    const { receiver, next } = start(script);
    await receiver.start();
    expect(values(await next(), 'kafka.consumer_group.lag')).toEqual({ 'a/orders/0': 0, 'b/orders/0': 40 });
    await receiver.stop();
  });

  it('leaves out internal and unmatched topics, other groups and deleted topics', async () => {
    const script: Script = {
      groups: { billing: 1, other: 1 },
      committed: [
        commit('billing', 'orders', 0, 1),
        commit('billing', '_internal', 0, 1),
        commit('billing', 'gone', 0, 1),
        commit('other', 'orders', 0, 1),
      ],
      earliest: 0,
      latest: { 'orders/0': 2, '_internal/0': 2 },
    };
    const { receiver, next } = start(script, { group_match: '^billing$' });
    await receiver.start();
    expect(Object.keys(values(await next(), 'kafka.consumer_group.lag'))).toEqual(['billing/orders/0']);
    await receiver.stop();
  });

  it('counts failed rounds, opens a new connection, and goes on when the broker is back', async () => {
    const script: Script = {
      groups: { a: 1 },
      committed: [commit('a', 't', 0, 1)],
      earliest: 0,
      latest: { 't/0': 1 },
      down: true,
    };
    const { receiver, requests, telemetry, next, opened } = start(script);
    await receiver.start();
    await until(() => opened() >= 3);
    expect(requests).toHaveLength(0);
    script.down = false;
    expect(values(await next(), 'kafka.consumer_group.lag')).toEqual({ 'a/t/0': 0 });
    await receiver.stop();
    await receiver.stop();
    const text = await telemetry.registry.metrics();
    expect(text).toMatch(/rounds_total\{outcome="failed"\} [3-9]/);
    expect(text).toMatch(/rounds_total\{outcome="reported"\} [2-9]/);
    const seen = requests.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requests).toHaveLength(seen);
  });

  it('stays off without brokers', async () => {
    const receiver = createKafkaLagReceiver({
      config: kafkaLagConfig.parse({}),
      consume: async () => {},
      telemetry: silentTelemetry(),
      env: {},
      open: () => {
        throw new Error('must not be opened');
      },
    });
    await receiver.start();
    await receiver.stop();
  });
});

describe('configuration', () => {
  it('takes KAFKA_BROKERS when nothing is written, and the file before it', () => {
    const env = { KAFKA_BROKERS: ' a:9092, b:9093 ,' };
    expect(kafkaBrokers(kafkaLagConfig.parse({}), env)).toEqual(['a:9092', 'b:9093']);
    expect(kafkaBrokers(kafkaLagConfig.parse({ brokers: ['c:1'] }), env)).toEqual(['c:1']);
    expect(kafkaBrokers(kafkaLagConfig.parse({ brokers: [] }), env)).toEqual([]);
    expect(kafkaBrokers(kafkaLagConfig.parse({}), {})).toEqual([]);
  });

  it('names what is wrong', () => {
    expect(() => kafkaLagConfig.parse({ brokers: ['no-port'] })).toThrow('host:port');
    expect(() => kafkaLagConfig.parse({ group_match: '(' })).toThrow('regular expression');
    expect(() => kafkaLagConfig.parse({ interval: '5s' })).toThrow('interval');
  });
});
