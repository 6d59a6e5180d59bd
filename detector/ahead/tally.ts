import { WINDOWS } from './trend.ts';

/** Chances are counted by tenths. */
export const BINS = 10;

/** Chances stated in each tenth, their sum, and after how many of them the limit was crossed within the window. */
const COUNTED = ['counts', 'stated', 'happened'] as const;
const OF_WINDOW = COUNTED.length * BINS + 1;
const SQUARES = OF_WINDOW - 1;

/** What the chances and the warnings of one series, or of many, were worth: made for a structured clone. */
export interface Tally {
  /** By window: by tenth what `COUNTED` says, then the sum of the squared distances of chances to what happened. */
  readonly sums: Float64Array;
  /** Warnings that are over, those of them after which the limit was crossed, and the sum of the time until then. */
  announced: number;
  kept: number;
  lead: number;
  /** Crossings of limits, and those of them that were announced. */
  crossings: number;
  foreseen: number;
}

export function createTally(): Tally {
  const sums = new Float64Array(WINDOWS.length * OF_WINDOW);
  return { sums, announced: 0, kept: 0, lead: 0, crossings: 0, foreseen: 0 };
}

/** Of chances stated for window number `w`, by tenth. */
export function binsOf({ sums }: Tally, what: (typeof COUNTED)[number], w: number): Float64Array {
  const at = w * OF_WINDOW + COUNTED.indexOf(what) * BINS;
  return sums.subarray(at, at + BINS);
}

/** Counts a chance, 0 to 1, that was stated for window number `w`, now that it is known whether the limit was crossed in it. */
export function countChance(tally: Tally, w: number, chance: number, crossed: boolean): void {
  const bin = Math.min(BINS - 1, Math.floor(chance * BINS));
  const happened = crossed ? 1 : 0;
  const first = w * OF_WINDOW;
  const { sums } = tally;
  for (const [i, amount] of [1, chance, happened].entries()) {
    const at = first + i * BINS + bin;
    sums[at] = (sums[at] as number) + amount;
  }
  sums[first + SQUARES] = (sums[first + SQUARES] as number) + (chance - happened) ** 2;
}

/** Adds all that `other` counted to `tally`. */
export function addTally(tally: Tally, other: Tally): void {
  for (const [at, amount] of other.sums.entries()) tally.sums[at] = (tally.sums[at] as number) + amount;
  for (const name of ['announced', 'kept', 'lead', 'crossings', 'foreseen'] as const) tally[name] += other[name];
}

/** Chances counted of window number `w`. */
export function chancesOf(tally: Tally, w: number): number {
  return binsOf(tally, 'counts', w).reduce((sum, count) => sum + count, 0);
}

/** Mean squared distance of chances to what happened (Brier 1950), 0 being perfect; NaN while none is known. */
export function brierOf(tally: Tally, w: number): number {
  return (tally.sums[w * OF_WINDOW + SQUARES] as number) / (chancesOf(tally, w) || NaN);
}

/** Mean time from a warning to its crossing; NaN while none was kept. */
export function leadOf({ lead, kept }: Tally): number {
  return kept === 0 ? NaN : lead / kept;
}
