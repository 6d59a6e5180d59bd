import { describe, expect, test } from 'vitest';
import { createTimeline, timeAtShare } from '../../replay/timeline.ts';

describe('createTimeline', () => {
  test('the live start is the present, distances shrink by the speed', () => {
    const timeline = createTimeline(100_000, 1_700_000_000_000, 10);
    expect(timeline.at(100_000)).toBe(1_700_000_000_000);
    expect(timeline.at(90_000)).toBe(1_699_999_999_000);
    expect(timeline.at(160_000)).toBe(1_700_000_006_000);
  });

  test('nanoseconds are mapped without loss at the speed of the recording', () => {
    const timeline = createTimeline(1_600_000_000_000, 1_700_000_000_000, 1);
    expect(timeline.atNanos(1_600_000_000_123_456_789n)).toBe(1_700_000_000_123_456_789n);
    expect(timeline.atNanos(1_599_999_999_999_999_999n)).toBe(1_699_999_999_999_999_999n);
  });

  test('nanoseconds and milliseconds agree', () => {
    const timeline = createTimeline(1_600_000_000_000, 1_700_000_000_000, 7);
    const nanos = timeline.atNanos(1_600_000_700_000_000_000n);
    expect(Number(nanos / 1_000_000n)).toBe(timeline.at(1_600_000_700_000));
  });
});

describe('timeAtShare', () => {
  const items = [10, 20, 30, 40].map((time) => ({ time, count: 1 }));
  test.each([
    [0, 10],
    [0.5, 30],
    [0.75, 40],
    [1, 41],
  ])('%f of the items lie before it', (share, expected) => {
    expect(timeAtShare(items, share)).toBe(expected);
  });

  test('items count by what they hold, in any order', () => {
    expect(
      timeAtShare(
        [
          { time: 20, count: 1 },
          { time: 10, count: 9 },
        ],
        0.5,
      ),
    ).toBe(10);
  });
});
