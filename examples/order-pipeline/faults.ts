import type { StageName } from './topics.ts';

export const FAULT_NAMES = [
  'slow-consumer',
  'error-burst',
  'silent-producer',
  'poison-messages',
  'slow-database',
  'paused-consumer',
  'stopped-consumer',
  'silent-drop',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export interface Fault {
  readonly title: string;
  /** The stage whose process misbehaves. */
  readonly stage: StageName;
  readonly description: string;
}

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  'slow-consumer': {
    title: 'Slow consumer',
    stage: 'enrichment',
    description: 'Enrichment takes ten times as long for an order: it falls behind and its lag grows.',
  },
  'error-burst': {
    title: 'Error burst',
    stage: 'payments',
    description: 'The payment provider fails every third charge: those orders never reach the warehouse.',
  },
  'silent-producer': {
    title: 'Silent producer',
    stage: 'gateway',
    description: 'The gateway answers every request as before but publishes nothing: the pipeline runs dry.',
  },
  'poison-messages': {
    title: 'Poison messages',
    stage: 'gateway',
    description: 'Every fourth order is published cut off: enrichment cannot read it and moves it to orders.dlq.',
  },
  'slow-database': {
    title: 'Slow database',
    stage: 'warehouse-sink',
    description: 'The warehouse needs fifteen times as long to insert an order: the sink backs up.',
  },
  'paused-consumer': {
    title: 'Paused consumer',
    stage: 'payments',
    description: 'Payments stays in its group but takes no more records: it is stuck.',
  },
  'stopped-consumer': {
    title: 'Stopped consumer',
    stage: 'warehouse-sink',
    description: 'The sink leaves its group and its process goes on: the group is dead while payments wait for it.',
  },
  'silent-drop': {
    title: 'Silent drop',
    stage: 'enrichment',
    description: 'Enrichment loses one order in twenty without an error: only counting at both ends shows it.',
  },
};

export function isFaultName(name: string): name is FaultName {
  return (FAULT_NAMES as readonly string[]).includes(name);
}
