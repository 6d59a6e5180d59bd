import { describe, expect, test } from 'vitest';
import type { FeedbackView } from '../../core/feedback-view.ts';
import { effectText, movedText, scoreText, windowText } from '../../ui/feedback-words.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LAG = { signal: 'lag_seconds', stage: 'billing' };

const view = (given: Partial<FeedbackView> = {}): FeedbackView => ({
  ...{ opinions: [], counts: '', movable: true, configured: 4, threshold: 4, window: null },
  ...given,
});
const effect = (given: Partial<FeedbackView>, labels: Readonly<Record<string, string>> = LAG) =>
  plain(effectText(view(given), labels));

describe('what feedback changes', () => {
  test('nothing is said where nobody said anything', () => {
    expect(effect({})).toBe('');
    expect(effect({ configured: null, threshold: null, counts: 'noise' })).toBe('');
  });

  test('a threshold moves, in either direction', () => {
    expect(effect({ counts: 'noise', threshold: 4.5 })).toBe(
      'The next alert of this series takes a score of 4.5 instead of 4.0. The difference halves every 30 days.',
    );
    expect(effect({ counts: 'useful', threshold: 3.75 })).toContain('takes a score of 3.75 instead of 4.0.');
    expect(effect({ counts: 'noise', threshold: 5.5 })).toContain('5.5 instead of 4.0, which is as far as it goes.');
  });

  test('what was said of others like it, and what cancels out, is told as such', () => {
    expect(effect({ threshold: 4.5 })).toMatch(/^For what was said of others like it, the next alert/);
    expect(effect({ counts: 'useful', threshold: 4.001 })).toBe(
      'With all that was said of this series, its next alert takes a score of 4.0 as before.',
    );
  });

  test('a fixed limit is not moved', () => {
    expect(effect({ counts: 'noise', movable: false })).toContain('moves nothing.');
    expect(effect({ counts: 'useful', movable: false, threshold: 4.5 })).toContain('moves nothing.');
    expect(effect({ counts: 'expected', movable: false })).toContain('It fires again');
  });

  test('what is expected has its time of the week and its limit, in the unit of the signal', () => {
    const window = { anomalyId: 'a', from: DAY + 2 * HOUR, length: 2 * HOUR, side: 'above' as const, limit: 36 };
    expect(effect({ counts: 'expected', window })).toBe(
      'Not alerted again on Tuesdays, 02:00 – 04:00 UTC, up to 36 s.',
    );
    const below = { ...window, side: 'below' as const, limit: 8 };
    expect(effect({ counts: 'expected', window: below }, { signal: 'throughput' })).toContain('down to 8/s.');
    expect(effect({ counts: 'expected', window: below }, { signal: 'custom', name: 'x' })).toMatch(/down to 8\.$/);
  });

  test('a window over midnight, also that of Sunday, names both days', () => {
    const base = { anomalyId: 'a', side: 'above' as const, limit: 1 };
    expect(windowText({ ...base, from: 7 * DAY - HOUR, length: 2 * HOUR })).toBe('Sundays 23:00 – Mondays 01:00 UTC');
    expect(windowText({ ...base, from: 1500, length: 61_000 })).toBe('Mondays, 00:00 – 00:02 UTC');
  });
});

describe('what moved a decision', () => {
  const moved = (given: Readonly<Record<string, number>>) => movedText({ score: 2, ...given });

  test('who called what how', () => {
    expect(moved({ feedback_shift: 0.5, feedback_noise: 1, feedback_noise_people: 2 })).toBe(
      '2.0, raised by 0.5: two people called it noise',
    );
    expect(moved({ feedback_shift: 1.5, feedback_noise: 12, feedback_noise_people: 1 })).toBe(
      '2.0, raised by 1.5: one person called 12 alerts noise',
    );
    expect(
      moved({
        ...{ feedback_shift: -0.246, feedback_noise: 1, feedback_noise_people: 1 },
        ...{ feedback_useful: 3, feedback_useful_people: 2 },
      }),
    ).toBe('2.0, lowered by 0.25: one person called it noise, two people called three alerts useful');
  });

  test('nothing where nobody did, or so long ago that it does not matter', () => {
    expect(moved({})).toBeUndefined();
    expect(moved({ feedback_shift: 0.004, feedback_noise: 1, feedback_noise_people: 1 })).toBeUndefined();
  });

  test('scores have one decimal, or two where they differ', () => {
    expect([4, 3.75, 4.999, 0.3].map(scoreText)).toEqual(['4.0', '3.75', '5.0', '0.3']);
  });
});
