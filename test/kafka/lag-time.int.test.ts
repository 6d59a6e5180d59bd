import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWriters, read } from './lag-clients.ts';
import {
  type LagStand,
  type Moment,
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
  node = await startNode({ settings: { 'log.cleaner.backoff.ms': 500, 'log.cleaner.min.cleanable.ratio': 0.01 } });
  stand = await startLagStand(node.plain, {
    ...{ window: 10_000, stuck_after: 8000, behind_after: 3000, late_after: 20_000 },
  });
}, 300_000);
afterAll(async () => {
  for (const [name, worst] of measured) console.info(name, JSON.stringify(worst));
  await stopAll();
  await stand?.stop();
  await node?.stop();
});

/** Holds what was stated against the truth. */
function judge(name: string, moments: readonly Moment[]): Worst {
  const worst = worstOf(moments);
  measured.set(name, worst);
  expect(worst.rounds, name).toBeGreaterThan(5);
  expect(worst.ofAllowed, `${name}: ${JSON.stringify(worst)}`).toBeLessThanOrEqual(1);
  expect(worst.outside, `${name}: ${JSON.stringify(worst)}`).toBeLessThanOrEqual(0);
  return worst;
}

const last = (moments: readonly Moment[]) => moments.at(-1) as Moment;
const stated = (group: string, written: Written) => stand.moments(group, written).at(-1);
const stateOf = (group: string, written: Written) => stated(group, written)?.group.state;

describe.concurrent('a lag in time is the age of the record that is next', { timeout: 280_000 }, () => {
  it('of a reader that is slower than the writer, stops, and drains', async () => {
    const written = await stand.topic('steady');
    const stop = produce(written, 20);
    const group = 'steady-readers';
    const reader = await read(stand, written, group, 75);
    await until('it falls behind', () => stateOf(group, written) === 'falling_behind', 90_000);
    await until('by more than eight seconds', () => (stated(group, written)?.truth ?? 0) > 8, 90_000);
    await reader.consumer.disconnect();
    await until('it is dead', () => stateOf(group, written) === 'dead', 60_000);
    expect(stated(group, written)?.group.reason).toMatch(/^the group has no members, /);
    await stop();
    const fast = await read(stand, written, group, 2);
    await until('all is read', () => stated(group, written)?.partition.lag === 0, 90_000);
    const moments = stand.moments(group, written);
    await fast.consumer.disconnect();
    judge('slower, stopped, drained', moments);
    const highest = moments.reduce((a, b) => (b.partition.lagSeconds > a.partition.lagSeconds ? b : a));
    const draining = moments
      .slice(moments.indexOf(highest))
      .map(({ partition }) => partition)
      .filter(({ committed }, i, all) => i > 0 && committed > (all[i - 1]?.committed ?? 0));
    // While it is worked off with nothing new the lag falls from round to round.
    for (const [i, row] of draining.entries())
      if (i > 0) expect(row.lagSeconds).toBeLessThanOrEqual((draining[i - 1]?.lagSeconds ?? 0) + 0.001);
    expect(statesOf(moments)).toEqual(expect.arrayContaining(['falling_behind', 'dead']));
    expect(moments.map(({ group: { reason } }) => reason).join('\n')).not.toMatch(/committed nothing for [0-3]\u202fs/);
  });

  it('of a reader that is paused and goes on: the sentence fits the state', async () => {
    const written = await stand.topic('paused');
    const stop = produce(written, 10);
    const group = 'paused-readers';
    const { consumer } = await read(stand, written, group, 5);
    await until('it keeps up', () => stateOf(group, written) === 'healthy', 60_000);
    await pause(6000);
    consumer.pause([{ topic: 'paused' }]);
    await until('it is stuck', () => stateOf(group, written) === 'stuck', 60_000);
    await pause(3000);
    consumer.resume([{ topic: 'paused' }]);
    await until('it is healthy', () => stateOf(group, written) === 'healthy', 60_000);
    const moments = stand.moments(group, written);
    judge('paused', moments);
    for (const { group: row } of moments) {
      if (row.state === 'stuck')
        expect(row.reason).toMatch(/committed nothing for (?:[5-9]|\d\d)\u202fs|commits again/);
    }
    await stop();
    await until('it is idle', () => stateOf(group, written) === 'idle', 60_000);
    expect(last(stand.moments(group, written)).partition).toMatchObject({ lag: 0, lagSeconds: 0 });
    await consumer.disconnect();
  });

  it('with bursts, and of a topic that is written once in a long while', async () => {
    const [bursty, rare] = [await stand.topic('bursts'), await stand.topic('rare')];
    const readers = await Promise.all([
      read(stand, bursty, 'burst-readers', 20),
      read(stand, rare, 'rare-readers', 6000),
    ]);
    for (let i = 0; i < 3; i++) {
      await bursty.send(300);
      await rare.send(1);
      await pause(17_000);
    }
    const moments = stand.moments('burst-readers', bursty);
    expect(judge('bursts', moments).largest).toBeGreaterThan(2);
    const few = stand.moments('rare-readers', rare);
    const worst = judge('once in a long while', few);
    expect(worst.largest).toBeGreaterThan(2);
    // The first record after a quiet time is not as old as the silence.
    for (const { partition } of few) expect(partition.lagSeconds).toBeLessThan(15);
    await Promise.all(readers.map(({ consumer }) => consumer.disconnect()));
  });

  it('of a group that was behind before its topic was watched', async () => {
    const written = await stand.topic('backdated', {}, true);
    const began = Date.now();
    const group = 'backdated-readers';
    // The records are as old as they say: nobody polled when they were written.
    for (let i = 0; i < 100; i++) await written.send(1, 'x', began - 3_600_000 + i * 36_000 - 36_000);
    await stand.admin.setOffsets({
      groupId: group,
      topic: written.topic,
      partitions: [{ partition: 0, offset: '10' }],
    });
    await until(
      'it is dated within a twentieth',
      () => (stated(group, written)?.partition.lagError ?? Number.NaN) <= 0.05 * (stated(group, written)?.truth ?? 0),
      90_000,
    );
    const moments = stand.moments(group, written).filter(({ partition }) => !partition.atLeast);
    const { partition, truth } = last(moments);
    measured.set('backdated', worstOf(moments));
    expect(truth).toBeGreaterThan(3000);
    expect(Math.abs(partition.lagSeconds - truth)).toBeLessThanOrEqual(2 + 0.05 * truth);
    expect(Math.abs(partition.lagSeconds - truth)).toBeLessThanOrEqual(partition.lagError + 0.3);
    for (const moment of stand.moments(group, written)) {
      if (moment.partition.atLeast) expect(moment.partition.lagSeconds).toBeLessThanOrEqual(moment.truth + 1);
    }
  });
});
