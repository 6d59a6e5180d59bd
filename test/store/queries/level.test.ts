import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseLevel, LEVELS } from '../../../store/queries/level.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000_000;
const nameOf = (step: number, from = NOW, retention = {}) => {
  const choice = chooseLevel({ from, step, now: NOW, retention });
  return `${choice.level.name} ${choice.step / 1000}`;
};

describe('chooseLevel', () => {
  test('takes the coarsest level whose rows divide the step', () => {
    expect([10_000, 30_000, 50_000, 90_000].map((step) => nameOf(step))).toEqual([
      '10s 10',
      '10s 30',
      '10s 50',
      '10s 90',
    ]);
    expect([60_000, 240_000, 300_000, 1_800_000].map((step) => nameOf(step))).toEqual([
      '1m 60',
      '1m 240',
      '5m 300',
      '5m 1800',
    ]);
    expect([HOUR, 2 * HOUR, DAY].map((step) => nameOf(step))).toEqual(['1h 3600', '1h 7200', '1h 86400']);
  });

  test('goes to a coarser level, and to its step, where the finer one has been deleted', () => {
    const retention = { '10s': 2 * DAY, '1m': 30 * DAY, '1h': 400 * DAY };
    expect(nameOf(30_000, NOW - 2 * DAY, retention)).toBe('10s 30');
    expect(nameOf(30_000, NOW - 2 * DAY - 1, retention)).toBe('1m 60');
    expect(nameOf(90_000, NOW - 3 * DAY, retention)).toBe('1m 120');
    expect(nameOf(300_000, NOW - 30 * DAY, retention)).toBe('5m 300');
    expect(nameOf(300_000, NOW - 31 * DAY, retention)).toBe('1h 3600');
    expect(nameOf(10_000, NOW - 31 * DAY, retention)).toBe('1h 3600');
    // Nothing reaches back so far, so what is left is read from the level that holds most.
    expect(nameOf(10_000, NOW - 500 * DAY, retention)).toBe('1h 3600');
    expect(nameOf(10_000, NOW - 500 * DAY, { '10s': 9 * DAY, '1m': DAY, '1h': DAY })).toBe('10s 10');
  });

  test('does not round a step that is none', () => {
    expect([5000, 15_000, 10_001].map((step) => nameOf(step, NOW - 500 * DAY, { '10s': DAY }))).toEqual([
      '10s 5',
      '10s 15',
      '10s 10.001',
    ]);
  });

  test('keeps the step without a retention or a clock', () => {
    expect(chooseLevel({ from: 0, step: 10_000 }).level.name).toBe('10s');
    expect(chooseLevel({ from: 0, step: 10_000, now: NOW }).level.name).toBe('10s');
    expect(chooseLevel({ from: 0, step: 10_000, retention: { '10s': 1 } }).level.name).toBe('10s');
  });

  test('always gives a step that is whole rows and not shorter than asked', () => {
    const span = fc.integer({ min: 0, max: 500 }).map((days) => days * DAY);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), span, span, span, span, (tens, age, a, b, c) => {
        const step = tens * 10_000;
        const choice = chooseLevel({ from: NOW - age, step, now: NOW, retention: { '10s': a, '1m': b, '1h': c } });
        expect(LEVELS).toContain(choice.level);
        expect(choice.step % choice.level.step).toBe(0);
        expect(choice.step).toBeGreaterThanOrEqual(step);
        expect(choice.step - step).toBeLessThan(choice.level.step);
      }),
    );
  });
});
