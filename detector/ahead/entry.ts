import { LIMIT_AHEAD } from '../../core/alert.ts';
import type { Signal } from '../../core/signal.ts';
import { type DetectorConfig, type DetectorEntry, detectorEntry } from '../config.ts';

/** A chance this near to 1 is as good as any nearer one. */
const SUREST = 1 - 1e-6;

/** A chance as a score, in decades: -log10 of what is left for the limit not to be crossed. */
export const scoreOfChance = (chance: number) => -Math.log10(1 - Math.min(chance, SUREST));
export const chanceOfScore = (score: number) => 1 - 10 ** -score;

/** The entry that warns of limits of `signal`; its score stands for the configured chance. */
export function aheadEntry({ ahead }: Pick<DetectorConfig, 'ahead'>, signal: Signal): DetectorEntry {
  const parsed = detectorEntry.parse({ name: LIMIT_AHEAD, query: { signal }, scorers: {}, severity: ahead.severity });
  const { chance, for: lasting, keep_firing_for, min_history } = ahead;
  const decision = { ...parsed.decision, score: scoreOfChance(chance), for: lasting, keep_firing_for, min_history };
  return { ...parsed, decision };
}
