/**
 * Durations as people read them, in one way everywhere: a narrow no-break space before the unit, a true minus, two units
 * at most. (`formatDuration` of time.ts writes them as configuration spells them.)
 */

export const NARROW = '\u202f';
export const MINUS = '\u2212';
export const UNKNOWN = '–';

/** A number and its unit, set apart so that the unit can be drawn smaller. */
export interface Part {
  readonly value: string;
  readonly unit: string;
}

export function joinParts(parts: readonly Part[]): string {
  return parts.map((part) => (part.unit === '' ? part.value : part.value + NARROW + part.unit)).join(' ');
}

/** Seconds as at most two units: `0.42 ms`, `3.1 ms`, `312 ms`, `4.1 s`, `42 s`, `24 min 8 s`, `2 h 25 min`, `3 d 4 h`. */
export function durationParts(seconds: number | null | undefined): Part[] {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return [{ value: UNKNOWN, unit: '' }];
  const sign = seconds < 0 ? MINUS : '';
  const size = Math.abs(seconds);
  const one = (value: string, unit: string): Part[] => [{ value: sign + value, unit }];
  if (size === 0) return one('0', 's');
  if (size < 0.000995) return one(String(Number((size * 1000).toPrecision(2))), 'ms');
  if (size < 0.00995) return one(trimZero((size * 1000).toFixed(1)), 'ms');
  if (size < 0.9995) return one(String(Math.round(size * 1000)), 'ms');
  if (size < 9.95) return one(trimZero(size.toFixed(1)), 's');
  if (size < 59.5) return one(String(Math.round(size)), 's');
  if (size < 3599.5) return two(sign, Math.round(size), 60, 'min', 's');
  if (size < 86_370) return two(sign, Math.round(size / 60), 60, 'h', 'min');
  return two(sign, Math.round(size / 3600), 24, 'd', 'h');
}

/** The same as one text. Example: `durationWords(190)` is `3 min 10 s`. */
export function durationWords(seconds: number | null | undefined): string {
  return joinParts(durationParts(seconds));
}

function two(sign: string, total: number, base: number, big: string, small: string): Part[] {
  const parts: Part[] = [{ value: sign + Math.floor(total / base), unit: big }];
  if (total % base !== 0) parts.push({ value: String(total % base), unit: small });
  return parts;
}

/** `4.0` as `4`. */
export function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}
