import { UNITS } from './tails.ts';

/**
 * How much a point may teach the tails, by the score of the one before: after one scored over 2.6 a quarter, up to 100 such points in
 * a row: then they are the new normal. The first one teaches in full: what is noisy by single spikes must become quiet.
 */
export interface Doubts {
  /** Units that a point teaches (4: a whole one); `before`: score of the one before. */
  unitsAfter(series: number, before: number): number;
  readonly state: Uint8Array;
}

const DOUBT = 2.6;
const DOUBT_POINTS = 100;
const DOUBTFUL_UNITS = 1;

export function createDoubts(series: number): Doubts {
  const doubted = new Uint8Array(series);
  return {
    unitsAfter(i, before) {
      const run = doubted[i] as number;
      if (before <= DOUBT) {
        if (run > 0) doubted[i] = run - 1;
        return UNITS;
      }
      if (run >= DOUBT_POINTS) return UNITS;
      doubted[i] = run + 1;
      return DOUBTFUL_UNITS;
    },
    state: doubted,
  };
}
