import { describe, expect, it } from 'vitest';
import { Family, familyKey, partitionOf } from '../../../collector/processors/partitions.ts';

const WINDOW = 3_600_000;
const values = (entries: Record<string, number>) => new Map(Object.entries(entries));
const limits = { keep: 2, allowance: 100, settled: false, window: WINDOW, now: 0 };

describe('partitionOf', () => {
  it('prefers the short name, then the newer one, and takes no empty value', () => {
    const old = 'messaging.kafka.destination.partition';
    expect(partitionOf(new Map([[old, '4']]))).toEqual({ key: old, value: '4' });
    expect(partitionOf(new Map([[old, '4']]).set('messaging.destination.partition.id', '5'))?.value).toBe('5');
    expect(partitionOf(new Map([[old, '4']]).set('partition', '6'))?.value).toBe('6');
    expect(partitionOf(new Map([['partition', '']]))).toBeUndefined();
  });
});

describe('familyKey', () => {
  it('is the same for series that differ in the partition alone', () => {
    const key = (partition: string, topic: string) =>
      familyKey('lag', new Map([['partition', partition]]).set('topic', topic), 'partition');
    expect(key('1', 'a')).toBe(key('2', 'a'));
    expect(key('1', 'a')).not.toBe(key('1', 'b'));
  });
});

describe('Family', () => {
  it('gives places to the hottest first', () => {
    const family = new Family(0);
    expect(family.promote(values({ 1: 5, 2: 0, 3: 9, 4: 7 }), limits)).toBe(2);
    expect(['1', '2', '3', '4'].filter((one) => family.has(one))).toEqual(['3', '4']);
    expect(family.size).toBe(3);
  });

  it('gives a place later only to what is much hotter than the coolest with one', () => {
    const family = new Family(0);
    family.promote(values({ 3: 9, 4: 7 }), limits);
    expect(family.promote(values({ 5: 14 }), limits)).toBe(0);
    expect(family.promote(values({ 5: 14.5 }), limits)).toBe(1);
    expect(family.has('5')).toBe(true);
    expect(family.has('4')).toBe(true);
  });

  it('gives as many places again in each window', () => {
    const family = new Family(0);
    family.promote(values({ 1: 1, 2: 1 }), limits);
    expect(family.promote(values({ 3: 10, 4: 20, 5: 30 }), limits)).toBe(2);
    expect(family.promote(values({ 6: 1000 }), limits)).toBe(0);
    expect(family.promote(values({ 6: 1000 }), { ...limits, now: WINDOW })).toBe(1);
  });

  it('does not go beyond the allowance', () => {
    const family = new Family(0);
    expect(family.promote(values({ 1: 1, 2: 1 }), { ...limits, allowance: 1 })).toBe(1);
    expect(family.promote(values({ 3: 100 }), { ...limits, allowance: 0 })).toBe(0);
  });

  it('takes nothing out of a settled sum', () => {
    const family = new Family(0);
    const settled = { ...limits, settled: true };
    expect(family.promote(values({ 1: 1, 2: 1, 3: 0 }), settled)).toBe(2);
    expect(family.promote(values({ 3: 1e9 }), settled)).toBe(0);
  });
});
