import { describe, expect, test } from 'vitest';
import { type FeedbackSubject, feedbackView, judgedViews, readFeedbackOf } from '../../api/feedback-views.ts';
import type { Anomaly } from '../../core/anomaly.ts';
import type { Feedback } from '../../core/feedback.ts';
import { unreachableStore } from './room.ts';

const NOW = Date.UTC(2026, 2, 3, 3);
const labels = { signal: 'lag_seconds', pipeline: 'orders', stage: 'billing' };

const subject = (given: Partial<FeedbackSubject> = {}): FeedbackSubject => ({
  ...{ id: 'x', detector: 'LagGrowing', labels, decision: { breach: 'score', score: 4 }, threshold: 4.5 },
  ...given,
});
const said = (anomalyId: string, verdict: Feedback['verdict'], given: Partial<Feedback> = {}): Feedback => ({
  ...{ anomalyId, detector: 'LagGrowing', labels, by: 'Ana', verdict, note: '', time: NOW, breach: 'score' },
  ...{ onset: NOW - 600_000, until: NOW, expected: 1, reach: 30 },
  ...given,
});

describe('what is said of an anomaly', () => {
  test('its own words, newest first, and the threshold after all that was said of its series and detector', () => {
    const view = feedbackView(
      subject(),
      [
        said('x', 'noise', { note: 'again' }),
        said('x', 'useful', { by: 'Ben', time: NOW + 1 }),
        said('another', 'noise'),
        said('elsewhere', 'noise', { labels: { ...labels, stage: 'shipping' } }),
        said('otherwise', 'noise', { detector: 'LatencyHigh' }),
      ],
      NOW + 1,
    );
    expect(view.opinions.map(({ by, verdict, note }) => [by, verdict, note])).toEqual([
      ['Ben', 'useful', ''],
      ['Ana', 'noise', 'again'],
    ]);
    expect(view).toMatchObject({ counts: 'useful', movable: true, configured: 4, window: null });
    expect(view.threshold).toBeCloseTo(4.25, 6);
  });

  test('where nobody said anything, nothing counts and nothing moved', () => {
    expect(feedbackView(subject(), [], NOW)).toEqual({
      ...{ opinions: [], counts: '', movable: true, configured: 4, threshold: 4, window: null },
    });
  });

  test('of a decision that was stored without its configured threshold, the one it was held against is told', () => {
    expect(feedbackView(subject({ decision: {}, threshold: 3 }), [], NOW)).toMatchObject({
      configured: 3,
      threshold: 3,
    });
    const gone = feedbackView(subject({ decision: {}, threshold: null }), [said('x', 'noise')], NOW);
    expect(gone).toMatchObject({ counts: 'noise', configured: null, threshold: null });
  });

  test('a plain limit is not movable, and cannot be expected', () => {
    const decision = { breach: 'rule', score: 4 };
    const view = feedbackView(subject({ decision }), [said('x', 'expected', { breach: 'rule' })], NOW);
    expect(view).toMatchObject({ counts: 'expected', movable: false, threshold: 4, window: null });
  });

  test('what is expected has its window', () => {
    const { window } = feedbackView(subject(), [said('x', 'expected')], NOW);
    expect(window).toMatchObject({ side: 'above', limit: 36, length: 7_800_000 });
  });
});

test('all that was judged, last in front, each with all who spoke', () => {
  const list = judgedViews([
    said('x', 'noise'),
    said('y', 'expected', { time: NOW + 5 }),
    said('x', 'useful', { by: 'Ben', time: NOW + 9 }),
  ]);
  expect(list.map(({ anomalyId, counts, opinions }) => [anomalyId, counts, opinions.length])).toEqual([
    ['x', 'useful', 2],
    ['y', 'expected', 1],
  ]);
  expect(list[0]?.window).toBeNull();
  expect(list[1]?.window?.limit).toBe(36);
});

test('a store that does not answer leaves feedback out; without anomalies it is not asked', async () => {
  const store = unreachableStore();
  expect(await readFeedbackOf(store, [{ labels } as unknown as Anomaly])).toEqual([]);
  expect(await readFeedbackOf(store, [])).toEqual([]);
  await store.close();
});
