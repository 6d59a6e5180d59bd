import { afterEach, describe, expect, it } from 'vitest';
import { type FakeCluster, type FakeState, fakeGroup, fakeTopic, startFakeCluster } from './fake-cluster.ts';
import { until } from './observed.ts';
import { type Started, startReceiver } from './started.ts';

const closing: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.stop();
});

async function cluster(count: number, state: Partial<FakeState>): Promise<FakeCluster> {
  const fake = await startFakeCluster(count, state);
  closing.push(fake);
  return fake;
}

async function receiving(fake: FakeCluster, config: object = {}, now?: () => number): Promise<Started> {
  const started = await startReceiver(fake.brokers, config, now);
  closing.push(started.receiver);
  return started;
}

describe('what a round tells', () => {
  it('lag, offsets, sums and members under the names of the Collector', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([50, 9]) },
      groups: {
        billing: fakeGroup({ orders: { 0: 40, 1: 9 } }, { members: 2 }),
        modern: fakeGroup({ orders: { 0: 50 } }, { type: 'consumer', state: 'Reconciling', members: 3 }),
      },
    });
    const { observed, next } = await receiving(fake, { alias: 'main' });
    await next();
    const { latest } = { latest: observed.latest.bind(observed) };
    expect(latest('kafka.consumer_group.lag')).toEqual({
      'billing/orders/0': 10,
      'billing/orders/1': 0,
      'modern/orders/0': 0,
    });
    expect(latest('kafka.consumer_group.offset')).toEqual({
      'billing/orders/0': 40,
      'billing/orders/1': 9,
      'modern/orders/0': 50,
    });
    expect(latest('kafka.consumer_group.lag_sum')).toEqual({ 'billing/orders': 10, 'modern/orders': 0 });
    expect(latest('kafka.consumer_group.offset_sum')).toEqual({ 'billing/orders': 49, 'modern/orders': 50 });
    expect(latest('kafka.consumer_group.members')).toEqual({ billing: 2, modern: 3 });
    expect(latest('weir.consumer_group.state')).toEqual({
      'billing/stable/classic': 1,
      'modern/reconciling/consumer': 1,
    });
    expect(latest('kafka.partition.current_offset')).toEqual({ 'orders/0': 50, 'orders/1': 9 });
    const point = observed.points.find(({ metric }) => metric === 'kafka.consumer_group.lag');
    expect(point).toMatchObject({
      unit: '{record}',
      scope: 'weir/kafka_lag',
      attributes: { group: 'billing', topic: 'orders', partition: '0' },
      resource: {
        'service.name': 'kafka',
        'kafka.cluster.alias': 'main',
        'messaging.kafka.cluster.id': 'fake-cluster',
      },
    });
  });

  it('the health of partitions and the cluster, internal topics counted with it and not reported', async () => {
    const topic = fakeTopic([5, 6, 7]);
    Object.assign(topic.partitions[1] as object, { inSync: 2 });
    Object.assign(topic.partitions[2] as object, { leader: -1, inSync: 0 });
    const fake = await cluster(2, {
      topics: { orders: topic, __consumer_offsets: fakeTopic([100], { inSync: 1 }) },
    });
    const { observed, next, counted } = await receiving(fake);
    await next();
    expect(observed.latest('kafka.brokers')).toEqual({ '': 2 });
    expect(observed.latest('weir.cluster.partitions_offline')).toEqual({ '': 1 });
    expect(observed.latest('weir.cluster.partitions_under_replicated')).toEqual({ '': 3 });
    expect(observed.latest('kafka.topic.partitions')).toEqual({ orders: 3 });
    expect(observed.latest('weir.topic.identity')).toEqual({ orders: 0x0123456789ab });
    expect(observed.latest('kafka.partition.replicas')).toEqual({ 'orders/0': 3, 'orders/1': 3, 'orders/2': 3 });
    expect(observed.latest('kafka.partition.replicas_in_sync')).toEqual({
      'orders/0': 3,
      'orders/1': 2,
      'orders/2': 0,
    });
    // Nobody leads the third: nothing is said about its log.
    expect(observed.latest('kafka.partition.current_offset')).toEqual({ 'orders/0': 5, 'orders/1': 6 });
    expect(await counted('failures_total', 'leader_not_available')).toBeGreaterThan(0);
  });

  it('last stable offsets beside log ends, and the log start', async () => {
    const fake = await cluster(1, { topics: { orders: fakeTopic([50], { stable: 41, earliest: 12 }) } });
    const { observed, next } = await receiving(fake);
    await next();
    expect(observed.latest('weir.partition.stable_offset')).toEqual({ 'orders/0': 41 });
    expect(observed.latest('kafka.partition.current_offset')).toEqual({ 'orders/0': 50 });
    expect(observed.latest('kafka.partition.oldest_offset')).toEqual({ 'orders/0': 12 });
  });

  it('lag that is never negative, and counts from the oldest record where retention has overtaken the commit', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([100], { earliest: 60 }) },
      groups: { a: fakeGroup({ orders: { 0: 120 } }), b: fakeGroup({ orders: { 0: 10 } }) },
    });
    const { observed, next } = await receiving(fake);
    await next();
    expect(observed.latest('kafka.consumer_group.lag')).toEqual({ 'a/orders/0': 0, 'b/orders/0': 40 });
  });

  it('groups without members and without commits, and no lag where nothing is committed', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([100, 100]) },
      groups: {
        stopped: fakeGroup({ orders: { 0: 10 } }, { state: 'Empty', members: 0 }),
        fresh: fakeGroup({ orders: { 0: -1, 1: -1 } }),
        simple: fakeGroup({ orders: { 1: 4 } }, { protocolType: '', state: 'Empty', members: 0 }),
        worker: fakeGroup({}, { protocolType: 'connect' }),
      },
    });
    const { observed, next } = await receiving(fake);
    await next();
    expect(observed.latest('kafka.consumer_group.lag')).toEqual({ 'stopped/orders/0': 90, 'simple/orders/1': 96 });
    expect(observed.latest('weir.consumer_group.state')).toEqual({
      'stopped/empty/classic': 1,
      'fresh/stable/classic': 1,
      'simple/empty/classic': 1,
    });
    expect(observed.latest('kafka.consumer_group.members')).toEqual({ stopped: 0, fresh: 1, simple: 0 });
  });

  it("share groups as what they are, and none of a consumer group's figures for them", async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([100, 30]) },
      groups: {
        told: fakeGroup(
          { orders: { 0: 20, 1: -1 } },
          { type: 'share', protocolType: 'share', shareLag: 7, members: 2 },
        ),
        bound: fakeGroup({ orders: { 0: 20 } }, { type: 'share', protocolType: 'share' }),
      },
    });
    const { observed, next } = await receiving(fake);
    await next();
    expect(observed.latest('weir.share_group.start_offset')).toEqual({ 'told/orders/0': 20, 'bound/orders/0': 20 });
    expect(observed.latest('weir.share_group.lag')).toEqual({ 'told/orders/0': 7, 'bound/orders/0': 80 });
    expect(observed.latest('weir.consumer_group.state')).toEqual({ 'told/stable/share': 1, 'bound/stable/share': 1 });
    expect(observed.latest('kafka.consumer_group.members')).toEqual({ told: 2, bound: 1 });
    expect(observed.latest('kafka.consumer_group.lag')).toEqual({});
  });

  it('streams groups by their commits', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([100]) },
      groups: {
        app: fakeGroup({ orders: { 0: 60 } }, { type: 'streams', protocolType: 'streams', state: 'NotReady' }),
      },
    });
    const { observed, next } = await receiving(fake);
    await next();
    expect(observed.latest('kafka.consumer_group.lag')).toEqual({ 'app/orders/0': 40 });
    expect(observed.latest('weir.consumer_group.state')).toEqual({ 'app/not_ready/streams': 1 });
  });

  it('settings of topics and sizes on leaders, at their own interval', async () => {
    const settings = { 'cleanup.policy': 'delete', 'retention.ms': '3600000', 'retention.bytes': '1048576' };
    const fake = await cluster(2, {
      topics: {
        orders: { ...fakeTopic([50, 60]), settings },
        unlimited: {
          ...fakeTopic([1], { leader: 2 }),
          settings: { ...settings, 'retention.ms': '-1', 'retention.bytes': '-1' },
        },
        state: { ...fakeTopic([2]), settings: { ...settings, 'cleanup.policy': 'compact' } },
        both: { ...fakeTopic([3]), settings: { ...settings, 'cleanup.policy': 'compact,delete' } },
      },
    });
    const { observed, next } = await receiving(fake, { details_interval: '1h' });
    await next();
    await next();
    expect(observed.latest('weir.topic.retention.time')).toEqual({ orders: 3600, both: 3600 });
    expect(observed.latest('weir.topic.retention.size')).toEqual({ orders: 1048576, both: 1048576 });
    expect(observed.latest('weir.topic.compacted')).toEqual({ orders: 0, unlimited: 0, state: 1, both: 1 });
    expect(observed.latest('weir.partition.size')).toEqual({
      'orders/0': 5000,
      'orders/1': 6000,
      'unlimited/0': 100,
      'state/0': 200,
      'both/0': 300,
    });
    expect(fake.asked.get(35)).toBe(2);
    expect(observed.points.filter(({ metric }) => metric === 'weir.topic.compacted')).toHaveLength(4);
  });

  it('only what is asked for', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([2]), _internal: fakeTopic([2]), other: fakeTopic([3]) },
      groups: {
        billing: fakeGroup({ orders: { 0: 1 }, _internal: { 0: 1 }, gone: { 0: 1 }, other: { 0: 1 } }),
        ignored: fakeGroup({ orders: { 0: 1 } }),
      },
    });
    const { observed, next } = await receiving(fake, { group_match: '^billing$', topic_match: '^(orders|gone)$' });
    await next();
    expect(Object.keys(observed.latest('kafka.consumer_group.lag'))).toEqual(['billing/orders/0']);
    expect(Object.keys(observed.latest('kafka.partition.current_offset'))).toEqual(['orders/0']);
  });
});

describe('old brokers', () => {
  it('are asked in versions they know', async () => {
    const fake = await cluster(2, {
      newest: { 2: 3, 3: 4, 9: 4, 10: 2, 15: 2, 16: 2, 18: 2, 32: 1, 35: 1 },
      topics: {
        orders: { ...fakeTopic([100, 80]), settings: { 'cleanup.policy': 'delete', 'retention.ms': '1000' } },
      },
      groups: {
        one: fakeGroup({ orders: { 0: 60, 1: 70 } }, { members: 2 }),
        two: fakeGroup({ orders: { 0: 50 } }, { coordinator: 2, state: 'Empty', members: 0 }),
      },
    });
    const { observed, next } = await receiving(fake);
    await next();
    expect(observed.latest('kafka.consumer_group.lag')).toEqual({
      'one/orders/0': 40,
      'one/orders/1': 10,
      'two/orders/0': 50,
    });
    // ListGroups told no states: describing the groups did.
    expect(observed.latest('weir.consumer_group.state')).toEqual({ 'one/stable/classic': 1, 'two/empty/classic': 1 });
    expect(observed.latest('weir.topic.identity')).toEqual({});
    expect(observed.latest('weir.topic.retention.time')).toEqual({ orders: 1 });
    expect(observed.latest('weir.partition.size')).toEqual({ 'orders/0': 10_000, 'orders/1': 8000 });
  });

  it('that do not know an API at all leave out what it tells, and that is counted', async () => {
    const fake = await cluster(1, {
      newest: { 2: 9, 3: 12, 9: 9, 10: 6, 15: 5, 16: 5, 18: 3 },
      topics: { orders: fakeTopic([100]) },
      groups: { one: fakeGroup({ orders: { 0: 60 } }), new: fakeGroup({ orders: { 0: 90 } }, { type: 'consumer' }) },
    });
    const { observed, next, counted } = await receiving(fake);
    await next();
    expect(observed.latest('kafka.consumer_group.lag')).toEqual({ 'one/orders/0': 40, 'new/orders/0': 10 });
    expect(observed.latest('kafka.consumer_group.members')).toEqual({ one: 1 });
    expect(observed.latest('weir.partition.size')).toEqual({});
    expect(await counted('failures_total', 'unsupported_version')).toBeGreaterThan(0);
    await until('more rounds', () => observed.rounds.length > 3);
  });
});
