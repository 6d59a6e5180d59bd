import { setFlagsFromString } from 'node:v8';
import { z } from 'zod';
import { errorMessage, WeirError } from '../core/errors.ts';
import { type Labels, labelOf } from '../core/labels.ts';

export const MATCH_OPERATORS = ['=', '!=', '=~', '!~'] as const;
export type MatchOperator = (typeof MATCH_OPERATORS)[number];

/** One condition on one label, as Alertmanager writes it. A missing label is the empty string. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  readonly matches: (value: string) => boolean;
}

// Matchers come from outside (silences over HTTP), so a pattern must not be able to hold the process: V8's
// non-backtracking engine runs in linear time and refuses what it cannot run so (look-ahead, back-references), as
// RE2 does in Alertmanager. The flag only makes the regular expression flag `l` known.
setFlagsFromString('--enable-experimental-regexp-engine');

const MAX_PATTERN = 4096;

/** `(?i)` written out, because the linear engine has no case-insensitive mode: `ab` becomes `[aA][bB]`. */
function ignoreCase(pattern: string): string {
  let out = '';
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] as string;
    const lower = char.toLowerCase();
    const upper = char.toUpperCase();
    if (char === '\\') {
      out += char + (pattern[++i] ?? '');
    } else if (inClass && /[a-z]/i.test(char) && pattern[i + 1] === '-' && /[a-z]/i.test(pattern[i + 2] ?? '')) {
      const end = pattern[i + 2] as string;
      out += `${lower}-${end.toLowerCase()}${upper}-${end.toUpperCase()}`;
      i += 2;
    } else if (lower !== upper && lower.length === 1 && upper.length === 1) {
      out += inClass ? lower + upper : `[${lower}${upper}]`;
    } else {
      if (char === '[') inClass = true;
      if (char === ']') inClass = false;
      out += char;
    }
  }
  return out;
}

function compile(pattern: string): RegExp {
  if (pattern.length > MAX_PATTERN) throw new Error(`the pattern is longer than ${MAX_PATTERN} characters`);
  const flags = /^\(\?([is]+)\)/.exec(pattern);
  const body = (flags ? pattern.slice(flags[0].length) : pattern).replaceAll('(?P<', '(?<');
  const source = flags?.[1]?.includes('i') ? ignoreCase(body) : body;
  return new RegExp(`^(?:${source})$`, flags?.[1]?.includes('s') ? 'sl' : 'l');
}

/** Regular expressions are anchored at both ends. Throws `alerting_matcher_invalid`. */
export function createMatcher(name: string, operator: MatchOperator, value: string): Matcher {
  if (name === '') throw new WeirError('alerting_matcher_invalid', 'a matcher has no label name');
  if (operator === '=') return { name, operator, value, matches: (given) => given === value };
  if (operator === '!=') return { name, operator, value, matches: (given) => given !== value };
  let pattern: RegExp;
  try {
    pattern = compile(value);
  } catch (error) {
    throw new WeirError(
      'alerting_matcher_invalid',
      `${name}${operator}${JSON.stringify(value)}: ${errorMessage(error)}`,
    );
  }
  const wanted = operator === '=~';
  return { name, operator, value, matches: (given) => pattern.test(given) === wanted };
}

/** Reads one text from left to right; every failure is `alerting_matcher_invalid` with the place. */
class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(what: string): WeirError {
    return new WeirError('alerting_matcher_invalid', `matcher ${JSON.stringify(this.text)}: ${what} at ${this.at + 1}`);
  }

  space(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }

  quoted(): string {
    let out = '';
    for (this.at++; this.at < this.text.length; this.at++) {
      const char = this.text[this.at] as string;
      if (char === '"') {
        this.at++;
        return out;
      }
      if (char !== '\\') {
        out += char;
        continue;
      }
      const next = this.text[++this.at];
      if (next === undefined) break;
      if (next === 'n') out += '\n';
      else if (next === '"' || next === '\\') out += next;
      else out += `\\${next}`;
    }
    throw this.fail('a quote is not closed');
  }

  run(stop: RegExp): string {
    const from = this.at;
    while (this.at < this.text.length && !stop.test(this.text[this.at] as string)) this.at++;
    return this.text.slice(from, this.at);
  }

  operator(): MatchOperator {
    const two = this.text.slice(this.at, this.at + 2);
    const found = (['=~', '!~', '!=', '='] as const).find((operator) => two.startsWith(operator));
    if (found === undefined) throw this.fail('expected one of = != =~ !~');
    this.at += found.length;
    return found;
  }
}

/**
 * `name="value", other=~"a|b"`, in braces or not, values quoted or bare. An empty text or `{}` gives no matcher.
 * Throws `alerting_matcher_invalid`.
 */
export function parseMatchers(text: string): Matcher[] {
  const reader = new Reader(text);
  const matchers: Matcher[] = [];
  reader.space();
  const braces = text[reader.at] === '{';
  if (braces) reader.at++;
  for (;;) {
    reader.space();
    if (reader.at >= text.length || (braces && text[reader.at] === '}')) break;
    const name = text[reader.at] === '"' ? reader.quoted() : reader.run(/[\s=!~,{}"]/);
    if (name === '') throw reader.fail('expected a label name');
    reader.space();
    const operator = reader.operator();
    reader.space();
    const value = text[reader.at] === '"' ? reader.quoted() : reader.run(braces ? /[,}"]/ : /[,"]/).trimEnd();
    matchers.push(createMatcher(name, operator, value));
    reader.space();
    if (text[reader.at] === ',') reader.at++;
    else if (reader.at < text.length && !(braces && text[reader.at] === '}')) throw reader.fail('expected a comma');
  }
  if (braces) {
    if (text[reader.at] !== '}') throw reader.fail('a brace is not closed');
    reader.at++;
    reader.space();
    if (reader.at < text.length) throw reader.fail('unexpected text');
  }
  return matchers;
}

/** The canonical spelling, which `parseMatchers` reads back. */
export function formatMatcher(matcher: Matcher): string {
  const name = /^[A-Za-z_:][\w:]*$/.test(matcher.name) ? matcher.name : quote(matcher.name);
  return `${name}${matcher.operator}${quote(matcher.value)}`;
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** Whether every matcher holds; true without matchers. */
export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labelOf(labels, matcher.name)));
}

/** A YAML list of matcher texts, each of which may hold several separated by commas. */
export const matchersConfig = z
  .array(
    z.string().transform((text, context): readonly Matcher[] => {
      try {
        return parseMatchers(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: errorMessage(error) });
        return z.NEVER;
      }
    }),
  )
  .transform((lists) => lists.flat());
