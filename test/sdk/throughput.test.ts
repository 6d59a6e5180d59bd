import { beforeEach, describe, expect, it } from 'vitest';
import { counters } from '../../sdk/src/counters.ts';
import {
  DURATION_BOUNDS,
  Durations,
  durations,
  noteConsumed,
  noteSent,
  timeProcess,
} from '../../sdk/src/throughput.ts';

beforeEach(() => {
  [...counters.take()];
  counters.takeOverflow();
  durations.take();
});
const about = (partition: number) => ({ topic: 'orders', partition, group: 'g' });

describe('durations', () => {
  it('are kept by partition and failure, in the buckets of the semantic conventions', () => {
    const kept = new Durations();
    kept.add(about(0), '', 0.005, 1);
    kept.add(about(0), '', 0.0051, 2);
    kept.add(about(0), 'RangeError', 20, 1);
    kept.add(about(1), '', 1, 1);
    const [first, failed, other] = kept.take();
    expect(first?.counts.slice(0, 3)).toEqual([1, 2, 0]);
    expect(first).toMatchObject({ count: 3, min: 0.005, max: 0.0051 });
    expect(first?.sum).toBeCloseTo(0.0152, 6);
    expect(failed?.counts.at(-1)).toBe(1);
    expect(failed?.counts).toHaveLength(DURATION_BOUNDS.length + 1);
    expect(failed?.attributes['error.type']).toBe('RangeError');
    expect(other?.attributes['messaging.destination.partition.id']).toBe('1');
    expect(kept.take()).toEqual([]);
  });

  it('that there is no room for are counted', () => {
    const kept = new Durations();
    for (let partition = 0; partition < 1005; partition++) kept.add(about(partition), '', 0.01, 2);
    expect(kept.take()).toHaveLength(1000);
    expect(counters.takeOverflow()).toBe(10);
    kept.add(about(1004), '', 0.01, 1);
    expect(kept.take()).toHaveLength(1);
  });

  it('are those of the call or its promise, whose outcome passes', async () => {
    expect(timeProcess(about(0), 1, () => 7)).toBe(7);
    expect(await timeProcess(about(0), 3, async () => 8)).toBe(8);
    const failing = () => {
      throw new TypeError('x');
    };
    expect(() => timeProcess(about(0), 1, failing)).toThrow('x');
    await expect(timeProcess(about(0), 1, () => Promise.reject(new RangeError('y')))).rejects.toThrow('y');
    const seen = durations.take().map(({ attributes, count }) => [attributes['error.type'], count]);
    expect(seen).toEqual([
      [undefined, 4],
      ['TypeError', 1],
      ['RangeError', 1],
    ]);
  });
});

describe('records', () => {
  it('sent and consumed are counted by where they went and came from', () => {
    noteSent('orders', 5);
    for (const partition of [0, 0, 1, 0]) noteConsumed(about(partition), 2);
    const taken = [...counters.take()].map(({ metric, attributes, value }) => [
      metric,
      attributes['messaging.destination.partition.id'],
      value,
    ]);
    expect(taken).toEqual([
      ['messaging.client.sent.messages', undefined, 5],
      ['messaging.client.consumed.messages', '0', 6],
      ['messaging.client.consumed.messages', '1', 2],
    ]);
    noteConsumed(about(0), 1);
    expect([...counters.take()].map(({ value }) => value)).toEqual([1]);
  });
});
