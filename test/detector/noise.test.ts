import { expect, test } from 'vitest';
import { SIGNALS } from '../../core/signal.ts';
import { noiseFloor, signalRange } from '../../detector/noise.ts';

test('rates carry the noise of counting, ratios that of their calls', () => {
  expect(noiseFloor('throughput', 10, NaN, 10)).toBeCloseTo(1);
  expect(noiseFloor('throughput', 10_000, NaN, 10)).toBeCloseTo(300.05);
  expect(noiseFloor('error_ratio', 0, 100, 10)).toBeCloseTo(Math.sqrt((0.01 * 0.99) / 100));
  expect(noiseFloor('error_ratio', 0, NaN, 10)).toBeCloseTo(0.004);
});

test('every signal has a floor above 0 and a range', () => {
  for (const signal of SIGNALS) {
    expect(noiseFloor(signal, 0, NaN, 10)).toBeGreaterThan(0);
    expect(signalRange(signal).min).toBeLessThan(signalRange(signal).max);
  }
  expect(signalRange('error_ratio')).toEqual({ min: 0, max: 1 });
  expect(signalRange('custom').min).toBe(-Infinity);
});
