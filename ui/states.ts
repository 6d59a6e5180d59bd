import type { StageState } from '../core/state.ts';

/** What a glyph can say: the states of a stage, and a dataset that is late. */
export type GlyphState = StageState | 'late';

/** States as people read them. */
export const STATE_WORDS: Readonly<Record<GlyphState, string>> = {
  healthy: 'Healthy',
  idle: 'Idle',
  unknown: 'No recent data',
  catching_up: 'Catching up',
  rebalancing: 'Rebalancing',
  rewound: 'Rewound',
  falling_behind: 'Falling behind',
  no_commits: 'No commits',
  stuck: 'Stuck',
  dead: 'Dead',
  late: 'Late',
};
