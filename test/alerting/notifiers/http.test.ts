import { describe, expect, it } from 'vitest';
import { isRetryableStatus, parseRetryAfter } from '../../../alerting/notifiers/http.ts';
import { NOON } from '../harness.ts';

describe('parseRetryAfter', () => {
  it.each([
    ['30', 30_000],
    ['0', 0],
    [new Date(NOON + 5000).toUTCString(), 5000],
    [new Date(NOON - 5000).toUTCString(), 0],
    ['99999999', 3_600_000],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s is %s ms', (header, expected) => {
    expect(parseRetryAfter(header, NOON)).toBe(expected);
  });
});

it('isRetryableStatus takes 5xx, 408 and 429', () => {
  const retried = Array.from({ length: 500 }, (_, i) => i + 100).filter(isRetryableStatus);
  expect(retried).toEqual([408, 429, ...Array.from({ length: 100 }, (_, i) => i + 500)]);
});
