import { describe, expect, test } from 'vitest';
import {
  expectedWindow,
  type Feedback,
  isCovered,
  judgedOf,
  SHIFT_HALF_LIFE_MS,
  thresholdInForce,
  thresholdShift,
} from '../../core/feedback.ts';

const DAY = 86_400_000;
/** A Tuesday, 03:00 UTC. */
const TUESDAY = Date.UTC(2026, 2, 3, 3);

let count = 0;
const said = (verdict: Feedback['verdict'], given: Partial<Feedback> = {}): Feedback => ({
  ...{ anomalyId: `a${count++}`, detector: 'LagGrowing', labels: {}, by: 'Ana', verdict, note: '', time: TUESDAY },
  ...{ breach: 'score', onset: TUESDAY - 600_000, until: TUESDAY, expected: 1, reach: 30 },
  ...given,
});
const shift = (feedback: readonly Feedback[], time = TUESDAY) => thresholdShift(judgedOf(feedback), time);

describe('what counts', () => {
  test('the newest verdict on an anomaly, with all who say the same', () => {
    const one = { anomalyId: 'x' };
    const judged = judgedOf([
      said('noise', { ...one, by: 'Ana' }),
      said('useful', { ...one, by: 'Ben', time: TUESDAY + 1 }),
      said('noise', { ...one, by: 'Eva', time: TUESDAY + 2 }),
    ]);
    expect(judged.map(({ verdict, people, time }) => [verdict, people, time])).toEqual([
      ['noise', ['Ana', 'Eva'], TUESDAY + 2],
    ]);
    expect(judgedOf([])).toEqual([]);
  });
});

describe('the shift of a threshold', () => {
  test('noise raises by half a decade, useful lowers by a quarter, expected leaves it', () => {
    expect(shift([])).toBe(0);
    expect(shift([said('noise')])).toBe(0.5);
    expect(shift([said('useful')])).toBe(-0.25);
    expect(shift([said('expected')])).toBe(0);
    expect(shift([said('noise'), said('useful', { time: TUESDAY + 1 })])).toBeCloseTo(0.25, 6);
  });

  test('two people on one alert are one alert', () => {
    expect(shift([said('noise', { anomalyId: 'x' }), said('noise', { anomalyId: 'x', by: 'Ben' })])).toBe(0.5);
  });

  test('is bounded at both ends, and what goes back goes from the bound', () => {
    const noise = Array.from({ length: 9 }, () => said('noise'));
    expect(shift(noise)).toBe(1.5);
    expect(shift([...noise, said('useful', { time: TUESDAY + 1 })])).toBeCloseTo(1.25, 6);
    expect(shift(Array.from({ length: 9 }, () => said('useful')))).toBe(-0.5);
  });

  test('halves every thirty days, also between two verdicts', () => {
    expect(shift([said('noise')], TUESDAY + SHIFT_HALF_LIFE_MS)).toBeCloseTo(0.25, 9);
    expect(shift([said('noise')], TUESDAY - 90 * DAY)).toBe(0.5);
    const later = said('noise', { time: TUESDAY + SHIFT_HALF_LIFE_MS });
    expect(shift([later, said('noise')], TUESDAY + SHIFT_HALF_LIFE_MS)).toBeCloseTo(0.75, 9);
  });

  test('alerts of a plain limit or a stop move nothing', () => {
    expect(shift([said('noise', { breach: 'rule' }), said('useful', { breach: 'stopped' })])).toBe(0);
  });

  test('a low threshold is not lowered below half of what is configured', () => {
    expect(thresholdInForce(4, 1.5)).toBe(5.5);
    expect(thresholdInForce(4, -0.5)).toBe(3.5);
    expect(thresholdInForce(0.6, -0.5)).toBe(0.3);
  });
});

describe('what was to be expected', () => {
  const covered = (feedback: Feedback, time: number, value: number, expected = 1) => {
    const window = expectedWindow(feedback);
    return window !== undefined && isCovered(window, time, value, expected);
  };

  test('covers the same time of the week, an hour to either side', () => {
    const job = said('expected');
    for (const week of [-1, 0, 1, 52]) expect(covered(job, TUESDAY + week * 7 * DAY, 30)).toBe(true);
    expect(covered(job, TUESDAY + 7 * DAY + 3_599_999, 30)).toBe(true);
    expect(covered(job, TUESDAY + 7 * DAY + 3_600_000, 30)).toBe(false);
    expect(covered(job, TUESDAY - 600_000 - 3_600_000, 30)).toBe(true);
    expect(covered(job, TUESDAY - 600_001 - 3_600_000, 30)).toBe(false);
    expect(covered(job, TUESDAY + DAY, 30)).toBe(false);
    expect(expectedWindow(job)?.from).toBe(DAY + 2 * 3_600_000 - 600_000);
  });

  test('also over the turn of the week', () => {
    const sunday = Date.UTC(2026, 2, 8, 23, 30);
    const job = said('expected', { onset: sunday, until: sunday + 2 * 3_600_000 });
    expect(covered(job, sunday + 3_600_000, 30)).toBe(true);
    expect(covered(job, sunday - 7 * DAY, 30)).toBe(true);
    expect(covered(job, sunday + 4 * 3_600_000, 30)).toBe(false);
  });

  test('up to a fifth beyond what was seen, on its side only', () => {
    const high = said('expected');
    expect([36, 36.1, 0.5].map((value) => covered(high, TUESDAY, value))).toEqual([true, false, false]);
    const low = said('expected', { expected: 100, reach: 10 });
    expect([8, 7.9, 100, 101].map((value) => covered(low, TUESDAY, value, 100))).toEqual([true, false, true, false]);
    const minus = said('expected', { expected: 0, reach: -10 });
    expect([-12, -12.1].map((value) => covered(minus, TUESDAY, value, 0))).toEqual([true, false]);
  });

  test('a stop can be expected, a plain limit and the unknown cannot', () => {
    const stop = said('expected', { breach: 'stopped', expected: 50, reach: 0 });
    expect(covered(stop, TUESDAY, 0, 50)).toBe(true);
    expect(expectedWindow(said('expected', { breach: 'rule' }))).toBeUndefined();
    expect(expectedWindow(said('expected', { reach: Number.NaN }))).toBeUndefined();
    expect(expectedWindow(said('expected', { expected: Number.NaN }))).toBeUndefined();
    expect(expectedWindow(said('noise'))).toBeUndefined();
    expect(covered(said('expected'), TUESDAY, Number.NaN)).toBe(false);
  });

  test('lasts a day and two hours at most', () => {
    expect(expectedWindow(said('expected', { onset: TUESDAY - 9 * DAY }))?.length).toBe(DAY + 7_200_000);
  });
});
