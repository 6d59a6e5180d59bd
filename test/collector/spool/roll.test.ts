import { describe, expect, it } from 'vitest';
import { isDue, type RollLimits } from '../../../collector/spool/roll.ts';

const limits: RollLimits = { idleAge: 250, maxAge: 1500, maxRows: 400_000, maxBytes: 256 << 20 };

/** Rows of the segment that a steady rate (rows in a second) makes, looked at every 20 ms; busy until `busyUntil`. */
function segment(rate: number, busyUntil = 0): { age: number; rows: number } {
  for (let age = 0; ; age += 20) {
    const rows = Math.floor((rate * age) / 1000);
    if (rows > 0 && isDue({ age, rows, bytes: rows * 500 }, limits, age < busyUntil)) return { age, rows };
  }
}

describe('a segment', () => {
  it('is quick when little comes', () => {
    for (const rate of [1, 100, 5000, 19_000])
      expect(segment(rate).age).toBeLessThanOrEqual(Math.max(260, 1000 / rate));
  });

  it('is large when much comes, and not older than a row may be on its way into a query', () => {
    for (const rate of [50_000, 150_000]) expect(segment(rate).age).toBe(760);
    for (const rate of [200_000, 300_000, 1_000_000]) {
      const { age, rows } = segment(rate);
      expect(rows).toBeGreaterThanOrEqual(150_000);
      expect(age).toBeLessThanOrEqual(760);
    }
  });

  it('grows while inserts of its table run, up to its bounds', () => {
    expect(segment(100, 700).age).toBe(700);
    expect(segment(100, 10_000).age).toBe(1500);
    const large = segment(500_000, 10_000);
    expect(large.rows).toBeGreaterThanOrEqual(400_000);
    expect(large.rows).toBeLessThan(420_000);
    expect(isDue({ age: 10, rows: 1000, bytes: 300 << 20 }, limits, true)).toBe(true);
  });
});
