/**
 * What the presets of `pii` match. Every repetition that can begin at more than one place is bounded, so that each
 * takes time linear in the length of the value.
 */
const IPV4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]|\.\d)/;
const IPV6_FULL = /(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}/;
/** With a part left out, or with an IPv4 address at its end. Times of day and ports have single colons only. */
const IPV6_SHORT =
  /(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?::(?:(?:[0-9A-Fa-f]{1,4}:){0,6}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4}))?/;
const IPV6 = `(?<![0-9A-Za-z:.])(?:${IPV6_FULL.source}|${IPV6_SHORT.source})(?![0-9A-Za-z:]|\\.\\d)`;

export const PERSONAL_DATA = ['email', 'credit_card', 'ip', 'bearer_token'] as const;
export type PersonalData = (typeof PERSONAL_DATA)[number];

/** Replaces what it recognises in a value by `replacement`. */
export type Mask = (value: string, replacement: string) => string;

const EMAIL = /[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}\p{N}-]{2,63}/gu;
/** Groups of digits with single blanks or hyphens between them, thirteen digits or more in all. */
const DIGITS = /\d(?:[ -]?\d){12,}/g;
const CARD_DIGITS = { min: 13, max: 19 };
const IP = new RegExp(`${IPV6}|${IPV4.source}`, 'g');
/** The header's value, and a JSON web token wherever it stands. */
const BEARER = /\b(?:bearer|basic)(?:\s{1,8}|%20)[\w.~+/=%-]{8,}|\bey[\w-]{8,}\.ey[\w-]{8,}\.[\w-]*/gi;

const MASKS: Readonly<Record<PersonalData, Mask>> = {
  email: (value, replacement) => (/@|%40/.test(value) ? value.replace(EMAIL, () => replacement) : value),
  credit_card: (value, replacement) => value.replace(DIGITS, (run) => maskCards(run, replacement)),
  ip: (value, replacement) => value.replace(IP, () => replacement),
  bearer_token: (value, replacement) => value.replace(BEARER, () => replacement),
};

export function personalDataMask(kind: PersonalData): Mask {
  return MASKS[kind];
}

/** Masks each stretch of whole groups that is a card number: what stands around it may be digits as well. */
function maskCards(run: string, replacement: string): string {
  const groups = [...run.matchAll(/\d+/g)].map((match) => ({ at: match.index, digits: match[0] }));
  let out = '';
  let kept = 0;
  for (let first = 0; first < groups.length; first++) {
    let digits = '';
    let last = -1;
    for (let i = first; i < groups.length && digits.length < CARD_DIGITS.max; i++) {
      digits += (groups[i] as { digits: string }).digits;
      if (isCardNumber(digits)) last = i;
    }
    if (last < 0) continue;
    const start = groups[first] as { at: number };
    const end = groups[last] as { at: number; digits: string };
    out += run.slice(kept, start.at) + replacement;
    kept = end.at + end.digits.length;
    first = last;
  }
  return out + run.slice(kept);
}

/** A first digit that card networks use, and the check digit (Luhn), which one in ten other numbers passes. */
function isCardNumber(digits: string): boolean {
  if (digits.length < CARD_DIGITS.min || digits.length > CARD_DIGITS.max || !/^[2-6]/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const weighted = i % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}
