import { describe, expect, test } from 'vitest';
import { detectorConfig } from '../../detector/config.ts';
import { isHabitual, rememberIncident } from '../../detector/habit.ts';
import { judge } from '../../detector/judge.ts';
import { createCatalogue, createWatched } from '../../detector/watched.ts';
import { EPOCH, gauss, STEP, seeded } from './world.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const NIGHT = EPOCH + 19 * 3_600_000;

/** A series that was in alert from `NIGHT` on for twenty minutes, so many days before. */
function alertedBefore(...days: readonly number[]) {
  const watched = createWatched({ signal: 'custom' }, EPOCH, EPOCH);
  for (const day of [...days].sort((a, b) => b - a)) {
    rememberIncident(watched, NIGHT - day * DAY, NIGHT - day * DAY + 20 * MINUTE);
  }
  return watched;
}

describe('a time of the day at which a series is in alert again and again', () => {
  test.each<[string, number[], boolean]>([
    ['never', [], false],
    ['once', [1], false],
    ['on two nights', [2, 1], true],
    ['on two nights, weeks ago', [21, 14], true],
    ['longer ago than four weeks', [30, 29], false],
    ['twice in one night', [1, 1], false],
  ])('%s', (_, days, habitual) => {
    expect(isHabitual(alertedBefore(...days), NIGHT + 5 * MINUTE)).toBe(habitual);
  });

  test('ten minutes earlier and later count as the same, the rest of the day does not', () => {
    const watched = alertedBefore(3, 2, 1);
    const at = (minutes: number) => isHabitual(watched, NIGHT + minutes * MINUTE);
    expect([-11, -9, 0, 20, 29, 31, 300, 720].map(at)).toEqual([false, true, true, true, true, false, false, false]);
  });

  test('one over midnight goes on after it', () => {
    const watched = createWatched({ signal: 'custom' }, EPOCH, EPOCH);
    const late = Math.floor(EPOCH / DAY) * DAY - 10 * MINUTE;
    for (const day of [2, 1]) rememberIncident(watched, late - day * DAY, late - day * DAY + 60 * MINUTE);
    expect(isHabitual(watched, late + 30 * MINUTE)).toBe(true);
  });

  test('the newest fifty incidents are remembered', () => {
    const watched = createWatched({ signal: 'custom' }, EPOCH, EPOCH);
    for (let i = 0; i < 60; i++) rememberIncident(watched, EPOCH + i, EPOCH + i + 1);
    expect(watched.incidents).toHaveLength(50);
    expect(watched.incidents[0]).toEqual([EPOCH + 10, EPOCH + 11]);
  });
});

/** Alerts of each day of a series that triples for `minutes` each night, and on day `fault` at noon, too. */
function nightly(days: number, minutes: number, fault: number): { night: number[]; noon: number[] } {
  const entry = { name: 'Slow', query: { signal: 'latency_p95' }, decision: { min_change: 0.5, for: '30s' } };
  const step = 3 * STEP;
  const config = detectorConfig.parse({ shipped: false, step: '30s', detectors: [entry] });
  const catalogue = createCatalogue(config);
  const random = seeded(4);
  const begin = Math.floor(EPOCH / DAY) * DAY;
  const watched = createWatched({ signal: 'latency_p95', pipeline: 'orders', stage: 'load' }, begin, begin);
  const [night, noon] = [new Array<number>(days).fill(0), new Array<number>(days).fill(0)];
  for (let time = begin; time < begin + days * DAY; time += step) {
    const day = Math.floor((time - begin) / DAY);
    const minute = ((time - begin) % DAY) / MINUTE;
    const job = minute >= 180 && minute < 180 + minutes;
    const broken = day === fault && minute >= 720 && minute < 740;
    const value = (job || broken ? 0.4 : 0.1) * (1 + 0.1 * gauss(random));
    for (const { transition } of judge(catalogue, watched, { time, value, volume: 100 }, step).verdicts) {
      if (transition === 'fired') (minute < 600 ? night : noon)[day]!++;
    }
  }
  return { night, noon };
}

test('a job of each night is told thrice or so and never again; the same at noon is told', () => {
  const { night, noon } = nightly(9, 60, 7);
  expect(night.slice(0, 2)).toEqual([1, 1]);
  expect(night.slice(4)).toEqual([0, 0, 0, 0, 0]);
  expect(noon).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 0]);
});
