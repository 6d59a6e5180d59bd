import { ONSET } from '../backtest/judge.ts';

/**
 * One alarm for each incident. The odds of a row are -log10 of the chance of its evidence.
 *
 *   limit     L = log10(rows of a week / false alarms expected in a week)
 *   onset     odds >= L while none is open; within `REFRACTORY_ROWS` after the last was closed, odds >= L + 1
 *   worse     odds >= 1 above the highest of the open incident
 *   closed    after `CALM_ROWS` rows on end with odds under 0.6 L
 *
 *   score     1 - 0.5 L / odds on the row of an onset, or of a turn for the worse; 0.4999 h / (h + 3) on every other
 *             row, where h = held evidence
 */
export interface Incident {
  readonly open: boolean;
  /** Takes the odds of a row, its held evidence and the limit; gives its score. */
  judge(odds: number, held: number, limit: number): number;
  readonly state: readonly Float64Array[];
}

const REFRACTORY_ROWS = 60;
const CALM_ROWS = 30;
const CALM_SHARE = 0.6;
const ESCALATION = 1;
const BELOW = ONSET - 1e-4;
const HALF_WAY = 3;

export function createIncident(): Incident {
  // Open, highest odds, calm rows on end, rows since the last was closed.
  const state = new Float64Array([0, 0, 0, REFRACTORY_ROWS]);

  function judge(odds: number, held: number, limit: number): number {
    const quiet = (BELOW * held) / (held + HALF_WAY);
    if (state[0] === 0) {
      state[3] = (state[3] as number) + 1;
      if (odds < limit + ((state[3] as number) > REFRACTORY_ROWS ? 0 : ESCALATION)) return quiet;
      state[0] = 1;
      state[1] = odds;
      state[2] = 0;
      return onset(odds, limit);
    }
    const calm = odds < CALM_SHARE * limit ? (state[2] as number) + 1 : 0;
    state[2] = calm;
    if (calm >= CALM_ROWS) {
      state[0] = 0;
      state[3] = 0;
      return quiet;
    }
    if (odds < (state[1] as number) + ESCALATION) return quiet;
    state[1] = odds;
    return onset(odds, limit);
  }

  return {
    get open() {
      return state[0] === 1;
    },
    judge,
    state: [state],
  };
}

function onset(odds: number, limit: number): number {
  return 1 - ((1 - ONSET) * limit) / odds;
}
