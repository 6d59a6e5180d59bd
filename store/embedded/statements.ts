import { Refusal, unsupported } from './refusal.ts';
import { type Token, tokens } from './tokens.ts';

/** One statement of a request, read but not yet judged. `sql` is a `latin1` string of the request's bytes. */
export interface Statement {
  /** First word, in lower case; `select` for a parenthesised or FROM-first query. */
  readonly verb: string;
  readonly kind: 'read' | 'write' | 'insert';
  readonly sql: string;
  /** Tokens of the statement; those of VALUES included, raw insert data not. */
  readonly tokens: readonly Token[];
  /** Name after the last FORMAT, as written. For an insert with data: the format of the data. */
  readonly format: string | undefined;
  /** For an insert with data: where the data begins, and where FROM INFILE goes (before SETTINGS, FORMAT, VALUES). */
  readonly data: { readonly start: number; readonly infileAt: number; readonly formatAt: number } | undefined;
}

const READ_VERBS = new Set(['select', 'with', 'from', 'show', 'describe', 'desc', 'exists', 'explain', 'check']);
const WRITE_VERBS = new Set([
  ...['create', 'alter', 'drop', 'undrop', 'truncate', 'rename', 'exchange', 'attach', 'detach'],
  ...['optimize', 'delete', 'update', 'kill', 'system'],
]);
const NEED_SESSION = new Set(['set', 'use', 'begin', 'commit', 'rollback']);
/** Known statements that the guard refuses whatever stands after them. */
export const REFUSED_VERBS = new Set(['backup', 'restore', 'grant', 'revoke', 'execute', 'copy', 'parallel', 'move']);

/**
 * Reads the one statement of a request. Throws a Refusal: 62 for no statement, several statements, or text that the
 * lexer refuses; 501 for statements that need a session.
 */
export function parseStatement(sql: string): Statement {
  const reader = tokens(sql);
  const seen: Token[] = [];
  let first = pull(reader);
  while (first !== undefined && first.value === ';' && first.kind === 'mark') first = pull(reader);
  if (first === undefined)
    throw new Refusal(62, 'SYNTAX_ERROR', 'Syntax error: failed at position 1 (end of query): Empty query');
  seen.push(first);
  const verb = first.kind === 'mark' && first.value === '(' ? 'select' : first.value;
  if (first.kind === 'word' && verb === 'insert') return parseInsert(sql, reader, seen);
  const end = finish(sql, reader, seen);
  if (NEED_SESSION.has(verb))
    throw unsupported(`${verb.toUpperCase()} (a session; settings and database go with each request)`);
  const kind = READ_VERBS.has(verb) || verb === 'select' ? 'read' : 'write';
  const known = kind === 'read' || WRITE_VERBS.has(verb) || REFUSED_VERBS.has(verb);
  if (!known || first.kind === 'string' || first.kind === 'quoted') {
    const shown = sql.slice(first.start, Math.min(first.end, first.start + 40));
    throw new Refusal(62, 'SYNTAX_ERROR', `Syntax error: failed at position ${first.start + 1} ('${shown}')`);
  }
  return { verb, kind, sql: sql.slice(0, end), tokens: seen, format: trailingFormat(sql, seen), data: undefined };
}

function pull(reader: Iterator<Token>): Token | undefined {
  const step = reader.next();
  return step.done ? undefined : step.value;
}

/** Reads to the end of the statement, demands that nothing follows, and returns the offset of its end. */
function finish(sql: string, reader: Iterator<Token>, seen: Token[]): number {
  for (let token = pull(reader); token !== undefined; token = pull(reader)) {
    if (token.kind === 'mark' && token.value === ';') {
      for (let after = pull(reader); after !== undefined; after = pull(reader)) {
        if (after.value === ';' && after.kind === 'mark') continue;
        throw new Refusal(
          62,
          'SYNTAX_ERROR',
          `Syntax error (Multi-statements are not allowed): failed at position ${token.start + 1} (;): one statement per request`,
        );
      }
      return token.start;
    }
    seen.push(token);
  }
  return sql.length;
}

/** `FORMAT X` at the end of a query, also when `SETTINGS` follows or `INTO OUTFILE` precedes it. */
function trailingFormat(sql: string, seen: readonly Token[]): string | undefined {
  let depth = 0;
  for (let i = seen.length - 1; i >= 1; i--) {
    const token = seen[i] as Token;
    if (token.kind === 'mark' && token.value === ')') depth += 1;
    if (token.kind === 'mark' && token.value === '(') depth -= 1;
    const before = seen[i - 1] as Token;
    const after = seen[i + 1];
    if (depth !== 0 || token.kind !== 'word' || before.kind !== 'word' || before.value !== 'format') continue;
    if (after === undefined || (after.kind === 'word' && after.value === 'settings'))
      return sql.slice(token.start, token.end);
  }
  return undefined;
}

/**
 * `INSERT INTO t [(columns)] [SETTINGS ...] FORMAT X data`, `... VALUES data` or `... SELECT`. Data starts after the
 * format's name, blanks and one line end, as in ClickHouse; data of VALUES is SQL and is tokenized with the rest.
 */
function parseInsert(sql: string, reader: Iterator<Token>, seen: Token[]): Statement {
  let depth = 0;
  let settingsAt: number | undefined;
  let named = false;
  for (let token = pull(reader); token !== undefined; token = pull(reader)) {
    const before = seen.at(-1) as Token;
    seen.push(token);
    if (token.kind === 'mark') {
      if (token.value === '(' || token.value === '{') depth += 1;
      if (token.value === ')' || token.value === '}') depth -= 1;
      if (token.value === ';') return selectInsert(sql, reader, seen.slice(0, -1), token.start);
      continue;
    }
    // The table's own name may read `format` or `values`: it follows INTO, TABLE or a dot.
    if (!named || before.value === '.') {
      named = before.value === '.' || token.kind === 'quoted' || !['into', 'table', 'function'].includes(token.value);
      continue;
    }
    if (token.kind !== 'word') continue;
    if (token.value === 'select' || token.value === 'with') return selectInsert(sql, reader, seen);
    if (depth !== 0) continue;
    if (token.value === 'settings') settingsAt = token.start;
    if (token.value === 'values') {
      const data = { start: token.end, infileAt: settingsAt ?? token.start, formatAt: token.start };
      const end = finish(sql, reader, seen);
      return { verb: 'insert', kind: 'insert', sql: sql.slice(0, end), tokens: seen, format: 'Values', data };
    }
    if (token.value === 'format') {
      const name = pull(reader);
      if (name?.kind !== 'word') throw new Refusal(62, 'SYNTAX_ERROR', 'Syntax error: a format name follows FORMAT');
      const data = { start: dataStart(sql, name.end), infileAt: settingsAt ?? token.start, formatAt: token.start };
      const format = sql.slice(name.start, name.end);
      if (name.value !== 'values') return { verb: 'insert', kind: 'insert', sql, tokens: seen, format, data };
      const end = finish(sql, reader, seen);
      return { verb: 'insert', kind: 'insert', sql: sql.slice(0, end), tokens: seen, format: 'Values', data };
    }
  }
  return { verb: 'insert', kind: 'write', sql, tokens: seen, format: undefined, data: undefined };
}

function selectInsert(sql: string, reader: Iterator<Token>, seen: readonly Token[], ended?: number): Statement {
  const all = [...seen];
  const rest: Token[] = [];
  const end = ended ?? finish(sql, reader, all);
  if (ended !== undefined && finish(sql, reader, rest) >= 0 && rest.length > 0) {
    throw new Refusal(62, 'SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed): one statement per request');
  }
  return { verb: 'insert', kind: 'write', sql: sql.slice(0, end), tokens: all, format: undefined, data: undefined };
}

function dataStart(sql: string, nameEnd: number): number {
  let at = nameEnd;
  if (sql[at] === ';') {
    throw new Refusal(62, 'SYNTAX_ERROR', "You have excessive ';' symbol before data for INSERT");
  }
  while (sql[at] === ' ' || sql[at] === '\t' || sql[at] === '\f') at += 1;
  if (sql[at] === '\r') at += 1;
  if (sql[at] === '\n') at += 1;
  return at;
}

/** The statements of a file, separated by `;`, comments before and after them kept, empty ones left out. */
export function splitStatements(text: string): string[] {
  const sql = Buffer.from(text).toString('latin1');
  const found: string[] = [];
  let from: number | undefined;
  let until = 0;
  const take = () => {
    if (from !== undefined) found.push(Buffer.from(sql.slice(from, until), 'latin1').toString());
    from = undefined;
  };
  for (const token of tokens(sql)) {
    if (token.kind === 'mark' && token.value === ';') {
      take();
      continue;
    }
    from ??= token.start;
    until = token.end;
  }
  take();
  return found;
}
