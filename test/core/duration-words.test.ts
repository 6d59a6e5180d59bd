import { describe, expect, test } from 'vitest';
import { durationParts, durationWords, joinParts } from '../../core/duration-words.ts';

/** A narrow no-break space, written as a plain one here. */
const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('durations in words', () => {
  test.each([
    [0, '0 s'],
    [0.00042, '0.42 ms'],
    [0.0004, '0.4 ms'],
    [0.0031, '3.1 ms'],
    [0.004, '4 ms'],
    [0.312, '312 ms'],
    [0.9996, '1 s'],
    [4.12, '4.1 s'],
    [9.96, '10 s'],
    [42.4, '42 s'],
    [59.7, '1 min'],
    [60, '1 min'],
    [95, '1 min 35 s'],
    [1448, '24 min 8 s'],
    [3599.7, '1 h'],
    [3600, '1 h'],
    [8700, '2 h 25 min'],
    [86_400, '1 d'],
    [273_600, '3 d 4 h'],
    [-42, '−42 s'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
    [null, '–'],
    [undefined, '–'],
  ])('%s s is %s', (seconds, words) => {
    expect(plain(durationWords(seconds))).toBe(words);
  });

  test('a unit never leaves its number at the end of a line', () => {
    expect(durationWords(190)).toBe('3\u202fmin 10\u202fs');
  });

  test('numbers and units can be drawn apart', () => {
    expect(durationParts(190)).toEqual([
      { value: '3', unit: 'min' },
      { value: '10', unit: 's' },
    ]);
    expect(joinParts(durationParts(null))).toBe('–');
  });

  test('never more than two units, never the letter m alone', () => {
    for (let seconds = 0.00001; seconds < 1e7; seconds *= 1.37) {
      const parts = durationParts(seconds);
      expect(parts.length).toBeLessThanOrEqual(2);
      for (const { value, unit } of parts) {
        expect(['ms', 's', 'min', 'h', 'd']).toContain(unit);
        if (unit === 's' && parts.length === 2) expect(Number(value)).toBeLessThan(60);
        if (unit === 'min') expect(Number(value)).toBeLessThan(60);
        if (unit === 'h') expect(Number(value)).toBeLessThan(24);
      }
    }
  });
});
