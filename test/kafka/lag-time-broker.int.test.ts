import { MessagesStreamModes, Consumer as NewConsumer, stringDeserializers } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWriters, read } from './lag-clients.ts';
import {
  type LagStand,
  type Moment,
  POLL_S,
  pause,
  startLagStand,
  statesOf,
  until,
  type Worst,
  type Written,
  worstOf,
} from './lag-stand.ts';
import { type KafkaNode, startNode } from './node.ts';

let node: KafkaNode;
let stand: LagStand;
const { produce, stopAll } = openWriters();
const measured = new Map<string, Worst>();

beforeAll(async () => {
  node = await startNode({
    settings: {
      ...{ 'log.retention.check.interval.ms': 500, 'log.initial.task.delay.ms': 500 },
      ...{ 'log.cleaner.backoff.ms': 500, 'log.cleaner.min.cleanable.ratio': 0.01 },
    },
  });
  stand = await startLagStand(node.plain, {
    ...{ window: 10_000, stuck_after: 8000, behind_after: 3000, late_after: 15_000 },
  });
}, 300_000);
afterAll(async () => {
  for (const [name, worst] of measured) console.info(name, JSON.stringify(worst));
  await stopAll();
  await stand?.stop();
  await node?.stop();
});

const standAt = (groupId: string, { topic }: Written, offset: number) =>
  stand.admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: String(offset) }] });
const stated = (group: string, written: Written) => stand.moments(group, written).at(-1);

/** Holds what was stated against the truth. */
function judge(name: string, moments: readonly Moment[]): Worst {
  const worst = worstOf(moments);
  measured.set(name, worst);
  expect(worst.rounds, name).toBeGreaterThan(3);
  expect(worst.ofAllowed, `${name}: ${JSON.stringify(worst)}`).toBeLessThanOrEqual(1);
  expect(worst.outside, `${name}: ${JSON.stringify(worst)}`).toBeLessThanOrEqual(0);
  return worst;
}

describe.concurrent('a lag in time, whatever the broker does', { timeout: 280_000 }, () => {
  it('counts up to an open transaction, and its markers are none', async () => {
    const written = await stand.topic('transactions');
    const group = 'transaction-readers';
    const { consumer } = await read(stand, written, group, 0);
    const producer = stand.kafka.producer({ transactionalId: 'tx', idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const open: [from: number, to: number][] = [];
    for (let i = 0; i < 3; i++) {
      const transaction = await producer.transaction();
      const messages = Array.from({ length: 5 }, () => ({ value: 'x', timestamp: String(Date.now()) }));
      await transaction.send({ topic: written.topic, messages });
      const from = Date.now();
      await pause(9000);
      open.push([from, Date.now()]);
      await transaction.commit();
      await pause(5000);
    }
    await until('the last commit has been judged', () => (stated(group, written)?.partition.committed ?? 0) >= 17);
    const moments = stand.moments(group, written);
    const during = moments.filter(({ polled }) => open.some(([from, to]) => polled >= from && polled <= to));
    // The first transaction is open before the group has committed anything.
    expect(during.length).toBeGreaterThan(3);
    for (const { partition } of during) expect(partition).toMatchObject({ lagSeconds: 0 });
    expect(stated(group, written)?.partition).toMatchObject({ end: 18, lagSeconds: 0 });
    expect(new Set(statesOf(moments))).not.toContain('stuck');
    await producer.disconnect();
    await consumer.disconnect();
  });

  it('of a position in a log that is compacted', async () => {
    const written = await stand.topic('compacted', {
      ...{ 'cleanup.policy': 'compact', 'segment.bytes': 1_048_576, 'segment.ms': 2000, 'delete.retention.ms': 100 },
      ...{ 'min.cleanable.dirty.ratio': 0.01, 'max.compaction.lag.ms': 3000 },
    });
    const group = 'compacted-readers';
    const stop = produce(written, 10, 'x'.repeat(20_000));
    await until('it is watched', () => written.times.size > 40);
    await standAt(group, written, 10);
    const { consumer } = await read(stand, written, 'compacted-others', 0);
    await pause(40_000);
    await consumer.disconnect();
    await stop();
    let first = -1;
    const again = stand.kafka.consumer({ groupId: 'compacted-proof' });
    await again.connect();
    await again.subscribe({ topic: written.topic, fromBeginning: true });
    await again.run({
      eachMessage: async ({ message }) => {
        if (first < 0) first = Number(message.offset);
      },
    });
    await until('the log is read', () => first >= 0);
    await again.disconnect();
    // The cleaner has taken what the group stands at; its age is that of the position.
    expect(first).toBeGreaterThan(10);
    expect(judge('compacted, standing', stand.moments(group, written)).largest).toBeGreaterThan(30);
    judge('compacted, keeping up', stand.moments('compacted-others', written));
  });

  it('of a group that retention overtakes: the loss is foretold, and counted', async () => {
    const written = await stand.topic('short', {
      ...{ 'retention.ms': 25_000, 'segment.bytes': 1_048_576, 'segment.ms': 2000 },
    });
    const group = 'short-readers';
    const stop = produce(written, 10);
    await until('some are written', () => written.times.size > 30);
    await standAt(group, written, 20);
    await until('records are lost', () => (stated(group, written)?.partition.lost ?? 0) > 50, 90_000);
    await stop();
    const moments = stand.moments(group, written);
    judge('overtaken by retention', moments);
    const lost = moments.findIndex(({ partition }) => partition.lost > 0);
    const foretold = moments.findIndex(({ group: row }) => row.lossExpected);
    expect(foretold).toBeGreaterThanOrEqual(0);
    expect(foretold).toBeLessThan(lost);
    const [alert, loss] = [moments[foretold] as Moment, moments[lost] as Moment];
    expect(alert.partition.lost).toBe(0);
    const ahead = (loss.polled - alert.polled) / 1000;
    console.info('loss foretold', ahead, 's ahead, as', alert.group.lossSeconds, 's');
    // A segment of two seconds goes when its last record is due.
    expect(Math.abs(alert.group.lossSeconds - ahead)).toBeLessThanOrEqual(2 * POLL_S + 3);
    for (const { partition } of moments)
      expect(partition.lost).toBe(Math.max(0, partition.oldest - partition.committed));
    expect(loss.group.reason).toMatch(/retention took \d+ records? unread/);
  });

  it('of a topic that was made anew: what was known of the old one is void', async () => {
    const old = await stand.topic('again');
    const group = 'again-readers';
    for (let i = 0; i < 10; i++) {
      await old.send(10);
      await pause(500);
    }
    await standAt(group, old, 5);
    await until('it is seen', () => stand.moments(group, old).length > 4);
    judge('before it is made anew', stand.moments(group, old));
    await stand.admin.deleteTopics({ topics: ['again'] });
    await pause(2000 * POLL_S);
    const fresh = await stand.topic('again');
    const since = Date.now();
    await pause(2000 * POLL_S);
    const stop = produce(fresh, 10);
    await until('it is written', () => fresh.times.size > 30);
    await standAt(group, fresh, 8);
    await pause(15_000);
    await stop();
    const moments = stand
      .moments(group, fresh)
      .filter(({ polled, partition }) => polled > since + 1000 * POLL_S && partition.committed === 8);
    expect(judge('made anew', moments).largest).toBeGreaterThan(8);
    // At the longest since it was made.
    for (const { polled, partition } of moments) expect(partition.lagSeconds).toBeLessThan((polled - since) / 1000);
  });

  it('of a group of the newer protocol', async () => {
    const written = await stand.topic('newer');
    const group = 'newer-readers';
    const stop = produce(written, 10);
    const consumer = new NewConsumer({
      ...{ clientId: 'test', groupId: group, bootstrapBrokers: [node.plain], deserializers: stringDeserializers },
      ...{ groupProtocol: 'consumer' as const, autocommit: 200 },
    });
    const stream = await consumer.consume({ topics: ['newer'], mode: MessagesStreamModes.EARLIEST });
    stream.on('data', () => {});
    await until('it keeps up', () => stated(group, written)?.group.state === 'healthy', 90_000);
    await pause(6000);
    await stream.close();
    await consumer.close(true);
    await until('it is dead', () => stated(group, written)?.group.state === 'dead', 60_000);
    await pause(5000);
    await stop();
    const moments = stand.moments(group, written);
    expect(moments.at(-1)?.group).toMatchObject({ type: 'consumer', members: 0 });
    expect(judge('newer protocol', moments).largest).toBeGreaterThan(8);
  });

  it('of a group whose members come and go', async () => {
    const written = await stand.topic('storm');
    const group = 'storm-readers';
    const stop = produce(written, 10);
    await until('some are written', () => written.times.size > 10);
    await standAt(group, written, 10);
    const began = Date.now();
    while (Date.now() - began < 40_000) {
      const consumer = stand.kafka.consumer({ groupId: group, heartbeatInterval: 2500, sessionTimeout: 10_000 });
      await consumer.connect();
      await consumer.subscribe({ topic: 'storm', fromBeginning: true });
      const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
      await consumer.run({ autoCommit: false, eachMessage: () => pause(100) });
      await Promise.race([joined, pause(5000)]);
      void pause(3500).then(() => consumer.disconnect());
      await pause(500);
    }
    const moments = stand.moments(group, written);
    expect(judge('members come and go', moments).largest).toBeGreaterThan(25);
    expect(statesOf(moments)).toContain('rebalancing');
    await stop();
  });
});

it('is kept while the broker is away, or not known, and never zero', { timeout: 200_000 }, async () => {
  const written = await stand.topic('kept');
  const group = 'kept-readers';
  for (let i = 0; i < 12; i++) {
    await written.send(5);
    await pause(500);
  }
  await standAt(group, written, 7);
  await until('it is behind', () => (stated(group, written)?.partition.lagSeconds ?? 0) > 5);
  const before = stand.moments(group, written).length;
  await node.kill();
  await until('nothing is known', () => stated(group, written)?.group.state === 'unknown');
  await node.start();
  await until('it is known again', () => (stated(group, written)?.polled ?? 0) > Date.now() - 6000, 90_000);
  await until('and judged', () => stated(group, written)?.group.state === 'dead', 60_000);
  const moments = stand.moments(group, written);
  expect(judge('broker killed and back', moments).largest).toBeGreaterThan(20);
  const since = moments.slice(before - 1);
  for (const { partition } of since) expect(partition).toMatchObject({ lag: 53, committed: 7 });
  const seconds = since.map(({ partition }) => partition.lagSeconds);
  expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
});
