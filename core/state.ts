/**
 * States of a stage or consumer group, worst last; docs/lag-states.md says when each holds. `unknown` means we are blind: data is
 * late. `rewound`: the committed offset was set back and what lies between is read again, or it lies beyond the log's end.
 * `no_commits`: a group that reads, or partitions of its topic that hold records, without a committed offset.
 */
export const STAGE_STATES = [
  'idle',
  'healthy',
  'unknown',
  'catching_up',
  'rebalancing',
  'rewound',
  'falling_behind',
  'no_commits',
  'stuck',
  'dead',
] as const;
export type StageState = (typeof STAGE_STATES)[number];
