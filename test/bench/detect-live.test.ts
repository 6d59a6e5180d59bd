import { expect, test } from 'vitest';
import { createFleet } from '../../bench/detect/live/fleet.ts';
import { goalText, ratioOf } from '../../bench/detect/live/goals.ts';
import { fingerprint } from '../../core/labels.ts';
import { detectorConfig } from '../../detector/config.ts';
import { createCatalogue } from '../../detector/watched.ts';

const STEP = 10_000;
const EPOCH = Date.UTC(2026, 2, 2, 8);

test('every series of the fleet is another one, is watched, and has a value in every step', async () => {
  const fleet = createFleet(500, STEP, EPOCH);
  const { watchersOf, signals } = createCatalogue(detectorConfig.parse({}));
  const series = await fleet.readSignals({ from: EPOCH - 10 * STEP, to: EPOCH, step: STEP, signals });
  expect(new Set(series.map(({ labels }) => fingerprint(labels))).size).toBe(500);
  for (const { labels, values } of series) {
    expect(watchersOf(labels).length).toBeGreaterThan(0);
    expect(values.length).toBe(10);
    expect(values.every((value) => value >= 0)).toBe(true);
  }
});

test('an answer made ahead is the one that would have been given, in objects of its own', async () => {
  const query = { from: EPOCH, to: EPOCH + STEP, step: STEP };
  const fleet = createFleet(50, STEP, EPOCH + STEP);
  const plain = await fleet.readSignals(query);
  fleet.prepare(EPOCH);
  const ahead = await fleet.readSignals(query);
  expect(ahead).toEqual(plain);
  expect(ahead[0]?.labels).not.toBe(plain[0]?.labels);
});

test('a broken stage has a lag of ten minutes as long as it is broken', async () => {
  const fleet = createFleet(200, STEP, EPOCH + 10 * STEP);
  const stage = fleet.breakStage(EPOCH + STEP, EPOCH + 3 * STEP);
  const other = fleet.breakStage(EPOCH, EPOCH + STEP);
  expect(other).not.toBe(stage);
  const series = await fleet.readSignals({ from: EPOCH, to: EPOCH + 5 * STEP, step: STEP });
  const lag = series.find(({ labels }) => labels['stage'] === stage && labels['signal'] === 'lag_seconds');
  expect([...(lag?.values ?? [])].map((value) => value === 600)).toEqual([false, true, true, false, false]);
  expect(() => Array.from({ length: 20 }, () => fleet.breakStage(EPOCH, EPOCH))).toThrow('no stage is left');
});

test('a ratio of 1 and above keeps a limit, whichever way is better', () => {
  const fast = { what: 'points', unit: '/s', value: 2e6, reach: 1e6, stretch: 4e6, more: true };
  const short = { what: 'posted', unit: 'ms', value: 500, reach: 2000, stretch: 250 };
  expect([ratioOf(fast, 1e6), ratioOf(fast, 4e6)]).toEqual([2, 0.5]);
  expect([ratioOf(short, 2000), ratioOf(short, 250)]).toEqual([4, 0.5]);
  expect(goalText([fast, short]).split('\n').slice(2)).toEqual([
    '| points | 2.00 M /s | 1.00 M /s | 4.00 M /s | 2.00 | 0.50 |',
    '| posted | 500 ms | 2000 ms | 250 ms | 4.00 | 0.50 |',
  ]);
});
