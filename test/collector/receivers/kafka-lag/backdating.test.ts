import { afterEach, describe, expect, it } from 'vitest';
import { type FakeCluster, type FakePartition, fakeGroup, fakeTopic, startFakeCluster } from './fake-cluster.ts';
import { until } from './observed.ts';
import { type Started, startReceiver } from './started.ts';

const HOUR = 3_600_000;
const closing: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.stop();
});

interface Log {
  readonly end: number;
  readonly timeOf: (offset: number) => number | undefined;
  readonly earliest?: number;
}

/** A receiver whose clock does not move, over topic `log` with one partition and a group for each commit. */
async function receiving(
  log: Log,
  committed: readonly number[],
  config: object = {},
): Promise<Started & { fake: FakeCluster }> {
  const groups = committed.map((offset) => [`at-${offset}`, fakeGroup({ log: { 0: offset } })] as const);
  const partition: Partial<FakePartition> = { timeOf: log.timeOf, earliest: log.earliest ?? 0 };
  const fake = await startFakeCluster(1, {
    topics: { log: fakeTopic([log.end], partition) },
    groups: Object.fromEntries(groups),
  });
  closing.push(fake);
  const started = await startReceiver(fake.brokers, config, clock());
  closing.push(started.receiver);
  return { ...started, fake };
}

const NOW = Date.now();
/** Moves a second with every round. */
function clock(): () => number {
  let time = NOW;
  return () => (time += 1000);
}

/** Samples of the log end, oldest first. */
function samples({ observed }: Started): { time: number; offset: number }[] {
  return observed.points
    .filter(({ metric }) => metric === 'kafka.partition.current_offset')
    .map(({ time, value }) => ({ time, offset: value }))
    .sort((a, b) => a.time - b.time || a.offset - b.offset);
}

function bracket(started: Started, offset: number): { left: number; right: number } {
  const all = samples(started);
  const left = all.findLast((sample) => sample.offset <= offset);
  const right = all.find((sample) => sample.offset > offset);
  return { left: left?.time ?? Number.NaN, right: right?.time ?? Number.NaN };
}

describe('log ends before the first poll', () => {
  it('are told around what groups have not read, within a twentieth of its age', async () => {
    const timeOf = (offset: number) => NOW - 10 * HOUR + offset * 3600;
    const commits = [100, 5000, 9000, 9990];
    const started = await receiving({ end: 10_000, timeOf }, commits);
    await until('all are dated', () =>
      commits.every((offset) => {
        const { left, right } = bracket(started, offset);
        return right - left <= Math.max(20_000, 0.055 * (NOW - right));
      }),
    );
    for (const offset of commits) {
      const { left, right } = bracket(started, offset);
      expect(timeOf(offset)).toBeGreaterThanOrEqual(left);
      expect(timeOf(offset)).toBeLessThanOrEqual(right);
    }
    const ordered = samples(started).map((sample) => sample.offset);
    expect(ordered).toEqual(ordered.toSorted((a, b) => a - b));
    expect(await started.counted('backdated_total')).toBeGreaterThan(4);
    // The store keeps one sample for ten seconds: no two of them share a step.
    const past = samples(started).filter((sample) => sample.time < NOW);
    expect(past.every((sample) => sample.time % 10_000 === 0)).toBe(true);
  });

  it('are not looked for once they are known, nor for groups that keep up', async () => {
    const timeOf = (offset: number) => NOW - 10 * HOUR + offset * 3600;
    const started = await receiving({ end: 10_000, timeOf }, [5000, 10_000]);
    await until('it is dated', () => bracket(started, 5000).right - bracket(started, 5000).left < 0.06 * 5 * HOUR);
    await started.next();
    const asked = started.fake.asked.get(2) as number;
    const rounds = started.observed.rounds.length;
    await started.next();
    await started.next();
    // Earliest, stable and latest: three requests a round, and none about the past.
    expect((started.fake.asked.get(2) as number) - asked).toBeLessThanOrEqual(
      3 * (started.observed.rounds.length - rounds + 1),
    );
  });

  it('follow a group that reads on, and are dropped when it has caught up', async () => {
    const timeOf = (offset: number) => NOW - 10 * HOUR + offset * 3600;
    const started = await receiving({ end: 10_000, timeOf }, [1000]);
    await until('it is dated', () => !Number.isNaN(bracket(started, 1000).left));
    const group = started.fake.state.groups['at-1000'] as { commits: Record<string, Record<number, number>> };
    group.commits = { log: { 0: 7000 } };
    await until('it is dated again', () => {
      const { left, right } = bracket(started, 7000);
      return right - left <= 0.06 * 3 * HOUR;
    });
    const { left, right } = bracket(started, 7000);
    expect(timeOf(7000)).toBeGreaterThanOrEqual(left);
    expect(timeOf(7000)).toBeLessThanOrEqual(right);
  });

  it('work for a log that was compacted, and for one whose beginning is gone', async () => {
    // One record in ten is left.
    const timeOf = (offset: number) => (offset % 10 === 3 ? NOW - 10 * HOUR + offset * 3600 : undefined);
    const started = await receiving({ end: 10_000, timeOf, earliest: 2000 }, [0, 4003]);
    await until('both are dated', () =>
      [2000, 4003].every((offset) => bracket(started, offset).right - bracket(started, offset).left <= 0.06 * 8 * HOUR),
    );
    // What is left of what the first group has not read begins at 2003.
    expect(bracket(started, 2000).left).toBe(Math.floor((timeOf(2003) as number) / 10_000) * 10_000);
    expect(bracket(started, 4003).left).toBeLessThanOrEqual(timeOf(4003) as number);
    expect(bracket(started, 4003).right).toBeGreaterThanOrEqual(timeOf(4003) as number);
  });

  it('stay usable when producers write old timestamps', async () => {
    // Every third record is two hours older than its neighbours.
    const timeOf = (offset: number) => NOW - 10 * HOUR + offset * 3600 - (offset % 3 === 0 ? 2 * HOUR : 0);
    const started = await receiving({ end: 10_000, timeOf }, [5000]);
    await until('it is dated', () => bracket(started, 5000).right - bracket(started, 5000).left <= 0.06 * 5 * HOUR);
    const { left, right } = bracket(started, 5000);
    expect(left).toBeGreaterThan(NOW - 5.5 * HOUR);
    expect(right).toBeLessThan(NOW - 4.5 * HOUR);
  });

  it('are left alone where records carry no time', async () => {
    const started = await receiving({ end: 100, timeOf: () => undefined }, [50]);
    await started.next();
    await started.next();
    expect(await started.counted('backdated_total')).toBe(0);
    const asked = started.fake.asked.get(2) as number;
    await started.next();
    expect((started.fake.asked.get(2) as number) - asked).toBeLessThanOrEqual(3 * 4);
  });

  it('are void when the topic is another one', async () => {
    const timeOf = (offset: number) => NOW - 10 * HOUR + offset * 3600;
    const started = await receiving({ end: 10_000, timeOf }, [5000]);
    await until('it is dated', () => !Number.isNaN(bracket(started, 5000).left));
    const seen = started.observed.points.length;
    started.fake.state.topics['log'] = { ...fakeTopic([20], { timeOf }), id: 'ffffffffffff00000000000000000000' };
    await started.next();
    await started.next();
    const later = started.observed.points
      .slice(seen)
      .filter(({ metric }) => metric === 'kafka.partition.current_offset');
    expect(later.filter(({ value }) => value !== 20 && value !== 10_000).filter(({ time }) => time > NOW)).toEqual([]);
    expect(started.observed.latest('weir.topic.identity')).toEqual({ log: 0xffffffffffff });
    expect(started.observed.latest('kafka.consumer_group.lag')).toEqual({ 'at-5000/log/0': 0 });
  });

  it('are looked up for few partitions in a round, those where most waits first, and for none when turned off', async () => {
    const timeOf = (offset: number) => NOW - 10 * HOUR + offset * 36_000;
    const ends = [100, 200, 300, 400, 500];
    const fake = await startFakeCluster(1, {
      topics: { log: fakeTopic(ends, { timeOf }) },
      groups: { g: fakeGroup({ log: { 0: 10, 1: 10, 2: 10, 3: 10, 4: 10 } }) },
    });
    closing.push(fake);
    const past = ({ observed }: Started) =>
      observed.points.filter(({ metric, time }) => metric === 'kafka.partition.current_offset' && time < NOW);
    const off = await startReceiver(fake.brokers, { backdated_partitions: 0 }, clock());
    closing.push(off.receiver);
    await off.next();
    expect(past(off)).toEqual([]);
    const one = await startReceiver(fake.brokers, { backdated_partitions: 1 }, clock());
    closing.push(one.receiver);
    await until('all are dated', () => new Set(past(one).map(({ key }) => key)).size === 5);
    const order = [...new Set(past(one).map(({ key }) => key))];
    expect(order).toEqual(['log/4', 'log/3', 'log/2', 'log/1', 'log/0']);
  });
});
