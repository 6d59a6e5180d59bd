import { describe, expect, it } from 'vitest';
import { counters } from '../../sdk/src/counters.ts';
import { EventTimes } from '../../sdk/src/event-time.ts';

const T = 1_760_000_000_000;
const outOfOrder = () =>
  [...counters.take()].filter(({ metric }) => metric === 'weir.records.out_of_order').map(({ value }) => value);

describe('event times', () => {
  it('are the newest of each destination and group, over all partitions', () => {
    const times = new EventTimes();
    times.note('orders', 'a', T + 5);
    times.note('orders', 'a', T + 2);
    times.partition('orders', 'b', 0)?.note(String(T + 3));
    times.partition('orders', 'b', 1)?.note(String(T + 9));
    times.partition('orders', '', 0)?.note(String(T + 1));
    expect([...times.values()].map(({ attributes, value }) => [Object.values(attributes), value - T])).toEqual([
      [['orders', 'a'], 5],
      [['orders', 'b'], 9],
      [['orders'], 1],
    ]);
  });

  it('count records older than one before them in the partition', () => {
    const times = new EventTimes().partition('orders', 'g', 0);
    for (const [i, later] of [0, 10, 5, 10, 11, 2].entries()) times?.note(String(T + later), String(i));
    expect(outOfOrder()).toEqual([2]);
    expect(times?.newest).toBe(String(T + 11));
  });

  it('compare times and offsets of differing lengths as numbers', () => {
    const times = new EventTimes().partition('orders', 'g', 0);
    times?.note('999', '9');
    times?.note('1000', '10');
    times?.note('999', '11');
    expect(outOfOrder()).toEqual([1]);
    expect(times?.newest).toBe('1000');
  });

  it('start anew where a partition is read again', () => {
    const all = new EventTimes();
    const times = all.partition('orders', 'g', 0);
    for (let i = 0; i < 100; i++) times?.note(String(T + i), String(i));
    for (let i = 20; i < 100; i++) times?.note(String(T + i), String(i));
    expect(outOfOrder()).toEqual([]);
    expect(all.partition('orders', 'g', 0)).toBe(times);
  });

  it.each(['-1', '0', ''])('leave out a record without a time: %j', (none) => {
    const all = new EventTimes();
    all.partition('orders', 'g', 0)?.note(none, '1');
    expect([...all.values()]).toEqual([]);
    all.partition('orders', 'g', 0)?.note(String(T), '2');
    all.partition('orders', 'g', 0)?.note(none, '3');
    expect(outOfOrder()).toEqual([]);
    expect([...all.values()].map(({ value }) => value)).toEqual([T]);
  });

  it('leave the order to a watermark where there is one', () => {
    const all = new EventTimes();
    all.leaveOrder('orders', 'g');
    const times = all.partition('orders', 'g', 0);
    times?.note(String(T), '1');
    times?.note(String(T - 5), '2');
    expect(outOfOrder()).toEqual([]);
  });

  it('do not grow with names and partitions', () => {
    const all = new EventTimes();
    for (let i = 0; i < 3000; i++) all.note(`topic-${i}`, '', T);
    expect([...all.values()]).toHaveLength(1000);
    const other = new EventTimes();
    let refused = 0;
    for (let i = 0; i < 30_000; i++) if (other.partition('orders', 'g', i) === undefined) refused++;
    expect(refused).toBe(10_000);
  });
});
