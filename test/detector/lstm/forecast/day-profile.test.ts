import { expect, test } from 'vitest';
import {
  clearProfile,
  createPlace,
  learnProfile,
  onWeekend,
  PROFILE_WIDTH,
  placeAt,
  profileAt,
} from '../../../../detector/lstm/forecast/day-profile.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONDAY = Date.UTC(2024, 0, 1);

function learnt(days: number, interval: number, value: (time: number) => number, start = MONDAY) {
  const slab = new Float32Array(PROFILE_WIDTH + 2).fill(7);
  clearProfile(slab, 1);
  const place = (time: number) => {
    const at = createPlace();
    placeAt(time, interval, at);
    return at;
  };
  for (let time = start; time < start + days * DAY; time += interval) learnProfile(slab, 1, place(time), value(time));
  // One point more closes the newest bin.
  learnProfile(slab, 1, place(start + days * DAY), value(start + days * DAY));
  expect([slab[0], slab.at(-1)]).toEqual([7, 7]);
  return (time: number) => profileAt(slab, 1, place(time));
}
const hourOf = (time: number) => Math.floor((time % DAY) / HOUR);

test('Saturday and Sunday are the weekend', () => {
  const days = [0, 1, 2, 3, 4, 5, 6].map((day) => onWeekend(MONDAY + day * DAY + 5 * HOUR));
  expect(days).toEqual([false, false, false, false, false, true, true]);
});

test.each([HOUR, 30 * MINUTE])(
  'an interval of %d ms has a bin of its own for each point: the value of the day before',
  (interval) => {
    const at = learnt(1, interval, hourOf);
    for (let hour = 0; hour < 24; hour++) expect(at(MONDAY + DAY + hour * HOUR)).toBe(hour);
  },
);

test('shorter intervals share bins of half an hour, and the profile runs straight from middle to middle', () => {
  const at = learnt(1, MINUTE, (time) => (time % DAY) / MINUTE);
  for (const minute of [20, 100, 555, 1000, 1420]) expect(at(MONDAY + DAY + minute * MINUTE)).toBeCloseTo(minute, 1);
});

test('nothing is known of a time of day that was not seen', () => {
  const at = learnt(0.25, MINUTE, () => 5);
  expect(at(MONDAY + DAY + HOUR)).toBe(5);
  expect(at(MONDAY + DAY + 12 * HOUR)).toBeNaN();
});

test('a new level is followed by three tenths a day', () => {
  const at = learnt(3, HOUR, (time) => (time < MONDAY + 2 * DAY ? 10 : 20));
  expect(at(MONDAY + 3 * DAY + 5 * HOUR)).toBeCloseTo(13);
});

test('weekends are told apart from weekdays, which speak for them until they are known', () => {
  const value = (time: number) => (onWeekend(time) ? 100 : 10);
  expect(learnt(4, HOUR, value)(MONDAY + 5 * DAY + HOUR)).toBe(10);
  const at = learnt(7, HOUR, value);
  expect(at(MONDAY + 12 * DAY + HOUR)).toBe(100);
  expect(at(MONDAY + 8 * DAY + HOUR)).toBe(10);
  expect(learnt(1, HOUR, value, MONDAY + 5 * DAY)(MONDAY + 7 * DAY + HOUR)).toBe(100);
});

test('an interval longer than a day has one bin', () => {
  expect(learnt(10, 2 * DAY, () => 4)(MONDAY + 20 * DAY)).toBe(4);
});
