/** The states of consumer groups as they are reported. */
export const GROUP_STATES = [
  'stable',
  'empty',
  'dead',
  'preparing_rebalance',
  'completing_rebalance',
  'assigning',
  'reconciling',
  'not_ready',
  'unknown',
] as const;
export type GroupState = (typeof GROUP_STATES)[number];

/** `PreparingRebalance`, as Kafka writes it, `PREPARING_REBALANCE`, as its clients do, and `preparing_rebalance` alike. */
export function parseGroupState(text: string): GroupState {
  const words = text.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  return GROUP_STATES.find((state) => state === words) ?? 'unknown';
}
