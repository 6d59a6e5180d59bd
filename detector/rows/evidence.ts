import { createTails, fitTail, halveTail, learnTail, oddsFrom, PARAMETERS, readTail } from '../engine/tails.ts';
import type { StateArray } from './snapshot.ts';

/**
 * How strange a deviation of a column is, said in two ways that fail differently.
 *
 *   odds = -log10 P(deviation this large on this side)   by the column's own tails: right for noisy columns, but a
 *                                                        column that has had one fault calls the next one ordinary
 *   size = ln(1 + |v| / (r + floor))                     keeps growing with the deviation
 *   r^2 <- r^2 + a (min(|v|, 20 r)^2 - r^2)              a = trust / 20,000 rows
 */
export interface Evidence {
  readonly odds: Float64Array;
  readonly size: Float64Array;
  /** Of each column, the tail that its odds were taken from: u, body, sigma, xi (`oddsFrom`); 0 where none spoke. */
  readonly tails: Float64Array;
  /** Judges deviations; those that are NaN, or not above `floors`, are no evidence. */
  read(deviations: Float64Array, floors: Float64Array): void;
  /** Takes back what was just read of a column. */
  hush(column: number): void;
  /** Learns the deviations that were read. `whole`: the row counts in the tails. */
  learn(trust: number, whole: boolean): void;
  readonly state: readonly StateArray[];
}

const SIZE_ROWS = 20_000;
const TAIL_ROWS = 30_000;
const TAIL_SHARE = 0.05;
const UNITS = 4;
/** Points before the odds are believed. */
const READY = 30;
const REFIT_ROWS = 200;
/** Rows in which no deviation is cut, because the usual one is not known. */
const YOUNG_ROWS = 200;
const CUT = 20;
/** No odds are higher. */
export const MOST_ODDS = 12;
const MOST_RATIO = 1000;

export function createEvidence(count: number): Evidence {
  const tails = createTails(2 * count);
  const odds = new Float64Array(count);
  const size = new Float64Array(count);
  const used = new Float64Array(PARAMETERS * count);
  const now = new Float64Array(count);
  const least = new Float64Array(count);
  const square = new Float64Array(count);
  const seen = new Float64Array(count);
  const totals = new Float64Array(count);
  const nextFit = new Float64Array(count).fill(READY);

  function read(deviations: Float64Array, floors: Float64Array): void {
    for (let j = 0; j < count; j++) {
      const v = deviations[j] as number;
      now[j] = v;
      least[j] = floors[j] as number;
      hush(j);
      const far = Math.abs(v);
      if (!(far > (floors[j] as number))) continue;
      const usual = Math.sqrt(square[j] as number) + (floors[j] as number);
      size[j] = Math.log1p(Math.min(MOST_RATIO, far / usual));
      if ((totals[j] as number) >= READY * UNITS)
        odds[j] = Math.min(MOST_ODDS, oddsBy(j, 2 * j + (v > 0 ? 1 : 0), far));
    }
  }

  /** Odds by a tail, which is fitted anew as it learns: what it was is kept. */
  function oddsBy(j: number, slot: number, far: number): number {
    const to = j * PARAMETERS;
    readTail(tails, slot, used, to);
    return oddsFrom(far, used[to] as number, used[to + 1] as number, used[to + 2] as number, used[to + 3] as number);
  }

  function hush(j: number): void {
    odds[j] = 0;
    size[j] = 0;
    used.fill(0, j * PARAMETERS, (j + 1) * PARAMETERS);
  }

  function learn(trust: number, whole: boolean): void {
    for (let j = 0; j < count; j++) {
      const v = now[j] as number;
      if (Number.isNaN(v)) continue;
      const n = (seen[j] as number) + 1;
      seen[j] = n;
      const most =
        n < YOUNG_ROWS ? Number.POSITIVE_INFINITY : CUT * Math.sqrt(square[j] as number) + (least[j] as number);
      const far = Math.min(Math.abs(v), most);
      square[j] = (square[j] as number) + trust * Math.max(1 / n, 1 / SIZE_ROWS) * (far * far - (square[j] as number));
      if (whole) learnOdds(j, v);
    }
  }

  function learnOdds(j: number, v: number): void {
    const far = Math.abs(v);
    const floor = least[j] as number;
    if (far > floor) learnTail(tails, 2 * j + (v > 0 ? 1 : 0), far, UNITS);
    totals[j] = (totals[j] as number) + UNITS;
    if ((totals[j] as number) > TAIL_ROWS * UNITS) {
      totals[j] = (totals[j] as number) / 2;
      halveTail(tails, 2 * j);
      halveTail(tails, 2 * j + 1);
    }
    nextFit[j] = (nextFit[j] as number) - 1;
    if ((nextFit[j] as number) > 0) return;
    nextFit[j] = Math.min(REFIT_ROWS, (totals[j] as number) / UNITS);
    fitTail(tails, 2 * j, totals[j] as number, TAIL_SHARE, floor);
    fitTail(tails, 2 * j + 1, totals[j] as number, TAIL_SHARE, floor);
  }

  return {
    odds,
    size,
    tails: used,
    read,
    hush,
    learn,
    state: [square, seen, totals, nextFit, tails.counts, tails.bases, tails.parameters],
  };
}
