import { describe, expect, test } from 'vitest';
import { live, sequence } from '../lag-world.ts';
import { STORIES } from './stories.ts';

describe('states of a group', () => {
  test.each(STORIES.map((story) => [story.name, story] as const))('%s', (_name, { phases, states }) => {
    expect(sequence(live(phases))).toEqual(states);
  });
});
