/**
 * What the presets of `pii` match. Every repetition that can begin at more than one place is bounded, so that each
 * takes time linear in the length of the value.
 */
const IPV4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\d|\.\d)/g;
/** Whatever an IPv6 address is written with; a run that is part of a word is none. */
const ADDRESS_RUN = /(?<![0-9A-Za-z_:.])[0-9A-Fa-f:.]{2,}(?![0-9A-Za-z_])/g;

export const PERSONAL_DATA = ['email', 'credit_card', 'ip', 'bearer_token'] as const;
export type PersonalData = (typeof PERSONAL_DATA)[number];

/** Replaces what it recognises in a value by `replacement`. */
export type Mask = (value: string, replacement: string) => string;

const EMAIL = /[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}\p{N}-]{2,63}/gu;
/** Groups of digits with single blanks or hyphens between them, thirteen digits or more in all. */
const DIGITS = /\d(?:[ -]?\d){12,}/g;
const CARD_DIGITS = { min: 13, max: 19 };
/** The header's value, and a JSON web token wherever it stands. */
const BEARER = /\b(?:bearer|basic)(?:\s{1,8}|%20)[\w.~+/=%-]{8,}|\bey[\w-]{8,}\.ey[\w-]{8,}\.[\w-]*/gi;

const MASKS: Readonly<Record<PersonalData, Mask>> = {
  email: (value, replacement) => (/@|%40/.test(value) ? value.replace(EMAIL, () => replacement) : value),
  credit_card: (value, replacement) => value.replace(DIGITS, (run) => maskCards(run, replacement)),
  ip: (value, replacement) =>
    (value.includes(':') ? value.replace(ADDRESS_RUN, (run) => (isIpv6(run) ? replacement : run)) : value).replace(
      IPV4,
      () => replacement,
    ),
  bearer_token: (value, replacement) => value.replace(BEARER, () => replacement),
};

export function personalDataMask(kind: PersonalData): Mask {
  return MASKS[kind];
}

/** A part left out, or all eight groups; times of day and hardware addresses have fewer colons. */
function isIpv6(run: string): boolean {
  const colons = run.split(':').length - 1;
  return run.includes('::') || colons >= 7 || (colons === 6 && run.includes('.'));
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
