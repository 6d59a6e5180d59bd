/** The pipeline: gateway -> orders -> enrichment -> orders.enriched -> payments -> payments -> warehouse-sink. */
export const PIPELINE = 'orders';

export const STAGES = ['gateway', 'enrichment', 'payments', 'warehouse-sink'] as const;
export type StageName = (typeof STAGES)[number];

export const TOPICS = ['orders', 'orders.enriched', 'payments', 'orders.dlq'] as const;

/** Who reads what; a consumer group bears the name of its stage. */
export const CONSUMERS: readonly { readonly stage: StageName; readonly topic: (typeof TOPICS)[number] }[] = [
  { stage: 'enrichment', topic: 'orders' },
  { stage: 'payments', topic: 'orders.enriched' },
  { stage: 'warehouse-sink', topic: 'payments' },
];
