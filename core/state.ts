/** States of a stage or consumer group, worst last. `unknown` means we are blind: data is late. */
export const STAGE_STATES = [
  'healthy',
  'idle',
  'unknown',
  'catching_up',
  'rebalancing',
  'falling_behind',
  'stuck',
  'dead',
] as const;
export type StageState = (typeof STAGE_STATES)[number];
