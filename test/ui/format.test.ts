import { describe, expect, test } from 'vitest';
import {
  durationWords,
  formatAge,
  formatChance,
  formatChange,
  formatClock,
  formatCount,
  formatMoment,
  formatNumber,
  formatPercent,
  formatRange,
  formatRate,
  formatRecords,
  formatSecondsShort,
  plural,
  rateInFull,
} from '../../ui/format.ts';

/** Tests write plain spaces and hyphens; the interface writes narrow no-break spaces and a true minus. */
const plain = (text: string) => text.replaceAll('\u202f', ' ').replaceAll('\u2212', '-');

describe('durations', () => {
  test('unknown is an en dash, not zero', () => {
    expect(durationWords(null)).toBe('–');
    expect(durationWords(Number.NaN)).toBe('–');
    expect(formatRate(undefined)).toBe('–');
    expect(formatPercent(null)).toBe('–');
  });

  test('the short form keeps the largest unit', () => {
    expect(plain(formatSecondsShort(1448))).toBe('24 min');
  });
});

describe('numbers', () => {
  test.each([
    [0, '0'],
    [0.035, '0.04'],
    [0.35, '0.35'],
    [4.12, '4.1'],
    [92, '92'],
    [611.4, '611'],
    [999.7, '1.00k'],
    [1840, '1.84k'],
    [38_200, '38.2k'],
    [412_000, '412k'],
    [2_610_000, '2.61M'],
    [3.2e9, '3.20G'],
    [-67, '-67'],
  ])('%d is %s', (value, text) => {
    expect(plain(formatNumber(value))).toBe(text);
  });

  test('counts have no fraction', () => {
    expect(formatCount(8.4)).toBe('8');
    expect(formatCount(2_610_000)).toBe('2.61M');
    expect(formatRecords(1)).toBe('1 record');
    expect([0, 0.6, 2_610_000].map(formatRecords)).toEqual(['0 records', '1 record', '2.61M records']);
  });

  test('rates in a sentence are written in full', () => {
    expect(rateInFull(1840)).toBe('1,840/s');
    expect(formatRate(1840)).toBe('1.84k/s');
  });

  test.each([
    [0, '0 %'],
    [0.0002, '0.02 %'],
    [0.02, '2 %'],
    [0.0523, '5.2 %'],
    [0.67, '67 %'],
    [0.995, '99.5 %'],
    [1, '100 %'],
  ])('the ratio %d is %s', (ratio, text) => {
    expect(plain(formatPercent(ratio))).toBe(text);
  });

  test('a change carries its sign', () => {
    expect(plain(formatChange(-0.67))).toBe('-67 %');
    expect(plain(formatChange(0.12))).toBe('+12 %');
  });

  test.each([
    [0.5, '1 in 2'],
    [0.0001, '1 in 10k'],
    [1 / 4.5e6, '1 in 4.5M'],
    [1e-9, '1 in 10⁹'],
    [1e-12, '1 in 10¹²'],
  ])('the chance %d is %s', (p, text) => {
    expect(formatChance(p)).toBe(text);
  });

  test('ranges share their unit when they can', () => {
    expect(plain(formatRange(0.018, 0.044, 's'))).toBe('18 – 44 ms');
    expect(plain(formatRange(0.3, 42, 's'))).toBe('300 ms – 42 s');
    expect(plain(formatRange(0, 2, 's'))).toBe('≤ 2 s');
    expect(plain(formatRange(1770, 1990, '1/s'))).toBe('1.77k – 1.99k/s');
    expect(formatRange(null, null, 's')).toBe('–');
  });
});

describe('times', () => {
  const at = Date.UTC(2026, 10, 21, 3, 41, 20);

  test('clock is 24 h in UTC', () => {
    expect(formatClock(at)).toBe('03:41');
    expect(formatClock(at, true)).toBe('03:41:20');
  });

  test('a moment of another day names the day', () => {
    expect(formatMoment(at, at + 60_000)).toBe('03:41');
    expect(formatMoment(at, at + 86_400_000)).toBe('21 Nov 03:41');
  });

  test('age is one unit', () => {
    expect(plain(formatAge(at - 2000, at))).toBe('2 s ago');
    expect(plain(formatAge(at - 32 * 60_000 - 5000, at))).toBe('32 min ago');
    expect(formatAge(at, at)).toBe('now');
    expect(formatAge(at + 5000, at)).toBe('now');
  });

  test('plural', () => {
    expect(plural(1, 'stage')).toBe('1 stage');
    expect(plural(3, 'stage')).toBe('3 stages');
    expect(plural(2, 'waits', 'wait')).toBe('2 wait');
  });
});
