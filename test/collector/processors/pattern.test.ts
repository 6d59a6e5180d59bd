import { describe, expect, it } from 'vitest';
import { patternFault } from '../../../collector/processors/pattern.ts';

describe('patternFault', () => {
  it.each([
    String.raw`\bDE\d{20}\b`,
    String.raw`(?:[a-z0-9-]+\.)+[a-z]{2,}`,
    String.raw`[^\s@]+@[^\s@]+`,
    String.raw`(?:\d[ -]?){13,16}`,
    String.raw`password=\S+`,
  ])('takes %s', (source) => {
    expect(patternFault(source, 4096)).toBeUndefined();
  });

  it.each(['(a+)+$', String.raw`(\d+,?)+x`, '^(([a-z])+.)+[A-Z]([a-z])+$', '(x|y|xy)*z'])(
    'refuses %s, whose time is exponential in the length of the value',
    (source) => {
      expect(patternFault(source, 4096)).toMatch(/^takes too long on values such as "/);
    },
  );

  it('refuses a cubic one on long values and takes it on short ones', () => {
    const source = String.raw`\s*\w*\s*=`;
    expect(patternFault(source, 4096)).toMatch(/^takes too long/);
    expect(patternFault(source, 64)).toBeUndefined();
  });

  it('refuses what is no expression and what matches nothing', () => {
    expect(patternFault('([', 4096)).toMatch(/^is not a regular expression: /);
    expect(patternFault('a*', 4096)).toMatch(/^matches the empty text/);
  });
});
