import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Refusal } from '../../../store/embedded/refusal.ts';
import { tokens } from '../../../store/embedded/tokens.ts';

const read = (sql: string) =>
  [...tokens(sql)].map(
    (token) => `${token.kind[0]}:${token.kind === 'string' ? sql.slice(token.start, token.end) : token.value}`,
  );

test.each<[string, string[]]>([
  ['SELECT a, 1', ['w:select', 'w:a', 'm:,', 'w:1']],
  ['', []],
  [' \t\n\r\f\v', []],
  ['a--b\nc', ['w:a', 'w:c']],
  ['a -- to the end', ['w:a']],
  ['a /* b ; */ c', ['w:a', 'w:c']],
  ['# shell\nx #!y\nz', ['w:x', 'w:z']],
  ["'it''s' 'b\\'c' ''", ["s:'it''s'", "s:'b\\'c'", "s:''"]],
  ["'a\\\\' b", ["s:'a\\\\'", 'w:b']],
  ['"Quoted" `Back``tick`', ['q:quoted', 'q:back``tick']],
  ['"a\\"b" c', ['q:a\\"b', 'w:c']],
  ['$$a;b$$ $x$ $$ $x$', ['s:$$a;b$$', 's:$x$ $$ $x$']],
  ["'-- no comment' -- comment '", ["s:'-- no comment'"]],
  ["/* ' */ 'x'", ["s:'x'"]],
  ['1.5e3 .5 0x1F x.1', ['w:1', 'm:.', 'w:5e3', 'm:.', 'w:5', 'w:0x1f', 'w:x', 'm:.', 'w:1']],
  ['{name:Array(String)}', ['m:{', 'w:name', 'm::', 'w:array', 'm:(', 'w:string', 'm:)', 'm:}']],
  [
    'a->b, a::c, a||b, a!=b',
    [
      'w:a',
      'm:-',
      'm:>',
      'w:b',
      'm:,',
      'w:a',
      'm::',
      'm::',
      'w:c',
      'm:,',
      'w:a',
      'm:|',
      'm:|',
      'w:b',
      'm:,',
      'w:a',
      'm:!',
      'm:=',
      'w:b',
    ],
  ],
])('%j', (sql, expected) => {
  expect(read(sql)).toEqual(expected);
});

test.each([
  ...["'open", '"open', '`open', "'open\\'", '/* open', '/* a /* b */ */', '$tag$ open', '$', 'a$b', '$a b$ x $a b$'],
  ...['a // b', '#x', 'a \\ b', 'SELECT 1 \\G', '\u00a0', '\u2018x\u2019', '\u00e9', 'a\u0000b', '~'],
])('%j is refused', (sql) => {
  expect(() => read(Buffer.from(sql).toString('latin1'))).toThrow(Refusal);
});

test('offsets cover the text in order, whatever it is; nothing but a Refusal comes out', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(
      "'",
      '"',
      '`',
      '--',
      '/*',
      '*/',
      '\n',
      ';',
      '$$',
      '$a$',
      '\\',
      '(',
      ')',
      '#',
      ' ',
      'select',
      'file',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const sql = Buffer.from(pieces.join('')).toString('latin1');
      let last = 0;
      try {
        for (const token of tokens(sql)) {
          expect(token.start).toBeGreaterThanOrEqual(last);
          expect(token.end).toBeGreaterThan(token.start);
          expect(token.end).toBeLessThanOrEqual(sql.length);
          last = token.end;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a literal of any text is one token', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const bytes = Buffer.from(value).toString('latin1');
      const literal = `'${bytes.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
      expect([...tokens(`${literal};`)].map((token) => token.kind)).toEqual(['string', 'mark']);
    }),
  );
});
