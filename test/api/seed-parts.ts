/** Deterministic noise around 1. */
export function noise(step: number, stage: number): number {
  const x = Math.sin(step * 12.9898 + stage * 78.233) * 43_758.5453;
  return 1 + (x - Math.floor(x) - 0.5) * 0.08;
}

/** A spread of `count` durations around `median` seconds as a log2 histogram. */
export function buckets(median: number, count: number): [number[], number[]] {
  const spread = [0.5, 0.7, 0.85, 1, 1.15, 1.35, 1.7, 2.3];
  const shares = [0.08, 0.15, 0.2, 0.2, 0.15, 0.12, 0.08, 0.02];
  const indexes = spread.map((factor) => Math.ceil(Math.log2(median * factor) * 32));
  return [indexes, shares.map((share) => Math.max(1, Math.round(share * count)))];
}

export interface Part {
  readonly service: string;
  readonly kind: 'Server' | 'Client' | 'Producer' | 'Consumer';
  readonly destination: string;
  readonly system: string;
  readonly destinationKind: string;
  readonly group: string;
  readonly median: (fault: boolean) => number;
  readonly rate: (fault: boolean) => number;
}

const ENTRY = { destination: '', system: '', destinationKind: '', group: '' };
const topic = (name: string) => ({ destination: name, system: 'kafka', destinationKind: 'topic' });
const slowed = (normal: number, slow: number) => (fault: boolean) => (fault ? slow : normal);
export const RATE = 184;

export const PARTS: readonly Part[] = [
  { service: 'gateway', kind: 'Server', ...ENTRY, median: () => 0.009, rate: () => RATE },
  { service: 'gateway', kind: 'Producer', ...topic('orders'), group: '', median: () => 0.003, rate: () => RATE },
  {
    service: 'enrichment',
    kind: 'Consumer',
    ...topic('orders'),
    group: 'enrichment',
    median: slowed(0.012, 0.33),
    rate: slowed(RATE, 61),
  },
  {
    service: 'enrichment',
    kind: 'Client',
    destination: 'customers',
    system: 'postgresql',
    destinationKind: 'database',
    group: '',
    median: slowed(0.003, 0.31),
    rate: slowed(RATE, 61),
  },
  {
    service: 'enrichment',
    kind: 'Producer',
    ...topic('orders.enriched'),
    group: '',
    median: () => 0.003,
    rate: slowed(RATE, 61),
  },
  {
    service: 'payments',
    kind: 'Consumer',
    ...topic('orders.enriched'),
    group: 'payments',
    median: () => 0.024,
    rate: slowed(RATE, 61),
  },
  {
    service: 'payments',
    kind: 'Producer',
    ...topic('payments'),
    group: '',
    median: () => 0.003,
    rate: slowed(RATE, 61),
  },
  {
    service: 'warehouse-sink',
    kind: 'Consumer',
    ...topic('payments'),
    group: 'warehouse-sink',
    median: () => 0.018,
    rate: slowed(RATE, 61),
  },
  {
    service: 'warehouse-sink',
    kind: 'Client',
    destination: 'warehouse',
    system: 'postgresql',
    destinationKind: 'database',
    group: '',
    median: () => 0.011,
    rate: slowed(RATE, 61),
  },
];

export const GROUPS = [
  { topic: 'orders', stage: 'enrichment', partitions: 6 },
  { topic: 'orders.enriched', stage: 'payments', partitions: 3 },
  { topic: 'payments', stage: 'warehouse-sink', partitions: 3 },
] as const;
