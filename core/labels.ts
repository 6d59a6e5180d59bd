/** Label sets as Prometheus and Alertmanager use them: names to values, an empty value means "absent". */
export type Labels = Readonly<Record<string, string>>;

/** The value of a label by a name from outside, which may be that of any object's property; empty where it is absent. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] as string) : '';
}

/** Label names of a set without empty values, sorted by code unit. */
export function labelNames(labels: Labels): string[] {
  return Object.keys(labels)
    .filter((name) => labels[name] !== '')
    .sort();
}

/** The set without empty-valued labels, keys sorted. */
export function normalizeLabels(labels: Labels): Labels {
  return Object.fromEntries(labelNames(labels).map((name) => [name, labels[name] as string]));
}

/** The two halves of FNV's offset basis; its prime is 2^40 + 435. */
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const PRIME = 435;
const WORD = 2 ** 32;
const encoder = new TextEncoder();
const DIGITS = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0));
const codes: number[] = new Array(16).fill(0);

/** Both halves in hex digits, as one text: one put together of two would keep both beside it. */
function hex(high: number, low: number): string {
  for (let i = 0; i < 8; i++) {
    codes[i] = DIGITS[(high >>> (28 - 4 * i)) & 15] as number;
    codes[8 + i] = DIGITS[(low >>> (28 - 4 * i)) & 15] as number;
  }
  return String.fromCharCode(...codes);
}

/**
 * Identity of a label set, as Alertmanager computes it: FNV-1a 64 over sorted `name 0xff value 0xff`,
 * 16 lower-case hex digits. Empty-valued labels do not count.
 */
export function fingerprint(labels: Labels): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  // (h 2^32 + l) (2^40 + 435) = (435 h + 2^8 l) 2^32 + 435 l, modulo 2^64; in doubles 435 l is exact.
  const add = (byte: number) => {
    low = (low ^ byte) >>> 0;
    const product = low * PRIME;
    high = (high * PRIME + Math.floor(product / WORD) + ((low << 8) >>> 0)) % WORD;
    low = product >>> 0;
  };
  const addText = (text: string) => {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x80) add(code);
      else {
        for (const byte of encoder.encode(text.slice(i))) add(byte);
        break;
      }
    }
    add(0xff);
  };
  for (const name of labelNames(labels)) {
    addText(name);
    addText(labels[name] as string);
  }
  return hex(high, low);
}

/** `{a="x", b="y"}` with names sorted: the notation of logs and messages. */
export function formatLabels(labels: Labels): string {
  return `{${labelNames(labels)
    .map((name) => `${name}=${JSON.stringify(labels[name])}`)
    .join(', ')}}`;
}
