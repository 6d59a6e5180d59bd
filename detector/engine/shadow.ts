import type { Rung } from '../../core/rung.ts';
import type { Millis } from '../../core/time.ts';

/**
 * What a series has earned. Two ways to expect its values run beside the plain ones from the start and are weighed by their
 * recent losses, each against what it would take the place of:
 *
 *   season     |x - middle of the profile - level|   against   |x - E_300 x|               from the first whole day on
 *   network    |x - median forecast of one step|     against   |residual of the regression|
 *
 *   L <- L + max(1/n, 1/memory) trust (min(|e|, 8 max(L, L')) - L)       L': loss of the other one; n: comparisons so far
 *
 * Off, evidence grows by one with each point at which the loss is under 0.97 of the other, and falls by one where it is
 * not; where it reaches `need`, the way is in force. In force, it wears off by one with each point at which the loss is
 * over 1.03 of the other, and grows back by one where it is not; at 0 the way is off again, and needs twice as much the next
 * time, sixteen times at most. So a way changes its stand at most once in `need` points, and one that keeps failing seldom.
 */
export const WAYS = ['season', 'network'] as const;
const SEASON = 0;
const NETWORK = 1;

/** Points before a series has a baseline. */
export const BASELINE = 60;

const BETTER = 0.97;
const WORSE = 1.03;
const CLIP = 8;
const CLIP_POINTS = 12;
const MOST_DOUBLINGS = 4;
/** In `stands`: in force; the bits below count how often it was taken back. */
const IN_FORCE = 0x80;
const DAY_MS: Millis = 86_400_000;
const SEASON_MEMORY: Millis = DAY_MS / 2;
const SEASON_NEED: Millis = DAY_MS / 4;
const NETWORK_MEMORY = 300;
const NETWORK_NEED = 20;
/** Losses of a series: season, what stands against it, network, what stands against it. */
const LOSSES = 4;

export interface Shadow {
  /** Weighs a way at one point. `error`, `plain`: by how much it and its rival missed; NaN says nothing. `seen`: comparisons so far. */
  weighSeason(series: number, error: number, plain: number, seen: number, interval: Millis, trust: number): void;
  weighNetwork(series: number, error: number, plain: number, seen: number, trust: number): void;
  /** Whether a series expects by its season, and by the network. */
  season(series: number): boolean;
  network(series: number): boolean;
  /** Usual miss of the plain expectation, once the season is weighed against it; of the network's; 0 while unknown. */
  plainLoss(series: number): number;
  networkLoss(series: number): number;
  readonly state: readonly [Float32Array, Int16Array, Uint8Array];
}

/** `points` of the series so far; `known`: for how long its time of day was known. */
export function rungOf(shadow: Shadow, series: number, points: number, known: Millis): Rung {
  if (points < BASELINE) return shadow.network(series) ? 'zero_shot' : 'learning';
  if (!shadow.season(series)) return 'baseline';
  return known < 7 * DAY_MS ? 'season' : 'full';
}

export function createShadow(series: number): Shadow {
  const losses = new Float32Array(series * LOSSES);
  const evidence = new Int16Array(series * WAYS.length);
  const stands = new Uint8Array(series * WAYS.length);

  function weigh(
    way: number,
    series: number,
    error: number,
    plain: number,
    seen: number,
    memory: number,
    need: number,
    trust: number,
  ): void {
    if (Number.isNaN(error) || Number.isNaN(plain)) return;
    const at = series * LOSSES + 2 * way;
    const loss = losses[at] as number;
    const other = losses[at + 1] as number;
    const most = seen > CLIP_POINTS ? CLIP * Math.max(loss, other) : Infinity;
    const gain = trust * Math.max(1 / (seen + 1), 1 / memory);
    const mine = loss + gain * (Math.min(Math.abs(error), most || Infinity) - loss);
    const theirs = other + gain * (Math.min(Math.abs(plain), most || Infinity) - other);
    losses[at] = mine;
    losses[at + 1] = theirs;
    const place = series * WAYS.length + way;
    const stand = stands[place] as number;
    const told = evidence[place] as number;
    if (stand < IN_FORCE) {
      const next = mine < BETTER * theirs ? told + 1 : Math.max(0, told - 1);
      const wanted = need * 2 ** Math.min(stand, MOST_DOUBLINGS);
      evidence[place] = next >= wanted ? need : next;
      if (next >= wanted) stands[place] = stand | IN_FORCE;
      return;
    }
    const next = mine > WORSE * theirs ? told - 1 : Math.min(need, told + 1);
    evidence[place] = Math.max(0, next);
    if (next <= 0) stands[place] = Math.min(IN_FORCE - 1, (stand & ~IN_FORCE) + 1);
  }

  const inForce = (series: number, way: number) => (stands[series * WAYS.length + way] as number) >= IN_FORCE;

  return {
    weighSeason(series, error, plain, seen, interval, trust) {
      const points = (span: Millis, least: number, most: number) => Math.min(most, Math.max(least, span / interval));
      const memory = points(SEASON_MEMORY, 100, 5000);
      weigh(SEASON, series, error, plain, seen, memory, Math.ceil(points(SEASON_NEED, 24, 2000)), trust);
    },
    weighNetwork(series, error, plain, seen, trust) {
      weigh(NETWORK, series, error, plain, seen, NETWORK_MEMORY, NETWORK_NEED, trust);
    },
    season: (series) => inForce(series, SEASON),
    network: (series) => inForce(series, NETWORK),
    plainLoss: (series) => losses[series * LOSSES + 1] as number,
    networkLoss: (series) => losses[series * LOSSES + 2] as number,
    state: [losses, evidence, stands],
  };
}
