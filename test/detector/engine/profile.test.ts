import { describe, expect, test } from 'vitest';
import { type Band, bandAt, CELLS, createProfiles, learnProfile } from '../../../detector/engine/profile.ts';
import { DAY, HOUR, MINUTE, MONDAY } from './watch.ts';

function expectedAt(profiles: ReturnType<typeof createProfiles>, time: number): [number, number] {
  const band: Band = { lower: 0, upper: 0 };
  bandAt(profiles, 0, time, band);
  return [band.lower, band.upper];
}

/** A profile that has seen `days` days of points `step` apart. */
function seen(days: number, value: (time: number) => number, step = 5 * MINUTE) {
  const profiles = createProfiles(1);
  const perCell = Math.max(1, (15 * MINUTE) / step);
  for (let time = 0; time < days * DAY; time += step) learnProfile(profiles, 0, MONDAY + time, value(time), perCell);
  return profiles;
}

describe('band', () => {
  test('nothing is expected of a time of day that was never seen', () => {
    const profiles = seen(0.5, () => 7);
    expect(expectedAt(profiles, MONDAY + DAY + 3 * HOUR + 8 * MINUTE)).toEqual([7, 7]);
    expect(expectedAt(profiles, MONDAY + 20 * HOUR)).toEqual([NaN, NaN]);
  });

  test('a step of the day lies between quarter hours, and either side of it is as expected', () => {
    const profiles = seen(3, (time) => (time % DAY < 9 * HOUR ? 10 : 90));
    expect(expectedAt(profiles, MONDAY + 3 * DAY + 9 * HOUR + 2 * MINUTE)).toEqual([10, 90]);
    expect(expectedAt(profiles, MONDAY + 3 * DAY + 9 * HOUR - 2 * MINUTE)).toEqual([10, 90]);
    expect(expectedAt(profiles, MONDAY + 3 * DAY + 9 * HOUR + 20 * MINUTE)).toEqual([90, 90]);
  });

  test('hourly values have no neighbours and need none', () => {
    const profiles = seen(3, (time) => Math.floor((time % DAY) / HOUR), HOUR);
    expect(expectedAt(profiles, MONDAY + 3 * DAY + 17 * HOUR)).toEqual([17, 17]);
  });

  test('times before 1970 have a time of day as well', () => {
    const profiles = createProfiles(1);
    learnProfile(profiles, 0, -DAY + HOUR, 5, 1);
    expect(expectedAt(profiles, -8 * DAY + HOUR)).toEqual([5, 5]);
  });
});

describe('weekends', () => {
  const weekly = (time: number) => (Math.floor(time / DAY) % 7 >= 5 ? 20 : 100);

  test('the first Saturday is expected to be like a Friday', () => {
    const profiles = seen(5, weekly);
    expect(expectedAt(profiles, MONDAY + 5 * DAY + 12 * HOUR + 5 * MINUTE)).toEqual([100, 100]);
  });

  test('a weekend that was seen is expected again, and teaches working days nothing', () => {
    const profiles = seen(7, weekly);
    const [saturday] = expectedAt(profiles, MONDAY + 12 * DAY + 12 * HOUR + 5 * MINUTE);
    expect(saturday).toBeGreaterThan(20);
    expect(saturday).toBeLessThan(36);
    const [monday] = expectedAt(profiles, MONDAY + 7 * DAY + 12 * HOUR + 5 * MINUTE);
    expect(monday).toBeGreaterThan(95);
  });
});

test('what changed for good is expected after two weeks of it, most of it after one', () => {
  const profiles = seen(35, (time) => (time < 14 * DAY ? 100 : 200));
  const [after] = expectedAt(profiles, MONDAY + 35 * DAY + 12 * HOUR + 5 * MINUTE);
  expect(after).toBeGreaterThan(190);
  const [week] = expectedAt(
    seen(21, (time) => (time < 14 * DAY ? 100 : 200)),
    MONDAY + 21 * DAY + 12 * HOUR,
  );
  expect(week).toBeGreaterThan(150);
});

test('series lie apart', () => {
  const profiles = createProfiles(3);
  learnProfile(profiles, 1, MONDAY, 4, 1);
  const seenCells = Array.from({ length: 3 }, (_, i) => profiles.seen.subarray(i * CELLS, (i + 1) * CELLS));
  expect(seenCells.map((cells) => cells.reduce((a, b) => a + b, 0))).toEqual([0, 1, 0]);
});
