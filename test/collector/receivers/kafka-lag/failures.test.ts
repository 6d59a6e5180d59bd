import { afterEach, describe, expect, it } from 'vitest';
import { type FakeCluster, type FakeState, fakeGroup, fakeTopic, startFakeCluster } from './fake-cluster.ts';
import { until } from './observed.ts';
import { type Started, startReceiver } from './started.ts';

const LIST_OFFSETS = 2;
const METADATA = 3;
const OFFSET_FETCH = 9;
const FIND_COORDINATOR = 10;
const LIST_GROUPS = 16;
const DESCRIBE_CONFIGS = 32;
const DESCRIBE_LOG_DIRS = 35;
const LAG = 'kafka.consumer_group.lag';
const END = 'kafka.partition.current_offset';

const closing: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.stop();
});

async function cluster(count: number, state: Partial<FakeState>): Promise<FakeCluster> {
  const fake = await startFakeCluster(count, state);
  closing.push(fake);
  return fake;
}

async function receiving(brokers: readonly string[], config: object = {}): Promise<Started> {
  const started = await startReceiver(brokers, config);
  closing.push(started.receiver);
  return started;
}

/** Two brokers, each of which leads a partition and coordinates a group. */
function pair(): Partial<FakeState> {
  const topic = fakeTopic([50, 90]);
  Object.assign(topic.partitions[1] as object, { leader: 2 });
  return {
    topics: { orders: topic },
    groups: {
      one: fakeGroup({ orders: { 0: 40, 1: 60 } }),
      two: fakeGroup({ orders: { 0: 30, 1: 80 } }, { coordinator: 2 }),
    },
  };
}

describe('an error of one thing', () => {
  it('of a group leaves out the group', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([50]) },
      groups: {
        closed: fakeGroup({ orders: { 0: 1 } }, { error: 30, describeError: 30 }),
        open: fakeGroup({ orders: { 0: 45 } }),
      },
    });
    const { observed, next, counted } = await receiving(fake.brokers);
    await next();
    expect(observed.latest(LAG)).toEqual({ 'open/orders/0': 5 });
    // That it exists, and its state, was listed.
    expect(observed.latest('weir.consumer_group.state')).toEqual({
      'closed/stable/classic': 1,
      'open/stable/classic': 1,
    });
    expect(observed.latest('kafka.consumer_group.members')).toEqual({ open: 1 });
    expect(await counted('failures_total', 'group_authorization_failed')).toBeGreaterThanOrEqual(2);
    expect(await counted('rounds_total', 'failed')).toBe(0);
  });

  it('of a topic leaves out the topic, one of a partition the partition and the sums over it', async () => {
    const orders = fakeTopic([50, 60]);
    Object.assign(orders.partitions[1] as object, { error: 29 });
    const fake = await cluster(1, {
      topics: { orders, hidden: { ...fakeTopic([5]), error: 29 }, payments: fakeTopic([7]) },
      groups: { g: fakeGroup({ orders: { 0: 40, 1: 40 }, hidden: { 0: 1 }, payments: { 0: 7 } }) },
    });
    const { observed, next, counted } = await receiving(fake.brokers);
    await next();
    expect(observed.latest(LAG)).toEqual({ 'g/orders/0': 10, 'g/payments/0': 0 });
    expect(observed.latest('kafka.consumer_group.lag_sum')).toEqual({ 'g/payments': 0 });
    expect(observed.latest('kafka.consumer_group.offset_sum')).toEqual({ 'g/orders': 80, 'g/payments': 7 });
    expect(observed.latest('kafka.topic.partitions')).toEqual({ orders: 2, payments: 1 });
    expect(await counted('failures_total', 'topic_authorization_failed')).toBeGreaterThan(0);
  });

  it('of a commit that a transaction holds back leaves out the commit', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([50]) },
      groups: { g: fakeGroup({ orders: { 0: 40 } }, { partitionError: 88 }) },
    });
    const { observed, next, counted } = await receiving(fake.brokers);
    await next();
    expect(observed.latest(LAG)).toEqual({});
    expect(observed.latest('kafka.consumer_group.offset')).toEqual({});
    expect(await counted('failures_total', 'unstable_offset_commit')).toBeGreaterThan(0);
  });

  it('of settings and sizes, which need rights of their own, is said once', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([50]) },
      errors: { [DESCRIBE_CONFIGS]: 29, [DESCRIBE_LOG_DIRS]: 31 },
    });
    const { observed, next, counted, logged } = await receiving(fake.brokers, { details_interval: '100ms' });
    await next();
    await next();
    expect(observed.latest('weir.topic.compacted')).toEqual({});
    expect(observed.latest('weir.partition.size')).toEqual({});
    expect(observed.latest(END)).toEqual({ 'orders/0': 50 });
    expect(await counted('failures_total', 'topic_authorization_failed')).toBeGreaterThan(1);
    expect(await counted('failures_total', 'cluster_authorization_failed')).toBeGreaterThan(1);
    const refusals = logged.filter(({ event }) => event === 'collector_kafka_lag_details_refused');
    expect(refusals.map(({ what, reason }) => [what, reason]).sort()).toEqual([
      ['settings', 'topic_authorization_failed'],
      ['sizes', 'cluster_authorization_failed'],
    ]);
  });

  it('is no offset of 2^53 or more', async () => {
    const fake = await cluster(1, { topics: { orders: fakeTopic([2 ** 60, 5], { size: 1 }) } });
    const { observed, next, counted } = await receiving(fake.brokers);
    await next();
    expect(observed.latest(END)).toEqual({ 'orders/1': 5 });
    expect(await counted('failures_total', 'offset_out_of_bounds')).toBeGreaterThan(0);
  });

  it('dead, from a coordinator that does not know the group, is not believed', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([50]) },
      groups: { g: fakeGroup({ orders: { 0: 40 } }, { describedState: 'Dead', members: 0 }) },
    });
    const { observed, next } = await receiving(fake.brokers);
    await next();
    expect(observed.latest('weir.consumer_group.state')).toEqual({ 'g/stable/classic': 1 });
    expect(observed.latest('kafka.consumer_group.members')).toEqual({});
  });
});

describe('what moves', () => {
  it('is asked for at the new leader in the same round', async () => {
    const fake = await cluster(2, pair());
    const { observed, next, counted } = await receiving(fake.brokers);
    await next();
    // The leader changes after every reading of the metadata that the round begins with.
    let reads = 0;
    fake.state.onRequest = (_, key) => {
      if (key === METADATA) reads++;
      const partition = fake.state.topics['orders']?.partitions[0];
      if (key === LIST_GROUPS && reads % 2 === 1 && partition !== undefined) partition.leader = 3 - partition.leader;
    };
    const before = observed.rounds.length;
    await next();
    expect(observed.rounds.length).toBeGreaterThan(before);
    expect(observed.latest(END)).toEqual({ 'orders/0': 50, 'orders/1': 90 });
    expect(await counted('failures_total', 'not_leader_or_follower')).toBeNaN();
  });

  it('is asked for at the new coordinator in the same round', async () => {
    const fake = await cluster(2, pair());
    let isListed = false;
    fake.state.onRequest = (_, key) => {
      const group = fake.state.groups['two'];
      if (group === undefined) return;
      // Listed by broker 2, it is coordinated by broker 1 when its offsets are asked for.
      if (key === METADATA) group.coordinator = 2;
      if (key === LIST_GROUPS) isListed = true;
      if (key === OFFSET_FETCH && isListed) group.coordinator = 1;
    };
    const { observed, next } = await receiving(fake.brokers);
    await next();
    expect(fake.asked.get(FIND_COORDINATOR)).toBeGreaterThan(0);
    expect(observed.latest(LAG)).toMatchObject({ 'two/orders/0': 20, 'two/orders/1': 10 });
  });

  it('and cannot be found yet leaves no zero behind', async () => {
    const fake = await cluster(2, pair());
    const { observed, next, counted } = await receiving(fake.brokers);
    await next();
    fake.state.errors[OFFSET_FETCH] = 14;
    await next();
    expect(observed.points.filter(({ metric, value }) => metric === LAG && value === 0)).toEqual([]);
    expect(await counted('failures_total', 'coordinator_load_in_progress')).toBeGreaterThan(0);
    const silent = observed.points.length;
    await next();
    expect(observed.points.slice(silent).filter(({ metric }) => metric === LAG)).toEqual([]);
    delete fake.state.errors[OFFSET_FETCH];
    await next();
    expect(Object.keys(observed.latest(LAG))).toHaveLength(4);
  });

  it('back, as a truncated log does, is told as it is', async () => {
    const fake = await cluster(1, {
      topics: { orders: fakeTopic([500]) },
      groups: { g: fakeGroup({ orders: { 0: 450 } }) },
    });
    const { observed, next } = await receiving(fake.brokers);
    await next();
    expect(observed.latest(LAG)).toEqual({ 'g/orders/0': 50 });
    fake.state.topics = { orders: fakeTopic([400]) };
    await next();
    expect(observed.latest(END)).toEqual({ 'orders/0': 400 });
    expect(observed.latest('kafka.consumer_group.offset')).toEqual({ 'g/orders/0': 450 });
    expect(observed.latest(LAG)).toEqual({ 'g/orders/0': 0 });
  });
});

describe('a broker that is away', () => {
  it('takes its partitions and groups with it, and the rest goes on', async () => {
    const fake = await cluster(2, pair());
    const { observed, next, counted, logged } = await receiving(fake.brokers, { timeout: '500ms' });
    await next();
    await fake.down(2);
    await next();
    await next();
    await next();
    const lines = logged.filter(({ event }) => event === 'collector_kafka_lag_incomplete');
    // One when its connection ended, one since it takes none; not one for each round.
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(String(lines.at(-1)?.['detail'])).toContain(`broker 127.0.0.1:${fake.port(2)} does not answer`);
    expect(observed.latest(END)).toEqual({ 'orders/0': 50 });
    expect(observed.latest(LAG)).toEqual({ 'one/orders/0': 10 });
    expect(await counted('failures_total', 'broker_unreachable')).toBeGreaterThan(0);
    expect(await counted('rounds_total', 'failed')).toBe(0);
    await fake.up(2);
    await next();
    await until('all is there', () => Object.keys(observed.latest(LAG)).length === 4);
  });

  it('costs a round one time limit when it is silent, whatever it would be asked', async () => {
    const fake = await cluster(2, pair());
    const { observed, counted, next } = await receiving(fake.brokers, { timeout: '400ms' });
    await next();
    fake.state.silent.add(2);
    await next();
    await next();
    expect(observed.latest(END)).toEqual({ 'orders/0': 50 });
    expect(await counted('round_seconds')).toBeLessThan(1.5);
    fake.state.silent.clear();
    await until('all is there', () => Object.keys(observed.latest(LAG)).length === 4);
  });

  it('is no harm when it is the first of the list', async () => {
    const fake = await cluster(1, { topics: { orders: fakeTopic([50]) } });
    const { observed, next } = await receiving(['127.0.0.1:9', ...fake.brokers]);
    await next();
    expect(observed.latest(END)).toEqual({ 'orders/0': 50 });
  });

  it('fails rounds when it is the only one, says so once, and goes on when it is back', async () => {
    const fake = await cluster(1, { topics: { orders: fakeTopic([50]) } });
    const { observed, next, counted, logged } = await receiving(fake.brokers, { timeout: '300ms' });
    await next();
    await fake.down(1);
    let failed = 0;
    await until('rounds fail', () => {
      void counted('rounds_total', 'failed').then((count) => {
        failed = count;
      });
      return failed >= 3;
    });
    await fake.up(1);
    await next();
    expect(observed.latest(END)).toEqual({ 'orders/0': 50 });
    const events = logged.map(({ event }) => event);
    expect(events.filter((event) => event === 'collector_kafka_lag_failed')).toHaveLength(1);
    expect(events).toContain('collector_kafka_lag_recovered');
  });

  it('of one cluster does not concern another', async () => {
    const fake = await cluster(1, { topics: { orders: fakeTopic([50]) } });
    const stuck = await cluster(1, { topics: { orders: fakeTopic([1]) }, silent: new Set([1]) });
    const clusters = [
      { alias: 'stuck', brokers: stuck.brokers, poll_interval: '100ms', timeout: '1m' },
      { alias: 'fine', brokers: fake.brokers, poll_interval: '100ms' },
    ];
    const { observed, next } = await receiving([], { clusters });
    await next();
    await next();
    expect(new Set(observed.points.map(({ resource }) => resource['kafka.cluster.alias']))).toEqual(new Set(['fine']));
  });
});

describe('answers that cannot be read', () => {
  it('are counted, and what they would have told is left out', async () => {
    const fake = await cluster(2, pair());
    const { observed, next, counted } = await receiving(fake.brokers, { timeout: '500ms' });
    await next();
    fake.state.cut = LIST_OFFSETS;
    await next();
    await next();
    expect(await counted('failures_total', 'malformed_answer')).toBeGreaterThan(0);
    delete fake.state.cut;
    await until('all is there', () => Object.keys(observed.latest(LAG)).length === 4);
  });

  it('fail the round when it is the metadata', async () => {
    const fake = await cluster(1, pair());
    const { next, counted, logged } = await receiving(fake.brokers);
    await next();
    fake.state.cut = METADATA;
    let failed = 0;
    await until('a round fails', () => {
      void counted('rounds_total', 'failed').then((count) => {
        failed = count;
      });
      return failed >= 1;
    });
    expect(String(logged.find(({ event }) => event === 'collector_kafka_lag_failed')?.['reason'])).toMatch(
      /cannot be read/,
    );
    delete fake.state.cut;
    await next();
  });
});

describe('a receiver', () => {
  it('stays off without brokers, and stops twice', async () => {
    const { receiver, observed } = await startReceiver([]);
    await receiver.stop();
    await receiver.stop();
    expect(observed.requests).toBe(0);
  });

  it('ends quickly while a broker keeps it waiting', async () => {
    const fake = await cluster(1, { silent: new Set([1]) });
    const { receiver } = await startReceiver(fake.brokers, { timeout: '1m' });
    await until('it is asked', () => fake.asked.size > 0);
    const began = Date.now();
    await receiver.stop();
    expect(Date.now() - began).toBeLessThan(2000);
  });

  it('reports nothing after it was stopped', async () => {
    const fake = await cluster(1, { topics: { orders: fakeTopic([50]) } });
    const { receiver, observed, next } = await startReceiver(fake.brokers);
    await next();
    await receiver.stop();
    const seen = observed.points.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(observed.points).toHaveLength(seen);
  });

  it('refuses files it cannot read, with the path of the key', async () => {
    await expect(startReceiver(['a:1'], { tls: { ca_file: '/nowhere/ca.pem' } })).rejects.toThrow(
      'collector.kafka_lag.tls.ca_file: cannot read /nowhere/ca.pem',
    );
    const clusters = [{ brokers: ['a:1'], tls: { ca_file: '/nowhere/ca.pem' } }];
    await expect(startReceiver([], { clusters })).rejects.toThrow('collector.kafka_lag.clusters[0].tls.ca_file');
  });
});
