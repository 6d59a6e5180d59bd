import type { Millis } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { type CountedSlo, type GoodAndTotal, readSloCounts } from '../store/queries/slo-counts.ts';
import { type SloStatus, writeSloStates } from '../store/queries/slos.ts';
import type { PipelinesConfig } from './config.ts';
import { burnRules, judgeSlo } from './slo.ts';

export interface SloPart {
  /** Judges every SLO at `at` and writes it down. */
  round(at: Millis): Promise<readonly SloStatus[]>;
}

/** Windows longer than this move little in ten seconds, and are counted again once in a while. */
const LONG_MS = 6 * 3_600_000;
const RECOUNT_MS = 300_000;

/** The declared SLOs over one store. Rounds must not overlap. */
export function createSlos(store: Store, config: PipelinesConfig): SloPart {
  const slos = config.definitions.flatMap(({ name: pipeline, slos }) =>
    slos.map((slo): CountedSlo => {
      const rules = burnRules(slo.period, slo.objective);
      return { pipeline, slo, windows: [...rules.flatMap(({ long, short }) => [long, short]), slo.period] };
    }),
  );
  let counted: readonly GoodAndTotal[][] = [];
  let recountAt = 0;

  return {
    async round(at) {
      if (slos.length === 0) return [];
      const all = at >= recountAt;
      const isAsked = (window: Millis) => all || window <= LONG_MS;
      const asked = slos.map((one) => ({ ...one, windows: one.windows.filter(isAsked) }));
      const fresh = await readSloCounts(store, asked, at);
      counted = slos.map(({ windows }, i) => {
        const news = [...(fresh[i] ?? [])];
        return windows.map((window, j) => (isAsked(window) ? news.shift() : counted[i]?.[j]) ?? { good: 0, total: 0 });
      });
      if (all) recountAt = at + RECOUNT_MS;
      const statuses = slos.map(({ pipeline, slo }, i): SloStatus => {
        const windows = counted[i] as readonly GoodAndTotal[];
        const period = windows.at(-1) as GoodAndTotal;
        const { name, indicator, kind, node, objective } = slo;
        const verdict = judgeSlo(slo, { windows: windows.slice(0, -1), period });
        return { time: at, pipeline, slo: name, indicator, kind, node, objective, ...period, ...verdict };
      });
      await writeSloStates(store, statuses);
      return statuses;
    },
  };
}
