import { expect, test } from 'vitest';
import { createMoments } from '../../../../detector/lstm/forecast/moment.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Friday, 06:00 UTC. */
const FRIDAY = Date.UTC(2024, 0, 5, 6);

test('a moment tells the time of day as a turn, the kind of day and the interval', () => {
  const at = createMoments([1, 30]);
  expect(at(FRIDAY, 10 * MINUTE)).toMatchObject({ sine: 1, cosine: expect.closeTo(0, 12), weekend: 0, pace: 0.5 });
  expect(at(FRIDAY + 36 * HOUR, MINUTE)).toMatchObject({ sine: -1, weekend: 1, pace: 0 });
});

test('its places lie so many intervals ahead, into the next day as well', () => {
  const { now, ahead } = createMoments([1, 36])(FRIDAY, 30 * MINUTE);
  expect([now.bin, now.low, now.kind]).toEqual([12, 12, 0]);
  expect(ahead.map(({ bin, low, kind }) => [bin, low, kind])).toEqual([
    [13, 13, 0],
    [48, 0, 48],
  ]);
});

test('asked in turns for other times and intervals it says what it says when asked once', () => {
  const shared = createMoments([1, 5]);
  for (const [hours, minutes] of [
    [0, 1],
    [0, 5],
    [7, 5],
    [0, 1],
    [40, 60],
    [40, 1],
  ] as const) {
    const asked = [FRIDAY + hours * HOUR, minutes * MINUTE] as const;
    expect(shared(...asked)).toEqual(createMoments([1, 5])(...asked));
  }
});
