import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Anomaly } from '../../../core/anomaly.ts';
import { judgedPoints } from '../../../core/judged-points.ts';
import { writeAnomalies } from '../../../store/queries/anomalies.ts';
import { writeExpectations } from '../../../store/queries/expectations.ts';
import { writeFeedback } from '../../../store/queries/feedback.ts';
import { readPastEvents } from '../../../store/queries/past-events.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { columnsOf } from './expectation-rows.ts';
import { NOON } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const MINUTE = 60_000;
const labels = { signal: 'latency_p95', pipeline: 'orders', stage: 'billing' };
const anomaly = (id: string, time: number, more: Partial<Anomaly> = {}): Anomaly => ({
  id,
  detector: 'LatencyHigh',
  labels,
  time,
  firedAt: time + 10_000,
  resolvedAt: time + 5 * MINUTE,
  value: 0.3,
  expected: 0.1,
  lower: 0.05,
  upper: 0.15,
  score: 3,
  threshold: 2.4,
  direction: 'up',
  severity: 'warning',
  votes: [],
  decision: { breach: 'score', onset: time - 20_000 },
  ...more,
});
/** Judged points of a series, ten seconds apart from `from` on, of these values. */
const judged = (of: Anomaly['labels'], from: number, values: readonly number[]) =>
  writeExpectations(
    stand.store,
    columnsOf(
      values.map((value, i) => {
        const band = { expected: 0.1, lower: 0.05, upper: 0.15, score: 10 * value };
        return { time: from + i * 10_000, labels: of, value, ...band };
      }),
    ),
  );

test('events of the series and of the detector on the stage, newest first, with peak, end and what people said', async () => {
  const other = { ...labels, topic: 'refunds' };
  const elsewhere = { ...labels, stage: 'gateway' };
  const now = NOON + 60 * MINUTE;
  const subject = anomaly('subject', NOON + 50 * MINUTE);
  await writeAnomalies(
    stand.store,
    [
      anomaly('first', NOON),
      anomaly('sibling', NOON + 10 * MINUTE, { labels: other, resolvedAt: 0 }),
      anomaly('by-another-detector', NOON + 20 * MINUTE, { detector: 'Own', resolvedAt: NOON + 22 * MINUTE }),
      anomaly('elsewhere', NOON + 30 * MINUTE, { labels: elsewhere }),
      anomaly('never-fired', NOON + 35 * MINUTE, { firedAt: 0 }),
      subject,
      anomaly('later', NOON + 55 * MINUTE),
    ],
    now,
  );
  // The last point is after the end, the first before the beginning: neither counts.
  await judged(labels, NOON - 30_000, [0.9, 0.2, 0.3, 0.5, 0.4]);
  await judged(labels, NOON + 5 * MINUTE, [0.95]);
  await writeFeedback(stand.store, {
    ...{ anomalyId: 'first', detector: 'LatencyHigh', labels, by: 'Ana', verdict: 'noise', note: 'a deploy' },
    ...{ time: NOON + 6 * MINUTE, breach: 'score', onset: NOON, until: NOON, expected: 0.1, reach: 0.5 },
  });
  const events = await readPastEvents(stand.store, subject, now);
  expect(events.map(({ id, sameSeries }) => [id, sameSeries])).toEqual([
    ['by-another-detector', true],
    ['sibling', false],
    ['first', true],
  ]);
  expect(events[2]).toEqual({
    ...{ id: 'first', detector: 'LatencyHigh', labels, sameSeries: true, onset: NOON - 20_000 },
    ...{ firedAt: NOON + 10_000, resolvedAt: NOON + 5 * MINUTE, peak: 0.5, score: 5 },
    opinions: [{ by: 'Ana', verdict: 'noise', note: 'a deploy' }],
  });
  expect(events[1]).toMatchObject({ resolvedAt: 0, peak: 0.3, opinions: [] });
  expect((await readPastEvents(stand.store, subject, now, 1)).map(({ id }) => id)).toEqual(['by-another-detector']);
});

test('a fall peaks at its lowest value; what has no score has none', async () => {
  const flow = { signal: 'throughput', pipeline: 'orders', stage: 'mail' };
  const fall = { labels: flow, detector: 'Flow', value: 0.02, score: Number.NaN };
  await writeAnomalies(stand.store, [anomaly('fall', NOON, fall)], NOON);
  const [event] = await readPastEvents(
    stand.store,
    anomaly('next', NOON + MINUTE, { labels: flow, detector: 'Flow' }),
    NOON + 20 * MINUTE,
  );
  expect(event).toMatchObject({ id: 'fall', peak: 0.02, score: null });
});

test('the statement that an explanation gives reads the very points, up to the step that fired', async () => {
  const own = { ...labels, stage: 'shop' };
  const values = Array.from({ length: 80 }, (_, i) => i / 100);
  await judged(own, NOON, values);
  const time = NOON + 70 * 10_000;
  const { sql, from, to } = judgedPoints({ labels: own, onset: time - 20_000, time });
  const rows = await stand.store.rows<{ time: number; value: number; score: number }>(sql);
  expect(rows.map((row) => row.time * 1000)).toEqual(
    values.map((_, i) => NOON + i * 10_000).filter((at) => at >= from && at < to),
  );
  expect(rows.at(-1)).toMatchObject({ value: 0.7, score: 7 });
  expect(rows).toHaveLength(63);
});
