import { describe, expect, test } from 'vitest';
import { createCalibrations } from '../../../detector/engine/calibration.ts';
import { thresholdFor } from '../../../detector/engine/incident.ts';
import { seededRandom } from '../../../detector/random.ts';

const MINUTE = 60_000;
const WEEK_POINTS = 10_080;

/**
 * Tells `weeks` weeks of scores a minute apart in which a peak of one point rises over 2.1 about `aWeek` times a week, by an
 * exponential height of mean `height`.
 */
function told(weeks: number, aWeek: number, height: number, points = 1) {
  const calibrations = createCalibrations(1);
  const random = seededRandom(4);
  let until = -1;
  let score = 0;
  for (let i = 0; i < weeks * WEEK_POINTS; i++) {
    if (i > until && random() < aWeek / WEEK_POINTS) {
      until = i + points - 1;
      score = 2.1 - height * Math.log(1 - random());
    }
    calibrations.tell(0, i <= until ? score : random());
  }
  return (wanted: number, interval = MINUTE) => calibrations.shift(0, thresholdFor(wanted), interval);
}

/** Alarms a week of a series with such peaks at a threshold that is raised by `shift`. */
const alarms = (aWeek: number, height: number, limit: number) => aWeek * Math.exp(-(limit - 2.1) / height);

describe('what a threshold is raised by', () => {
  test.each([1000, 10_000, MINUTE, 300_000, 3_600_000])('nothing for a new series, at %i ms', (interval) => {
    expect(createCalibrations(1).shift(0, thresholdFor(0.5), interval)).toBe(0);
  });

  test('nothing for a series that makes fewer false alarms than were asked for', () => {
    const shift = told(8, 1, 0.25);
    expect(shift(0.5)).toBe(0);
    expect(shift(5)).toBe(0);
  });

  test.each([
    [20, 0.25],
    [20, 0.4],
    [60, 0.2],
  ])(
    '%i peaks a week of mean height %f: not thrice the alarms that were asked for, nor a tenth of them',
    (aWeek, height) => {
      const shift = told(12, aWeek, height);
      for (const wanted of [0.1, 0.5]) {
        const limit = thresholdFor(wanted) + shift(wanted);
        expect(alarms(aWeek, height, limit)).toBeGreaterThan(wanted / 10);
        expect(alarms(aWeek, height, limit)).toBeLessThan(wanted * 3);
      }
      expect(alarms(aWeek, height, thresholdFor(0.5))).toBeGreaterThan(3 * 0.5);
    },
  );

  test('one and a half decades at most', () => {
    expect(told(12, 80, 0.6)(0.1)).toBe(1.5);
  });

  test('it is learnt within weeks and, when the series has become calm, forgotten within months', () => {
    const random = seededRandom(4);
    const calibrations = createCalibrations(1);
    const shift = () => calibrations.shift(0, thresholdFor(0.5), MINUTE);
    const weeks = (count: number, aWeek: number) => {
      for (let i = 0; i < count * WEEK_POINTS; i++) {
        calibrations.tell(0, random() < aWeek / WEEK_POINTS ? 2.1 - 0.3 * Math.log(1 - random()) : 1);
      }
    };
    weeks(3, 40);
    const noisy = shift();
    expect(noisy).toBeGreaterThan(0.5);
    weeks(8, 0);
    expect(shift()).toBeLessThan(noisy / 2);
  });
});

describe('incidents teach nothing', () => {
  test('that are high', () => {
    const calibrations = createCalibrations(1);
    for (let i = 0; i < 8 * WEEK_POINTS; i++) calibrations.tell(0, i % 500 === 0 ? 3.4 : 0.5);
    expect(calibrations.shift(0, 2.4, MINUTE)).toBe(0);
  });

  test('that last', () => {
    expect(told(8, 20, 0.3, 4)(0.5)).toBeGreaterThan(0.3);
    expect(told(8, 20, 0.3, 6)(0.5)).toBe(0);
  });
});

test('what follows a peak within 120 points belongs to it', () => {
  const [once, twice] = [createCalibrations(1), createCalibrations(1)];
  for (let i = 0; i < 4 * WEEK_POINTS; i++) {
    once.tell(0, i % 600 === 0 ? 2.5 : 0.5);
    twice.tell(0, i % 600 === 0 || i % 600 === 100 ? 2.5 : 0.5);
  }
  expect(once.shift(0, 2.4, MINUTE)).toBeGreaterThan(0);
  expect(twice.shift(0, 2.4, MINUTE)).toBe(once.shift(0, 2.4, MINUTE));
});

test('series know nothing of each other, and state is all there is to know', () => {
  const both = createCalibrations(2);
  for (let i = 0; i < 4 * WEEK_POINTS; i++) {
    both.tell(0, i % 300 === 0 ? 2.6 : 0.5);
    both.tell(1, 0.5);
  }
  expect(both.shift(1, 2.4, MINUTE)).toBe(0);
  const again = createCalibrations(2);
  for (const [i, array] of again.state.entries()) array.set(both.state[i] as Float32Array & Uint8Array);
  for (let i = 0; i < 1000; i++) {
    both.tell(0, i % 250 === 0 ? 2.8 : 0.5);
    again.tell(0, i % 250 === 0 ? 2.8 : 0.5);
  }
  expect(again.shift(0, 2.4, MINUTE)).toBe(both.shift(0, 2.4, MINUTE));
});
