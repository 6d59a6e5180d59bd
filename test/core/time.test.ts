import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration, stepStart } from '../../core/time.ts';

describe('parseDuration', () => {
  it.each([
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['0', 0],
    [' 5m ', 300_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '  ', '5', 'm', '-5s', '5 s', '5x', 's5', '1h30'])('refuses %j and says what to write', (text) => {
    expect(() => parseDuration(text)).toThrowError(expect.objectContaining({ code: 'core_duration_invalid' }));
  });

  it('is the inverse of formatDuration', () => {
    fc.assert(
      fc.property(fc.nat(10 * 86_400_000), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe('stepStart', () => {
  it('is the start of the step that holds the time', () => {
    expect(stepStart(10_000, 10_000)).toBe(10_000);
    expect(stepStart(19_999, 10_000)).toBe(10_000);
    expect(stepStart(20_000, 10_000)).toBe(20_000);
  });
});
