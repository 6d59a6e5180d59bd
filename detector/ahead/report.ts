import type { Millis } from '../../core/time.ts';
import type { LimitForecast } from '../../store/queries/limit-forecasts.ts';
import type { Watched } from '../watched.ts';
import { LIMIT_KINDS, type LimitKind } from './limits.ts';
import { addTally, binsOf, brierOf, createTally, leadOf, type Tally } from './tally.ts';
import { WINDOWS } from './trend.ts';

/** What came of all chances and warnings, by kind of limit and window, of the kinds that some series of `watched` has. */
export function reportAhead(watched: Iterable<Watched>, now: Millis): LimitForecast[] {
  const kinds = new Map<LimitKind, { readonly tally: Tally; series: number; interval: Millis }>();
  for (const { lookouts } of watched) {
    for (const { tallies, interval } of Object.values(lookouts)) {
      for (const kind of LIMIT_KINDS) {
        const own = tallies[kind];
        if (own === undefined) continue;
        const sum = kinds.get(kind) ?? { tally: createTally(), series: 0, interval };
        kinds.set(kind, sum);
        addTally(sum.tally, own);
        sum.series++;
      }
    }
  }
  return [...kinds].flatMap(([kind, { tally, series, interval }]) =>
    WINDOWS.map((window, w): LimitForecast => {
      const counts = [...binsOf(tally, 'counts', w)];
      const share = (sums: Float64Array) => counts.map((count, bin) => (sums[bin] as number) / (count || NaN));
      return {
        kind,
        window: (window * interval) / 1000,
        time: now,
        series,
        brier: brierOf(tally, w),
        counts,
        stated: share(binsOf(tally, 'stated', w)),
        happened: share(binsOf(tally, 'happened', w)),
        announced: tally.announced,
        kept: tally.kept,
        lead: leadOf(tally) / 1000,
        crossings: tally.crossings,
        foreseen: tally.foreseen,
      };
    }),
  );
}
