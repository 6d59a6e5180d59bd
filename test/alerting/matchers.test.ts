import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatcher, formatMatcher, MATCH_OPERATORS, matchesAll, parseMatchers } from '../../alerting/matchers.ts';
import { WeirError } from '../../core/errors.ts';

const shape = (text: string) => parseMatchers(text).map(({ name, operator, value }) => [name, operator, value]);

describe('parseMatchers', () => {
  it.each([
    ['a="b"', [['a', '=', 'b']]],
    ['a=b', [['a', '=', 'b']]],
    ['{a="b"}', [['a', '=', 'b']]],
    [
      ' { a = "b" , c =~ "d|e" , } ',
      [
        ['a', '=', 'b'],
        ['c', '=~', 'd|e'],
      ],
    ],
    [
      'a!="b",c!~x.*',
      [
        ['a', '!=', 'b'],
        ['c', '!~', 'x.*'],
      ],
    ],
    ['a=~[a-z]{2}', [['a', '=~', '[a-z]{2}']]],
    ['a="x, y=z"', [['a', '=', 'x, y=z']]],
    ['a="say \\"hi\\"\\n"', [['a', '=', 'say "hi"\n']]],
    ['a=~"\\d+"', [['a', '=~', '\\d+']]],
    ['"dotted.name"="v"', [['dotted.name', '=', 'v']]],
    ['überlänge=1', [['überlänge', '=', '1']]],
    ['a=""', [['a', '=', '']]],
    ['a=', [['a', '=', '']]],
    ['', []],
    ['{}', []],
  ])('%s', (text, expected) => {
    expect(shape(text)).toEqual(expected);
  });

  it.each([
    'a',
    'a==b"',
    '="b"',
    'a="b',
    '{a="b"',
    '{a="b"} x',
    'a="b" c="d"',
    'a~"b"',
    'a=~"("',
    'a=~"(?=x)"',
    'a=~"(a)\\1"',
    ',',
    '{,}',
  ])('refuses %s with a typed error', (text) => {
    expect(() => parseMatchers(text)).toThrow(WeirError);
  });

  it('gives nothing but matchers or a typed error on any text', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      '!',
      '~',
      '"',
      '{',
      '}',
      ',',
      '\\',
      '(',
      '[',
      ' ',
      'é',
      '|',
      '*',
      '\n',
      '\ud800',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            for (const matcher of parseMatchers(text)) matcher.matches('x');
          } catch (error) {
            expect(error).toBeInstanceOf(WeirError);
            expect((error as WeirError).code).toBe('alerting_matcher_invalid');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reads back what formatMatcher writes', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.constantFrom('=' as const, '!=' as const),
        fc.string(),
        (name, operator, value) => {
          const text = formatMatcher(createMatcher(name, operator, value));
          expect(shape(`{${text}}`)).toEqual([[name, operator, value]]);
        },
      ),
    );
  });
});

describe('matching', () => {
  it.each([
    ['=', 'x', 'x', true],
    ['=', 'x', '', false],
    ['!=', 'x', '', true],
    ['=~', 'x|y', 'y', true],
    ['=~', 'x', 'xx', false],
    ['=~', '.*', '', true],
    ['=~', '.+', '', false],
    ['!~', 'x.*', 'xyz', false],
    ['!~', 'x.*', 'abc', true],
    ['=~', '(?i)warning|[a-c]z', 'WARNING', true],
    ['=~', '(?i)warning|[a-c]z', 'Bz', true],
    ['=~', '(?i)\\w+é', 'aÉ', true],
    ['=~', '(?P<n>a)b', 'ab', true],
    ['=~', 'a.b', 'a\nb', false],
    ['=~', '(?s)a.b', 'a\nb', true],
  ] as const)('%s %s on %s is %s', (operator, value, given, expected) => {
    expect(createMatcher('n', operator, value).matches(given)).toBe(expected);
  });

  it('takes a missing label for the empty string', () => {
    expect(matchesAll(parseMatchers('a="",b!="1"'), {})).toBe(true);
    expect(matchesAll(parseMatchers('a=~".+"'), {})).toBe(false);
    expect(matchesAll(parseMatchers('constructor="",__proto__=""'), {})).toBe(true);
    expect(matchesAll(parseMatchers('toString=~".+"'), {})).toBe(false);
    expect(matchesAll([], { a: 'b' })).toBe(true);
  });

  it('takes linear time on a pattern that makes other engines hang', () => {
    const matcher = createMatcher('n', '=~', '(a+)+b|((a*)*)*c');
    const started = Date.now();
    expect(matcher.matches('a'.repeat(50_000))).toBe(false);
    expect(Date.now() - started).toBeLessThan(5000);
  });

  it('refuses a pattern longer than 4096 characters and a matcher without a name', () => {
    expect(() => createMatcher('n', '=~', 'a'.repeat(5000))).toThrow(/longer than 4096/);
    expect(() => createMatcher('', '=', 'a')).toThrow(WeirError);
    expect(MATCH_OPERATORS).toHaveLength(4);
  });
});
