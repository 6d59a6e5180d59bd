import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { live, sequence } from '../lag-world.ts';
import { STORIES } from './stories.ts';

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe('whatever the noise', () => {
  test('no story oscillates: polls early or late by four seconds, rates off by half', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STORIES), fc.integer(), ({ phases, states }, seed) => {
        const next = random(seed);
        const moments = live(phases, { jitter: () => next() * 8 - 4, noise: () => 0.5 + next() });
        const seen = sequence(moments);
        const hours = phases.reduce((sum, phase) => sum + phase.for, 0) / 3600;
        expect(seen.length, seen.join(' ')).toBeLessThanOrEqual(states.length + 4 + 2 * hours);
      }),
      { numRuns: 150 },
    );
  });

  test('a reader near its limit changes its state a few times an hour at most', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.9, max: 1.1, noNaN: true }), (seed, share) => {
        const next = random(seed);
        // Bursts and dips of a minute, about what it can read.
        const produce = (second: number) => 100 * (1 + 0.8 * Math.sin(second / 40));
        const moments = live([{ for: 6 * 3600, produce, consume: 100 * share }], { noise: () => 0.5 + next() });
        expect(sequence(moments).length).toBeLessThanOrEqual(20);
      }),
      { numRuns: 20 },
    );
  });
});

describe('lag in time', () => {
  test('is off by no more than a poll and a twentieth of it, wherever it is known', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STORIES), fc.integer(), ({ phases }, seed) => {
        const next = random(seed);
        const poll = 10;
        const moments = live(phases, { jitter: () => next() * 2, noise: () => 0.5 + next() });
        for (const { partition, age, second, lag } of moments) {
          if (partition === undefined || partition.atLeast || Number.isNaN(partition.lagSeconds)) continue;
          if (partition.state === 'unknown' || partition.state === 'rewound' || lag <= 1) continue;
          // Stories are told in whole seconds.
          const off = Math.abs(partition.lagSeconds - age) - 1;
          expect(off, `second ${second}, ${partition.lagSeconds} for ${age}`).toBeLessThanOrEqual(
            poll + 2 + 0.05 * age,
          );
          expect(off, `second ${second}`).toBeLessThanOrEqual(partition.lagError);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('does not grow while a group drains', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 200, max: 2000 }), (seed, consume) => {
        const next = random(seed);
        const moments = live(
          [
            { for: 600, produce: 100, consume: 500 },
            { for: 900, consume: 0 },
            { for: 1800, consume },
          ],
          { noise: () => 0.8 + 0.4 * next() },
        ).filter(({ second }) => second > 1520);
        for (const [i, { partition }] of moments.entries()) {
          const before = moments[i - 1]?.partition;
          // Records of one poll stand closer together than they came in: a second is what that may make.
          if (before !== undefined && partition !== undefined && partition.lagSeconds > 20)
            expect(partition.lagSeconds).toBeLessThanOrEqual(before.lagSeconds + 1);
        }
        expect(moments.at(-1)?.group?.state).toBe('healthy');
      }),
      { numRuns: 25 },
    );
  });
});
