import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Anomaly } from '../../../core/anomaly.ts';
import type { Feedback } from '../../../core/feedback.ts';
import type { Incident } from '../../../core/incident.ts';
import { writeAnomalies } from '../../../store/queries/anomalies.ts';
import { RECORD_MS, readDetectorRecords, writeDetectorStates } from '../../../store/queries/detector-records.ts';
import { withdrawFeedback, writeFeedback } from '../../../store/queries/feedback.ts';
import { writeIncident } from '../../../store/queries/incidents.ts';
import { startTestStore, type TestStore } from '../harness.ts';

/** Recent: the tables forget what is old. */
const NOW = Math.floor(Date.now() / 60_000) * 60_000;
const labels = { signal: 'lag_seconds', pipeline: 'orders', stage: 'billing' };

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const fired = (id: string, detector: string, firedAt: number): Anomaly => ({
  ...{
    id,
    detector,
    labels,
    time: firedAt - 10_000,
    firedAt,
    resolvedAt: 0,
    value: 1,
    expected: 0,
    lower: 0,
    upper: 1,
  },
  ...{ score: 5, threshold: 4, direction: 'up', severity: 'warning', votes: [], decision: {} },
});
const said = (anomalyId: string, verdict: Feedback['verdict'], by = 'Ana', time = NOW - 1000): Feedback => ({
  ...{ anomalyId, detector: 'LagGrowing', labels, by, verdict, note: '', time, breach: 'score' },
  ...{ onset: 0, until: 0, expected: 0, reach: 1 },
});
const state = (detector: string, series: number, time = NOW) => ({
  ...{ detector, time, signal: 'lag_seconds', severity: 'critical' as const, threshold: 4, series },
  ...{ rungs: { baseline: series }, forecastLoss: 0.8, forecastCoverage: 0.9, falseAlarms: 0.5 },
});
const TOLD = { rungs: { baseline: 4 }, forecastLoss: 0.8, forecastCoverage: 0.9, falseAlarms: 0.5 };
const SILENT = { rungs: {}, forecastLoss: Number.NaN, forecastCoverage: Number.NaN, falseAlarms: Number.NaN };

test('an empty store has no detectors', async () => {
  expect(await readDetectorRecords(stand.store, NOW)).toEqual([]);
});

test('a record counts what fired in seven days and what people say of that today', async () => {
  const hour = 3_600_000;
  await writeAnomalies(
    stand.store,
    [
      ...['a', 'b', 'c', 'd', 'e'].map((id, i) => fired(id, 'LagGrowing', NOW - (i + 1) * hour)),
      fired('old', 'LagGrowing', NOW - RECORD_MS - hour),
      { ...fired('pending', 'LagGrowing', 0), time: NOW - hour },
      fired('gone', 'Removed', NOW - hour),
    ],
    NOW,
  );
  // A state written again is the same anomaly.
  await writeAnomalies(stand.store, [{ ...fired('a', 'LagGrowing', NOW - hour), resolvedAt: NOW - 5 }], NOW + 1);
  for (const one of [
    said('a', 'noise'),
    said('a', 'useful', 'Ben', NOW - 500),
    said('b', 'noise'),
    said('c', 'expected'),
    said('d', 'noise'),
    said('old', 'noise'),
  ])
    await writeFeedback(stand.store, one);
  await withdrawFeedback(stand.store, said('d', 'noise', 'Ana', NOW - 200), 'Ben');
  await writeDetectorStates(stand.store, [
    state('LagGrowing', 3, NOW - 60_000),
    state('Quiet', 0),
    state('Old', 7, NOW - hour),
  ]);
  await writeDetectorStates(stand.store, [state('LagGrowing', 4)]);

  const records = await readDetectorRecords(stand.store, NOW);
  expect(records.map(({ detector }) => detector)).toEqual(['LagGrowing', 'Removed', 'Quiet']);
  expect(records[0]).toEqual({
    ...{ detector: 'LagGrowing', signal: 'lag_seconds', severity: 'critical', series: 4, alerts: 5 },
    ...{ useful: 1, noise: 1, expected: 1, precision: 1 / 3, perSeriesWeek: 5 / 4 },
    // 'a' was useful and is over; 'b' to 'e' fired before it.
    ...{ quiet: 4, quietPerSeriesWeek: 1, ...TOLD },
  });
  expect(records[1]).toEqual({
    ...{ detector: 'Removed', signal: '', severity: '', series: Number.NaN, alerts: 1 },
    ...{ useful: 0, noise: 0, expected: 0, precision: Number.NaN, perSeriesWeek: Number.NaN },
    // It fired with 'a'.
    ...{ quiet: 0, quietPerSeriesWeek: Number.NaN, ...SILENT },
  });
  expect(records[2]).toMatchObject({ series: 0, alerts: 0, perSeriesWeek: Number.NaN });
});

test('the seven days begin and end where the record says', async () => {
  const edge = NOW - 60 * 24 * 3_600_000;
  const at = (id: string, time: number) => ({ ...fired(id, 'Edge', time), time });
  await writeAnomalies(
    stand.store,
    [at('first', edge - RECORD_MS), at('before', edge - RECORD_MS - 1), at('last', edge - 1), at('after', edge)],
    edge,
  );
  const edges = (await readDetectorRecords(stand.store, edge)).find(({ detector }) => detector === 'Edge');
  expect(edges).toMatchObject({ alerts: 2, series: Number.NaN });
});

test('a verdict that is said anew after it was taken back counts again', async () => {
  await writeAnomalies(stand.store, [fired('again', 'Anew', NOW - 5000)], NOW);
  const of = async () => (await readDetectorRecords(stand.store, NOW)).find(({ detector }) => detector === 'Anew');
  await writeFeedback(stand.store, said('again', 'useful', 'Ana', NOW - 90));
  expect(await of()).toMatchObject({ useful: 1, precision: 1 });
  await withdrawFeedback(stand.store, said('again', 'useful', 'Ana', NOW - 80), 'Ana');
  expect(await of()).toMatchObject({ useful: 0, precision: Number.NaN });
  await writeFeedback(stand.store, said('again', 'noise', 'Ana', NOW - 70));
  expect(await of()).toMatchObject({ useful: 0, noise: 1, precision: 0 });
});

test('an alert in trouble that people confirmed is no false alarm of a quiet period', async () => {
  const hour = 3_600_000;
  const now = NOW - 30 * 24 * hour;
  const place = { ...labels, pipeline: 'payments' };
  const at = (id: string, minutes: number, of = place) => ({
    ...fired(id, 'Quiet7', now - minutes * 60_000),
    labels: of,
    resolvedAt: now - (minutes - 20) * 60_000,
  });
  await writeAnomalies(
    stand.store,
    [
      at('useful', 600),
      at('with-it', 590),
      at('just-before', 607),
      at('long-before', 640),
      at('elsewhere', 595, { ...place, pipeline: 'other' }),
      at('acknowledged', 300),
      at('unheard', 200),
    ],
    now,
  );
  await writeFeedback(stand.store, said('useful', 'useful'));
  const incident: Incident = {
    ...{
      id: 'i1',
      title: 't',
      pipeline: 'payments',
      state: 'resolved',
      severity: 'warning',
      openedAt: now - 305 * 60_000,
    },
    ...{ updatedAt: now, resolvedAt: now - 280 * 60_000, acknowledgedBy: 'Ana', culprit: '', reason: '' },
    ...{ alerts: [], timeline: [] },
  };
  await writeIncident(stand.store, incident);
  await writeIncident(stand.store, {
    ...{ ...incident, id: 'i2', acknowledgedBy: '', openedAt: now - 205 * 60_000, resolvedAt: now - 180 * 60_000 },
  });
  const record = (await readDetectorRecords(stand.store, now)).find(({ detector }) => detector === 'Quiet7');
  expect(record).toMatchObject({ alerts: 7, useful: 1, quiet: 3 });
});
