import { expect, test } from 'vitest';
import { createIncidents, falseAlarmsOf, THRESHOLD, thresholdFor } from '../../../detector/engine/incident.ts';

/** What is decided on scores of one series at threshold 2. */
function decided(scores: readonly number[]) {
  const incidents = createIncidents(1);
  const rows = scores.map((score) => ({ ...incidents.decide(0, score, 2) }));
  const where = (key: 'onset' | 'alarm') => rows.flatMap((row, i) => (row[key] ? [i] : []));
  return { onsets: where('onset'), alarms: where('alarm'), rows };
}

const quiet = (count: number): number[] => Array(count).fill(0.2);

test('a score under the threshold opens nothing, one at it does', () => {
  expect(decided([1.9, 1.99]).onsets).toEqual([]);
  expect(decided([1.9, 2]).onsets).toEqual([1]);
});

test('an alarm lasts fifteen points longer than what was strange', () => {
  expect(decided([...quiet(5), 3, 3, ...quiet(30)]).alarms).toEqual(Array.from({ length: 17 }, (_, i) => 5 + i));
});

test('within 120 points it is the same incident: an alarm again, no onset', () => {
  const { onsets, alarms } = decided([3, ...quiet(60), 3, ...quiet(80), 3]);
  expect(onsets).toEqual([0, 142]);
  expect(alarms).toContain(61);
});

test('an incident that grows by 2 is told again, once', () => {
  expect(decided([2.2, 3, 4, 4.1, 4.3, 5, 5, 5]).onsets).toEqual([0, 4]);
});

test('each incident makes the series harder to alarm for, which wears off', () => {
  const flapping = Array.from({ length: 10 }, () => [2.35, ...quiet(130)]).flat();
  const { onsets, rows } = decided([...flapping, ...quiet(20_000), 2.35]);
  expect(onsets.length).toBeLessThan(5);
  expect(onsets.length).toBeGreaterThan(2);
  expect(onsets.at(-1)).toBe(21_310);
  expect(rows[1]?.limit).toBeCloseTo(2.3, 3);
});

test('telling an incident again makes nothing harder', () => {
  const { rows } = decided([2.2, 4.3, 0]);
  expect(rows[2]?.limit).toBeCloseTo(2.3, 3);
});

test('a score is held for 2 points and fades over the next 40', () => {
  const { rows } = decided([4, ...quiet(60)]);
  expect(rows[2]?.held).toBe(4);
  expect(rows[22]?.held).toBeCloseTo(2, 5);
  expect(rows[43]?.held).toBeCloseTo(0.2, 5);
  for (let i = 1; i < rows.length; i++) {
    expect(rows[i]?.held).toBeLessThanOrEqual((rows[i - 1]?.held as number) + 1e-6);
  }
});

test('gaps open nothing, and time goes on in them', () => {
  const { onsets, alarms } = decided([3, ...(Array(200).fill(NaN) as number[]), 3]);
  expect(onsets).toEqual([0, 201]);
  expect(alarms).toHaveLength(17);
});

test('a series knows nothing of the one beside it', () => {
  const incidents = createIncidents(2);
  incidents.decide(0, 4, 2);
  expect({ ...incidents.decide(1, 3, 2) }).toEqual({ onset: true, alarm: true, limit: 2, held: 3 });
});

test('a tenth of the false alarms is a threshold 1 higher', () => {
  expect(thresholdFor(0.5)).toBe(THRESHOLD);
  expect(thresholdFor(0.05)).toBeCloseTo(THRESHOLD + 1, 10);
  expect(thresholdFor(1000)).toBe(1.5);
});

test('a shift raises the limit of a series, together with fatigue by the larger of the two', () => {
  const incidents = createIncidents(1);
  expect(incidents.decide(0, 2.5, 2.4, 0.5)).toMatchObject({ onset: false, limit: 2.9 });
  expect(incidents.decide(0, 3, 2.4, 0.5).onset).toBe(true);
  // One incident is 0.3, and 0.5 is more; without a shift the fatigue stands alone.
  expect(incidents.decide(0, 0, 2.4, 0.5).limit).toBe(2.9);
  expect(incidents.decide(0, 0, 2.4).limit).toBeCloseTo(2.7, 2);
});

test.each([0.1, 0.5, 3])('a threshold for %f false alarms a week stands for as many', (wanted) => {
  expect(falseAlarmsOf(thresholdFor(wanted))).toBeCloseTo(wanted, 10);
});
