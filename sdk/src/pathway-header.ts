/** Name of the header, attribute or property that carries a pathway. docs/pathway.md specifies the value. */
export const PATHWAY_HEADER = 'weir-pathway';

const DASH = 45;
const LENGTH = 47;
/** Latest origin taken, in microseconds: the year 2200. */
const LATEST = 7_258_118_400_000_000;
const VALUES = new Uint8Array(128).fill(255);
for (let digit = 0; digit < 16; digit++) VALUES['0123456789abcdef'.charCodeAt(digit)] = digit;

/** What the last successful `readPathway` read; one object, so that reading allocates nothing. */
export const incoming = {
  /** Upper and lower half of the hash. */
  high: 0,
  low: 0,
  /** Unix microseconds at which the pathway began, and at which the record passed the previous checkpoint. */
  origin: 0,
  hop: 0,
};

type Text = string | Uint8Array;

function code(text: Text, at: number): number {
  return typeof text === 'string' ? text.charCodeAt(at) : (text[at] as number);
}

/** The hexadecimal digits from `from` to `to` as a number; NaN when one is none (upper case counts as none). */
function digits(text: Text, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const character = code(text, at);
    const digit = character < 128 ? (VALUES[character] as number) : 255;
    if (digit === 255) return Number.NaN;
    value = value * 16 + digit;
  }
  return value;
}

/**
 * Reads a header's value into `incoming`. Returns false, and leaves `incoming` undefined, for anything malformed:
 * `00-<hash: 16>-<origin: 14>-<elapsed: 12>`, lower-case hexadecimal. Of a newer version the first 47 characters count.
 */
export function readPathway(value: unknown): boolean {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return false;
  if (value.length < LENGTH) return false;
  const version = digits(value, 0, 2);
  if (!(version < 255)) return false;
  if (value.length > LENGTH && (version === 0 || code(value, LENGTH) !== DASH)) return false;
  if (code(value, 2) !== DASH || code(value, 19) !== DASH || code(value, 34) !== DASH) return false;
  const high = digits(value, 3, 11);
  const low = digits(value, 11, 19);
  const origin = digits(value, 20, 34);
  const elapsed = digits(value, 35, 47);
  // Comparisons with NaN are false, so that a wrong digit anywhere ends here.
  if (!(high + low > 0 && origin > 0 && origin + elapsed <= LATEST)) return false;
  incoming.high = high;
  incoming.low = low;
  incoming.origin = origin;
  incoming.hop = origin + elapsed;
  return true;
}

const HALF = 2 ** 28;

function hex(value: number, width: number): string {
  const upper = Math.floor(value / HALF);
  const lower = value % HALF;
  return upper.toString(16).padStart(width - 7, '0') + lower.toString(16).padStart(7, '0');
}

/** Two unsigned 32-bit numbers as 16 hexadecimal digits. */
export function hashText(high: number, low: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** The header's value for a record that passed the checkpoint `hash` at `hop`; times in unix microseconds. */
export function writePathway(hash: string, origin: number, hop: number): string {
  return `00-${hash}-${hex(origin, 14)}-${hex(Math.max(hop - origin, 0), 12)}`;
}

/** A header's value however the client hands it over: of a list the last one counts. */
export function lastValue(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : value;
}
