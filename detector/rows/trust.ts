import { createTails, fitTail, halveTail, learnTail, oddsOf, PARAMETERS, readTail } from '../engine/tails.ts';
import type { StateArray } from './snapshot.ts';

/**
 * How much a row may teach. Rows of an incident teach little, or a fault of two hours would be ordinary the next day;
 * what stays strange for 5,000 rows, or a quarter of a short history, is learnt like anything else, or it would be strange
 * for ever.
 *
 *   strange: the held evidence is among the 2 % highest so far
 *   trust = 1, and 0.03 while strange: where only whole rows can be counted, every 33rd strange row counts
 *
 * What is highest so far must not hang on the trust alone (few rows strange, so few learnt, so more rows strange): in
 * that one tail a strange row counts half.
 */
export interface Trust {
  /** Trust in the row that was weighed, 0 to 1. */
  readonly share: number;
  /** True where the row counts as a whole. */
  readonly whole: boolean;
  weigh(held: number): void;
  readonly state: readonly StateArray[];
}

const STRANGE_ODDS = -Math.log10(0.02);
const STRANGE_SHARE = 0.03;
const GIVE_IN_ROWS = 5000;
/** Or this part of all rows, while they are few. */
const GIVE_IN_PART = 0.25;
/** For each ordinary row, strange rows on end that are forgotten. */
const FORGOTTEN = 3;

export function createTrust(): Trust {
  const tail = createRowTail();
  // Strange rows on end, part of a whole row that is owed, rows.
  const state = new Float64Array(3);
  let share = 1;
  let whole = true;

  return {
    get share() {
      return share;
    },
    get whole() {
      return whole;
    },
    weigh(held) {
      const rows = (state[2] as number) + 1;
      state[2] = rows;
      const strange = tail.odds(held) > STRANGE_ODDS;
      const onEnd = strange ? (state[0] as number) + 1 : Math.max(0, (state[0] as number) - FORGOTTEN);
      share = strange && onEnd < Math.min(GIVE_IN_ROWS, GIVE_IN_PART * rows) ? STRANGE_SHARE : 1;
      const owed = (state[1] as number) + share;
      whole = owed >= 1;
      state[0] = onEnd;
      state[1] = whole ? owed - 1 : owed;
      tail.learn(held, share === 1 ? 4 : 2);
    },
    state: [state, ...tail.state],
  };
}

/** The tail of one number a row, over its mean: what lies below the mean is ordinary. */
export interface RowTail {
  /** -log10 of the chance of a row with `value` or more; 0 while too little is known. */
  odds(value: number): number;
  /** What odds are computed from now: mean, u, body, sigma, xi; a body of 0 where too little is known. */
  basis(): RowBasis;
  /** `units`: 4 for a whole row. */
  learn(value: number, units: number): void;
  readonly state: readonly StateArray[];
}

/** Odds of a value v are `oddsFrom(v - mean, u, body, sigma, xi)`. */
export interface RowBasis {
  readonly mean: number;
  readonly u: number;
  readonly body: number;
  readonly sigma: number;
  readonly xi: number;
}

const MEMORY_ROWS = 30_000;
const MEAN_ROWS = 10_000;
const TAIL_SHARE = 0.05;
const FLOOR = 1e-6;
const UNITS = 4;
const READY = 100;
const REFIT_ROWS = 50;

export function createRowTail(): RowTail {
  const tails = createTails(1);
  const used = new Float32Array(PARAMETERS);
  // Rows learnt (halved with the counts), rows since the last fit, mean.
  const rows = new Float64Array(3);
  return {
    odds: (value) => ((rows[0] as number) < READY ? 0 : oddsOf(tails, 0, value - (rows[2] as number))),
    basis() {
      readTail(tails, 0, used, 0);
      const [u, body, sigma, xi] = used as unknown as [number, number, number, number];
      return { mean: rows[2] as number, u, body: (rows[0] as number) < READY ? 0 : body, sigma, xi };
    },
    learn(value, units) {
      const over = value - (rows[2] as number);
      if (over > FLOOR) learnTail(tails, 0, over, units);
      rows[0] = (rows[0] as number) + units / UNITS;
      rows[2] = (rows[2] as number) + (over * (units / UNITS)) / Math.min(rows[0] as number, MEAN_ROWS);
      rows[1] = (rows[1] as number) + 1;
      if ((rows[1] as number) >= REFIT_ROWS) {
        rows[1] = 0;
        fitTail(tails, 0, (rows[0] as number) * UNITS, TAIL_SHARE, FLOOR);
      }
      if ((rows[0] as number) > MEMORY_ROWS) {
        rows[0] = (rows[0] as number) / 2;
        halveTail(tails, 0);
      }
    },
    state: [rows, tails.counts, tails.bases, tails.parameters],
  };
}
