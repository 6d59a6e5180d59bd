import { expect, it } from 'vitest';
import { followWallClock, nowMicros } from '../../sdk/src/clock.ts';

it('is the wall clock, in whole microseconds, finer than milliseconds and never going back', async () => {
  expect(Math.abs(nowMicros() / 1000 - Date.now())).toBeLessThan(20);
  const seen = new Set<number>();
  let last = nowMicros();
  for (let i = 0; i < 2000; i++) {
    const now = nowMicros();
    expect(Number.isSafeInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
    seen.add(now % 1000);
  }
  expect(seen.size).toBeGreaterThan(10);
});

it('follows a wall clock that was set, and not the rounding of one', () => {
  const before = nowMicros();
  followWallClock(before / 1000 + 5);
  expect(nowMicros() - before).toBeLessThan(50_000);
  followWallClock(before / 1000 + 3_600_000);
  expect(nowMicros() - before).toBeGreaterThan(3_599_000_000);
  followWallClock();
  expect(Math.abs(nowMicros() / 1000 - Date.now())).toBeLessThan(20);
});
