import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEngine } from '../../../detector/engine/engine.ts';
import { createShadow, rungOf } from '../../../detector/engine/shadow.ts';
import { DAY, HOUR, MINUTE, MONDAY, noise, wave } from './watch.ts';

const NEED = 20;

/** Stands of the network after each point, of errors of the network and of its rival. */
function follow(count: number, errors: (i: number) => readonly [number, number]): boolean[] {
  const shadow = createShadow(2);
  return Array.from({ length: count }, (_, i) => {
    const [error, plain] = errors(i);
    shadow.weighNetwork(1, error, plain, i, 1);
    expect(shadow.network(0)).toBe(false);
    return shadow.network(1);
  });
}
const changesOf = (stands: readonly boolean[]) =>
  stands.flatMap((one, i) => (one !== (stands[i - 1] ?? false) ? [i] : []));

test('a way is in force after twenty points in which it did better, and not for a tie', () => {
  expect(changesOf(follow(200, () => [0.9, 1]))).toEqual([NEED - 1]);
  expect(changesOf(follow(2000, () => [1, 1]))).toEqual([]);
  expect(changesOf(follow(2000, () => [0.98, 1]))).toEqual([]);
  expect(changesOf(follow(2000, () => [0, 0]))).toEqual([]);
  expect(changesOf(follow(2000, () => [Number.NaN, 1]))).toEqual([]);
});

test('a way that gets worse is taken back, and needs twice as much the next time', () => {
  const stands = follow(9000, (i) => [Math.floor(i / 3000) === 1 ? 1.5 : 0.8, 1]);
  const [first, back, again, ...more] = changesOf(stands) as [number, number, number];
  expect(first).toBe(NEED - 1);
  expect(back).toBeGreaterThan(3000 + NEED);
  expect(back).toBeLessThan(3300);
  expect(again).toBeGreaterThan(6000 + 2 * NEED);
  expect(again).toBeLessThan(6500);
  expect(more).toEqual([]);
});

test('a single wild miss changes nothing', () => {
  expect(changesOf(follow(3000, (i) => [i === 1500 ? 1e12 : 0.8, 1]))).toEqual([NEED - 1]);
});

test('no course of errors makes it change its mind more often than once in as many points as it needs, and ever more seldom', () => {
  const run = fc.record({
    points: fc.integer({ min: 1, max: 400 }),
    ratio: fc.constantFrom(0.1, 0.9, 0.97, 1, 1.04, 2, 50),
  });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 25 }), (runs) => {
      const ratios = runs.flatMap(({ points, ratio }) => Array.from({ length: points }, () => ratio));
      const changes = changesOf(follow(ratios.length, (i) => [ratios[i] as number, 1]));
      for (const [i, at] of changes.entries()) {
        const waited = at - (changes[i - 1] ?? -1);
        const taken = Math.min(4, Math.floor(i / 2));
        expect(waited).toBeGreaterThanOrEqual(i % 2 === 0 ? NEED * 2 ** taken : NEED);
      }
    }),
    { numRuns: 200 },
  );
});

test('points of doubt count as much as they are trusted', () => {
  const shadow = createShadow(1);
  for (let i = 0; i < 1000; i++) shadow.weighNetwork(0, 1, 2, i, 1);
  const before = shadow.networkLoss(0);
  for (let i = 0; i < 100; i++) shadow.weighNetwork(0, 5, 2, 1000 + i, 0.05);
  expect(shadow.networkLoss(0) - before).toBeLessThan(0.1);
});

test('the state of a series is what its arrays hold', () => {
  const [one, other] = [createShadow(1), createShadow(1)];
  for (let i = 0; i < 50; i++) one.weighNetwork(0, 0.5, 1, i, 1);
  for (const [i, array] of other.state.entries()) array.set(one.state[i] as never);
  expect(other.network(0)).toBe(true);
  expect(one.state.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(22);
});

test('rungs', () => {
  const shadow = createShadow(1);
  expect(rungOf(shadow, 0, 59, 0)).toBe('learning');
  expect(rungOf(shadow, 0, 60, 30 * DAY)).toBe('baseline');
  for (let i = 0; i < 30; i++) shadow.weighNetwork(0, 0.5, 1, i, 1);
  expect(rungOf(shadow, 0, 59, 0)).toBe('zero_shot');
  for (let i = 0; i < 30; i++) shadow.weighSeason(0, 0.5, 1, i, HOUR, 1);
  expect([rungOf(shadow, 0, 500, 6 * DAY), rungOf(shadow, 0, 500, 7 * DAY)]).toEqual(['season', 'full']);
});

/** Rungs, one an hour, of a series of ten-minute values. */
function climb(days: number, value: (i: number, time: number) => number) {
  const engine = createEngine(1);
  const step = 10 * MINUTE;
  const rungs: string[] = [];
  for (let i = 0; i < (days * DAY) / step; i++) {
    engine.judge(0, MONDAY + i * step, value(i, i * step));
    if (i % 6 === 5) rungs.push(engine.rung(0));
  }
  return rungs;
}

test('a series without a season never climbs, one with a season does', () => {
  const [flat, daily] = [noise(1), noise(1)];
  const without = climb(14, () => 100 + flat());
  expect(new Set(without.slice(24))).toEqual(new Set(['baseline']));
  const season = climb(14, (_, time) => 100 + 10 * wave(time) + daily());
  expect(season.slice(24, 30)).not.toContain('season');
  expect(season[60]).toBe('season');
  expect(season.at(-1)).toBe('full');
  expect(changesIn(season)).toBeLessThanOrEqual(4);
});

test('a season that goes is taken back, one that comes is found', () => {
  const [a, b] = [noise(2), noise(3)];
  const leaves = climb(30, (_, time) => 100 + (time < 12 * DAY ? 10 * wave(time) : -10 * wave(time + 3 * HOUR)) + a());
  expect(leaves[12 * 24 - 1]).toBe('full');
  expect(leaves.slice(12 * 24, 14 * 24)).toContain('baseline');
  expect(leaves.at(-1)).toBe('full');
  const comes = climb(24, (_, time) => 100 + (time > 8 * DAY ? 10 * wave(time) : 0) + b());
  expect(comes[8 * 24 - 1]).toBe('baseline');
  expect(comes.at(-1)).toBe('full');
  for (const one of [leaves, comes]) expect(changesIn(one)).toBeLessThanOrEqual(6);
});

const changesIn = (rungs: readonly string[]) => rungs.filter((rung, i) => i > 0 && rung !== rungs[i - 1]).length;

test('before its own baseline a series expects what the network does, where that does better', () => {
  const [good, bad] = [createEngine(1), createEngine(1)];
  const one = noise(4);
  const out = { lower: 0, upper: 0 };
  let level = 100;
  for (let i = 0; i < 55; i++) {
    level += 5 + one();
    const time = MONDAY + i * MINUTE;
    const verdict = good.score(0, time, level, i === 0 ? Number.NaN : 0.5, Number.NaN);
    if (i > 40) {
      expect(verdict.expected).toBeCloseTo(level - 0.5, 9);
      good.edges(out);
      expect(out.upper).toBeGreaterThan(level);
      expect(good.inputs()).toMatchObject({ rung: 'zero_shot', network: true });
    }
    good.learn();
    bad.judge(0, time, level, i === 0 ? Number.NaN : 40);
  }
  expect(bad.rung(0)).toBe('learning');
  expect(bad.inputs().network).toBe(false);
});
