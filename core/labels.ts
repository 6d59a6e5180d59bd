/** Label sets as Prometheus and Alertmanager use them: names to values, an empty value means "absent". */
export type Labels = Readonly<Record<string, string>>;

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

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;
const encoder = new TextEncoder();

/**
 * Identity of a label set, as Alertmanager computes it: FNV-1a 64 over sorted `name 0xff value 0xff`,
 * 16 lower-case hex digits. Empty-valued labels do not count.
 */
export function fingerprint(labels: Labels): string {
  let hash = FNV_OFFSET;
  const add = (byte: number) => {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
  };
  for (const name of labelNames(labels)) {
    for (const byte of encoder.encode(name)) add(byte);
    add(0xff);
    for (const byte of encoder.encode(labels[name])) add(byte);
    add(0xff);
  }
  return hash.toString(16).padStart(16, '0');
}

/** `{a="x", b="y"}` with names sorted: the notation of logs and messages. */
export function formatLabels(labels: Labels): string {
  return `{${labelNames(labels)
    .map((name) => `${name}=${JSON.stringify(labels[name])}`)
    .join(', ')}}`;
}
