import { WeirError } from '../../../core/errors.ts';

/** A line that is no line of the format: `collector_prometheus_malformed`, with its number counted from 1. */
export function malformedLine(line: number, reason: string): WeirError {
  return new WeirError('collector_prometheus_malformed', `line ${line}: ${reason}`);
}

const [TAB, SPACE, QUOTE, COMMA, EQUALS, BACKSLASH, OPEN, CLOSE] = [0x09, 0x20, 0x22, 0x2c, 0x3d, 0x5c, 0x7b, 0x7d];

/** The place of the first character from `at` on that is no space and no tab; `end` when there is none. */
export function skipBlanks(text: string, at: number, end: number): number {
  let place = at;
  while (place < end) {
    const code = text.charCodeAt(place);
    if (code !== SPACE && code !== TAB) break;
    place++;
  }
  return place;
}

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x3a) || code === 0x5f
  );
}

/** A name, bare or in quotes. Throws `collector_prometheus_malformed`. */
export function readName(text: string, at: number, end: number, line: number): { name: string; end: number } {
  if (at < end && text.charCodeAt(at) === QUOTE) {
    const read = readQuoted(text, at, end, line);
    if (read.value === '') throw malformedLine(line, 'a name in quotes is empty');
    return { name: read.value, end: read.end };
  }
  let to = at;
  while (to < end && isNameCharacter(text.charCodeAt(to))) to++;
  const first = text.charCodeAt(at);
  if (to === at || (first >= 0x30 && first <= 0x39)) {
    throw malformedLine(line, `a name is expected where "${text.slice(at, Math.min(end, at + 40))}" is`);
  }
  return { name: text.slice(at, to), end: to };
}

/** Text in quotes, with `\\`, `\"` and `\n` resolved; other backslashes stand for themselves. */
function readQuoted(text: string, at: number, end: number, line: number): { value: string; end: number } {
  let escaped = false;
  for (let to = at + 1; to < end; to++) {
    const code = text.charCodeAt(to);
    if (code === BACKSLASH) {
      escaped = true;
      to++;
    } else if (code === QUOTE) {
      const raw = text.slice(at + 1, to);
      return { value: escaped ? unescaped(raw) : raw, end: to + 1 };
    }
  }
  throw malformedLine(line, 'the line ends inside quotes');
}

function unescaped(raw: string): string {
  return raw.replace(/\\([\\"n])/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

/**
 * The labels in braces that begin at `at`. With `named`, text in quotes without a value is the metric's name, as UTF-8
 * names are written. Throws `collector_prometheus_malformed`, also for a label that stands twice.
 */
export function readLabels(
  text: string,
  from: number,
  end: number,
  line: number,
  named: boolean,
): { labels: Map<string, string>; name: string; end: number } {
  const labels = new Map<string, string>();
  let seen: Set<string> | undefined;
  let name = '';
  let at = skipBlanks(text, from + 1, end);
  while (at < end && text.charCodeAt(at) !== CLOSE) {
    const isQuoted = text.charCodeAt(at) === QUOTE;
    const label = readName(text, at, end, line);
    at = skipBlanks(text, label.end, end);
    if (at < end && text.charCodeAt(at) === EQUALS) {
      at = skipBlanks(text, at + 1, end);
      if (at >= end || text.charCodeAt(at) !== QUOTE) {
        throw malformedLine(line, `the value of the label "${label.name}" is not in quotes`);
      }
      const value = readQuoted(text, at, end, line);
      at = skipBlanks(text, value.end, end);
      if (labels.has(label.name) || seen?.has(label.name) === true) {
        throw malformedLine(line, `the label "${label.name}" stands twice`);
      }
      if (value.value !== '') labels.set(label.name, value.value);
      else {
        seen ??= new Set();
        seen.add(label.name);
      }
    } else if (isQuoted && named && name === '') name = label.name;
    else throw malformedLine(line, `the label "${label.name}" has no value`);
    if (at < end && text.charCodeAt(at) === COMMA) at = skipBlanks(text, at + 1, end);
    else break;
  }
  if (at >= end || text.charCodeAt(at) !== CLOSE) throw malformedLine(line, 'the labels do not end with a brace');
  return { labels, name, end: at + 1 };
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WORDS: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['+nan', Number.NaN],
  ['-nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['+infinity', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
]);

/** A number of the format: decimal, `NaN`, `+Inf` or `-Inf`. Throws `collector_prometheus_malformed`; `what` names it there. */
export function readNumber(
  text: string,
  at: number,
  end: number,
  line: number,
  what: string,
): { number: number; end: number } {
  let to = at;
  while (to < end) {
    const code = text.charCodeAt(to);
    if (code === SPACE || code === TAB || code === OPEN) break;
    to++;
  }
  const word = text.slice(at, to);
  const number = DECIMAL.test(word) ? Number(word) : WORDS.get(word.toLowerCase());
  if (number === undefined) throw malformedLine(line, `"${word.slice(0, 40)}" is not a ${what}`);
  return { number, end: to };
}
