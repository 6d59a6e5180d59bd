import { Refusal } from './refusal.ts';

/**
 * `word` is a bare word or number (value in lower case), `quoted` an identifier in backticks or double quotes (value
 * is what stands between the quotes, in lower case, escapes as written), `string` a literal or heredoc, `mark` one
 * character of punctuation.
 * Offsets count bytes when the source is a `latin1` string of bytes.
 */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'mark';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /[ \t\n\r\f\v]/;
const WORD = /[A-Za-z0-9_]/;
const MARKS = new Set([...'()[]{},;.+-*/%=!<>?:|@^&']);

function syntaxError(at: number, what: string): Refusal {
  return new Refusal(62, 'SYNTAX_ERROR', `Syntax error: failed at position ${at + 1}: ${what}`);
}

/**
 * Tokens of ClickHouse SQL from `start` on, comments left out.
 *
 * It reads strictly: where the engine's lexer has changed between versions, or could be read in two ways (nested
 * comments, `//`, `#`, `$` inside words, a backslash or a non-ASCII character outside quotes), the text is refused as
 * a syntax error, so that nothing can hide from the guard behind a difference between the two lexers.
 * Lazy: a caller may stop where raw insert data begins.
 */
export function* tokens(sql: string, start = 0): Generator<Token, void, undefined> {
  let at = start;
  while (at < sql.length) {
    const char = sql[at] as string;
    const next = sql[at + 1];
    if (SPACE.test(char)) at += 1;
    else if (char === '-' && next === '-') at = lineEnd(sql, at);
    else if (char === '#' && (next === ' ' || next === '!')) at = lineEnd(sql, at);
    else if (char === '/' && next === '/') throw syntaxError(at, 'write comments as -- or /* */, not //');
    else if (char === '/' && next === '*') at = commentEnd(sql, at);
    else {
      const token = readToken(sql, at, char);
      yield token;
      at = token.end;
    }
  }
}

function readToken(sql: string, at: number, char: string): Token {
  if (char === "'") return { kind: 'string', value: '', start: at, end: quoteEnd(sql, at, char) };
  if (char === '`' || char === '"') {
    const end = quoteEnd(sql, at, char);
    return { kind: 'quoted', value: sql.slice(at + 1, end - 1).toLowerCase(), start: at, end };
  }
  if (char === '$') return { kind: 'string', value: '', start: at, end: heredocEnd(sql, at) };
  if (WORD.test(char)) {
    let end = at + 1;
    while (end < sql.length && WORD.test(sql[end] as string)) end += 1;
    return { kind: 'word', value: sql.slice(at, end).toLowerCase(), start: at, end };
  }
  if (MARKS.has(char)) return { kind: 'mark', value: char, start: at, end: at + 1 };
  const shown = char >= ' ' && char < '\x7f' ? `'${char}'` : `byte 0x${char.charCodeAt(0).toString(16)}`;
  throw syntaxError(at, `${shown} outside quotes`);
}

function lineEnd(sql: string, at: number): number {
  const end = sql.indexOf('\n', at);
  return end < 0 ? sql.length : end + 1;
}

function commentEnd(sql: string, at: number): number {
  const end = sql.indexOf('*/', at + 2);
  if (end < 0) throw syntaxError(at, 'multiline comment is not closed');
  if (sql.slice(at + 2, end).includes('/*')) throw syntaxError(at, 'nested comments are not supported');
  return end + 2;
}

/** One past the closing quote; a doubled quote and a backslash escape stay inside. */
function quoteEnd(sql: string, at: number, quote: string): number {
  let end = at + 1;
  while (end < sql.length) {
    if (sql[end] === '\\') end += 2;
    else if (sql[end] !== quote) end += 1;
    else if (sql[end + 1] === quote) end += 2;
    else return end + 1;
  }
  throw syntaxError(at, `quoted text is not closed: ${quote}`);
}

function heredocEnd(sql: string, at: number): number {
  const tag = /^\$[A-Za-z0-9_]*\$/.exec(sql.slice(at, at + 256))?.[0];
  const end = tag === undefined ? -1 : sql.indexOf(tag, at + tag.length);
  if (tag === undefined || end < 0) throw syntaxError(at, "'$' outside quotes, or a heredoc that is not closed");
  return end + tag.length;
}
