import { MessagesStreamModes, Consumer as NewConsumer, stringDeserializers } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWriters, read } from './lag-clients.ts';
import {
  type LagStand,
  type Moment,
  pause,
  startLagStand,
  statesOf,
  until,
  type Written,
  worstOf,
} from './lag-stand.ts';
import { type KafkaNode, startNode } from './node.ts';

const STORM_MS = 35_000;
/** A member joins this often, and stays a little longer, so that the group rebalances all the time. */
const JOIN_MS = 3000;
const STAYS_MS = 3500;

let node: KafkaNode;
let stand: LagStand;
const { produce, stopAll } = openWriters();

beforeAll(async () => {
  node = await startNode({});
  // A storm outlasts the time after which a group that commits nothing would be stuck.
  stand = await startLagStand(node.plain, { stuck_after: 25_000 });
}, 300_000);
afterAll(async () => {
  await stopAll();
  await stand?.stop();
  await node?.stop();
});

/** Joins a group and reads; resolves to what leaves it. */
type Join = (written: Written, group: string) => Promise<() => Promise<void>>;

const classic: Join = async (written, group) => {
  const { consumer } = await read(stand, written, group, 5);
  return () => consumer.disconnect();
};

/** One attempt to join; a broker that does not know a new topic yet refuses it, and the next one gets in. */
async function joinNewer(topic: string, group: string): Promise<() => Promise<void>> {
  const consumer = new NewConsumer({
    ...{ clientId: 'test', groupId: group, bootstrapBrokers: [node.plain], deserializers: stringDeserializers },
    ...{ groupProtocol: 'consumer' as const, autocommit: 300 },
  });
  try {
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.COMMITTED });
    stream.on('data', () => {});
    stream.on('error', () => {});
    return async () => {
      await stream.close();
      await consumer.close(true);
    };
  } catch (error) {
    await consumer.close(true).catch(() => {});
    throw error;
  }
}

const newer: Join = async ({ topic }, group) => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await joinNewer(topic, group);
    } catch (error) {
      if (attempt === 10) throw error;
      await pause(500);
    }
  }
};

describe.concurrent('members that come and go for half a minute', { timeout: 240_000 }, () => {
  it.each([
    { type: 'classic', join: classic },
    { type: 'consumer', join: newer },
  ])('leave a group of type $type what it was, or rebalancing', async ({ type, join }) => {
    const written = await stand.topic(`storm-${type}`);
    const group = `storm-${type}-readers`;
    const leave = await join(written, group);
    const stop = produce(written, 10);
    const moments = () => stand.moments(group, written);
    const newest = () => moments().at(-1);
    await until('it keeps up', () => newest()?.group.state === 'healthy' && newest()?.group.members === 1, 90_000);

    const before = moments().length;
    const leaving: Promise<void>[] = [];
    for (const end = Date.now() + STORM_MS; Date.now() < end; ) {
      const began = Date.now();
      const guest = await join(written, group);
      leaving.push(pause(STAYS_MS).then(guest));
      await pause(Math.max(0, JOIN_MS - (Date.now() - began)));
    }
    await Promise.all(leaving);
    const since = moments().length;
    const calm = ({ group: row }: Moment) => row.state === 'healthy' && row.members === 1;
    const left = ({ group: row }: Moment) => row.members === 0;
    // A client of the classic protocol may give up in a storm, as kafkajs does now and then: then it is started again.
    const again: (() => Promise<void>)[] = [];
    await until(
      'it is healthy again, for good',
      async () => {
        const last = moments().slice(-5);
        if (again.length === 0 && moments().length > since + 5 && last.every(left))
          again.push(await join(written, group));
        return moments().length > since + 5 && last.every(calm);
      },
      120_000,
    );

    const seen = moments().slice(before);
    const states = statesOf(seen);
    const worst = worstOf(seen);
    console.info(type, 'storm:', states.join(', '), JSON.stringify(worst));
    expect(newest()?.group.type).toBe(type);
    expect(new Set(seen.map(({ group: row }) => row.members)).size).toBeGreaterThan(1);
    // It went in healthy and comes out healthy; what lies between happens once. Where members wait long for each other its
    // lag grows before it is seen to rebalance.
    const between = states.slice(states[0] === 'healthy' ? 1 : 0, -1);
    expect(states.at(-1)).toBe('healthy');
    const course = ['falling_behind', 'rebalancing', 'catching_up', ...(again.length > 0 ? ['dead'] : [])];
    expect(between.filter((state) => !course.includes(state))).toEqual([]);
    if (again.length === 0) expect(course.filter((state) => between.includes(state))).toEqual(between);
    expect(worst.rounds).toBeGreaterThan(15);
    expect(worst.ofAllowed, JSON.stringify(worst)).toBeLessThanOrEqual(1);
    expect(worst.outside, JSON.stringify(worst)).toBeLessThanOrEqual(0);
    await stop();
    for (const quit of again) await quit();
    await leave();
  });
});
