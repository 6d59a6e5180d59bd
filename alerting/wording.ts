import { durationWords, NARROW } from '../core/duration-words.ts';

/**
 * Numbers and times as messages write them: a narrow no-break space before a unit and before %, a true minus,
 * three significant digits, two units of time at most.
 */

/** Grouped by thousands, true minus, at most `digits` significant digits below 1000. */
export function numberText(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const rounded = size >= 1000 ? Math.round(size) : Number(size.toPrecision(digits));
  const text = rounded.toLocaleString('en-US', { maximumSignificantDigits: 15 });
  return value < 0 && rounded !== 0 ? `−${text}` : text;
}

/** A share 0..1: `31 %`; one decimal below 10 where it is not whole, `0.4 %`, two below 0.1. */
export function percentText(ratio: number): string {
  if (!Number.isFinite(ratio)) return '–';
  const percent = ratio * 100;
  const size = Math.abs(percent);
  const text = size >= 9.95 ? Math.round(percent) : Number(percent.toFixed(size < 0.1 ? 2 : 1));
  return `${numberText(text)}${NARROW}%`;
}

/** `1,840/s`. */
export function rateText(perSecond: number): string {
  return `${numberText(perSecond)}/s`;
}

/** A value in the UCUM unit of `core/signal.ts`. */
export function valueText(value: number, unit: string): string {
  if (unit === 's') return durationWords(value);
  if (unit === '1/s') return rateText(value);
  if (unit === '{record}') return `${numberText(value)} records`;
  return numberText(value);
}

/** `03:06:20 UTC`. */
export function clockText(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)} UTC`;
}

/** `a`, `a and b`, `a, b and 2 more`. */
export function listText(items: readonly string[], most = 3): string {
  if (items.length <= 1) return items[0] ?? '';
  if (items.length <= most) return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
  return `${items.slice(0, most - 1).join(', ')} and ${items.length - most + 1} more`;
}

/** A number of an alert's annotation: how to say it, and its size in the signal's own unit, NaN where it cannot be read. */
export interface Quantity {
  readonly text: string;
  readonly size: number;
}

const UNIT_SIZES: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  min: 60,
  h: 3600,
  d: 86_400,
  '%': 0.01,
  '/s': 1,
};
const TERM = /^(\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)\s*(ms|min|s|h|d|%|\/s|records?)?(?=\s|$)\s*/;

/**
 * Reads `value` and `expected` as senders write them: a plain number in the signal's unit, or words such as `312 ms`,
 * `24 min 8 s`, `31 %`, `1,840/s`. Anything else (`at most 4 s`, a range) keeps its words and has no size.
 */
export function readQuantity(given: string | undefined, say: (size: number) => string): Quantity {
  const text = given?.trim() ?? '';
  if (text === '' || text === '–' || /^nan$/i.test(text)) return { text: '', size: Number.NaN };
  const plain = Number(text);
  if (!Number.isNaN(plain)) return { text: Number.isFinite(plain) ? say(plain) : '', size: plain };
  const negative = /^[−-]/.test(text);
  let rest = text.replace(/^[−-]\s*/, '');
  let size = 0;
  while (rest !== '') {
    const term = TERM.exec(rest);
    if (term === null) return { text, size: Number.NaN };
    size += Number((term[1] as string).replaceAll(',', '')) * (UNIT_SIZES[term[2] ?? ''] ?? 1);
    rest = rest.slice(term[0].length);
  }
  return { text, size: negative ? -size : size };
}
