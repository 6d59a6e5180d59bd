import type { Millis } from '../../core/time.ts';

/**
 * The rollups stand in levels of time. Each holds all of the telemetry, a coarser one in fewer rows and for longer; only
 * `gauge_10s` is of signals and consumer groups alone.
 * `red_10s` has no level without operations below it: at ten seconds a service has few of them. Five minutes have a table
 * of edges alone. `kept` is the name of a level's retention.
 */
export const LEVELS = [
  { name: '10s', kept: '10s', step: 10_000, red: 'red_10s', edges: 'red_10s', gauges: 'gauge_10s' },
  { name: '1m', kept: '1m', step: 60_000, red: 'red_1m', edges: 'edges_1m', gauges: 'gauge_1m' },
  { name: '5m', kept: '1m', step: 300_000, red: 'red_1m', edges: 'edges_5m', gauges: 'gauge_1m' },
  { name: '1h', kept: '1h', step: 3_600_000, red: 'red_1h', edges: 'edges_1h', gauges: 'gauge_1h' },
] as const;

/** One level: its rows' length and its tables, `red` with the operations, `edges` without. */
export type Level = (typeof LEVELS)[number];
/** How long each level is kept, milliseconds; what is not named is kept for ever. */
export type LevelRetention = Readonly<Partial<Record<Level['kept'], Millis>>>;

export interface LevelQuery {
  readonly from: Millis;
  /** Milliseconds, a multiple of 10 000. */
  readonly step: Millis;
  /** When both are given, a level that no longer reaches back to `from` is passed over for a coarser one that does. */
  readonly now?: Millis;
  readonly retention?: LevelRetention;
}

export interface LevelChoice {
  readonly level: Level;
  /** The step asked for, or the next multiple of the level's step where only that level reaches back far enough. */
  readonly step: Millis;
}

/**
 * The level to read a grid from: the coarsest whose rows divide its steps, and of those that still hold its start. When
 * none does, the one that is kept longest.
 */
export function chooseLevel({ from, step, now, retention = {} }: LevelQuery): LevelChoice {
  const fit = LEVELS.findLastIndex((candidate) => step % candidate.step === 0);
  // A step that no row divides is refused where the grid is laid out.
  if (fit < 0) return { level: LEVELS[0], step };
  const reachOf = (level: Level) => retention[level.kept] ?? Number.POSITIVE_INFINITY;
  const rest: readonly Level[] = LEVELS.slice(fit);
  const age = now === undefined ? 0 : now - from;
  const level =
    rest.find((candidate) => age <= reachOf(candidate)) ??
    rest.reduce((longest, candidate) => (reachOf(candidate) > reachOf(longest) ? candidate : longest));
  return { level, step: Math.ceil(step / level.step) * level.step };
}
