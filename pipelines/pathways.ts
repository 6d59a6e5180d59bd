import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';
import { type Millis, STEP_MS } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { writeSampledCheckpoints } from '../store/queries/pathways-sampled.ts';
import { type PathwaySpan, readPathwaySeeds, readPathwaySpans } from '../store/queries/pathways-spans.ts';
import { type Derived, derivePathways, UNTOLD_REASONS } from './pathways-traces.ts';

/** Spans of a round that pathways are read off. */
const SEEDS = 400;
/** Exporters send what ended within seconds: a step is read when it has been over for so long. */
const LATE_MS = 20_000;
/** What is further back than this is not caught up with. */
const CATCH_UP_MS = 60_000;
const LOOK_BACK_MS = 3_600_000;
/** Links lead from trace to trace; each further look costs a query. */
const LOOKS = 4;
const MOST_TRACES = 2000;

export interface TracePathways {
  /** Reads the steps that are over at `at` and were not read yet. Answers what was found of them. */
  round(at: Millis, now: Millis): Promise<Derived | undefined>;
}

/** Pathways from plain traces, for services that do not report their own, over one store. */
export function createTracePathways(store: Store, registry?: Registry): TracePathways {
  const untold = new Counter({
    name: 'weir_pipelines_pathway_spans_untold_total',
    help: 'Sampled messaging spans that no pathway could be read off, by reason.',
    labelNames: ['reason'],
    registers: registry === undefined ? [] : [registry],
  });
  let read = 0;

  return {
    async round(at) {
      const to = at - LATE_MS;
      const from = Math.max(read, to - CATCH_UP_MS);
      if (to - from < STEP_MS) return undefined;
      const start = read === 0 ? to - STEP_MS : from;
      const { spans: seeds, share } = await readPathwaySeeds(store, { from: start, to, limit: SEEDS });
      const others: PathwaySpan[] = [];
      const asked = new Set<string>();
      let wanted = new Set(seeds.map(({ trace }) => trace));
      let derived: Derived = derivePathways(seeds, others, share);
      for (let look = 0; look < LOOKS && wanted.size > 0 && asked.size < MOST_TRACES; look++) {
        const traces = [...wanted].slice(0, MOST_TRACES - asked.size);
        for (const trace of traces) asked.add(trace);
        for (const span of await readPathwaySpans(store, { traces, oldest: to - LOOK_BACK_MS, newest: to }))
          others.push(span);
        derived = derivePathways(seeds, others, share);
        wanted = new Set([...derived.missing].filter((trace) => !asked.has(trace)));
      }
      await writeSampledCheckpoints(store, derived.rows, `pathways_sampled_10s:${start}-${to}`);
      for (const reason of UNTOLD_REASONS) untold.inc({ reason }, derived.untold[reason]);
      read = to;
      return derived;
    },
  };
}
