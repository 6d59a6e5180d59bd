import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clockText,
  listText,
  numberText,
  percentText,
  rateText,
  readQuantity,
  valueText,
} from '../../alerting/wording.ts';
import { durationWords } from '../../core/duration-words.ts';

/** A narrow no-break space, written as _ in the tables. */
const spaced = (text: string) => text.replaceAll('_', '\u202f');

describe('words and numbers', () => {
  it.each([
    [0.31, '31_%'],
    [0.004, '0.4_%'],
    [0.0002, '0.02_%'],
    [0.0999, '10_%'],
    [0.02, '2_%'],
    [1, '100_%'],
    [0, '0_%'],
    [Number.NaN, '–'],
  ])('%s is %s', (ratio, text) => {
    expect(percentText(ratio)).toBe(spaced(text));
  });

  it.each([
    [1840.4, '1,840'],
    [1_234_567, '1,234,567'],
    [12.345, '12.3'],
    [-3, '−3'],
    [0, '0'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('%s is %s', (value, text) => {
    expect(numberText(value)).toBe(text);
  });

  it('knows the units of signals', () => {
    expect([valueText(0.3, 's'), valueText(1840, '1/s'), valueText(900, '{record}'), valueText(2, '1')]).toEqual([
      spaced('300_ms'),
      '1,840/s',
      '900 records',
      '2',
    ]);
    expect(rateText(0.5)).toBe('0.5/s');
  });

  it('lists and clocks', () => {
    expect([
      listText([]),
      listText(['a']),
      listText(['a', 'b']),
      listText(['a', 'b', 'c']),
      listText(['a', 'b', 'c', 'd']),
    ]).toEqual(['', 'a', 'a and b', 'a, b and c', 'a, b and 2 more']);
    expect(clockText(Date.UTC(2026, 10, 17, 3, 6, 20))).toBe('03:06:20 UTC');
  });
});

describe('readQuantity', () => {
  const read = (text: string | undefined) => readQuantity(text && spaced(text), (size) => `<${size}>`);
  it.each<[string | undefined, string, number]>([
    ['0.312', '<0.312>', 0.312],
    ['1e3', '<1000>', 1000],
    ['312_ms', '312_ms', 0.312],
    ['24_min 8_s', '24_min 8_s', 1448],
    ['3_d 4_h', '3_d 4_h', 273_600],
    ['31_%', '31_%', 0.31],
    ['1,840/s', '1,840/s', 1840],
    ['1,200 records', '1,200 records', 1200],
    ['−4.1_s', '−4.1_s', -4.1],
    ['0.3 – 4_s', '0.3 – 4_s', Number.NaN],
    ['at most 4_s', 'at most 4_s', Number.NaN],
    ['–', '', Number.NaN],
    ['', '', Number.NaN],
    ['NaN', '', Number.NaN],
    [undefined, '', Number.NaN],
  ])('%s', (text, words, size) => {
    const quantity = read(text);
    expect(quantity.text).toBe(spaced(words));
    if (Number.isNaN(size)) expect(quantity.size).toBeNaN();
    else expect(quantity.size).toBeCloseTo(size, 9);
  });

  it('reads what durationWords and percentText write, and never throws', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (value) => {
        const seconds = readQuantity(durationWords(value), String).size;
        expect(Math.abs(seconds - value)).toBeLessThanOrEqual(Math.max(0.001, value * 0.06));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof readQuantity(text, String).size).toBe('number');
      }),
    );
  });
});
