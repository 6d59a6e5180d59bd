import { describe, expect, test } from 'vitest';
import { ONSET } from '../../../detector/backtest/judge.ts';
import { seededRandom } from '../../../detector/random.ts';
import { DAY, HOUR, MINUTE, noise, watch, wave } from './watch.ts';

/** Payments a minute: a curve over the day and noise of 3 %. */
function payments(seed: number): (time: number) => number {
  const normal = noise(seed);
  return (time) => 10_250 * (1 + 0.3 * wave(time)) * (1 + 0.03 * normal());
}

describe('what is found, and how soon', () => {
  const steady = (seed: number) => {
    const normal = noise(seed);
    return () => 100 + 5 * normal();
  };

  test.each([
    ['a spike', 80],
    ['a dip', -80],
  ])('%s of one point, at that point', (_, by) => {
    const value = steady(1);
    const { onsetsIn } = watch(3000, MINUTE, (i) => value() + (i === 2000 ? by : 0));
    expect(onsetsIn(1990, 2010)).toEqual([2000]);
  });

  test('a level that moves, within three points, told once', () => {
    const value = steady(2);
    const { onsetsIn } = watch(3000, MINUTE, (i) => value() + (i >= 2000 ? 40 : 0));
    expect(onsetsIn(2000, 2100)).toHaveLength(1);
    expect(onsetsIn(2000, 2003)).toHaveLength(1);
  });

  test('noise that grows fivefold, within 20 points', () => {
    const normal = noise(3);
    const { onsetsIn } = watch(3000, MINUTE, (i) => 100 + (i >= 2000 && i < 2100 ? 25 : 5) * normal());
    expect(onsetsIn(2000, 2020).length).toBeGreaterThan(0);
  });

  test('a signal that stands still, after half an hour', () => {
    const value = steady(4);
    const { onsetsIn } = watch(3000, MINUTE, (i) => (i >= 2000 && i < 2200 ? 100 : value()));
    expect(onsetsIn(2000, 2200)).toEqual([2031]);
  });

  test("payments falling from 10,250 to 4,200 a minute (SigNoz's example), at the first point", () => {
    const value = payments(5);
    const { onsetsIn } = watch(3600, MINUTE, (i, time) => (i >= 3500 && i < 3520 ? 4200 : value(time)));
    expect(onsetsIn(3500, 3520)[0]).toBe(3500);
    const normal = noise(6);
    const flat = watch(1000, MINUTE, (i) => (i >= 800 && i < 820 ? 4200 : 10_250 * (1 + 0.03 * normal())));
    expect(flat.onsetsIn(800, 820)[0]).toBe(800);
  });

  test('a lag that builds up at a point every 10 s, within a minute', () => {
    const normal = noise(7);
    const { onsetsIn } = watch(3600, 10_000, (i) => 10 + 3 * Math.abs(normal()) + (i >= 2000 ? (i - 2000) * 20 : 0));
    expect(onsetsIn(1900, 2007).length).toBeGreaterThan(0);
  });

  test('a fault that lasts at a point every second, within half a minute', () => {
    const normal = noise(8);
    const { onsetsIn } = watch(3600, 1000, (i) => 100 + 5 * normal() + (i >= 2000 && i < 2120 ? 60 : 0));
    expect(onsetsIn(2000, 2030)).toHaveLength(1);
  });
});

describe('an outage of two hours does not blunt the next day', () => {
  test.each([
    ['at the same hour', 8440],
    ['at another', 8600],
  ])('%s', (_, second) => {
    const value = payments(9);
    const down = (i: number) => (i >= 7000 && i < 7120) || (i >= second && i < second + 120);
    const { onsetsIn, alarmsIn } = watch(10_080, MINUTE, (i, time) => (down(i) ? 0 : value(time)));
    expect(onsetsIn(7000, 7002)).toHaveLength(1);
    expect(onsetsIn(second, second + 3)).toHaveLength(1);
    // The day between is as quiet as any: the hours of the first outage are not expected to be low again.
    expect(alarmsIn(7300, 8430)).toEqual([]);
  });
});

describe('what is quiet', () => {
  test.each([
    ['a constant', () => 42],
    ['nothing but 0', () => 0],
    ['a constant too large for 32 bits to tell its neighbours apart', () => 1e15 + 1],
  ])('%s: no alarm ever, and a score of 0', (_, value) => {
    const { alarms, scores } = watch(5000, MINUTE, value);
    expect(alarms).toEqual([]);
    expect(Math.max(...scores)).toBe(0);
  });

  test.each<[string, number, number, (time: number) => number]>([
    ['a curve over the day', MINUTE, 7, (time) => 100 + 50 * wave(time)],
    ['a square wave over the day', 5 * MINUTE, 14, (time) => (time % DAY < 9 * HOUR ? 20 : 80)],
    ['steps within a quarter hour', 5 * MINUTE, 14, (time) => (time % DAY < 9 * HOUR + 5 * MINUTE ? 20 : 80)],
    ['a job of ten minutes each hour', MINUTE, 7, (time) => (time % HOUR < 10 * MINUTE ? 90 : 10)],
    ['a saw of five minutes', 10_000, 3, (time) => (time % (5 * MINUTE)) / 1000],
  ])('%s, perfectly periodic: no alarm after the first two days', (_, interval, days, value) => {
    const { alarmsIn } = watch((days * DAY) / interval, interval, (__, time) => value(time));
    expect(alarmsIn((2 * DAY) / interval, Infinity)).toEqual([]);
  });

  test('weekends at a fifth: the first may be told, none after it', () => {
    const normal = noise(10);
    const level = (time: number) => (Math.floor(time / DAY) % 7 >= 5 ? 20 : 100);
    const { onsetsIn } = watch(288 * 35, 5 * MINUTE, (_, time) => level(time) * (1 + 0.3 * wave(time)) + 3 * normal());
    expect(onsetsIn(288 * 5, 288 * 7).length).toBeLessThanOrEqual(2);
    expect(onsetsIn(288 * 14, 288 * 35).length).toBeLessThanOrEqual(1);
  });

  test('an event in a hundred minutes, among zeros: fewer alarms than days, of 14 events a day', () => {
    const random = seededRandom(11);
    const { onsetsIn } = watch(20_160, MINUTE, () => (random() < 0.01 ? 1 : 0));
    expect(onsetsIn(1440, 20_160).length).toBeLessThanOrEqual(10);
  });

  test.each([
    ['at a point every second, two hours', 1000, 7200, 0],
    ['at a point every 10 s, two days', 10_000, 17_280, 1],
    ['at a point a minute, two weeks', MINUTE, 20_160, 8],
    ['at a point an hour, two months', HOUR, 1440, 6],
  ])('noise %s', (_, interval, count, most) => {
    const normal = noise(12);
    const { onsets } = watch(count, interval, () => 100 + 5 * normal());
    expect(onsets.length).toBeLessThanOrEqual(most);
  });

  test('a level that has changed for good is told, and is the new normal within two days', () => {
    const value = payments(13);
    const { onsetsIn, alarmsIn } = watch(14 * 1440, MINUTE, (i, time) => value(time) * (i >= 10_000 ? 1.8 : 1));
    expect(onsetsIn(10_000, 10_003)).toHaveLength(1);
    expect(onsetsIn(10_003, 14 * 1440).length).toBeLessThanOrEqual(4);
    expect(alarmsIn(10_000 + 2 * 1440, 14 * 1440).length).toBeLessThan(100);
  });
});

test('only onsets have a score of ONSET or more, and every other row stays below it', () => {
  const value = payments(14);
  const { scores, onsets } = watch(6000, MINUTE, (i, time) => (i >= 5000 && i < 5060 ? 0 : value(time)));
  expect(onsets.length).toBeGreaterThan(0);
  for (const [i, score] of scores.entries()) {
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThanOrEqual(1);
    expect(score >= ONSET).toBe(onsets.includes(i));
  }
});

test('the score is held after an onset', () => {
  const value = payments(15);
  const { scores, onsetsIn } = watch(5200, MINUTE, (i, time) => (i === 5000 ? 0 : value(time)));
  expect(onsetsIn(5000, 5001)).toEqual([5000]);
  const usual = scores.slice(4000, 4900).reduce((sum, score) => sum + score, 0) / 900;
  for (const score of scores.slice(5001, 5009)) expect(score).toBeGreaterThan(1.3 * usual);
});
