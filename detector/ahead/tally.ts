import { WINDOWS } from './trend.ts';

/** Chances are counted by tenths. */
export const BINS = 10;

/** What the chances and the warnings of one series, or of many, were worth: made for a structured clone. */
export interface Tally {
  /** By window: chances stated in each tenth, their sum, and after how many of them the limit was crossed within the window. */
  readonly counts: readonly Float64Array[];
  readonly stated: readonly Float64Array[];
  readonly happened: readonly Float64Array[];
  /** By window: sum of the squared distances of chances to what happened. */
  readonly squares: Float64Array;
  /** Warnings that are over, those of them after which the limit was crossed, and the sum of the time until then. */
  announced: number;
  kept: number;
  lead: number;
  /** Crossings of limits, and those of them that were announced. */
  crossings: number;
  foreseen: number;
}

export function createTally(): Tally {
  const bins = () => WINDOWS.map(() => new Float64Array(BINS));
  return {
    counts: bins(),
    stated: bins(),
    happened: bins(),
    squares: new Float64Array(WINDOWS.length),
    ...{ announced: 0, kept: 0, lead: 0, crossings: 0, foreseen: 0 },
  };
}

/** Counts a chance, 0 to 1, that was stated for window number `w`, now that it is known whether the limit was crossed in it. */
export function countChance(tally: Tally, w: number, chance: number, crossed: boolean): void {
  const bin = Math.min(BINS - 1, Math.floor(chance * BINS));
  const add = (bins: Float64Array | undefined, amount: number) => {
    if (bins) bins[bin] = (bins[bin] as number) + amount;
  };
  add(tally.counts[w], 1);
  add(tally.stated[w], chance);
  add(tally.happened[w], crossed ? 1 : 0);
  tally.squares[w] = (tally.squares[w] as number) + (chance - (crossed ? 1 : 0)) ** 2;
}

/** Adds all that `other` counted to `tally`. */
export function addTally(tally: Tally, other: Tally): void {
  for (const w of WINDOWS.keys()) {
    for (const name of ['counts', 'stated', 'happened'] as const) {
      const own = tally[name][w] as Float64Array;
      for (const [bin, amount] of (other[name][w] as Float64Array).entries()) own[bin] = (own[bin] as number) + amount;
    }
    tally.squares[w] = (tally.squares[w] as number) + (other.squares[w] as number);
  }
  for (const name of ['announced', 'kept', 'lead', 'crossings', 'foreseen'] as const) tally[name] += other[name];
}

/** Chances counted of window number `w`. */
export function chancesOf(tally: Tally, w: number): number {
  return (tally.counts[w] as Float64Array).reduce((sum, count) => sum + count, 0);
}

/** Mean squared distance of chances to what happened (Brier 1950), 0 being perfect; NaN while none is known. */
export function brierOf(tally: Tally, w: number): number {
  return (tally.squares[w] as number) / (chancesOf(tally, w) || NaN);
}

/** Mean time from a warning to its crossing; NaN while none was kept. */
export function leadOf({ lead, kept }: Tally): number {
  return kept === 0 ? NaN : lead / kept;
}
