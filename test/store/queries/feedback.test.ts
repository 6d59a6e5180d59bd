import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Feedback } from '../../../core/feedback.ts';
import { fingerprint } from '../../../core/labels.ts';
import { lastFeedbackAt, readFeedback, withdrawFeedback, writeFeedback } from '../../../store/queries/feedback.ts';
import { startTestStore, type TestStore } from '../harness.ts';
import { NOON } from './telemetry-rows.ts';

let stand: TestStore;
beforeAll(async () => {
  stand = await startTestStore();
});
afterAll(() => stand?.stop());

const labels = { signal: 'lag_seconds', pipeline: 'orders', stage: 'billing' };
const said = (anomalyId: string, given: Partial<Feedback> = {}): Feedback => ({
  ...{ anomalyId, detector: 'LagGrowing', labels, by: 'Ana', verdict: 'noise', note: '', time: NOON, breach: 'score' },
  ...{ onset: NOON - 60_000, until: NOON, expected: 0.1 + 0.2, reach: 31.5 },
  ...given,
});

test('what was said comes back exactly, also what is not known', async () => {
  const full = said('exact', { note: 'the nightly import; it "always" does', verdict: 'expected' });
  const odd = said('odd', { expected: Number.NaN, reach: Number.POSITIVE_INFINITY, breach: '' });
  await writeFeedback(stand.store, full);
  await writeFeedback(stand.store, odd);
  expect(await readFeedback(stand.store, { anomaly: 'exact' })).toEqual([full]);
  expect(await readFeedback(stand.store, { anomaly: 'odd' })).toEqual([odd]);
  expect(await readFeedback(stand.store, { anomaly: 'nobody' })).toEqual([]);
});

test('of each person the newest word stands, until it is taken back', async () => {
  const first = said('life');
  const second = said('life', { by: 'Ben', time: NOON + 10, verdict: 'useful' });
  await writeFeedback(stand.store, first);
  await writeFeedback(stand.store, second);
  expect(await readFeedback(stand.store, { anomaly: 'life' })).toEqual([first, second]);
  const changed = said('life', { time: NOON + 20, verdict: 'expected' });
  await writeFeedback(stand.store, changed);
  expect(await readFeedback(stand.store, { anomaly: 'life' })).toEqual([second, changed]);
  await withdrawFeedback(stand.store, { ...changed, time: NOON + 30 }, 'Ben');
  expect(await readFeedback(stand.store, { anomaly: 'life' })).toEqual([second]);
  expect(await lastFeedbackAt(stand.store, 'life')).toBe(NOON + 30);
  expect(await lastFeedbackAt(stand.store, 'nobody')).toBe(0);
  // Said anew after it was taken back, it stands again; the log keeps all of it.
  await writeFeedback(stand.store, { ...first, time: NOON + 40 });
  expect((await readFeedback(stand.store, { anomaly: 'life' })).map(({ by, time }) => [by, time])).toEqual([
    ['Ben', NOON + 10],
    ['Ana', NOON + 40],
  ]);
  expect(
    await stand.store.rows(
      "SELECT `By` AS by, TakenBackBy AS back FROM feedback WHERE AnomalyId = 'life' AND Verdict = '' ",
    ),
  ).toEqual([{ by: 'Ana', back: 'Ben' }]);
});

test('all of it, or that of some series', async () => {
  const other = { ...labels, stage: 'elsewhere' };
  await writeFeedback(stand.store, said('far', { labels: other, time: NOON + 1000 }));
  const key = fingerprint(other);
  expect((await readFeedback(stand.store, { series: [key] })).map(({ anomalyId }) => anomalyId)).toEqual(['far']);
  expect(await readFeedback(stand.store, { series: [] })).toEqual([]);
  const all = (await readFeedback(stand.store)).map(({ anomalyId }) => anomalyId);
  expect(all).toEqual(expect.arrayContaining(['far', 'life', 'exact']));
  expect(all.at(-1)).toBe('far');
});

test('words of one moment keep one order, and each keeps its own labels and detector', async () => {
  const at = NOON + 5000;
  const words = [
    said('tie-a', { time: at, by: 'Ana' }),
    said('tie-a', { time: at, by: 'Ben', detector: 'LagGrowing' }),
    said('tie-b', { time: at, detector: 'BacklogGrowing', labels: { ...labels, topic: 'orders', empty: '' } }),
  ];
  for (const word of [...words].reverse()) await writeFeedback(stand.store, word);
  const read = (await readFeedback(stand.store)).filter(({ anomalyId }) => anomalyId.startsWith('tie'));
  expect(read.map(({ anomalyId, by }) => [anomalyId, by])).toEqual([
    ['tie-a', 'Ana'],
    ['tie-a', 'Ben'],
    ['tie-b', 'Ana'],
  ]);
  expect(read[2]).toEqual(words[2]);
});

test('what is taken back by one is still what another says', async () => {
  const ana = said('shared', { time: NOON + 6000 });
  const ben = said('shared', { time: NOON + 6001, by: 'Ben' });
  await writeFeedback(stand.store, ana);
  await writeFeedback(stand.store, ben);
  await withdrawFeedback(stand.store, { ...ben, time: NOON + 6002 }, 'Ben');
  expect(await readFeedback(stand.store, { anomaly: 'shared' })).toEqual([ana]);
  // The key of a series is that of its labels, whatever stands in the row beside it.
  expect(await readFeedback(stand.store, { anomaly: 'shared', series: [fingerprint(labels)] })).toEqual([ana]);
  expect(await readFeedback(stand.store, { anomaly: 'shared', series: ['another'] })).toEqual([]);
});
