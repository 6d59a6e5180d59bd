import { expect, test } from 'vitest';
import type { Signal } from '../../core/signal.ts';
import { chanceWords, rangeWords, valueWords } from '../../detector/wording.ts';

/** The narrow no-break space is written as a plain one here. */
const plain = (text: string) => text.replaceAll('\u202f', ' ');

test.each<[Signal, number, string]>([
  ['latency_p95', 0.312, '312 ms'],
  ['lag_seconds', 95, '1 min 35 s'],
  ['error_ratio', 0.305, '31 %'],
  ['error_ratio', 0.0021, '0.21 %'],
  ['throughput', 1840.4, '1,840/s'],
  ['throughput', 0, '0/s'],
  ['output', 12.34, '12.3/s'],
  ['lag', 48_213, '48,213 records'],
  ['lag', 1, '1 record'],
  ['custom', -2.71234, '−2.71'],
  ['custom', NaN, '–'],
])('%s of %d is %s', (signal, value, words) => {
  expect(plain(valueWords(signal, value))).toBe(words);
});

test.each<[Signal, number, number, string]>([
  ['latency_p95', 0.1, 0.312, '100 – 312 ms'],
  ['lag_seconds', 0.3, 4, '300 ms – 4 s'],
  ['lag_seconds', 0, 4, '0 – 4 s'],
  ['lag_seconds', 40, 95, '40 s – 1 min 35 s'],
  ['throughput', 10, 20.4, '10 – 20.4/s'],
  ['error_ratio', 0, 0.02, '0 – 2 %'],
  ['custom', 1.5, 2, '1.5 – 2'],
  ['custom', NaN, 5, 'at most 5'],
  ['custom', 5, NaN, 'at least 5'],
  ['custom', NaN, NaN, '–'],
])('%s from %d to %d is %s', (signal, lower, upper, words) => {
  expect(plain(rangeWords(signal, lower, upper))).toBe(words);
});

test.each([
  [4, '1 in 10,000'],
  [2.5, '1 in 300'],
  [9.2, '1 in 10⁹'],
  [12, '1 in 10¹²'],
  [NaN, '–'],
])('a score of %d is a chance of %s', (score, words) => {
  expect(chanceWords(score)).toBe(words);
});
