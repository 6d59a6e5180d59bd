import {
  ALLOWED_ENGINES,
  ALLOWED_OBJECTS,
  ALLOWED_SYSTEM,
  ALLOWED_TABLE_FUNCTIONS,
  checkSetting,
  REFUSED_FAMILIES,
  REFUSED_FUNCTIONS,
  REFUSED_SCALARS,
} from './allow-list.ts';
import { denied, Refusal, unsupported } from './refusal.ts';
import { REFUSED_VERBS, type Statement } from './statements.ts';
import type { Token } from './tokens.ts';

const DDL = new Set([
  ...['create', 'attach', 'alter', 'drop', 'detach', 'rename', 'exchange', 'undrop', 'truncate', 'optimize'],
]);

export interface Guard {
  /** Throws a Refusal (497, or 48 for what is only missing) that names what is refused. */
  check(statement: Statement, params: ReadonlyMap<string, string>): void;
}

/** The names this engine knows: its table functions (those not allowed are refused), its table and database engines. */
export interface EngineNames {
  readonly tableFunctions: readonly string[];
  readonly engines: readonly string[];
}

export function createGuard(names: EngineNames): Guard {
  const known = new Set(names.engines.map((name) => name.toLowerCase()));
  const refused = new Set(REFUSED_FUNCTIONS);
  for (const name of names.tableFunctions) {
    if (!ALLOWED_TABLE_FUNCTIONS.has(name.toLowerCase())) refused.add(name.toLowerCase());
  }
  const checkFunction = (name: string) => {
    if (name === 'input') throw unsupported('the table function input()');
    if (refused.has(name) || REFUSED_FAMILIES.test(name)) throw denied(`${name}()`);
  };
  return {
    check(statement, params) {
      const { verb, tokens } = statement;
      if (REFUSED_VERBS.has(verb)) throw denied(`${verb.toUpperCase()}`);
      checkVerb(verb, tokens);
      tokens.forEach((token, i) => {
        const called = isMark(tokens[i + 1], '(');
        const name = isMark(token, '}') ? placeholderValue(tokens, i, params) : nameOf(token);
        if (name !== '') {
          if (called) checkFunction(name);
          if (REFUSED_SCALARS.test(name) && !isMark(tokens[i - 1], '.')) throw denied(`${name} (as a function)`);
          if (called && name.includes('\\')) throw denied('an escape in the name of a function');
          if (called && token.kind === 'word' && /^\d/.test(name)) throw notCallable(token);
        }
        if (token.kind === 'word') checkWord(tokens, i, DDL.has(verb), known);
      });
    },
  };
}

function isMark(token: Token | undefined, value: string): boolean {
  return token?.kind === 'mark' && token.value === value;
}

function nameOf(token: Token): string {
  return token.kind === 'word' || token.kind === 'quoted' ? token.value : '';
}

function notCallable(token: Token): Refusal {
  return new Refusal(62, 'SYNTAX_ERROR', `Syntax error: failed at position ${token.start + 1} ('${token.value}')`);
}

/** The value, in lower case and without quotes, of `{name:Identifier}` closed at `close`; empty for other types. */
function placeholderValue(tokens: readonly Token[], close: number, params: ReadonlyMap<string, string>): string {
  const [open, name, colon, type] = tokens.slice(Math.max(0, close - 4), close);
  if (!isMark(open, '{') || !isMark(colon, ':') || type?.value !== 'identifier') return '';
  for (const [key, value] of params) {
    if (key.toLowerCase() === name?.value) return (value.split('.').at(-1) ?? '').replace(/[`"\s]/g, '').toLowerCase();
  }
  return '';
}

function wordAt(tokens: readonly Token[], i: number): string {
  const token = tokens[i];
  return token?.kind === 'word' ? token.value : '';
}

function checkVerb(verb: string, tokens: readonly Token[]): void {
  const second = wordAt(tokens, 1);
  if (verb === 'system' && (!ALLOWED_SYSTEM.test(second) || wordAt(tokens, 2) === 'listen')) {
    throw denied(`SYSTEM ${second.toUpperCase()}`);
  }
  if (verb === 'kill' && second !== 'query' && second !== 'mutation') throw denied(`KILL ${second.toUpperCase()}`);
  if (['create', 'attach', 'alter', 'drop'].includes(verb)) checkObject(verb, tokens);
  if (verb === 'attach' && tokens.some((_, i) => wordAt(tokens, i) === 'from' && tokens[i + 1]?.kind === 'string')) {
    throw denied('ATTACH ... FROM a path');
  }
  if (['drop', 'detach', 'rename', 'exchange'].includes(verb) && second === 'database') {
    const named = tokens.slice(2).some((token) => nameOf(token) === 'default' || isMark(token, '{'));
    if (named) throw new Refusal(497, 'ACCESS_DENIED', 'the database default cannot be dropped, detached or renamed');
  }
}

/** What a DDL statement is about: tables, views, databases, dictionaries; not users, roles, quotas, collections. */
function checkObject(verb: string, tokens: readonly Token[]): void {
  let i = 1;
  while (['or', 'replace', 'if', 'not', 'exists', 'unique'].includes(wordAt(tokens, i))) i += 1;
  const object = wordAt(tokens, i);
  if (object === 'temporary') throw unsupported('a temporary table (it needs a session)');
  if (!ALLOWED_OBJECTS.has(object)) throw denied(`${verb.toUpperCase()} ${object.toUpperCase()}`);
  const lambda = tokens.some((token, at) => isMark(token, '-') && isMark(tokens[at + 1], '>'));
  if (verb === 'create' && object === 'function' && !lambda) throw denied('CREATE FUNCTION of anything but a lambda');
  if (object === 'dictionary') checkDictionary(tokens);
}

function checkDictionary(tokens: readonly Token[]): void {
  const source = tokens.findIndex((t, i) => t.value === 'source' && tokens[i + 1]?.value === '(');
  if (source < 0) return;
  const kind = wordAt(tokens, source + 2);
  const remote = tokens.some((_, i) => i > source && ['host', 'port', 'name', 'secure'].includes(wordAt(tokens, i)));
  if (kind === 'null' || (kind === 'clickhouse' && !remote)) return;
  throw denied(`dictionary source ${kind.toUpperCase()}`);
}

function checkWord(tokens: readonly Token[], i: number, ddl: boolean, known: ReadonlySet<string>): void {
  const token = tokens[i] as Token;
  const next = wordAt(tokens, i + 1);
  if (token.value === 'into' && next === 'outfile') throw denied('INTO OUTFILE');
  if (token.value === 'from' && next === 'infile') throw denied('FROM INFILE');
  if (ddl && token.value === 'engine') checkEngine(tokens, i + 1, known);
  if (ddl && token.value === 'to' && (next === 'disk' || next === 'volume'))
    throw denied(`MOVE TO ${next.toUpperCase()}`);
  if (token.value === 'settings' || token.value === 'setting') checkSettings(tokens, i + 1);
}

/** After `ENGINE =` stands an allowed name; without `=` the word may be a column, so only known engines count. */
function checkEngine(tokens: readonly Token[], at: number, known: ReadonlySet<string>): void {
  const equals = tokens[at]?.kind === 'mark' && tokens[at]?.value === '=';
  const name = tokens[equals ? at + 1 : at];
  if (name === undefined || name.kind === 'string') return;
  if (!equals && !known.has(name.value)) return;
  if (ALLOWED_ENGINES.has(name.value)) return;
  throw denied(`ENGINE ${name.value}`);
}

/** `SETTINGS a = 1, b = 'x'`: every name before an equals sign, until the clause ends. */
function checkSettings(tokens: readonly Token[], from: number): void {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind === 'mark' && '([{'.includes(token.value)) depth += 1;
    if (token.kind === 'mark' && ')]}'.includes(token.value)) depth -= 1;
    if (depth < 0) return;
    const before = tokens[i - 1] as Token;
    const opens = i === from || (before.kind === 'mark' && (before.value === ',' || before.value === '('));
    const named = token.kind === 'word' || token.kind === 'quoted';
    const assigned = tokens[i + 1]?.kind === 'mark' && tokens[i + 1]?.value === '=';
    if (named && opens && assigned) checkSetting(token.value);
  }
}
