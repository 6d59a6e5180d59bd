import { Script } from 'node:vm';
import { errorMessage } from '../../core/errors.ts';

/** How long a pattern may search one value of the longest kind; a quadratic one takes a few per cent of it. */
const SEARCH_MS = 500;

/**
 * Why a regular expression cannot be used on values of up to `length` characters; undefined when it can. Backtracking
 * can take a time that is exponential in the length of the value, and senders choose the values: the pattern is tried
 * on the repetitions most likely to show that, made of its own characters.
 */
export function patternFault(source: string, length: number): string | undefined {
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, 'gu');
  } catch (error) {
    return `is not a regular expression: ${errorMessage(error)}`;
  }
  if (pattern.exec('') !== null) return 'matches the empty text, so there is nothing to mask';
  const slow = repetitions(source).find((unit) => !isQuick(source, unit, length, SEARCH_MS));
  // A second, longer trial: the first one may have been slow for want of a processor.
  if (slow === undefined || isQuick(source, slow, length, 4 * SEARCH_MS)) return undefined;
  const times = Math.floor(length / slow.length);
  return `takes too long on values such as ${JSON.stringify(slow)} ${times} times over: bound or merge its repetitions`;
}

const search = new Script(`
  const pattern = new RegExp(source, 'gu');
  for (const value of values) value.replace(pattern, '');
`);

function isQuick(source: string, unit: string, length: number, timeout: number): boolean {
  const body = unit.repeat(Math.ceil(length / unit.length)).slice(0, length - 1);
  // No match at the end makes the search try every other way; with one character more, the same from the front.
  const values = [`${body}\u0000`, `\u0000${body.slice(1)}!`];
  try {
    search.runInNewContext({ source, values }, { timeout });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}

/** Stretches of text that a pattern is likely to match in more than one way: its literals, and pairs of its characters. */
function repetitions(source: string): string[] {
  const classes = source
    .replaceAll('\\d', '0')
    .replaceAll('\\w', 'a0_')
    .replaceAll('\\s', ' \t')
    .replaceAll(/\\[pPSDW](?:\{[^}]*\})?/g, 'aA ');
  const literals = classes.replaceAll(/\\[bB]|[\\^$.*+?()[\]{}|]/g, '\n').split('\n');
  const words = [...new Set(literals.filter((text) => text.length > 1 && text.length < 64))].slice(0, 16);
  const characters = [...new Set(['a', '0', ' ', ...classes.replaceAll(/[^\p{L}\p{N}\s@:/._-]/gu, '')])].slice(0, 12);
  const pairs = characters.flatMap((one) => characters.map((other) => (one === other ? one : one + other)));
  return [...new Set([...words, ...pairs])];
}
