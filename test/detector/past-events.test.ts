import { expect, test } from 'vitest';
import type { PastEvent } from '../../core/past-event.ts';
import { pastEventsText } from '../../detector/past-events.ts';

const FIRED = Date.UTC(2026, 2, 2, 8, 0, 30);
const event = (more: Partial<PastEvent> = {}): PastEvent => ({
  id: 'a1',
  detector: 'LatencyHigh',
  labels: { signal: 'latency_p95', pipeline: 'orders', stage: 'gateway' },
  sameSeries: true,
  onset: FIRED - 30_000,
  firedAt: FIRED,
  resolvedAt: FIRED + 570_000,
  peak: 0.4,
  score: 3.456,
  opinions: [],
  ...more,
});
const plain = (text: string) => text.replaceAll('\u202f', ' ');

test('an event is told by when it fired, its peak, its score, how long it lasted and its id', () => {
  expect(plain(pastEventsText([event()], FIRED))).toBe(
    '\nBefore it:\n  2026-03-02T08:00:30.000Z LatencyHigh, up to 400 ms, score 3.5, over after 10 min  a1\n',
  );
});

test('what people said stands with it, and a series that is another is named', () => {
  const opinions = [
    { by: 'Ana', verdict: 'noise', note: 'a deploy' } as const,
    { by: 'Ben', verdict: 'useful', note: '' } as const,
  ];
  const labels = { ...event().labels, signal: 'dependency_p95', dependency: 'customers' };
  const text = pastEventsText([event({ opinions, labels, sameSeries: false })], FIRED);
  expect(text).toContain('Ana called it noise ("a deploy"), Ben called it useful');
  expect(text).toContain('another series (signal=dependency_p95 dependency=customers)');
});

test('what fires still is told up to now, and what is not known is left out', () => {
  const text = plain(pastEventsText([event({ resolvedAt: 0, peak: null, score: null })], FIRED + 30_000));
  expect(text).toContain('LatencyHigh, fires still, for 1 min  a1');
});

test('the newest stands first, as it is given; nothing to tell says so', () => {
  const text = pastEventsText([event({ id: 'b' }), event({ id: 'a' })], FIRED);
  expect(text.indexOf('  b\n')).toBeLessThan(text.indexOf('  a\n'));
  expect(pastEventsText([], FIRED)).toContain('Nothing like it is stored');
});
