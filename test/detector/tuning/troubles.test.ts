import { expect, test } from 'vitest';
import type { Anomaly } from '../../../core/anomaly.ts';
import type { Feedback } from '../../../core/feedback.ts';
import type { Incident } from '../../../core/incident.ts';
import { troublesOf, withoutTroubles } from '../../../detector/tuning/troubles.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 2, 5);
const LEAD = 5 * MINUTE;
const ECHO = 10 * MINUTE;
const labels = { signal: 'lag', pipeline: 'orders', stage: 'billing' };
const none = { anomalies: [], incidents: [], feedback: [] };

const anomaly = (id: string, hoursAgo: number, hours: number, of = labels): Anomaly => ({
  ...{ id, detector: 'LagGrowing', labels: of, time: NOW - hoursAgo * HOUR, firedAt: NOW - hoursAgo * HOUR },
  ...{ resolvedAt: hours === 0 ? 0 : NOW - (hoursAgo - hours) * HOUR, value: 9, expected: 1, lower: 0, upper: 2 },
  ...{ score: 5, threshold: 3, direction: 'up', severity: 'warning', votes: [] },
  decision: { onset: NOW - hoursAgo * HOUR - 2 * MINUTE },
});
const incident = (culprit: string, hoursAgo: number, hours: number, pipeline = 'orders'): Incident => ({
  ...{ id: 'i', title: '', pipeline, state: 'open', severity: 'critical', openedAt: NOW - hoursAgo * HOUR },
  ...{ updatedAt: NOW, resolvedAt: hours === 0 ? 0 : NOW - (hoursAgo - hours) * HOUR, acknowledgedBy: '' },
  ...{ culprit, reason: '', alerts: [], timeline: [] },
});
const said = (anomalyId: string, verdict: Feedback['verdict'], time = NOW): Feedback => ({
  ...{ anomalyId, detector: 'LagGrowing', labels, by: 'Ana', verdict, note: '', time, breach: 'score' },
  ...{ onset: 0, until: 0, expected: 0, reach: 1 },
});

test('a series was not itself from before its anomaly to a while after it', () => {
  expect(troublesOf(labels, { ...none, anomalies: [anomaly('a', 5, 2)] }, NOW)).toEqual([
    [NOW - 5 * HOUR - 2 * MINUTE - LEAD, NOW - 3 * HOUR + ECHO],
  ]);
});

test('what people called noise or expected was ordinary, what they called useful was not', () => {
  const anomalies = ['a', 'b', 'c', 'd'].map((id, i) => anomaly(id, 9 - i, 0.5));
  const feedback = [said('a', 'noise'), said('b', 'expected'), said('c', 'useful')];
  expect(troublesOf(labels, { ...none, anomalies, feedback }, NOW)).toHaveLength(2);
  // The newest word counts.
  const changed = [...feedback, { ...said('a', 'useful', NOW + 1), by: 'Ben' }];
  expect(troublesOf(labels, { ...none, anomalies, feedback: changed }, NOW)).toHaveLength(3);
});

test('anomalies of other series say nothing of this one', () => {
  const other = anomaly('a', 5, 2, { ...labels, stage: 'shipping' });
  expect(troublesOf(labels, { ...none, anomalies: [other] }, NOW)).toEqual([]);
});

test('an incident is of the stages it names, or of the whole pipeline', () => {
  const of = (incidents: Incident[]) => troublesOf(labels, { ...none, incidents }, NOW).length;
  expect(of([incident('billing', 5, 1)])).toBe(1);
  expect(of([incident('shipping', 5, 1)])).toBe(0);
  expect(of([incident('', 5, 1)])).toBe(1);
  expect(of([incident('billing', 5, 1, 'payments')])).toBe(0);
  const alert = { fingerprint: 'f', labels, annotations: {}, startsAt: 0, resolvedAt: 0 };
  expect(of([{ ...incident('shipping', 5, 1), alerts: [alert] }])).toBe(1);
});

test('what nobody ended lasts until now, a day at most', () => {
  const end = (hoursAgo: number) =>
    troublesOf(labels, { ...none, incidents: [incident('billing', hoursAgo, 0)] }, NOW)[0]?.[1];
  expect(end(5)).toBe(NOW + ECHO);
  expect(end(40)).toBe(NOW - 16 * HOUR + ECHO);
});

test('values within a trouble and during planned work become gaps, all others stay', () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => (i === 7 ? Number.NaN : i));
  const series = { start: NOW, step: MINUTE, values };
  const spans = [[NOW + 5 * MINUTE, NOW + 10 * MINUTE]] as const;
  const cut = withoutTroubles(series, spans, (time) => time >= NOW + 90 * MINUTE);
  const gaps = [...cut.series.values].flatMap((value, i) => (Number.isNaN(value) ? [i] : []));
  expect(gaps).toEqual([5, 6, 7, 8, 9, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  expect(cut.taken).toBe(14);
  expect(cut.series.values[10]).toBe(10);
  expect(values[5]).toBe(5);
});
