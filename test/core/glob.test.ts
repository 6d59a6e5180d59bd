import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGlob } from '../../core/glob.ts';

describe('createGlob', () => {
  it.each([
    ['user.email', 'user.email', true],
    ['user.email', 'userXemail', false],
    ['user.*', 'user.', true],
    ['user.*', 'user', false],
    ['*', '', true],
    ['*.id', 'order.id', true],
    ['a*a', 'a', false],
    ['GET */healthz*', 'GET /v1/healthz?x', true],
    ['a*b*c', 'acb', false],
    ['*ab*ab*', 'ab', false],
    ['x.(a|b)', 'x.a', false],
  ])('%s on %s: %s', (glob, text, expected) => {
    expect(createGlob(glob)(text)).toBe(expected);
  });

  it('says what a regular expression of the same meaning says', () => {
    const letters = (from: string) => fc.string({ unit: fc.constantFrom(...from), maxLength: 8 });
    fc.assert(
      fc.property(letters('ab*'), letters('ab'), (glob, text) => {
        const expression = new RegExp(`^${glob.replaceAll('*', '.*')}$`);
        expect(createGlob(glob)(text)).toBe(expression.test(text));
      }),
      { numRuns: 2000 },
    );
  });
});
