import type {
  ArrivalView,
  BudgetView,
  CheckpointView,
  FreshView,
  PathwayView,
  PipelinePage,
} from '../core/pipeline-page.ts';
import { factsOfSignal } from '../core/signal.ts';
import { capital, sentence } from './answer.ts';
import { durationWords, formatCount, formatPercent, plural, UNKNOWN } from './format.ts';
import type { GlyphState } from './states.ts';

/** A checkpoint in the direction of the data: `gateway → orders` where it sends, `orders → billing` where it reads. */
export function checkpointName({ service, direction, destination }: CheckpointView): string {
  return direction === 'out' ? `${service} → ${destination}` : `${destination} → ${service}`;
}

/** The services of a pathway in their order, each once: `gateway → enrichment → billing`. */
export function pathwayTitle({
  checkpoints,
  unseenUpstream,
}: Pick<PathwayView, 'checkpoints' | 'unseenUpstream'>): string {
  const services = checkpoints.map(({ service }) => service).filter((service, i, all) => service !== all[i - 1]);
  const last = checkpoints.at(-1);
  const end = last?.direction === 'out' ? [last.destination] : [];
  return [...(unseenUpstream ? ['…'] : []), ...services, ...end].join(' → ');
}

/** What its latencies are made of, where it is not every record. */
export function methodText(method: string, share: number | null): string {
  if (method === 'estimated') return 'estimated: a sum of hops, each taken for itself';
  if (method === 'sampled')
    return share === null || share >= 1
      ? 'sampled: read off traces'
      : `sampled: ${formatPercent(share)} of the records`;
  return 'every record';
}

const ARRIVAL_GLYPHS: Readonly<Record<string, GlyphState>> = {
  conserved: 'healthy',
  surplus: 'catching_up',
  dropping: 'stuck',
  stopped: 'stuck',
  left: 'dead',
  idle: 'idle',
};

export function arrivalGlyph(arrival: ArrivalView | null): GlyphState {
  return arrival === null ? 'unknown' : (ARRIVAL_GLYPHS[arrival.state] ?? 'unknown');
}

/** `all arrive`, `1.2 % missing`, `none arrive`; what is not judged yet says so. */
export function arrivalText(arrival: ArrivalView | null): string {
  switch (arrival?.state) {
    case 'conserved':
      return 'all arrive';
    case 'surplus':
      return 'more arrive than were sent';
    case 'dropping':
      return arrival.missing === null ? 'some missing' : `${formatPercent(arrival.missing)} missing`;
    case 'stopped':
      return 'none arrive';
    case 'left':
      return 'nobody reads';
    case 'waiting':
      return 'on their way';
    case 'learning':
      return 'learning';
    case 'idle':
      return 'nothing sent';
    default:
      return UNKNOWN;
  }
}

/** The numbers behind it, for whoever hovers. */
export function arrivalHint(arrival: ArrivalView | null): string {
  if (arrival === null) return 'Records are compared where both ends report pathways';
  const { sent, reached, ratio, seconds, detectable } = arrival;
  const counts =
    sent === null || reached === null
      ? ''
      : `${formatCount(reached)} of ${formatCount(sent)} in ${durationWords(seconds)}${ratio === null || ratio === 1 ? '' : `, ${formatPercent(ratio)} expected`}`;
  const least = detectable === null ? '' : `a loss of ${formatPercent(detectable)} would be noticed`;
  return [capital(arrival.reason), counts, least].filter((text) => text !== '').join('; ');
}

const FRESH_GLYPHS: Readonly<Record<string, GlyphState>> = {
  current: 'healthy',
  idle: 'idle',
  behind: 'late',
  stalled: 'stuck',
};

export function freshGlyph({ state }: Pick<FreshView, 'state'>): GlyphState {
  return FRESH_GLYPHS[state] ?? 'unknown';
}

/** The part that holds it back, where that is another one. */
export function heldBackBy({ kind, node, limitedBy }: FreshView): string {
  return limitedBy === '' || limitedBy === `${kind}:${node}` ? '' : limitedBy.slice(limitedBy.indexOf(':') + 1);
}

const SLO_GLYPHS: Readonly<Record<string, GlyphState>> = {
  met: 'healthy',
  slow_burn: 'falling_behind',
  fast_burn: 'falling_behind',
  exhausted: 'stuck',
};

export function sloGlyph({ state }: Pick<BudgetView, 'state'>): GlyphState {
  return SLO_GLYPHS[state] ?? 'unknown';
}

/** `Orders in the warehouse ≤ 15 min`. */
export function sloTitle({ slo, target }: Pick<BudgetView, 'slo' | 'target'>): string {
  return target === null ? slo : `${slo} ≤ ${durationWords(target)}`;
}

/** Seconds until the budget is empty at the rate it burns now; undefined where it does not empty. */
export function emptyIn({ budgetLeft, burns, period }: BudgetView): number | undefined {
  const burn = burns[0] ?? null;
  if (budgetLeft === null || burn === null || period === null || budgetLeft <= 0 || burn <= 1) return undefined;
  return (budgetLeft * period) / burn;
}

/** `empty in 1 h 52 min`, `spent`, or how fast it burns. */
export function burnText(slo: BudgetView): string {
  if (slo.budgetLeft === null) return 'nothing counted';
  if (slo.budgetLeft <= 0) return 'spent';
  const seconds = emptyIn(slo);
  if (seconds !== undefined) return `empty in ${durationWords(seconds)}`;
  const burn = slo.burns[0] ?? null;
  return burn === null ? '' : `burn ${burn < 9.95 ? burn.toFixed(1) : Math.round(burn)}×`;
}

export function problemTitle(signal: string): string {
  return factsOfSignal(signal)?.title ?? signal;
}

/** The first sentence of a pipeline: what is wrong first, else how long records take. */
export interface PipelineAnswer {
  readonly state: GlyphState;
  readonly subject: string;
  readonly rest: string;
}

export function pipelineAnswer(page: PipelinePage): PipelineAnswer {
  const name = capital(page.pipeline);
  const arrivals = page.pathways.flatMap(({ checkpoints }) => checkpoints);
  const dropping = arrivals
    .filter(({ arrival }) => arrivalGlyph(arrival) === 'stuck')
    .sort((a, b) => (b.arrival?.missing ?? 0) - (a.arrival?.missing ?? 0))[0];
  if (dropping !== undefined) {
    const { arrival } = dropping;
    return {
      state: 'stuck',
      subject:
        arrival?.state === 'stopped'
          ? `Nothing arrives from ${checkpointName(dropping)}.`
          : `${formatPercent(arrival?.missing)} of the records go missing before ${dropping.service}${dropping.direction === 'out' ? ` writes ${dropping.destination}` : ' reads them'}.`,
      rest: sentence(capital(arrival?.reason ?? '')),
    };
  }
  const stale = page.freshness.find(({ state }) => state === 'stalled' || state === 'behind');
  if (stale !== undefined && (stale.age ?? 0) > 60) {
    const holder = heldBackBy(stale);
    return {
      state: freshGlyph(stale),
      subject: `${stale.node} is ${durationWords(stale.age)} old.`,
      rest: holder === '' ? sentence(capital(stale.reason)) : `${holder} holds it back.`,
    };
  }
  const spent = page.slos.find(({ state }) => state === 'exhausted' || state === 'fast_burn');
  if (spent !== undefined) {
    return {
      state: sloGlyph(spent),
      subject: `${spent.slo} ${spent.state === 'exhausted' ? 'has spent its budget' : 'burns its budget'}.`,
      rest: sentence(capital(spent.reason)),
    };
  }
  const [busiest] = page.pathways;
  if (busiest === undefined) {
    const wrong = page.problems.reduce((sum, { records }) => sum + records, 0);
    if (wrong > 0)
      return { state: 'healthy', subject: '', rest: `${plural(wrong, 'record')} went wrong in the last hour.` };
    return page.freshness.length + page.slos.length === 0
      ? {
          state: 'unknown',
          subject: '',
          rest: `Little is known of ${page.pipeline} as a whole: no record was followed.`,
        }
      : { state: 'healthy', subject: '', rest: `Nothing is wrong with ${page.pipeline}.` };
  }
  const all = busiest.arrival?.state === 'conserved' ? ', and all of them arrive' : '';
  return {
    state: 'healthy',
    subject: '',
    rest: `${name} take ${durationWords(busiest.latency.p99)} end to end (p99)${all}.`,
  };
}

/** The glyph of a pipeline in a list. */
export function pipelineGlyph(page: PipelinePage): GlyphState {
  return pipelineAnswer(page).state;
}

/** How much of what its busiest pathway begins with arrives: 0.988; null where that is not judged. */
export function completeness(page: PipelinePage): number | null {
  const arrival = page.pathways[0]?.arrival;
  if (arrival === null || arrival === undefined || arrival.missing === null) return null;
  return Math.max(0, 1 - Math.max(0, arrival.missing));
}

/** The oldest of the parts that data ends up in; of all parts where none is such. */
export function stalest(page: PipelinePage): FreshView | undefined {
  return page.freshness.find(({ age, state }) => age !== null && state !== 'idle');
}
