import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byHalf, halves } from '../../bench/detect/split.ts';

describe('halves', () => {
  test('series alternate in order of name', () => {
    const machines = ['machine-2-4', 'machine-1-2', 'machine-1-6', 'machine-1-4', 'machine-3-2'];
    expect(Object.fromEntries(halves(machines))).toEqual({
      'machine-1-2': 'A',
      'machine-1-4': 'B',
      'machine-1-6': 'A',
      'machine-2-4': 'B',
      'machine-3-2': 'A',
    });
  });

  test('the order is that of code units: digits of unlike length as texts, capitals first', () => {
    expect([...halves(['omi-3', 'omi-11', 'omi-1', 'b', 'C'])]).toEqual([
      ['C', 'A'],
      ['b', 'B'],
      ['omi-1', 'A'],
      ['omi-11', 'B'],
      ['omi-3', 'A'],
    ]);
  });

  test('it does not depend on the order in which names come, and repeats do not count', () => {
    const names = fc.uniqueArray(fc.string(), { maxLength: 20 });
    fc.assert(
      fc.property(names, (some) => {
        const split = halves(some);
        expect(halves([...some, ...some].reverse())).toEqual(split);
        const a = [...split.values()].filter((half) => half === 'A').length;
        expect(a).toBe(Math.ceil(some.length / 2));
      }),
    );
  });
});

describe('byHalf', () => {
  test('each half and both are computed from their own series', () => {
    const series = [3, 1, 2].map((value) => ({ name: `s${value}`, value }));
    const sums = byHalf(
      series,
      ({ name }) => name,
      (some) => some.reduce((sum, { value }) => sum + value, 0),
    );
    expect(sums).toEqual({ A: 4, B: 2, both: 6 });
  });
});
