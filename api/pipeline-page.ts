import type { DefinitionIndex } from '../core/definition.ts';
import type {
  ArrivalView,
  BudgetView,
  CheckpointView,
  FreshView,
  PathwayView,
  PercentilesView,
  PipelinePage,
  PipelinePages,
  ProblemView,
} from '../core/pipeline-page.ts';
import type { Series } from '../core/series.ts';
import { PROBLEM_SIGNALS, type Signal } from '../core/signal.ts';
import { type Millis, stepStart } from '../core/time.ts';
import type { Store } from '../store/client.ts';
import { type Conservation, readLatestConservation } from '../store/queries/conservation.ts';
import { readLatestDeadLetters } from '../store/queries/dead-letters.ts';
import { type FreshnessStatus, readLatestFreshness } from '../store/queries/freshness.ts';
import type { CheckpointTraffic, Percentiles } from '../store/queries/pathways.ts';
import { type Pathway, readPathways } from '../store/queries/pathways-chains.ts';
import { readSignals } from '../store/queries/signals.ts';
import { readLatestSlos, type SloStatus } from '../store/queries/slos.ts';
import type { Topology } from '../store/queries/topology.ts';
import { known } from './bands.ts';
import { unknown } from './failure.ts';

/** What passes now is told of the last five minutes, judgements are those of the last two, and problems are counted over an hour. */
const TRAFFIC_MS = 300_000;
const JUDGED_MS = 120_000;
const PROBLEMS_MS = 3_600_000;
const MINUTE_MS = 60_000;
const MOST_PATHWAYS = 50;
const EVERY_PATHWAY = 10_000;

/** Everything that is known of all pipelines, by name; with `pipeline` of that one. */
export async function readPipelinePages(
  store: Store,
  topology: Topology,
  now: Millis,
  pipeline?: string,
): Promise<PipelinePages> {
  const one = pipeline === undefined ? {} : { pipeline };
  const judged = { from: now - JUDGED_MS, to: now + 1000, ...one };
  const minute = stepStart(now, MINUTE_MS);
  const { definitions } = topology;
  const [traffic, conservation, freshness, slos, problems, deadLetters] = await Promise.all([
    readPathways(store, {
      ...{ from: now - TRAFFIC_MS, to: now },
      ...(pipeline === undefined ? {} : { pathways: EVERY_PATHWAY }),
    }),
    // A pathway may lead through several pipelines, or through services that name none.
    readLatestConservation(store, { from: judged.from, to: judged.to }),
    readLatestFreshness(store, judged),
    readLatestSlos(store, judged),
    readSignals(store, {
      ...{ from: minute - PROBLEMS_MS, to: minute, step: MINUTE_MS, signals: PROBLEM_SIGNALS },
      ...(pipeline === undefined || definitions.definitionOf(pipeline) !== undefined ? {} : { match: { pipeline } }),
    }),
    readLatestDeadLetters(store, judged),
  ]);
  const judgements = Map.groupBy(conservation, pairKey);
  // What telemetry says without naming a pipeline belongs where its stage is declared.
  const homeOf = (named: string, stage: string) => definitions.homeOf(named, 'service', stage);
  const names = new Set([
    ...topology.nodes.map((node) => node.pipeline),
    ...traffic.pathways.flatMap(({ checkpoints }) => checkpoints.map((one) => homeOf(one.pipeline, one.service))),
  ]);
  const pipelines = [...names]
    .filter((name) => pipeline === undefined || name === pipeline)
    .sort()
    .map((name): PipelinePage => {
      const definition = definitions.definitionOf(name);
      const of = <T extends { readonly pipeline: string }>(rows: readonly T[]) =>
        rows.filter((row) => row.pipeline === name);
      const ways = traffic.pathways.filter(({ checkpoints }) =>
        checkpoints.some((checkpoint) => homeOf(checkpoint.pipeline, checkpoint.service) === name),
      );
      return {
        ...{ now, pipeline: name, description: definition?.description ?? '', owner: definition?.owner ?? '' },
        criticality: definition?.criticality ?? '',
        pathways: ways.slice(0, MOST_PATHWAYS).map((pathway) => pathwayView(pathway, judgements)),
        truncated: traffic.truncated || ways.length > MOST_PATHWAYS,
        freshness: of(freshness).map(freshView).sort(byAge),
        slos: of(slos)
          .map((slo) => budgetView(slo, definitions))
          .sort((a, b) => (a.budgetLeft ?? 2) - (b.budgetLeft ?? 2)),
        problems: problems
          .filter(({ labels }) => homeOf(labels['pipeline'] ?? '', labels['stage'] ?? '') === name)
          .flatMap(problemView),
        deadLetters: of(deadLetters).map((letters) => ({
          ...{ topic: letters.topic, sourceTopic: letters.sourceTopic, stage: letters.stage },
          ...{ depth: known(letters.depth), rate: known(letters.rate), oldestAge: known(letters.oldestAge) },
          oldestIsBound: letters.oldestIsBound,
        })),
      };
    });
  return { now, pipelines };
}

/** What is known of one pipeline. Throws `RequestError` 404 where nothing is. */
export async function readPipelinePage(
  store: Store,
  topology: Topology,
  pipeline: string,
  now: Millis,
): Promise<PipelinePage> {
  const [view] = (await readPipelinePages(store, topology, now, pipeline)).pipelines;
  if (view === undefined) throw unknown('api_pipeline_unknown', `Nothing was seen of a pipeline "${pipeline}"`);
  return view;
}

type Judgements = ReadonlyMap<string, readonly Conservation[]>;

const pairKey = ({ kind, from, to }: Pick<Conservation, 'kind' | 'from' | 'to'>) => `${kind} ${from} ${to}`;

function pathwayView(pathway: Pathway, judgements: Judgements): PathwayView {
  const { checkpoints } = pathway;
  const [first, last] = [checkpoints[0], checkpoints.at(-1)] as [CheckpointTraffic, CheckpointTraffic];
  const between = (kind: Conservation['kind'], from: string, to: string) =>
    arrivalView(judgements.get(pairKey({ kind, from, to }))?.[0]);
  const edgeTo = (checkpoint: CheckpointTraffic) => between('edge', checkpoint.parent, checkpoint.hash);
  return {
    ...{ id: pathway.id, unseenUpstream: pathway.unseenUpstream, sampled: pathway.sampled },
    share: known(Math.min(...checkpoints.map(({ share }) => share))),
    rate: known(last.rate),
    latency: percentiles(last.latency),
    // A pathway of two checkpoints is its own edge.
    arrival: between('pathway', first.hash, last.hash) ?? (checkpoints.length === 2 ? edgeTo(last) : null),
    checkpoints: checkpoints.map(
      (checkpoint): CheckpointView => ({
        ...{ hash: checkpoint.hash, service: checkpoint.service, direction: checkpoint.direction },
        ...{ system: checkpoint.system, destination: checkpoint.destination, group: checkpoint.group },
        ...{
          rate: known(checkpoint.rate),
          latency: percentiles(checkpoint.latency),
          edge: percentiles(checkpoint.edge),
        },
        arrival: edgeTo(checkpoint),
      }),
    ),
  };
}

export function percentiles({ p50, p95, p99 }: Percentiles): PercentilesView {
  return { p50: known(p50), p95: known(p95), p99: known(p99) };
}

function arrivalView(row: Conservation | undefined): ArrivalView | null {
  if (row === undefined) return null;
  return {
    ...{ state: row.state, reason: row.reason, missing: known(row.missing), detectable: known(row.detectable) },
    ...{ sent: known(row.sent), reached: known(row.reached), ratio: known(row.ratio), seconds: known(row.seconds) },
  };
}

export function freshView(row: FreshnessStatus): FreshView {
  const { pipeline, kind, node, state, limitedBy, reason, time } = row;
  return {
    ...{ pipeline, kind, node, state, limitedBy, reason, time },
    ...{ completeTo: known(row.completeTo), age: known(row.age), ownAge: known(row.ownAge) },
  };
}

/** What people read first, where the data ends up; then the oldest. */
function byAge(a: FreshView, b: FreshView): number {
  const isData = ({ kind }: FreshView) => kind === 'dataset' || kind === 'database';
  return Number(isData(b)) - Number(isData(a)) || (b.age ?? -1) - (a.age ?? -1) || (a.node < b.node ? -1 : 1);
}

export function budgetView(row: SloStatus, definitions: DefinitionIndex): BudgetView {
  const { pipeline, slo, indicator, kind, node, objective, state, reason, time } = row;
  const declared = definitions.definitionOf(pipeline)?.slos.find(({ name }) => name === slo);
  return {
    ...{ pipeline, slo, indicator, kind, node, objective, state, reason, time },
    ...{ target: known(declared?.target), period: declared === undefined ? null : declared.period / 1000 },
    ...{ good: known(row.good), total: known(row.total), budgetLeft: known(row.budgetLeft) },
    ...{ burns: row.burns.map(known), fast: known(row.fast), slow: known(row.slow) },
  };
}

/** A series of records per second as a count; nothing where none was counted. */
function problemView({ labels, values, step }: Series): ProblemView[] {
  const { stage = '', topic = '' } = labels;
  const sum = (part: Float64Array) => part.reduce((total, value) => total + (Number.isNaN(value) ? 0 : value), 0);
  const records = Math.round((sum(values) * step) / 1000);
  if (records === 0) return [];
  const recent = values.slice(-5).filter((value) => !Number.isNaN(value));
  const rate = recent.length === 0 ? null : sum(recent) / recent.length;
  return [{ stage, topic, signal: labels['signal'] as Signal, records, rate }];
}
