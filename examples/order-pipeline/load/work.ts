import { normal, type Random } from './random.ts';

/** A lognormal of given median, in milliseconds. Sleeps of this size dominate whatever a busy machine adds. */
export interface Work {
  readonly medianMs: number;
  readonly sigma: number;
}

/** What each stage does with an order. The warehouse's own part comes before its database call. */
export const WORK = {
  gateway: { medianMs: 40, sigma: 0.25 },
  enrichment: { medianMs: 60, sigma: 0.3 },
  payments: { medianMs: 70, sigma: 0.3 },
  'warehouse-sink': { medianMs: 20, sigma: 0.25 },
  warehouse: { medianMs: 45, sigma: 0.3 },
} as const satisfies Record<string, Work>;

/** Share of orders that fail on a normal day. */
export const ERROR_RATIO = { enrichment: 0.001, payments: 0.005 } as const;

export const SLOW_CONSUMER_FACTOR = 10;
export const SLOW_DATABASE_FACTOR = 15;
export const ERROR_BURST_RATIO = 0.35;
export const POISON_RATIO = 0.25;
export const SILENT_DROP_RATIO = 0.05;

/** Partitions of each topic, and the records a consumer handles at once: about twice what the load needs. */
export const PARTITIONS = 8;

export function sampleMs(work: Work, random: Random): number {
  return work.medianMs * Math.exp(work.sigma * normal(random));
}
