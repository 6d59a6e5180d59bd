import type { Anomaly, Vote } from '../../core/anomaly.ts';
import type { Foresight } from '../foresight.ts';
import { HORIZONS } from '../lstm/forecast/features.ts';
import { scoreOfChance } from './entry.ts';
import { type Outlook, tallyOf } from './lookout.ts';
import { brierOf, chancesOf, leadOf } from './tally.ts';
import { REGIMES, regimeOf, trendQuantile, WINDOWS } from './trend.ts';

/**
 * What trend and network say: `score` is the chance within the longest window, and their mean by weight is what was decided by
 * (`scoreAhead`). Inputs are in the unit of the signal: the quantiles of the highest (lowest) value of each window by the trend, of
 * the value at its end by the network.
 */
export function votesAhead({ lookout, trend, network, weight }: Outlook, foresight: Foresight): Vote[] {
  const { side, place } = lookout;
  const course: Record<string, number> = { regime: REGIMES.indexOf(regimeOf(lookout.trend, WINDOWS.length - 1)) };
  const learnt: Record<string, number> = {};
  for (const [w, window] of WINDOWS.entries()) {
    const quantile = (q: number) =>
      side === 'above' ? trendQuantile(lookout.trend, w, q) : -trendQuantile(lookout.trend, w, 1 - q);
    course[`chance_${window}`] = trend[w] as number;
    course[`low_${window}`] = quantile(0.05);
    course[`middle_${window}`] = quantile(0.5);
    course[`high_${window}`] = quantile(0.95);
    const { low, middle, high } = foresight.forecast(place as number, HORIZONS.indexOf(window));
    learnt[`chance_${window}`] = network[w] as number;
    learnt[`low_${window}`] = low;
    learnt[`middle_${window}`] = middle;
    learnt[`high_${window}`] = high;
  }
  return [
    voteOf('trend', trend.at(-1) as number, weight, course),
    voteOf('network', network.at(-1) as number, 1 - weight, learnt),
  ];
}

function voteOf(scorer: string, chance: number, weight: number, inputs: Vote['inputs']): Vote {
  return { scorer, score: chance, p: 1 - chance, weight, expected: NaN, lower: NaN, upper: NaN, inputs };
}

/** The score of a warning from its votes, to the last bit: that of the mean of the chances by weight. */
export function scoreAhead(votes: readonly Vote[]): number {
  const [trend, network] = votes;
  if (!trend || !network) return NaN;
  return scoreOfChance(trend.weight * trend.score + network.weight * network.score);
}

/** The numbers of a decision to warn that are not of one vote, as they are stored; those not known are left out. */
export function inputsAhead(outlook: Outlook): Anomaly['decision'] {
  const { lookout, limit, chances, reach } = outlook;
  const { interval } = lookout;
  const tally = tallyOf(lookout, limit.kind);
  const inputs: Record<string, number | string> = {
    limit: limit.value,
    limit_kind: limit.kind,
    limit_side: limit.side,
    limit_of: limit.of,
    interval,
    announced: tally.announced,
    kept: tally.kept,
  };
  const add = (name: string, value: number) => {
    if (Number.isFinite(value)) inputs[name] = value;
  };
  for (const [w, window] of WINDOWS.entries()) {
    add(`chance_${window}`, chances[w] as number);
    add(`brier_${window}`, brierOf(tally, w));
    add(`stated_${window}`, chancesOf(tally, w));
  }
  add('reach', reach);
  add('lead', leadOf(tally));
  return inputs;
}
