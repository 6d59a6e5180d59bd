import { describe, expect, it } from 'vitest';
import { counters } from '../../sdk/src/counters.ts';
import { Watermark, watermark, watermarkValues } from '../../sdk/src/watermark.ts';

const T = 1_760_000_000_000;
const source = { destination: 'orders', group: 'g' };
const counted = () => Object.fromEntries([...counters.take()].map(({ metric, value }) => [metric, value]));

describe('a watermark', () => {
  it('follows the slowest partition, less the allowed lateness', () => {
    const mark = new Watermark({ ...source, allowedLateness: 100 }, () => 0);
    expect(mark.value).toBeUndefined();
    mark.observe(T + 1000, 0);
    expect(mark.value).toBe(T + 900);
    mark.observe(T + 500, 1);
    expect(mark.value).toBe(T + 900);
    mark.observe(new Date(T + 5000), 0);
    expect(mark.value).toBe(T + 900);
    mark.observe(T + 4000, 1);
    expect(mark.value).toBe(T + 3900);
  });

  it('tells and counts what is out of order, and what is late', () => {
    counted();
    const mark = new Watermark({ ...source, allowedLateness: 100 }, () => 0);
    const seen = [1000, 950, 900, 899, 1000, 2000, 1899, 1900].map((later) => mark.observe(T + later));
    const [ok, between, late] = ['on_time', 'out_of_order', 'late'];
    expect(seen).toEqual([ok, between, between, late, ok, ok, late, between]);
    expect(counted()).toMatchObject({ 'weir.records.out_of_order': 5, 'weir.records.late': 2 });
  });

  it('is not held back by a partition that is idle or was taken away, and never goes back', () => {
    const clock = { now: 0 };
    const mark = new Watermark({ ...source, idleAfter: 1000 }, () => clock.now);
    mark.observe(T, 0);
    mark.observe(T, 1);
    clock.now = 900;
    mark.observe(T + 700, 1);
    expect(mark.value).toBe(T);
    clock.now = 1500;
    expect(mark.value).toBe(T + 700);
    mark.observe(T + 1, 0);
    expect(mark.value).toBe(T + 700);
    mark.observe(T + 900, 1);
    mark.forget(0);
    expect(mark.value).toBe(T + 900);
    clock.now = 10_000;
    expect(mark.value).toBe(T + 900);
  });

  it('is set by an engine that knows it', () => {
    const mark = new Watermark(source);
    mark.advance(new Date(T));
    mark.advance(T - 5);
    mark.advance(Number.NaN);
    expect(mark.value).toBe(T);
    expect(mark.observe(T - 1)).toBe('late');
    for (const nonsense of [0, -1, Number.NaN, new Date(Number.NaN)]) expect(mark.observe(nonsense)).toBe('on_time');
  });

  it('is one for each destination and group', () => {
    expect(watermark({ destination: 'one' })).toBe(watermark({ destination: 'one', allowedLateness: 5 }));
    watermark({ destination: 'one' }).advance(T);
    watermark({ destination: 'one', group: 'g' }).advance(T + 1);
    watermark({ destination: 'silent' });
    expect([...watermarkValues()]).toEqual([
      { attributes: { 'messaging.destination.name': 'one' }, value: T },
      { attributes: { 'messaging.destination.name': 'one', 'messaging.consumer.group.name': 'g' }, value: T + 1 },
    ]);
  });
});
