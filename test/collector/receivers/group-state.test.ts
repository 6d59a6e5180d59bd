import { describe, expect, it } from 'vitest';
import { GROUP_STATES, parseGroupState } from '../../../collector/receivers/group-state.ts';

describe('states of groups', () => {
  it.each([
    ['Stable', 'stable'],
    ['Empty', 'empty'],
    ['Dead', 'dead'],
    ['PreparingRebalance', 'preparing_rebalance'],
    ['CompletingRebalance', 'completing_rebalance'],
    ['Assigning', 'assigning'],
    ['Reconciling', 'reconciling'],
    ['NotReady', 'not_ready'],
    ['PREPARING_REBALANCE', 'preparing_rebalance'],
    ['Unknown', 'unknown'],
    ['', 'unknown'],
    ['SomethingNew', 'unknown'],
  ])('%s is %s', (told, state) => {
    expect(parseGroupState(told)).toBe(state);
  });

  it('are spelled as they are reported', () => {
    for (const state of GROUP_STATES) expect(parseGroupState(state)).toBe(state);
  });
});
