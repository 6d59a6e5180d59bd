import { expect, test } from 'vitest';
import type { PastEvent } from '../../core/past-event.ts';
import { eventText } from '../../ui/event-words.ts';

const NOW = Date.UTC(2026, 2, 2, 9);
const event: PastEvent = {
  id: 'a',
  detector: 'LatencyHigh',
  labels: { signal: 'latency_p95', stage: 'gateway' },
  sameSeries: true,
  onset: NOW - 3_600_000,
  firedAt: NOW - 3_570_000,
  resolvedAt: NOW - 3_000_000,
  peak: 0.4,
  score: 3,
  opinions: [],
};
const plain = (text: string) => text.replaceAll('\u202f', ' ');

test('an event that is over: its peak in its unit and how long it lasted', () => {
  expect(plain(eventText(event, NOW))).toBe('up to 400 ms, over after 10 min');
});

test('one of another series names its detector, one that fires still counts up to now, people are named', () => {
  const opinions = [{ by: 'Ana', verdict: 'noise', note: 'a deploy' } as const];
  const open = { ...event, sameSeries: false, resolvedAt: 0, peak: null, opinions };
  expect(plain(eventText(open, NOW))).toBe('LatencyHigh on another series, fires still, for 1 h, Ana called it noise');
});
